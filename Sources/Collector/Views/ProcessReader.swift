internal import API
internal import Linux
internal import Masking
internal import Privsep
internal import ProcFS

/// Reads what a set of fields needs of one process, each file once and all of it through the process's one held
/// directory. What everybody may read comes first; what waits for a lock of the process, or asks the opener, last.
struct ProcessReader {
  let target: Target
  let fields: Set<ProcessField>
  /// nil where no field is free text of the process.
  let masker: Masker?
  let taint: Taint
  /// Most bytes of arguments in the answer.
  let argumentLimit: Int
  let count: (MaskedText) -> Void

  /// What the snapshot says of its place in the tree.
  struct Place {
    var parent: String
    var depth: Int?
    var children: [Int64]?
    var totals: SubtreeTotals?
  }

  var values: [ProcessField: FieldValue] = [:]
  var statuses: [ProcessField: (status: FieldStatus.Status, reason: String?)] = [:]
  /// The opener did not answer: it is not asked again for this request.
  var openerIsStalled = false

  /// Most bytes of a command line that are read.
  static let commandLineLimit = 65536
  /// Most threads, and most children, in an answer.
  private static let maximumThreads = 256
  private static let maximumChildren = 1024

  init(
    target: Target, fields: Set<ProcessField>, masker: Masker?, taint: Taint, argumentLimit: Int,
    count: @escaping (MaskedText) -> Void
  ) {
    self.target = target
    self.fields = fields
    self.masker = masker
    self.taint = taint
    self.argumentLimit = argumentLimit
    self.count = count
  }

  /// The process with the fields asked for. Throws `gone` where it has ended, not where a part of it cannot be read.
  mutating func entry(of process: borrowing TargetProcess, at place: Place) throws(Refusal) -> ProcessEntry {
    values.removeAll(keepingCapacity: true)
    statuses.removeAll(keepingCapacity: true)
    do throws(ProcFSError) {
      readPlace(process, place)
      readStat(process.stat)
      if wants(Self.ofStatus) { readStatus(try process.directory.status(), process.stat) }
      try readSmallFiles(process)
      if wants(Self.ofControlGroups) { try readControlGroups(process) }
      if wants([.threadList]) { try readThreads(process) }
      if wants(Self.ofCommandLine) { try readCommandLine(process) }
      readThroughOpener(process)
    } catch {
      throw Refusal(process: error)
    }
    var entry = ProcessEntry()
    for field in ProcessField.allCases where fields.contains(field) {
      if let value = values[field] { entry.add(field, value) }
      if let (status, reason) = statuses[field] {
        entry.note(field, status, reason: reason)
      } else if values[field] == nil {
        entry.note(field, .unsupported)
      }
    }
    return entry
  }

  func wants(_ some: Set<ProcessField>) -> Bool { !fields.isDisjoint(with: some) }

  mutating func set(_ field: ProcessField, _ number: some BinaryInteger) {
    values[field] = .integer(Int64(clamping: number))
  }

  mutating func note(_ some: Set<ProcessField>, _ status: FieldStatus.Status, _ reason: String? = nil) {
    for field in some { statuses[field] = (status, reason) }
  }

  /// Free text of the process, as it may be shown.
  func shown(_ bytes: [UInt8]) -> TargetText {
    guard let masker else { return TargetText(text: "") }
    let masked = masker.text(bytes)
    count(masked)
    return TargetText(bytes: masked.rendered())
  }

  /// A process's name is its first 15 bytes and no more, so it may hold the beginning of a secret, which is not the
  /// secret that masking looks for.
  func shown(name: [UInt8]) -> TargetText {
    guard let masker, let start = taint.beginning(atEndOf: name) else { return shown(name) }
    var masked = masker.text(Array(name[..<start]))
    masked.segments.append(.masked(PresenceToken(kind: .recurring, length: LengthBucket(count: name.count - start))))
    count(masked)
    return TargetText(bytes: masked.rendered())
  }
}

// What everybody may read.
extension ProcessReader {
  private mutating func readPlace(_ process: borrowing TargetProcess, _ place: Place) {
    values[.id] = .plain(process.identity.text)
    set(.pid, process.stat.pid)
    set(.ppid, process.stat.parent)
    values[.parent] = .plain(place.parent)
    values[.container] = .plain(process.container)
    if let depth = place.depth { set(.depth, depth) }
    if let children = place.children {
      values[.children] = .integers(Array(children.prefix(Self.maximumChildren)))
      if children.count > Self.maximumChildren { note([.children], .truncated) }
    }
    if let totals = place.totals { values[.subtree] = .totals(totals) }
  }

