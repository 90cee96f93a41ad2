internal import API
internal import ProcFS

/// Which variables of two environments have the same values. Each name once; where a name comes several times, all its
/// values in their order are one.
struct EnvironmentComparer {
  struct Side {
    private let block: EnvironmentBlock
    /// The places of each name's records, in order.
    private var places: [ArraySlice<UInt8>: [Int32]] = [:]
    /// Names in the order in which they first come.
    private(set) var names: [ArraySlice<UInt8>] = []
    private(set) var unnamed = 0
    let truncated: Bool

    /// - Parameter count: how many of the records count.
    init(_ block: EnvironmentBlock, count: Int = .max, truncated: Bool) {
      self.block = block
      self.truncated = truncated
      for (index, record) in block.records.prefix(count).enumerated() {
        guard record.hasValue else {
          unnamed += 1
          continue
        }
        let name = block.name(record)
        if places[name] == nil { names.append(name) }
        places[name, default: []].append(Int32(index))
      }
    }

    func contains(_ name: ArraySlice<UInt8>) -> Bool { places[name] != nil }

    func values(_ name: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
      places[name].map { $0.map { block.value(block.records[Int($0)]) ?? [] } }
    }
  }

  let here: Side
  let there: Side

  /// Every name of both, first those of this side in its order.
  var names: [ArraySlice<UInt8>] { here.names + there.names.filter { !here.contains($0) } }

  func result(_ name: ArraySlice<UInt8>) -> ComparedVariable.Result {
    switch (here.values(name), there.values(name)) {
    case (let one?, let other?):
      if Self.areEqual(one, other) { return .same }
      // A block that was cut may have more values of the name.
      return here.truncated || there.truncated ? .unknown : .differs
    case (_?, nil): return there.truncated ? .unknown : .onlyHere
    case (nil, _?): return here.truncated ? .unknown : .onlyThere
    case (nil, nil): return .unknown
    }
  }

  private static func areEqual(_ one: [ArraySlice<UInt8>], _ other: [ArraySlice<UInt8>]) -> Bool {
    guard one.count == other.count else { return false }
    var isEqual = true
    for (left, right) in zip(one, other) where !areEqual(left, right) { isEqual = false }
    return isEqual
  }

  /// In a time that depends on the lengths alone, so that nobody learns by the clock how far two values agree.
  static func areEqual(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
    var difference = one.count ^ other.count
    for index in 0..<max(one.count, other.count) {
      let a = index < one.count ? one[one.startIndex + index] : 0
      let b = index < other.count ? other[other.startIndex + index] : 0
      difference |= Int(a ^ b)
    }
    return difference == 0
  }
}
