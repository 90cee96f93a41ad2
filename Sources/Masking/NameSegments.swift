/// One part of a name: `db` or `pass` in `dbPass`, `DB_PASS` and `db-pass`.
struct NameSegment {
  /// FNV-1a of the part in lower case without trailing digits; equal parts have equal hashes.
  var hash: UInt64
  var start: Int
  var end: Int

  static func hash(_ word: String) -> UInt64 {
    var hash = seed
    for byte in word.utf8 { hash = step(hash, byte) }
    return hash
  }

  static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

  @inline(__always) static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(ByteClass.lower(byte))) &* 0x0000_0100_0000_01b3
  }
}

/// A name taken apart at `_`, `-`, `.`, at lower-to-upper steps and before the last capital of a run
/// (`APIKey` is `API` and `Key`). At most `capacity` parts are kept: the last ones say what it is.
struct NameSegments {
  static let capacity = 8
  private(set) var parts: InlineArray<8, NameSegment>
  private(set) var count = 0

  init(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    parts = InlineArray(repeating: NameSegment(hash: 0, start: 0, end: 0))
    var index = start
    while index < end {
      guard Self.isPart(bytes[index]) else {
        index += 1
        continue
      }
      let partStart = index
      index += 1
      while index < end, Self.isPart(bytes[index]) {
        let byte = bytes[index]
        let before = bytes[index - 1]
        if ByteClass.isUpper(byte) {
          if ByteClass.isLower(before) || ByteClass.isDigit(before) && index - partStart > 2 { break }
          if ByteClass.isUpper(before), index + 1 < end, ByteClass.isLower(bytes[index + 1]) {
            // "APIs" and "IDs" stay one word; "APIKey" does not.
            let single =
              bytes[index + 1] == UInt8(ascii: "s") && (index + 2 >= end || !ByteClass.isLower(bytes[index + 2]))
            if !single { break }
          }
        }
        index += 1
      }
      append(bytes, partStart, index)
    }
  }

  private static func isPart(_ byte: UInt8) -> Bool { ByteClass.isAlphanumeric(byte) || byte >= 0x80 }

  private mutating func append(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    var trimmed = end
    while trimmed > start, ByteClass.isDigit(bytes[trimmed - 1]) { trimmed -= 1 }
    if trimmed == start { trimmed = end }
    var hash = NameSegment.seed
    for index in start..<trimmed { hash = NameSegment.step(hash, bytes[index]) }
    if count == Self.capacity {
      for index in 1..<Self.capacity { parts[index - 1] = parts[index] }
      count -= 1
    }
    parts[count] = NameSegment(hash: hash, start: start, end: trimmed)
    count += 1
  }
}