  private mutating func readStat(_ stat: ProcessStat) {
    values[.kind] = .plain(stat.isKernelThread ? "kernel_thread" : stat.isZombie ? "zombie" : "user")
    if wants([.command]) { values[.command] = .text(shown(name: stat.command)) }
    values[.state] = .plain(String(UnicodeScalar(stat.state)))
    set(.threads, stat.threads)
    set(.processGroup, stat.processGroup)
    set(.session, stat.session)
    if stat.terminal == 0 {
      note([.terminal], .empty)
    } else {
      values[.terminal] = .plain(Terminal(device: stat.terminal).name)
    }
    if stat.terminalProcessGroup < 0 {
      note([.terminalProcessGroup], .empty)
    } else {
      set(.terminalProcessGroup, stat.terminalProcessGroup)
    }
    readTimes(stat)
    set(.nice, stat.nice)
    set(.priority, stat.priority)
    set(.residentBytes, stat.residentPages &* Int64(Process.pageSize))
    set(.virtualBytes, stat.virtualBytes)
    values[.minorFaults] = .unsigned(stat.minorFaults)
    values[.majorFaults] = .unsigned(stat.majorFaults)
    values[.childrenMinorFaults] = .unsigned(stat.childrenMinorFaults)
    values[.childrenMajorFaults] = .unsigned(stat.childrenMajorFaults)
    if let processor = stat.tail.processor { set(.lastCPU, processor) }
    if let priority = stat.tail.realtimePriority { set(.realtimePriority, priority) }
    if let policy = stat.tail.policy { values[.policy] = .plain(Self.policyName(policy)) }
  }

  /// Ticks are 1/100 s for user space on every architecture (USER_HZ).
  private mutating func readTimes(_ stat: ProcessStat) {
    set(.userMilliseconds, stat.userTime &* 10)
    set(.systemMilliseconds, stat.systemTime &* 10)
    set(.cpuMilliseconds, (stat.userTime &+ stat.systemTime) &* 10)
    set(.childrenUserMilliseconds, stat.childrenUserTime &* 10)
    set(.childrenSystemMilliseconds, stat.childrenSystemTime &* 10)
    if let time = stat.tail.guestTime { set(.guestMilliseconds, time &* 10) }
    if let time = stat.tail.childrenGuestTime { set(.childrenGuestMilliseconds, time &* 10) }
    if let time = stat.tail.blockIODelay { set(.ioDelayMilliseconds, time &* 10) }
    values[.startTicks] = .unsigned(stat.startTime)
    let startNanoseconds = stat.startTime &* 10_000_000
    let boot = Clock.boot()
    let age = boot >= startNanoseconds ? boot - startNanoseconds : 0
    set(.ageSeconds, age / 1_000_000_000)
    let now = Clock.now()
    let milliseconds = now.seconds * 1000 + Int64(now.nanoseconds / 1_000_000) - Int64(age / 1_000_000)
    let started = Timestamp(seconds: milliseconds / 1000, nanoseconds: UInt32(milliseconds % 1000) * 1_000_000)
    values[.startTime] = .plain(started.rfc3339(.milliseconds))
  }

  /// SCHED_* of include/uapi/linux/sched.h.
  private static func policyName(_ number: Int64) -> String {
    switch number {
    case 0: "other"
    case 1: "fifo"
    case 2: "round_robin"
    case 3: "batch"
    case 5: "idle"
    case 6: "deadline"
    case 7: "ext"
    case _: "policy_\(number)"
    }
  }

  private static let ofStatus: Set<ProcessField> = [
    .tracer, .namespacePIDs, .namespaceProcessGroups, .namespaceSessions, .uid, .gid, .uids, .gids, .groups, .umask,
    .noNewPrivileges, .seccomp, .seccompFilters, .capabilities, .permittedCapabilities, .inheritableCapabilities,
    .boundingCapabilities, .ambientCapabilities, .residentBytes, .allowedCPUs, .allowedMemoryNodes, .voluntarySwitches,
    .involuntarySwitches, .peakResidentBytes, .peakVirtualBytes, .anonymousBytes, .fileBytes, .sharedMemoryBytes,
    .swapBytes, .lockedBytes, .pinnedBytes, .dataBytes, .stackBytes, .textBytes, .libraryBytes, .pageTableBytes,
    .hugePageBytes,
  ]

