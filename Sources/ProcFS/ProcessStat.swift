/// `/proc/<pid>/stat` (proc_pid_stat(5)). `comm` may hold anything, parentheses and newlines included, so the fields
/// are counted from the last `)`. Times are in clock ticks of 10 ms (USER_HZ is 100 on every architecture).
package struct ProcessStat: Sendable, Equatable {
  package var pid: Int32
  /// At most 15 bytes, chosen by the process.
  package var command: [UInt8]
  /// `R S D Z T t X I …`
  package var state: UInt8
  package var parent: Int32
  package var processGroup: Int32
  package var session: Int32
  /// Major and minor number as makedev(3) packs them; 0 without a terminal.
  package var terminal: UInt32
  /// The foreground process group of the terminal; -1 without one.
  package var terminalProcessGroup: Int32
  package var flags: UInt64
  package var minorFaults: UInt64
  package var childrenMinorFaults: UInt64
  package var majorFaults: UInt64
  package var childrenMajorFaults: UInt64
  package var userTime: UInt64
  package var systemTime: UInt64
  package var childrenUserTime: Int64
  package var childrenSystemTime: Int64
  package var priority: Int64
  package var nice: Int64
  package var threads: Int
  /// Clock ticks since boot.
  package var startTime: UInt64
  package var virtualBytes: UInt64
  package var residentPages: Int64
  /// What older kernels do not write is nil.
  package var tail = Tail()

  package struct Tail: Sendable, Equatable {
    package var processor: Int64?
    package var realtimePriority: Int64?
    package var policy: Int64?
    /// Clock ticks.
    package var blockIODelay: UInt64?
    package var guestTime: UInt64?
    package var childrenGuestTime: Int64?
  }

  /// PF_KTHREAD (include/linux/sched.h).
  package var isKernelThread: Bool { flags & 0x0020_0000 != 0 }
  /// PF_FORKNOEXEC: it has not called execve(2) since its fork(2), and so has its parent's environment.
  package var isForkOnly: Bool { flags & 0x40 != 0 }
  /// PF_EXITING: its memory goes, or has gone.
  package var isExiting: Bool { flags & 0x4 != 0 }
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
    func signed(_ manual: Int) throws(ProcFSError) -> Int64 {
      guard let (value, _) = Fields.signedNumber(text, at: fields[manual - 3].lowerBound) else { throw malformed }
      return value
    }
    func id(_ manual: Int) throws(ProcFSError) -> Int32 {
      guard let value = Int32(exactly: try signed(manual)) else { throw malformed }
      return value
    }
    self.pid = pid
    command = Fields.array(text, (afterPid + 2)..<close)
    state = text[fields[0].lowerBound]
    guard let parent = Int32(exactly: try unsigned(4)) else { throw malformed }
    self.parent = parent
    processGroup = try id(5)
    session = try id(6)
    terminal = UInt32(truncatingIfNeeded: try signed(7))
    terminalProcessGroup = try id(8)
    flags = try unsigned(9)
    minorFaults = try unsigned(10)
    childrenMinorFaults = try unsigned(11)
    majorFaults = try unsigned(12)
    childrenMajorFaults = try unsigned(13)
    userTime = try unsigned(14)
    systemTime = try unsigned(15)
    childrenUserTime = try signed(16)
    childrenSystemTime = try signed(17)
    priority = try signed(18)
    nice = try signed(19)
    threads = Int(clamping: try unsigned(20))
    startTime = try unsigned(22)
    virtualBytes = try unsigned(23)
    residentPages = try signed(24)
    if fields.count >= 44 - 2 {
      tail = Tail(
        processor: try signed(39), realtimePriority: try signed(40), policy: try signed(41),
        blockIODelay: try unsigned(42), guestTime: try unsigned(43), childrenGuestTime: try signed(44))
    }
  }
}
