internal import API
internal import Masking

/// Cuts bytes into lines and masks each as a whole, before anything is shortened. A run of NULs as long as a page or more
/// is no text but a hole, which ends a line: a writer that went on at its old place after the file was cut leaves one.
struct LineCutter {
  /// A line as it may be shown.
  struct Line {
    var line: LogLine
    /// Rendered and cut; what `line` was made of.
    var shown: [UInt8]
    var text: MaskedText
    /// Where it begins in the file.
    var start: UInt64
  }

  enum Piece {
    case line(Line)
    /// NULs, written or never written.
    case hole(UInt64)
  }

  /// Longest line that is kept together; a longer one is masked whole, since a part of it could be a part of a secret.
  static let maximumLine = 1 << 20
  /// Longest line shown; what is over is cut after masking.
  static let maximumShown = 16384
  /// Shortest run of NULs that is a hole.
  static let shortestHole: UInt64 = 4096

  private var state = LineState()
  private var pending: [UInt8] = []
  /// NULs behind `pending`: only what follows tells whether they are text.
  private var nuls: UInt64 = 0
  private var oversize = false
  /// Of an oversize line what was not looked at yet, and a little before it.
  private var passed: [UInt8] = []

  /// Values of which no beginning may show at the end of a line that is not whole: the rest of a secret may be still to
  /// come, and what is there would not be known as a part of it.
  var values = KnownValues()
  /// How many ends are still looked at. Whoever makes holes can have many of them: after that none shows.
  private var endsLeft = maximumEnds
  private static let maximumEnds = 64

  /// Where the next byte stands in the file.
  private(set) var position: UInt64 = 0
  /// Where the line that is not finished yet begins; `position` where there is none.
  private(set) var lineStart: UInt64 = 0

  init(position: UInt64 = 0) { move(to: position) }

  /// Bytes of the last, unfinished line; of an oversize one too, of which nothing is kept.
  var pendingCount: Int { Int(clamping: position - lineStart) }

  /// Whether there is an unfinished line.
  var hasUnfinished: Bool { oversize || position > lineStart }

  /// What comes next stands elsewhere, or in another file. There must be no unfinished line.
  mutating func move(to position: UInt64) {
    self.position = position
    lineStart = position
  }

  /// The complete lines in `bytes`, masked with what came before in mind. The rest is kept for the next call.
  mutating func lines(_ bytes: ArraySlice<UInt8>, masker: Masker, _ each: (Piece) -> Void) {
    var start = bytes.startIndex
    while let newline = bytes[start...].firstIndex(of: 0x0A) {
      add(bytes[start..<newline], masker: masker, each)
      endNULs(masker: masker, each)
      position += 1
      finishLine(masker: masker, each)
      start = newline + 1
    }
    add(bytes[start...], masker: masker, each)
  }

  /// NULs that nobody had to read.
  mutating func skip(_ count: UInt64) {
    nuls += count
    position += count
  }

  /// What comes next is the rest of a line that did not come from its beginning: it is masked whole.
  mutating func beginInsideLine() {
    pending = []
    nuls = 0
    passed = []
    oversize = true
  }

  /// Shows an unfinished line, but for an end that is the beginning of one of `values`.
  mutating func finishUnfinished(masker: Masker, _ each: (Piece) -> Void) {
    endNULs(masker: masker, each)
    if hasUnfinished { finishPart(masker: masker, each) }
  }

  private mutating func finishPart(masker: Masker, _ each: (Piece) -> Void) {
    let begun = oversize ? 0 : countBegun()
    guard begun > 0 else { return finishLine(masker: masker, each) }
    // All of it is looked at: what may not show may be the end of a secret that is whole.
    let findings = masker.findings(line: pending, state: &state)
    let text = masker.masked(pending, Self.hiding(pending.count - begun, to: pending.count, findings))
    pending = []
    show(text, truncated: true, each)
  }

