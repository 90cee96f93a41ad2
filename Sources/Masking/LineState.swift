/// What one line leaves for the next: a block of several lines that is still open.
package struct LineState: Sendable {
  /// The kind of the open block, and how many more lines it may take.
  private var open: SecretKind?
  private var linesLeft = 0
  private var isProvisional = false
  /// The last line was the name of a secret, and nothing else.
  var awaitsValue = false

  package init() {}

  /// Whether the next line begins inside a block.
  package var isInsideBlock: Bool { open != nil }

  /// The part of a line that belongs to the block that is open before it: all of it, unless the block
  /// ends in it.
  mutating func continueBlock(_ bytes: Span<UInt8>) -> Finding? {
    guard let kind = open else { return nil }
    linesLeft -= 1
    if isProvisional {
      guard Self.holdsKeyMaterial(bytes) else {
        open = nil
        return nil
      }
      isProvisional = false
    }
    let end = ArmorDetector.endOfBlock(bytes, 0)
    if end != nil || linesLeft <= 0 { open = nil }
    return Finding(start: 0, end: end ?? bytes.count, kind: kind, rule: "block")
  }

  /// A run of base64 as long as the lines of such blocks are.
  private static func holdsKeyMaterial(_ bytes: Span<UInt8>) -> Bool {
    var run = 0
    for index in bytes.indices {
      run = ByteClass.isBase64(bytes[index]) ? run + 1 : 0
      if run >= 32 { return true }
    }
    return false
  }

  mutating func openBlock(_ kind: SecretKind, isProvisional: Bool) {
    open = kind
    self.isProvisional = isProvisional
    linesLeft = MaskingLimits.blockLines
  }

  mutating func closeBlock() { open = nil }

  /// A line of the open block of which nothing was looked at.
  mutating func countLine() {
    linesLeft -= 1
    isProvisional = false
    if linesLeft <= 0 { open = nil }
  }
}
