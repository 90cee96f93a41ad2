/// `/proc/<pid>/schedstat` (Documentation/scheduler/sched-stats.rst): of the main thread alone.
package struct SchedulerStatistics: Sendable, Equatable {
  package var runNanoseconds: UInt64
  /// Waiting for a processor.
  package var delayNanoseconds: UInt64
  package var timeslices: UInt64

  package init(_ text: Span<UInt8>) throws(ProcFSError) {
    let words = Fields.words(text, in: 0..<text.count)
    guard words.count >= 3, let run = Fields.number(text, at: words[0].lowerBound),
      let delay = Fields.number(text, at: words[1].lowerBound),
      let slices = Fields.number(text, at: words[2].lowerBound)
    else { throw .malformed(file: "schedstat") }
    runNanoseconds = run.value
    delayNanoseconds = delay.value
    timeslices = slices.value
  }
}

/// `/proc/<pid>/smaps_rollup` (proc_pid_smaps_rollup(5)), in bytes. Making it walks all page tables of the process:
/// milliseconds for a heap of hundreds of megabytes.
package struct MemoryRollup: Sendable, Equatable {
  /// Each shared page counts by its share.
  package var proportional: UInt64 = 0
  /// What no other process shares.
  package var unique: UInt64 = 0
  package var proportionalSwap: UInt64 = 0

  package init(_ text: Span<UInt8>) throws(ProcFSError) {
    var seen = false
    var rollup = (pss: UInt64(0), unique: UInt64(0), swap: UInt64(0))
    Fields.lines(text) { line in
      guard let colon = line.first(where: { text[$0] == UInt8(ascii: ":") }),
        let word = Fields.words(text, in: (colon + 1)..<line.upperBound).first,
        let kilobytes = Fields.number(text, at: word.lowerBound)?.value
      else { return }
      let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
      guard !overflow else { return }
      switch String(decoding: Fields.array(text, line.lowerBound..<colon), as: UTF8.self) {
      case "Pss":
        rollup.pss = bytes
        seen = true
      case "Private_Clean", "Private_Dirty", "Private_Hugetlb": rollup.unique &+= bytes
      case "SwapPss": rollup.swap = bytes
      case _: break
      }
    }
    guard seen else { throw .malformed(file: "smaps_rollup") }
    proportional = rollup.pss
    unique = rollup.unique
    proportionalSwap = rollup.swap
  }
}
