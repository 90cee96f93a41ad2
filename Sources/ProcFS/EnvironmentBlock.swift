/// `/proc/<pid>/environ` (proc_pid_environ(5)), taken apart in place: a block of a megabyte has tens of thousands of
/// records, and each as an array of its own would take many times its size. Every record is kept, however odd.
package struct EnvironmentBlock: Sendable {
  package struct Record: Sendable, Equatable {
    fileprivate var start: UInt32
    fileprivate var end: UInt32
    /// Where the first `=` is; `end` where there is none.
    fileprivate var equals: UInt32

    package var isEmpty: Bool { start == end }
    package var hasValue: Bool { equals < end }
  }

  package let bytes: [UInt8]
  package let records: [Record]
  /// The last record has no NUL behind it.
  package let unterminated: Bool
  /// There are more records than `limit`.
  package let exceedsLimit: Bool

  /// - Parameter bytes: less than 4 GiB.
  package init(_ bytes: [UInt8], limit: Int = .max) {
    var found: [Record] = []
    var start = 0
    var equals: Int?
    let span = bytes.span
    var exceeds = false
    for index in 0..<span.count {
      if span[index] == UInt8(ascii: "="), equals == nil {
        equals = index
      } else if span[index] == 0 {
        if found.count == limit {
          exceeds = true
          break
        }
        found.append(Record(start: UInt32(start), end: UInt32(index), equals: UInt32(equals ?? index)))
        start = index + 1
        equals = nil
      }
    }
    let rest = !exceeds && start < bytes.count
    if rest, found.count < limit {
      found.append(Record(start: UInt32(start), end: UInt32(bytes.count), equals: UInt32(equals ?? bytes.count)))
    }
    self.bytes = bytes
    records = found
    unterminated = rest && found.count <= limit && !found.isEmpty && found[found.count - 1].end == bytes.count
    exceedsLimit = exceeds || (rest && !unterminated)
  }

  /// Without the `=`; the whole record where there is none.
  package func name(_ record: Record) -> ArraySlice<UInt8> { bytes[Int(record.start)..<Int(record.equals)] }

  /// nil where there is no `=`.
  package func value(_ record: Record) -> ArraySlice<UInt8>? {
    record.hasValue ? bytes[Int(record.equals + 1)..<Int(record.end)] : nil
  }
}
