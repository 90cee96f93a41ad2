/// `/proc/<pid>/cmdline` (proc_pid_cmdline(5)): memory of the process, which it may have rewritten.
package struct CommandLine: Sendable, Equatable {
  package var arguments: [[UInt8]]
  /// The block looks like one string and not like an argument vector, as setproctitle(3) leaves it.
  package var titleRewritten: Bool

  package init(_ block: Span<UInt8>) {
    var end = block.count
    // setproctitle pads with NULs to the old length.
    while end > 1, block[end - 1] == 0, block[end - 2] == 0 { end -= 1 }
    let (records, unterminated) = NULSeparated.records(block.extracting(0..<end))
    arguments = records
    titleRewritten = !records.isEmpty && (unterminated || (records.count == 1 && records[0].contains(0x20)))
  }
}
