/// The secrets of one target's environment, to be masked wherever else they show up.
package struct Taint: Sendable {
  private(set) var values: Set<[UInt8]> = []

  package init() {}

  package var isEmpty: Bool { values.isEmpty }

  /// Takes up a variable if its name or a detector says that its value is secret and the value is
  /// strong enough that finding it elsewhere is no accident. Values that are masked only by default
  /// are not taken up.
  package mutating func insert(name: [UInt8], value: [UInt8], rules: MaskingRules) {
    guard value.count <= MaskingLimits.taintValueBytes, NameClassifier.isNeverShown(name), Strength.isStrong(value)
    else { return }
    values.insert(value)
  }

  func scan(_ bytes: [UInt8], into list: inout FindingList) {
    for value in values {
      var start = 0
      while start + value.count <= bytes.count {
        if bytes[start] == value[0], bytes[start..<start + value.count].elementsEqual(value) {
          list.add(start, start + value.count, .recurring, "recurring")
          start += value.count
        } else {
          start += 1
        }
      }
    }
  }
}
