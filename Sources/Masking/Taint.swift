/// The secrets of one target's environment, to be masked wherever else they show up: as they are, in
/// base64 at every alignment and in both alphabets, in hex, and under URL, JSON, shell and XML escapes.
package struct Taint: Sendable {
  /// The secrets' lines, long ones in pieces.
  package private(set) var pieces: Set<[UInt8]> = []
  private var pieceBytes = 0
  /// More secrets than the budget holds: what is masked against this taint is masked whole.
  package private(set) var isSaturated = false
  /// What looks for the pieces; nil until it is made, and after each change.
  private var prepared: TaintScanner?

  package init() {}

  /// Makes what looks for the secrets, so that all maskers of this taint share it: it takes many times their memory.
  package mutating func prepare() { prepared = TaintScanner(self) }

  var scanner: TaintScanner { prepared ?? TaintScanner(self) }

  /// Grows with each secret that was not known before.
  package var count: Int { pieces.count }

  package var isEmpty: Bool { pieces.isEmpty && !isSaturated }

  /// Something that should have been taken up could not be: what is masked against this taint is masked whole.
  package mutating func saturate() {
    prepared = nil
    isSaturated = true
  }

  /// Takes up a variable's secrets: the whole value if its name says secret, and every part in which
  /// a detector finds one. Values that are masked only by default are not taken up, nor are those
  /// weak enough that finding them elsewhere could be chance.
  package mutating func insert(name: [UInt8], value: [UInt8], rules: MaskingRules) {
    guard value.count >= MaskingLimits.shortestStrong else { return }
    prepared = nil
    guard value.count <= MaskingLimits.valueBytes else {
      isSaturated = true
      return
    }
    let verdict = EnvironmentRules.decide(name: name, value: value, rules: rules)
    // What is no name for a shell may be one for whoever made the environment.
    if verdict == .secret || verdict == .malformed && NameClassifier.isNeverShown(name) {
      addForms(of: value)
      addTail(value)
    }
    var state = ScanState(mode: .strict, isStructured: true)
    Scanner.scan(value.span, state: &state)
    for finding in state.findings.merged() where finding.kind != .urlUser {
      addForms(of: Array(value[finding.start..<finding.end]))
    }
  }

  /// A secret, and what a program makes of it before it uses it: without the spaces and the quotes around it, and without
  /// escapes.
  private mutating func addForms(of secret: [UInt8]) {
    let unquoted = ByteText.unquoted(secret)
    let bare = Strength.isStrong(unquoted) ? unquoted : secret
    // Of a long one the quotes alone would show, and in pieces that begin elsewhere it would take the budget twice.
    if bare != secret, secret.count <= MaskingLimits.taintPieceBytes { add(secret) }
    let plain = EscapeDecoding(bare.span, layer: .backslash)?.bytes ?? bare
    if !Self.isInLines(bare, plain) { add(bare) }
    if plain != bare { add(plain) }
    if let decoded = EscapeDecoding(bare.span, layer: .percent)?.bytes, decoded != bare { add(decoded) }
  }

  /// Whether `escaped` is a long text whose only escapes are those between its lines. Then these are parts of it as it
  /// stands, and the scan undoes what is between them.
  private static func isInLines(_ escaped: [UInt8], _ plain: [UInt8]) -> Bool {
    func ends(_ bytes: [UInt8]) -> Int { bytes.count { $0 == 0x0A || $0 == 0x0D } }
    let undone = ends(plain) - ends(escaped)
    return escaped.count > MaskingLimits.taintPieceBytes && undone > 0 && escaped.count - plain.count == undone
  }

  /// `user:password` and `user/password` in one variable.
  private mutating func addTail(_ value: [UInt8]) {
    guard value.count <= 256, let split = value.firstIndex(where: { $0 == 0x3A || $0 == 0x2F }) else { return }
    add(Array(value[(split + 1)...]))
  }

  /// Takes up what another taint knows.
  package mutating func formUnion(_ other: Taint) {
    prepared = nil
    isSaturated = isSaturated || other.isSaturated
    for piece in other.pieces { keep(piece) }
  }

  private mutating func add(_ secret: [UInt8]) {
    // Each line by itself, since a log shows a value of many lines in many lines.
    let lines = secret.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
    for line in lines where Self.canBeLookedFor(line) { keepPieces(of: line) }
    // A value over several lines may also stand on one, escaped.
    guard lines.first?.count != secret.count else { return }
    if secret.count <= MaskingLimits.taintPieceBytes {
      if Strength.isStrong(secret) { keep(secret) }
      return
    }
    // The lines of a long one are found there, but for those that alone could be chance: neighbours of them are together.
    var weak: Range<Int>?
    for line in lines + [[]] {
      if !line.isEmpty, !Self.canBeLookedFor(line) {
        weak = (weak?.lowerBound ?? line.startIndex)..<line.endIndex
      } else if let together = weak {
        if Self.canBeLookedFor(secret[together]) { keepPieces(of: secret[together]) }
        weak = nil
      }
    }
  }

  /// Whether finding it elsewhere is no chance.
  private static func canBeLookedFor(_ text: ArraySlice<UInt8>) -> Bool {
    text.count > MaskingLimits.taintPieceBytes || Strength.isStrong(Array(text))
  }

  private mutating func keepPieces(of text: ArraySlice<UInt8>) {
    var rest = text
    while !rest.isEmpty {
      // The last piece of a long one is as long as the others, so that none is too short to be looked for.
      let isLast = rest.count <= MaskingLimits.taintPieceBytes
      keep(Array(isLast ? text.suffix(MaskingLimits.taintPieceBytes) : rest.prefix(MaskingLimits.taintPieceBytes)))
      rest = rest.dropFirst(MaskingLimits.taintPieceBytes)
    }
  }

  private mutating func keep(_ piece: [UInt8]) {
    guard !pieces.contains(piece) else { return }
    guard pieceBytes + piece.count <= MaskingLimits.taintBytes else {
      isSaturated = true
      return
    }
    pieceBytes += piece.count
    pieces.insert(piece)
  }

  /// Where, in a name that may have been cut at its end, the beginning of a secret starts: from there to the end, at
  /// least eight bytes, and not all of the secret. A process's name is cut at 15 bytes (PR_SET_NAME).
  package func beginning(atEndOf name: [UInt8]) -> Int? {
    guard name.count >= MaskingLimits.shortestStrong else { return nil }
    let starts = name.count == 15 ? 0...(name.count - MaskingLimits.shortestStrong) : 0...0
    return starts.first { start in
      pieces.contains { $0.count > name.count - start && $0.starts(with: name[start...]) }
    }
  }

  /// An automaton for every form of every piece.
  fileprivate func automaton() -> TaintAutomaton {
    var automaton = TaintAutomaton()
    for piece in pieces {
      automaton.insert(piece)
      let lower = Self.hex(piece, digits: "0123456789abcdef")
      automaton.insert(lower)
      let upper = Self.hex(piece, digits: "0123456789ABCDEF")
      if upper != lower { automaton.insert(upper) }
      for alignment in 0..<3 {
        let standard = Self.base64(piece, alignment: alignment)
        guard standard.count >= MaskingLimits.shortestStrong else { continue }
        automaton.insert(standard, isBase64: true)
        let urlSafe = standard.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }
        if urlSafe != standard { automaton.insert(urlSafe, isBase64: true) }
      }
    }
    automaton.link()
    return automaton
  }

  private static func hex(_ piece: [UInt8], digits: StaticString) -> [UInt8] {
    let alphabet = Array(digits.description.utf8)
    return piece.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }
  }

  /// The characters that depend on `piece` alone when `alignment` bytes precede it in its group.
  private static func base64(_ piece: [UInt8], alignment: Int) -> [UInt8] {
    let encoded = Base64.encode([UInt8](repeating: 0, count: alignment) + piece)
    let skipped = alignment == 0 ? 0 : alignment + 1
    let whole = (alignment + piece.count) / 3 * 4
    let remainder = (alignment + piece.count) % 3
    let kept = whole + (remainder == 0 ? 0 : remainder)
    return skipped < kept ? Array(encoded[skipped..<kept]) : []
  }
}