  private static let memory: [(ProcessField, ProcessStatus.Memory)] = [
    (.peakResidentBytes, .peakResident), (.peakVirtualBytes, .peakVirtual), (.anonymousBytes, .anonymous),
    (.fileBytes, .file), (.sharedMemoryBytes, .shared), (.swapBytes, .swap), (.lockedBytes, .locked),
    (.pinnedBytes, .pinned), (.dataBytes, .data), (.stackBytes, .stack), (.textBytes, .text), (.libraryBytes, .library),
    (.pageTableBytes, .pageTable), (.hugePageBytes, .hugePages),
  ]

  private mutating func readStatus(_ status: ProcessStatus, _ stat: ProcessStat) {
    set(.uid, status.uids.effective)
    set(.gid, status.gids.effective)
    values[.uids] = .integers(status.uids.all.map(Int64.init))
    values[.gids] = .integers(status.gids.all.map(Int64.init))
    values[.groups] = .integers(status.groups.map(Int64.init))
    if status.groupsTruncated { note([.groups], .truncated) }
    if let umask = status.umask {
      let digits = String(umask, radix: 8)
      values[.umask] = .plain(String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits)
    } else if let bare = stat.bare {
      note([.umask], .empty, bare)
    }
    values[.noNewPrivileges] = .flag(status.noNewPrivileges)
    values[.seccomp] = .plain(
      status.seccompMode == 0 ? "disabled" : status.seccompMode == 1 ? "strict" : "filter")
    if status.countsSeccompFilters { set(.seccompFilters, status.seccompFilters) }
    let sets = status.capabilities
    for (field, set) in [
      (.capabilities, sets.effective), (.permittedCapabilities, sets.permitted),
      (.inheritableCapabilities, sets.inheritable), (.boundingCapabilities, sets.bounding),
      (.ambientCapabilities, sets.ambient),
    ] as [(ProcessField, UInt64)] where fields.contains(field) {
      values[field] = .words(CapabilityNames.names(of: set))
    }
    if let tracer = status.tracer { set(.tracer, tracer) }
    for (field, ids) in [
      (.namespacePIDs, status.namespacePids), (.namespaceProcessGroups, status.namespaceProcessGroups),
      (.namespaceSessions, status.namespaceSessions),
    ] as [(ProcessField, [Int32])] where !ids.isEmpty {
      values[field] = .integers(ids.map(Int64.init))
    }
    if let list = status.allowedCPUs { values[.allowedCPUs] = .plain(list) }
    if let list = status.allowedMemoryNodes { values[.allowedMemoryNodes] = .plain(list) }
    if let switches = status.voluntarySwitches { values[.voluntarySwitches] = .unsigned(switches) }
    if let switches = status.involuntarySwitches { values[.involuntarySwitches] = .unsigned(switches) }
    // Exact, where `stat` has a sum that lags behind.
    if let anonymous = status.memory[.anonymous], let file = status.memory[.file], let shared = status.memory[.shared] {
      set(.residentBytes, anonymous &+ file &+ shared)
    }
    for (field, line) in Self.memory {
      if let bytes = status.memory[line] {
        set(field, bytes)
      } else if let bare = stat.bare {
        note([field], .empty, bare)
      }
    }
  }

