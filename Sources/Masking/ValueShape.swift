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
    let table = Self.kinds
    let kinds = table.span
    var seenLow: UInt64 = 0
    var seenHigh: UInt64 = 0
    var before = Kind.other
    var runStart = start
    var upperStart = start
    var index = start
    while index < stop {
      let byte = bytes[index]
      let bit: UInt64 = 1 << UInt64(byte & 63)
      if byte < 64 { seenLow |= bit } else if byte < 128 { seenHigh |= bit } else { high += 1 }
      let kind = kinds[Int(byte)]
      lowers += kind & 7 == Kind.lower ? 1 : 0
      uppers += kind & 7 == Kind.upper ? 1 : 0
      digits += kind & 7 == Kind.digit ? 1 : 0
      spaces += kind & 7 == Kind.space ? 1 : 0
      hexLetters += Int(kind >> 7)
      if kind & 7 != before {
        let now = kind & 7
        if before == Kind.other || before == Kind.space {
          runStart = index
        } else if now == Kind.other || now == Kind.space {
          longestRun = max(longestRun, index - runStart)
        } else if before == Kind.upper && now == Kind.lower && index - upperStart == 1 {
          // A single capital begins a word.
        } else if before == Kind.lower && now == Kind.upper && index + 1 < stop
          && kinds[Int(bytes[index + 1])] & 7 == Kind.lower
        {
          // So does this one.
        } else {
          steps += 1
        }
        if now == Kind.upper { upperStart = index }
        before = now
      }
      index += 1
    }
    if before != Kind.other, before != Kind.space { longestRun = max(longestRun, stop - runStart) }
    others = stop - start - lowers - uppers - digits - spaces
    distinct = seenLow.nonzeroBitCount + seenHigh.nonzeroBitCount
  }

  private enum Kind {
    static let other: UInt8 = 0
    static let lower: UInt8 = 1
    static let upper: UInt8 = 2
    static let digit: UInt8 = 3
    static let space: UInt8 = 4
  }

  /// The kind of each byte, and the top bit for the letters of hex.
  private static let kinds: [UInt8] = (0..<256).map { value in
    let byte = UInt8(value)
    let hex: UInt8 = ByteClass.isLetter(byte) && ByteClass.isHex(byte) ? 0x80 : 0
    if ByteClass.isLower(byte) { return Kind.lower | hex }
    if ByteClass.isUpper(byte) { return Kind.upper | hex }
    if ByteClass.isDigit(byte) { return Kind.digit }
    return byte == 0x20 ? Kind.space : Kind.other
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
      guard
        ByteClass.isWord(byte) || byte == 0x2F || byte == 0x5C || byte == 0x2E || byte == 0x2D || byte == 0x7E
          || byte == 0x2B || byte == 0x3A || byte == 0x40 || byte == 0x2A || byte == 0x24 || byte == 0x7B
          || byte == 0x7D
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
