/// What one line leaves for the next: a block of several lines that is still open.
package struct LineState: Sendable {
  /// The kind of the open block, and how many more lines it may take.
  private var open: SecretKind?
  private var linesLeft = 0

  package init() {}

  /// Whether the next line begins inside a block.
  package var isInsideBlock: Bool { open != nil }

  /// The part of a line that belongs to the block that is open before it: all of it, unless the block
  /// ends in it.
  mutating func continueBlock(_ bytes: Span<UInt8>) -> Finding? {
    guard let kind = open else { return nil }
    linesLeft -= 1
    let end = ArmorDetector.endOfBlock(bytes, 0)
    if end != nil || linesLeft <= 0 { open = nil }
    return Finding(start: 0, end: end ?? bytes.count, kind: kind, rule: "block")
  }

  mutating func openBlock(_ kind: SecretKind) {
    open = kind
    linesLeft = MaskingLimits.blockLines
  }
}