extension Taint: CustomStringConvertible, CustomReflectable {
  /// Only how many there are.
  package var description: String { pieces.count == 1 ? "[1 secret]" : "[\(pieces.count) secrets]" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The automaton over a taint, and the scan that undoes escapes.
struct TaintScanner: Sendable {
  private let automaton: TaintAutomaton
  /// A secret has a space, which a form has as a plus sign.
  private let hasSpace: Bool
  let isSaturated: Bool

  init(_ taint: Taint) {
    // Over its budget a taint masks everything whole, and nothing is looked for.
    automaton = taint.isSaturated ? TaintAutomaton() : taint.automaton()
    hasSpace = taint.pieces.contains { $0.contains(0x20) }
    isSaturated = taint.isSaturated
  }

  func scan(_ bytes: Span<UInt8>, into list: inout FindingList) {
    guard !automaton.isEmpty else { return }
    var spans: [(start: Int, end: Int)] = []
    var last = 0
    automaton.scan(bytes) { match in
      var (start, end) = (match.start, match.end)
      if match.isBase64 {
        if match.end <= last {
          // Inside a run that is masked already.
          return
        }
        while start > last, Self.isBase64(bytes[start - 1]) { start -= 1 }
        while end < bytes.count, Self.isBase64(bytes[end]) { end += 1 }
      }
      last = max(last, end)
      Self.append(start, end, to: &spans)
    }
    for span in spans { list.add(span.start, span.end, .recurring, "recurring") }
    for layer in EscapeDecoding.Layer.allCases where layer != .form || hasSpace {
      guard let decoded = EscapeDecoding(bytes, layer: layer) else { continue }
      automaton.scan(decoded.bytes.span) { match in
        Self.append(Int(decoded.origins[match.start]), Int(decoded.origins[match.end]), to: &spans)
      }
      for span in spans { list.add(span.start, span.end, .recurring, "recurring-escaped") }
      spans.removeAll(keepingCapacity: true)
    }
  }

  /// Joins what overlaps at once: a text may end a secret at each of its bytes.
  private static func append(_ start: Int, _ end: Int, to spans: inout [(start: Int, end: Int)]) {
    var (start, end) = (start, end)
    while let last = spans.last, last.end > start {
      (start, end) = (min(start, last.start), max(end, last.end))
      spans.removeLast()
    }
    spans.append((start, end))
  }

  private static func isBase64(_ byte: UInt8) -> Bool { ByteClass.isBase64(byte) || byte == 0x3D }
}
