internal import API
internal import Linux
internal import Masking
internal import Privsep
internal import ProcFS
internal import Synchronization

/// The workload: its processes, its files, and the secrets in its environment that must not show anywhere.
final class Target: Sendable {
  let scope: Scope
  let proc: SharedProc
  let opener: OpenerClient
  let pending: PendingReads
  private let survey: TaintSurvey
  /// Who this process is: whom the kernel shows environments and files to.
  let own: Process.Identity

  init(
    scope: consuming Scope, proc: SharedProc, opener: OpenerClient, own: Process.Identity, rules: MaskingRules
  ) {
    self.own = own
    self.scope = scope
    self.proc = proc
    self.opener = opener
    pending = PendingReads(stalls: proc.stalls)
    survey = TaintSurvey(rules: rules)
  }

  /// Most bytes of an environment block that are read.
  static let environmentLimit = 1 << 20

  /// Opens what only the opener may, or says why the kernel does not let it.
  func open(_ entry: ProcessFile, of process: borrowing TargetProcess) throws(Refusal) -> FileDescriptor {
    do throws(SystemError) {
      try proc.stalls.check(process.place)
      return try opener.open(entry, of: process.directory.descriptor)
    } catch {
      switch error.number {
      case Errno.timedOut:
        // The opener has one thread: what it waits for, nobody asks it again for a while.
        proc.stalls.close(process.place)
        throw Refusal(process: ProcFSError(error))
      case Errno.accessDenied, Errno.notPermitted:
        throw Refusal(
          .targetUnreadable, reason: process.denialReason(own: own),
          log: "\(entry) of \(process.identity.text): \(error)")
      case _: throw Refusal(process: ProcFSError(error))
      }
    }
  }

  /// The path of a process's executable as its container sees it; nil where the kernel does not say.
  func executable(of process: borrowing TargetProcess) -> [UInt8]? {
    do throws(Refusal) {
      let link = try open(.executable, of: process)
      do throws(ProcFSError) {
        return try proc.fileSystem.path(ofOwnDescriptor: link.raw)
      } catch {
        return nil
      }
    } catch {
      return nil
    }
  }

  /// The environment block, as it was at execve(2).
  func environment(of process: borrowing TargetProcess) throws(Refusal) -> (block: [UInt8], truncated: Bool) {
    var stalled = Refusal(.targetUnresponsive, retryAfter: 10, log: "environ of \(process.identity.text) stalls")
    stalled.isOfProcess = true
    guard !pending.isStalled(process.identity) else { throw stalled }
    let file = SharedDescriptor(try open(.environ, of: process))
    do throws(SystemError) {
      let read = try pending.run(of: process.identity, isWaiting: process.stat.isWaiting) { () throws(SystemError) in
        try ProcessDirectory.read(file.descriptor, limit: Self.environmentLimit, shortReadIsEnd: true)
      }
      guard let read else { throw SystemError("read", Errno.timedOut) }
      return (read.text, read.truncated)
    } catch {
      throw error.number == Errno.timedOut ? stalled : Refusal(process: ProcFSError(error))
    }
  }

  /// The secrets of every environment in scope that can be read, not older than a few seconds, and of those before.
  func known() throws(Refusal) -> TaintSurvey.Known {
    try survey.known(of: self)
  }

  /// The same, however old. Who keeps what is known has to look here now and then, so that few of them are kept.
  func lastKnown() -> TaintSurvey.Known { survey.last }

  func taint() throws(Refusal) -> Taint { try known().taint }

  /// The same for a view that has looked at the processes in scope already.
  func taint(of members: [Scope.Member]) throws(Refusal) -> Taint {
    try survey.known(of: self, members: members).taint
  }
}

/// Reads the environments in scope now and then, apart from any view, to know which values must not show. What was seen
/// once is remembered after its process has ended: its log lines are still there.
final class TaintSurvey: Sendable {
  /// What must not show, and a number that changes with it.
  struct Known: Sendable {
    var taint = Taint()
    /// Every value of at least eight bytes, secret or not.
    var values = KnownValues()
    /// Of the survey that found it; no two have the same.
    var generation: UInt64 = 0
    /// Every environment that can be read was read to its end.
    var isWhole = true
  }

  private struct State: Sendable {
    var known = Known()
    var processes: Set<Key> = []
    /// When the last survey ended; monotonic nanoseconds.
    var taken: UInt64 = 0
    /// Distinct variables, the newest first, each with a NUL behind it.
    var records: [UInt8] = []
    /// How many surveys have begun.
    var surveys: UInt64 = 0
    /// When the worker who surveys now has begun; nil while nobody does.
    var begun: UInt64?
  }

  /// A process that has called execve(2) since has another environment and, nearly always, another name.
  private struct Key: Sendable, Hashable {
    var pid: Int32
    var startTime: UInt64
    var command: [UInt8]
  }