  private mutating func readSmallFiles(_ process: borrowing TargetProcess) throws(ProcFSError) {
    if wants([.runNanoseconds, .runDelayNanoseconds, .timeslices]) {
      let all: Set<ProcessField> = [.runNanoseconds, .runDelayNanoseconds, .timeslices]
      if let statistics = try part(all, process, { p throws(ProcFSError) in try p.directory.schedulerStatistics() }) {
        values[.runNanoseconds] = .unsigned(statistics.runNanoseconds)
        values[.runDelayNanoseconds] = .unsigned(statistics.delayNanoseconds)
        values[.timeslices] = .unsigned(statistics.timeslices)
      }
    }
    for (field, name) in [
      (.oomScore, "oom_score"), (.oomScoreAdjustment, "oom_score_adj"), (.loginUID, "loginuid"),
      (.auditSession, "sessionid"),
    ] as [(ProcessField, String)] where fields.contains(field) {
      guard let number = try part([field], process, { p throws(ProcFSError) in try p.directory.number(in: name) })
      else { continue }
      // (uid_t)-1 and (unsigned)-1: nobody has logged in.
      if field == .loginUID || field == .auditSession, number == 4_294_967_295 {
        note([field], .empty)
      } else {
        set(field, number)
      }
    }
    if wants([.autogroup]),
      let text = try part([.autogroup], process, { p throws(ProcFSError) in try p.directory.read("autogroup").text })
    {
      let line = String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self)
      if line.isEmpty { note([.autogroup], .empty) } else { values[.autogroup] = .plain(line) }
    }
    if wants([.openDescriptors]),
      let count = try part(
        [.openDescriptors], process, { p throws(ProcFSError) in try p.directory.openDescriptors() })
    {
      if let count { set(.openDescriptors, count) } else { note([.openDescriptors], .unsupported) }
    }
    if wants([.limits]),
      let text = try part([.limits], process, { p throws(ProcFSError) in try p.directory.read("limits").text })
    {
      values[.limits] = .limits(
        ResourceLimits(text.span).rows.map {
          ResourceLimit(name: $0.name, soft: $0.soft, hard: $0.hard, unit: $0.unit)
        })
    }
  }

  /// Reads a file of the process; where that fails for the file alone, the fields say so and the rest goes on.
  private mutating func part<Value>(
    _ some: Set<ProcessField>, _ process: borrowing TargetProcess,
    _ body: (borrowing TargetProcess) throws(ProcFSError) -> Value
  ) throws(ProcFSError) -> Value? {
    do throws(ProcFSError) {
      return try body(process)
    } catch {
      switch error {
      case .gone:
        // Throws where the process itself has gone.
        let now = try process.directory.stat()
        if let bare = now.bare { note(some, .empty, bare) } else { note(some, .unsupported) }
      case .denied:
        note(some, .denied, process.denialReason(own: target.own))
      case .system(let error) where error.number == Errno.invalid: note(some, .unsupported)
      case .malformed: note(some, .empty)
      case .system: throw error
      }
      return nil
    }
  }

  private static let ofControlGroups: Set<ProcessField> = [
    .cgroup, .cgroups, .containerRuntime, .containerID, .podUID,
  ]

  private mutating func readControlGroups(_ process: borrowing TargetProcess) throws(ProcFSError) {
    let groups = try process.directory.controlGroups()
    if wants([.cgroup]) { values[.cgroup] = .text(shown(groups.path)) }
    if wants([.cgroups]) {
      values[.cgroups] = .cgroups(
        groups.memberships.map {
          CgroupMembership(
            hierarchy: $0.hierarchy, controllers: TargetText(bytes: $0.controllers).text, path: shown($0.path).text)
        })
    }
    guard let reference = target.scope.reference(groups.path) else {
      return note([.containerRuntime, .containerID, .podUID], .empty)
    }
    values[.containerRuntime] = .plain(reference.runtime.rawValue)
    values[.containerID] = .plain(reference.id)
    if let uid = reference.podUID { values[.podUID] = .plain(uid) } else { note([.podUID], .empty) }
  }

  private mutating func readThreads(_ process: borrowing TargetProcess) throws(ProcFSError) {
    var threads: [ThreadEntry] = []
    // A few more than shown, for some may end meanwhile.
    let ids = try process.directory.threads(limit: Self.maximumThreads + 1)
    for id in ids.prefix(Self.maximumThreads).sorted() {
      do throws(ProcFSError) {
        let stat = try process.directory.stat(ofThread: id)
        threads.append(
          ThreadEntry(
            tid: Int(id), command: shown(name: stat.command), state: String(UnicodeScalar(stat.state)),
            cpuMilliseconds: Int64(clamping: (stat.userTime &+ stat.systemTime) &* 10)))
      } catch {
        guard error == .gone else { throw error }
      }
    }
    values[.threadList] = .threads(threads)
    if ids.count > Self.maximumThreads { note([.threadList], .truncated) }
  }
}

extension ProcessStat {
  /// In an uninterruptible wait.
  var isWaiting: Bool { state == UInt8(ascii: "D") }

  /// The reason why there is nothing to read of a process that has no memory of its own.
  var bare: String? { isZombie ? "zombie" : isKernelThread ? "kernel_thread" : nil }
}

/// A terminal's device number as a name (Documentation/admin-guide/devices.txt).
private struct Terminal {
  let name: String

  init(device: UInt32) {
    let major = device >> 8 & 0xFFF
    let minor = device & 0xFF | device >> 12 & 0xFFF00
    name =
      switch major {
      case 136...143: "pts/\((major - 136) << 8 | minor)"
      case 4 where minor < 64: "tty\(minor)"
      case 4: "ttyS\(minor - 64)"
      case 5 where minor == 1: "console"
      case _: "\(major):\(minor)"
      }
  }
}
