/// Words with a number each, looked up by the hash of a range without a copy. A word whose hash equals
/// another's would be taken for it; with 64 bits and a few thousand words that does not happen.
struct WordMap: Sendable {
  private var keys: [UInt64]
  private var values: [UInt16]
  private let mask: Int

  /// - Parameter entries: words in lower case; numbers of words that occur twice are joined by or.
  init(_ entries: [(word: String, value: UInt16)]) {
    var capacity = 16
    while capacity < entries.count * 3 { capacity *= 2 }
    keys = [UInt64](repeating: 0, count: capacity)
    values = [UInt16](repeating: 0, count: capacity)
    mask = capacity - 1
    for entry in entries {
      let key = NameSegment.hash(entry.word)
      var index = Int(truncatingIfNeeded: key) & mask
      while keys[index] != 0, keys[index] != key { index = (index + 1) & mask }
      keys[index] = key
      values[index] |= entry.value
    }
  }

  /// The number of the word with this hash, or 0.
  func value(of hash: UInt64) -> UInt16 {
    var index = Int(truncatingIfNeeded: hash) & mask
    while keys[index] != 0 {
      if keys[index] == hash { return values[index] }
      index = (index + 1) & mask
    }
    return 0
  }
}

/// A fixed set of words, looked up by range without a copy.
struct WordSet: Sendable {
  private let map: WordMap
  private let longest: Int

  /// - Parameter words: separated by blanks, lower case.
  init(_ words: String) {
    let list = words.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
    map = WordMap(list.map { ($0, 1) })
    longest = list.reduce(0) { max($0, $1.utf8.count) }
  }

  func contains(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    end - start <= longest && map.value(of: ByteText.hash(bytes, start, end)) != 0
  }
}
