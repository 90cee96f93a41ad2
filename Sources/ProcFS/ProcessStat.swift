/// `/proc/<pid>/stat` (proc_pid_stat(5)). `comm` may hold anything, parentheses and newlines included, so the fields
/// are counted from the last `)`.
package struct ProcessStat: Sendable, Equatable {
  package var pid: Int32
  /// At most 15 bytes, chosen by the process.
  package var command: [UInt8]
  /// `R S D Z T t X I …`
  package var state: UInt8
  package var parent: Int32
  package var flags: UInt64
  /// In clock ticks.
  package var userTime: UInt64
  package var systemTime: UInt64
  package var threads: Int
  /// Clock ticks since boot.
  package var startTime: UInt64
  package var virtualBytes: UInt64
  package var residentPages: Int64

  /// PF_KTHREAD (include/linux/sched.h).
  package var isKernelThread: Bool { flags & 0x0020_0000 != 0 }
  package var isZombie: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

  package init(_ text: Span<UInt8>) throws(ProcFSError) {
    let malformed = ProcFSError.malformed(file: "stat")
    guard let (number, afterPid) = Fields.number(text, at: 0), let pid = Int32(exactly: number),
      afterPid + 1 < text.count, text[afterPid] == 0x20, text[afterPid + 1] == UInt8(ascii: "(")
    else { throw malformed }
    var close = text.count - 1
    while close > afterPid, text[close] != UInt8(ascii: ")") { close -= 1 }
    guard close > afterPid + 1 else { throw malformed }
    let fields = Fields.words(text, in: (close + 1)..<text.count)
    // fields[0] is field 3 of the manual page.
    guard fields.count >= 22, fields[0].count == 1 else { throw malformed }
    func unsigned(_ manual: Int) throws(ProcFSError) -> UInt64 {
      guard let (value, _) = Fields.number(text, at: fields[manual - 3].lowerBound) else { throw malformed }
      return value
    }
    self.pid = pid
    command = Fields.array(text, (afterPid + 2)..<close)
    state = text[fields[0].lowerBound]
    guard let parent = Int32(exactly: try unsigned(4)) else { throw malformed }
    self.parent = parent
    flags = try unsigned(9)
    userTime = try unsigned(14)
    systemTime = try unsigned(15)
    threads = Int(clamping: try unsigned(20))
    startTime = try unsigned(22)
    virtualBytes = try unsigned(23)
    guard let (resident, _) = Fields.signedNumber(text, at: fields[21].lowerBound) else { throw malformed }
    residentPages = resident
  }
}