  private let rules: MaskingRules
  private let state = Mutex(State())

  /// Most processes whose environment is read, and how old a survey may be when nothing seems to have changed.
  private static let maximumProcesses = 1024
  private static let maximumAge: UInt64 = 10_000_000_000
  /// How long the others wait for the one who surveys. By then the process that it stands still at is closed, and they
  /// go round it.
  private static let maximumWait = StallWatch.patience + 500_000_000

  init(rules: MaskingRules) { self.rules = rules }

  /// What the last survey found, however old.
  var last: Known { state.withLock { $0.known } }

  func known(of target: Target) throws(Refusal) -> Known {
    let members: [Scope.Member]
    do throws(ProcFSError) {
      members = try target.scope.members().members
    } catch {
      throw Refusal(process: error)
    }
    return try known(of: target, members: members)
  }

  func known(of target: Target, members: [Scope.Member]) throws(Refusal) -> Known {
    let surveyed = members.prefix(Self.maximumProcesses)
    let keys = Set(surveyed.map { Key(pid: $0.pid, startTime: $0.startTime, command: $0.command) })
    while true {
      if let current = current(keys) { return current }
      let now = Clock.monotonic()
      let generation: UInt64? = state.withLock { state in
        if let begun = state.begun, now < begun + Self.maximumWait { return nil }
        state.begun = now
        state.surveys += 1
        return state.surveys
      }
      guard let generation else {
        Process.sleep(milliseconds: 5)
        continue
      }
      defer { state.withLock { if $0.begun == now { $0.begun = nil } } }
      return try survey(
        surveyed, isCut: members.count > surveyed.count, keys: keys, target: target, begun: now, generation: generation)
    }
  }

  private func current(_ keys: Set<Key>) -> Known? {
    state.withLock {
      guard $0.taken > 0, Clock.elapsed(from: $0.taken, to: Clock.monotonic()) < Self.maximumAge else { return nil }
      return keys.isSubset(of: $0.processes) ? $0.known : nil
    }
  }

  private func survey(
    _ members: ArraySlice<Scope.Member>, isCut: Bool, keys: Set<Key>, target: Target, begun: UInt64, generation: UInt64
  ) throws(Refusal) -> Known {
    let before = state.withLock { ($0.known, $0.records) }
    var records = Records()
    // What is not looked at cannot be known either.
    var isWhole = !isCut
    for member in members {
      do throws(Refusal) {
        guard let process = try target.open(member) else { continue }
        let read = try target.environment(of: process)
        isWhole = records.add(read.block) && !read.truncated && isWhole
      } catch {
        // What cannot be read cannot be known; detectors still apply to it. An opener that does not answer is another
        // matter: then nothing could be known.
        if error.code == .overloaded || error.code == .targetUnresponsive && !error.isOfProcess { throw error }
      }
    }
    // Of those from before the newest, as many as there is room for.
    _ = records.add(before.1)
    var known = before.0
    if records.bytes != before.1 || known.isWhole != isWhole {
      known = Known(generation: generation, isWhole: isWhole)
      let block = EnvironmentBlock(records.bytes)
      known.values = KnownValues(block.records.lazy.compactMap { block.value($0) })
      for record in block.records {
        known.taint.insert(
          name: Array(block.name(record)), value: Array(block.value(record) ?? []), rules: rules)
      }
      if !isWhole { known.taint.saturate() }
      known.taint.prepare()
    }
    state.withLock {
      // Who has stood still meanwhile knows less than who took over.
      guard $0.begun == begun else { return }
      $0.known = known
      $0.processes = keys
      $0.records = records.bytes
      $0.taken = Clock.monotonic()
    }
    return known
  }
}

/// Distinct variables of many environments, which mostly have the same ones.
private struct Records {
  private(set) var bytes: [UInt8] = []
  private var seen: Set<Int> = []

  private static let maximumBytes = 2 << 20
  /// A name, `=`, and the shortest value that may be a secret.
  private static let shortest = 2 + KnownValues.shortestValue

  /// Takes up a block's variables; false where there is no room for all.
  mutating func add(_ block: [UInt8]) -> Bool {
    for record in block.split(separator: 0) where record.count >= Self.shortest {
      // Swift's hash has a key that the target does not know.
      guard !seen.contains(record.hashValue) else { continue }
      guard bytes.count + record.count < Self.maximumBytes else { return false }
      seen.insert(record.hashValue)
      bytes += record
      bytes.append(0)
    }
    return true
  }
}

extension Target {
  /// Opens a member of a snapshot; nil where it belongs to this agent.
  func open(_ member: Scope.Member) throws(Refusal) -> TargetProcess? {
    do throws(ProcFSError) {
      return try scope.open(member)
    } catch {
      throw Refusal(process: error)
    }
  }
}
