internal import API
internal import Masking

/// Cuts bytes into lines and masks each as a whole, before anything is shortened.
struct LineCutter {
  /// Longest line that is kept together; a longer one is masked whole, since a part of it could be a part of a secret.
  static let maximumLine = 1 << 20
  /// Longest line shown; what is over is cut after masking.
  static let maximumShown = 16384

  private var state = LineState()
  private var pending: [UInt8] = []
  private var oversize = false
  private var oversizeCount = 0

  /// Bytes of the last, unfinished line.
  var pendingCount: Int { oversize ? oversizeCount : pending.count }

  /// The complete lines in `bytes`, masked with what came before in mind. The rest is kept for the next call.
  mutating func lines(
    _ bytes: ArraySlice<UInt8>, masker: Masker, _ each: (LogLine, MaskedText) -> Void
  ) {
    var start = bytes.startIndex
    while let newline = bytes[start...].firstIndex(of: 0x0A) {
      add(bytes[start..<newline])
      finish(masker: masker, each)
      start = newline + 1
    }
    add(bytes[start...])
  }

  /// Drops an unfinished line that will be read again from its beginning, or never.
  mutating func forgetUnfinished() {
    pending = []
    oversize = false
    oversizeCount = 0
  }

  /// What comes next is the rest of a line whose beginning is not known: it is masked whole.
  mutating func beginInsideLine() {
    forgetUnfinished()
    oversize = true
  }

  /// Shows an unfinished line but for its last word: that may be the beginning of a secret, not known as one yet.
  mutating func finishUnfinished(masker: Masker, _ each: (LogLine, MaskedText) -> Void) {
    guard !oversize, let last = pending.last, last != 0x20 else { return finish(masker: masker, each) }
    let start = pending.lastIndex(of: 0x20).map { $0 + 1 } ?? 0
    let word = MaskedText.oversize(count: pending.count - start)
    pending.removeLast(pending.count - start)
    var state = state
    let text = masker.line(pending, state: &state)
    let shown = MaskedText(segments: text.segments + word.segments)
    forgetUnfinished()
    each(LogLine(TargetText(bytes: shown.rendered()), masked: shown.maskedCount, truncated: true), shown)
  }

  /// Treats what is pending as a line of its own: at the end of a file that does not end with a newline.
  mutating func finish(masker: Masker, _ each: (LogLine, MaskedText) -> Void) {
    if pending.last == 0x0D { pending.removeLast() }
    // An oversize line is handed on as too long for the masker, which then masks all of it.
    let masked =
      oversize
      ? .oversize(count: Self.maximumLine)
      : masker.line(pending, state: &state)
    var shown = masked.rendered()
    var truncated = oversize
    if shown.count > Self.maximumShown {
      var end = Self.maximumShown
      // Not in the middle of a UTF-8 sequence.
      while end > 0, shown[end] & 0xC0 == 0x80 { end -= 1 }
      shown.removeLast(shown.count - end)
      truncated = true
    }
    each(LogLine(TargetText(bytes: shown), masked: masked.maskedCount, truncated: truncated), masked)
    pending = []
    oversize = false
    oversizeCount = 0
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    guard !oversize else {
      oversizeCount += bytes.count
      return
    }
    guard pending.count + bytes.count <= Self.maximumLine else {
      oversize = true
      oversizeCount = pending.count + bytes.count
      pending = []
      return
    }
    pending.append(contentsOf: bytes)
  }
}
