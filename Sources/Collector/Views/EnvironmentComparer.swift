internal import API
internal import ProcFS

/// Which variables of two environments have the same values. Each name once; where a name comes several times, all its
/// values in their order are one.
struct EnvironmentComparer {
  struct Side {
    /// Names in the order in which they first come.
    var names: [[UInt8]] = []
    var values: [[UInt8]: [UInt8]] = [:]
    var unnamed = 0
    var truncated: Bool

    init(_ entries: [EnvironmentEntry], truncated: Bool) {
      self.truncated = truncated
      for entry in entries {
        guard let value = entry.value else {
          unnamed += 1
          continue
        }
        if values[entry.name] == nil { names.append(entry.name) }
        // A NUL is in no value, so the joined form is one of this list of values alone.
        values[entry.name, default: []] += value + [0]
      }
    }
  }

  let here: Side
  let there: Side

  /// Every name of both, first those of this side in its order.
  var names: [[UInt8]] { here.names + there.names.filter { here.values[$0] == nil } }

  func result(_ name: [UInt8]) -> ComparedVariable.Result {
    switch (here.values[name], there.values[name]) {
    case (let one?, let other?):
      // A block that was cut may have more values of the name.
      if here.truncated || there.truncated, !Self.areEqual(one, other) { return .unknown }
      return Self.areEqual(one, other) ? .same : .differs
    case (_?, nil): return there.truncated ? .unknown : .onlyHere
    case (nil, _?): return here.truncated ? .unknown : .onlyThere
    case (nil, nil): return .unknown
    }
  }

  /// In a time that depends on the lengths alone, so that nobody learns by the clock how far two values agree.
  static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    var difference = one.count ^ other.count
    for index in 0..<max(one.count, other.count) {
      let a = index < one.count ? one[index] : 0
      let b = index < other.count ? other[index] : 0
      difference |= Int(a ^ b)
    }
    return difference == 0
  }
}