  /// `findings`, and one over the end from `start`. It takes in those that reach into it, but for one that covers it: that
  /// is a secret of which nothing is missing.
  static func hiding(_ start: Int, to end: Int, _ findings: [Finding]) -> [Finding] {
    if let last = findings.last, last.start <= start, last.end == end { return findings }
    let from = min(start, findings.first { $0.end > start }?.start ?? start)
    return findings.filter { $0.end <= from } + [Finding(start: from, end: end, kind: .oversize, rule: "unfinished")]
  }

  /// Bytes at the end that may not show.
  private mutating func countBegun() -> Int {
    guard !values.isEmpty else { return 0 }
    guard endsLeft > 0 else { return min(pending.count, KnownValues.longest) }
    endsLeft -= 1
    return values.overlap(of: pending)
  }

  /// Treats what is pending as a line of its own: at the end of a file that does not end with a newline.
  mutating func finish(masker: Masker, _ each: (Piece) -> Void) {
    endNULs(masker: masker, each)
    if hasUnfinished { finishLine(masker: masker, each) }
  }

  private mutating func finishLine(masker: Masker, _ each: (Piece) -> Void) {
    if pending.last == 0x0D { pending.removeLast() }
    let truncated = oversize
    let masked: MaskedText
    if oversize {
      // Handed on as too long for the masker, which then masks all of it.
      masked = .oversize(count: Self.maximumLine)
      let rest = passed
      state.passOver(rest.span)
      state.endPassedOver()
    } else {
      masked = masker.line(pending, state: &state)
    }
    pending = []
    passed = []
    oversize = false
    show(masked, truncated: truncated, each)
  }

  /// Cuts what is too long, after masking.
  private mutating func show(_ masked: MaskedText, truncated: Bool, _ each: (Piece) -> Void) {
    var shown = masked.rendered()
    var truncated = truncated
    if shown.count > Self.maximumShown {
      var end = Self.maximumShown
      // Not in the middle of a UTF-8 sequence.
      while end > 0, shown[end] & 0xC0 == 0x80 { end -= 1 }
      shown.removeLast(shown.count - end)
      truncated = true
    }
    let line = LogLine(TargetText(bytes: shown), masked: masked.maskedCount, truncated: truncated)
    each(.line(Line(line: line, shown: shown, text: masked, start: lineStart)))
    lineStart = position
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>, masker: Masker, _ each: (Piece) -> Void) {
    var index = bytes.startIndex
    while index < bytes.endIndex {
      if bytes[index] == 0 {
        let end = bytes[index...].firstIndex { $0 != 0 } ?? bytes.endIndex
        skip(UInt64(end - index))
        index = end
      } else {
        endNULs(masker: masker, each)
        let end = bytes[index...].firstIndex(of: 0) ?? bytes.endIndex
        keep(bytes[index..<end])
        position += UInt64(end - index)
        index = end
      }
    }
  }

  /// What follows the NULs has come: they are text, or a hole.
  private mutating func endNULs(masker: Masker, _ each: (Piece) -> Void) {
    guard nuls > 0 else { return }
    let count = nuls
    nuls = 0
    guard count >= Self.shortestHole else {
      keep([UInt8](repeating: 0, count: Int(count))[...])
      return
    }
    let after = position
    position -= count
    if hasUnfinished { finishPart(masker: masker, each) }
    each(.hole(count))
    move(to: after)
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) {
    if !oversize, pending.count + bytes.count > Self.maximumLine {
      oversize = true
      passOver(pending[...])
      pending = []
    }
    if oversize { passOver(bytes) } else { pending.append(contentsOf: bytes) }
  }

  /// Of a line that is too long only the beginnings and ends of blocks count.
  private mutating func passOver(_ bytes: ArraySlice<UInt8>) {
    passed.append(contentsOf: bytes)
    guard passed.count >= 8192 else { return }
    let piece = passed
    state.passOver(piece.span)
    passed = Array(passed.suffix(LineState.passOverOverlap))
  }
}
