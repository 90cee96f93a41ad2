/// Comparisons of byte ranges with fixed words.
enum ByteText {
  /// Whether `word` (lower case) stands at `at`, letters without case, and `at` is not before `notBefore`.
  static func matches(_ bytes: Span<UInt8>, _ at: Int, _ word: StaticString, notBefore: Int = 0) -> Bool {
    let length = word.utf8CodeUnitCount
    guard at >= notBefore, at >= 0, at + length <= bytes.count else { return false }
    // SAFETY: the buffer is the literal's own constant bytes, read only inside the closure.
    return word.withUTF8Buffer { letters in
      for offset in 0..<length where unsafe ByteClass.lower(bytes[at + offset]) != letters[offset] { return false }
      return true
    }
  }

  /// Whether the range is exactly one of `words` (lower case), letters without case.
  static func isOne(of words: [StaticString], _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    for word in words where word.utf8CodeUnitCount == end - start && matches(bytes, start, word) { return true }
    return false
  }

  /// Whether any of `words` stands inside the range.
  static func containsOne(of words: [StaticString], _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    for word in words {
      let length = word.utf8CodeUnitCount
      guard end - start >= length else { continue }
      for at in start...(end - length) where matches(bytes, at, word) { return true }
    }
    return false
  }

  /// The first position at or after `from` of `byte`, or `end`.
  static func firstIndex(of byte: UInt8, _ bytes: Span<UInt8>, _ from: Int, _ end: Int) -> Int {
    var index = from
    while index < end, bytes[index] != byte { index += 1 }
    return index
  }

  /// FNV-1a of the range in lower case, for look-ups in word sets.
  static func hash(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
    var hash = NameSegment.seed
    for index in start..<end { hash = NameSegment.step(hash, bytes[index]) }
    return hash
  }

  /// Without the spaces around it, and without one pair of quotes inside them.
  static func unquoted(_ bytes: [UInt8]) -> [UInt8] {
    var rest = bytes[...]
    while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
    while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
    if rest.count >= 2, let quote = rest.first, quote == 0x22 || quote == 0x27, rest.last == quote {
      rest = rest.dropFirst().dropLast()
    }
    return Array(rest)
  }
}
