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

  /// Bytes of the last, unfinished line; of an oversize one too, of which nothing is kept.
  private(set) var pendingCount = 0

  /// Whether there is an unfinished line.
  var hasUnfinished: Bool { oversize || pendingCount > 0 }

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

  /// What comes next is the rest of a line that did not come from its beginning: it is masked whole.
  mutating func beginInsideLine() {
    pending = []
    pendingCount = 0
    oversize = true
  }

  /// Shows an unfinished line, but for an end that is the beginning of one of `values`: the rest of a secret may be still
  /// to come, and what is there would not be known as a part of it.
  mutating func finishUnfinished(values: [[UInt8]], masker: Masker, _ each: (LogLine, MaskedText) -> Void) {
    let begun = oversize ? 0 : values.reduce(0) { max($0, Self.overlap(of: pending, with: $1)) }
    guard begun > 0 else { return finish(masker: masker, each) }
    pending.removeLast(begun)
    let text = masker.line(pending, state: &state)
    pending = []
    pendingCount = 0
    show(MaskedText(segments: text.segments + MaskedText.oversize(count: begun).segments), truncated: true, each)
  }

  /// The longest end of `text` that is a beginning of `value` and not all of it, at most 1,024 bytes; 0 below four.
  /// Linear (Knuth, Morris and Pratt): both may come from a target that means harm.
  static func overlap(of text: [UInt8], with value: [UInt8]) -> Int {
    let pattern = Array(value.prefix(1024))
    // borders[i]: the longest beginning of the pattern that ends at i, and is not all of it.
    var borders = [Int](repeating: 0, count: pattern.count)
    var length = 0
    for index in pattern.indices.dropFirst() {
      while length > 0, pattern[index] != pattern[length] { length = borders[length - 1] }
      if pattern[index] == pattern[length] { length += 1 }
      borders[index] = length
    }
    length = 0
    for byte in text.suffix(1024) {
      if length == pattern.count, length > 0 { length = borders[length - 1] }
      while length > 0, byte != pattern[length] { length = borders[length - 1] }
      if let first = pattern.first, byte == (length == 0 ? first : pattern[length]) { length += 1 }
    }
    if length == value.count, length > 0 { length = borders[length - 1] }
    return length >= 4 ? length : 0
  }

  /// Treats what is pending as a line of its own: at the end of a file that does not end with a newline.
  mutating func finish(masker: Masker, _ each: (LogLine, MaskedText) -> Void) {
    if pending.last == 0x0D { pending.removeLast() }
    // An oversize line is handed on as too long for the masker, which then masks all of it.
    let masked =
      oversize
      ? .oversize(count: Self.maximumLine)
      : masker.line(pending, state: &state)
    let truncated = oversize
    pending = []
    pendingCount = 0
    oversize = false
    show(masked, truncated: truncated, each)
  }

  /// Cuts what is too long, after masking.
  private func show(_ masked: MaskedText, truncated: Bool, _ each: (LogLine, MaskedText) -> Void) {
    var shown = masked.rendered()
    var truncated = truncated
    if shown.count > Self.maximumShown {
      var end = Self.maximumShown
      // Not in the middle of a UTF-8 sequence.
      while end > 0, shown[end] & 0xC0 == 0x80 { end -= 1 }
      shown.removeLast(shown.count - end)
      truncated = true
    }
    each(LogLine(TargetText(bytes: shown), masked: masked.maskedCount, truncated: truncated), masked)
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    pendingCount += bytes.count
    guard !oversize else { return }
    guard pending.count + bytes.count <= Self.maximumLine else {
      oversize = true
      pending = []
      return
    }
    pending.append(contentsOf: bytes)
  }
}
