/// What kind of text a value is, from its bytes alone. Looks at no more than `reach` bytes.
struct ValueShape {
  static let reach = 512

  var length = 0
  var lowers = 0
  var uppers = 0
  var digits = 0
  var hexLetters = 0
  var spaces = 0
  /// Bytes that are none of letter, digit, space.
  var others = 0
  var high = 0
  /// Steps between the classes lower, upper, digit inside runs of alphanumerics; a capital that
  /// begins a word does not count.
  var steps = 0
  var longestRun = 0
  var distinct = 0

  init(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    let stop = min(end, start + Self.reach)
    length = end - start
    var seenLow: UInt64 = 0
    var seenHigh: UInt64 = 0
    var before = 0
    var sinceUpper = 0
    var run = 0
    var index = start
    while index < stop {
      let byte = bytes[index]
      if byte < 64 { seenLow |= 1 << UInt64(byte) } else if byte < 128 { seenHigh |= 1 << UInt64(byte - 64) }
      var kind = 0
      if ByteClass.isLower(byte) {
        lowers += 1
        kind = 1
        if byte < 0x67 { hexLetters += 1 }
      } else if ByteClass.isUpper(byte) {
        uppers += 1
        kind = 2
        if byte < 0x47 { hexLetters += 1 }
      } else if ByteClass.isDigit(byte) {
        digits += 1
        kind = 3
      } else if byte == 0x20 {
        spaces += 1
      } else {
        others += 1
        if byte >= 0x80 { high += 1 }
      }
      if kind != 0 {
        run += 1
        longestRun = max(longestRun, run)
        // Upper to lower after a single capital is how words begin.
        if before != 0, kind != before, !(before == 2 && kind == 1 && sinceUpper == 1),
          !(before == 1 && kind == 2)
        {
          steps += 1
        } else if before == 1, kind == 2, index + 1 >= stop || !ByteClass.isLower(bytes[index + 1]) {
          steps += 1
        }
        sinceUpper = kind == 2 ? (before == 2 ? sinceUpper + 1 : 1) : 0
      } else {
        run = 0
        sinceUpper = 0
      }
      before = kind
      index += 1
    }
    distinct = seenLow.nonzeroBitCount + seenHigh.nonzeroBitCount
  }

  var letters: Int { lowers + uppers }
  var isHexOnly: Bool { letters == hexLetters && others == 0 && spaces == 0 && letters + digits > 0 }
  var isNumber: Bool { digits > 0 && letters == 0 && others == 0 && spaces == 0 }
  var isLettersOnly: Bool { letters > 0 && digits == 0 && others == 0 && spaces == 0 }
}

/// Questions about a value that need both its shape and its bytes.
extension ValueShape {
  /// Whether the letters read as words (or there are too few to tell).
  static func isWordlike(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    let (bits, pairs) = LetterPairs.cost(bytes, start, min(end, start + reach))
    return pairs < 3 || bits * 10 <= pairs * 49
  }

  /// Whether the value looks as if a generator made it: letters that are no words, or classes mixed
  /// far more than names mix them.
  func looksRandom(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard length >= 8, spaces == 0, distinct >= min(7, length / 2 + 1) else { return false }
    if isHexOnly { return length >= 16 && digits > 0 && letters > 0 && distinct >= 6 }
    let (bits, pairs) = LetterPairs.cost(bytes, start, min(end, start + Self.reach))
    let alphanumerics = letters + digits
    guard alphanumerics * 4 >= min(length, Self.reach) * 3 else { return false }
    if steps * 4 >= alphanumerics, digits > 0, letters > 2 { return true }
    guard pairs >= 6 else { return false }
    if digits > 0 || (lowers > 0 && uppers > 1 && steps > 1) { return bits * 10 >= pairs * 48 }
    return length >= 12 && bits * 10 >= pairs * 54
  }

  /// `8-4-4-4-12` hex digits.
  static func isUUID(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard end - start == 36 else { return false }
    for offset in 0..<36 {
      let byte = bytes[start + offset]
      switch offset {
      case 8, 13, 18, 23: if byte != 0x2D { return false }
      default: if !ByteClass.isHex(byte) { return false }
      }
    }
    return true
  }

  /// Begins like a path and consists of what paths consist of.
  static func isPath(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var index = start
    if index < end, bytes[index] == 0x7E { index += 1 }
    while index < end, index - start < 2, bytes[index] == 0x2E { index += 1 }
    let isWindows =
      end - start > 3 && ByteClass.isLetter(bytes[start]) && bytes[start + 1] == 0x3A
      && (bytes[start + 2] == 0x5C || bytes[start + 2] == 0x2F)
    guard isWindows || (index < end && bytes[index] == 0x2F && index + 1 < end) else { return false }
    var slashes = 0
    for at in start..<min(end, start + reach) {
      let byte = bytes[at]
      if byte == 0x2F || byte == 0x5C { slashes += 1 }
      guard ByteClass.isWord(byte) || byte == 0x2F || byte == 0x5C || byte == 0x2E || byte == 0x2D || byte == 0x7E
        || byte == 0x2B || byte == 0x3A || byte == 0x40 || byte == 0x2A || byte == 0x24 || byte == 0x7B || byte == 0x7D
      else { return false }
    }
    return slashes >= 1 && ValueShape(bytes, start, end).segmentsAreTame(bytes, start, end)
  }

  /// Whether every part between `/`, `.`, `-` and `_` is short or reads as a word.
  func segmentsAreTame(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var partStart = start
    for index in start...end {
      if index == end || !ByteClass.isAlphanumeric(bytes[index]) {
        if index - partStart >= 12, ValueShape(bytes, partStart, index).looksRandom(bytes, partStart, index) {
          return false
        }
        partStart = index + 1
      }
    }
    return true
  }
}
