/// Values of environments, kept to ask of a text that may go on whether it ends with the beginning of one. A target says
/// how many there are and what they are, so memory and time have limits; over them every end counts as such a beginning.
struct KnownValues: Sendable {
  private struct Entry: Sendable {
    /// The first eight bytes, the first one in front; in the order of the entries.
    var key: UInt64
    /// Where in `storage`.
    var start: UInt32
    var count: UInt32
  }

  /// Longest beginning that is looked for, and shortest; shorter values are not kept at all.
  static let longest = 1024
  static let shortest = 4
  static let shortestValue = 8
  /// Most values, and most bytes of their beginnings.
  static let maximumCount = 65_536
  static let maximumBytes = 2 << 20

  private(set) var isSaturated = false
  private var storage: [UInt8] = []
  private var entries: [Entry] = []
  /// A bit for each hash of the first four bytes of a value: nearly no text gets past it by chance.
  private var filter: [UInt64] = []
  private static let filterBits = 20

  init() {}

  init(_ values: some Sequence<ArraySlice<UInt8>>) {
    // Hashes with Swift's own key, which a target cannot know.
    var seen: Set<Int> = []
    for value in values where value.count >= Self.shortestValue {
      // One byte more than is looked for, as the whole of a value is no beginning of it.
      let kept = value.prefix(Self.longest + 1)
      guard seen.insert(kept.hashValue).inserted else { continue }
      guard entries.count < Self.maximumCount, storage.count + kept.count <= Self.maximumBytes else {
        self = KnownValues()
        isSaturated = true
        return
      }
      entries.append(Entry(key: Self.key(of: kept), start: UInt32(storage.count), count: UInt32(kept.count)))
      storage += kept
    }
    guard !entries.isEmpty else { return }
    let bytes = storage
    entries.sort { first, second in
      first.key != second.key
        ? first.key < second.key : Self.rest(of: first, bytes).lexicographicallyPrecedes(Self.rest(of: second, bytes))
    }
    filter = [UInt64](repeating: 0, count: 1 << (Self.filterBits - 6))
    for entry in entries {
      let bit = Self.bit(UInt32(truncatingIfNeeded: entry.key >> 32))
      filter[bit >> 6] |= 1 << UInt64(bit & 63)
    }
  }

  var isEmpty: Bool { entries.isEmpty && !isSaturated }

  /// Bytes of the longest end of `text` that is the beginning of a value and not all of it; 0 where there is none.
  func overlap(of text: [UInt8]) -> Int {
    guard !isSaturated else { return min(text.count, Self.longest) }
    guard !entries.isEmpty, text.count >= Self.shortest else { return 0 }
    for start in max(0, text.count - Self.longest)...(text.count - Self.shortest) {
      let head = text[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let bit = Self.bit(head)
      guard filter[bit >> 6] & 1 << UInt64(bit & 63) != 0 else { continue }
      if isBeginning(text[start...]) { return text.count - start }
    }
    return 0
  }

  /// Whether a value begins with it and goes on.
  private func isBeginning(_ part: ArraySlice<UInt8>) -> Bool {
    let key = Self.key(of: part)
    let rest = part.dropFirst(8)
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      let entry = entries[middle]
      let isBefore =
        entry.key != key ? entry.key < key : Self.rest(of: entry, storage).lexicographicallyPrecedes(rest)
      if isBefore { low = middle + 1 } else { high = middle }
    }
    // The value itself comes before those that go on. Each stands here once, so that there is no third.
    for entry in entries[low...].prefix(2) {
      let value = storage[Int(entry.start)..<Int(entry.start + entry.count)]
      if value.count > part.count, value.starts(with: part) { return true }
    }
    return false
  }

  private static func rest(of entry: Entry, _ storage: [UInt8]) -> ArraySlice<UInt8> {
    storage[Int(entry.start + 8)..<Int(entry.start + entry.count)]
  }

  /// A shorter one is filled up with zeros, which come before everything.
  private static func key(of bytes: ArraySlice<UInt8>) -> UInt64 {
    let head = bytes.prefix(8)
    return head.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } << UInt64(8 * (8 - head.count))
  }

  private static func bit(_ head: UInt32) -> Int { Int((head &* 0x9E37_79B1) >> (32 - UInt32(filterBits))) }
}
