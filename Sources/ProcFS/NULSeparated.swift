/// Blocks of NUL-terminated records: `/proc/<pid>/cmdline` and `environ` (proc_pid_environ(5)).
package enum NULSeparated {
  /// Every record to the end of the block, empty ones kept. `unterminated` is set where the last one has no NUL.
  /// Ends early after `limit` records.
  package static func records(
    _ block: Span<UInt8>, limit: Int = .max
  ) -> (records: [[UInt8]], unterminated: Bool) {
    var records: [[UInt8]] = []
    var start = 0
    for index in 0..<block.count where block[index] == 0 {
      if records.count == limit { return (records, false) }
      records.append(Fields.array(block, start..<index))
      start = index + 1
    }
    guard start < block.count else { return (records, false) }
    records.append(Fields.array(block, start..<block.count))
    return (records, true)
  }
}

/// One record of an environment block, kept however odd it is.
package struct EnvironmentEntry: Sendable, Equatable {
  package var name: [UInt8]
  /// nil where there is no `=`.
  package var value: [UInt8]?

  package init(record: [UInt8]) {
    if let equals = record.firstIndex(of: UInt8(ascii: "=")) {
      name = Array(record[..<equals])
      value = Array(record[(equals + 1)...])
    } else {
      name = record
      value = nil
    }
  }
}
