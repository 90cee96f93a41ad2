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
    var generation: UInt64 = 0
  }

  private struct State: Sendable {
    var known = Known()
    var processes: Set<Key> = []
    /// When the last survey ended; monotonic nanoseconds.
    var taken: UInt64 = 0
    /// Distinct environment blocks, the newest first.
    var blocks: [[UInt8]] = []
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

  /// Most processes whose environment is read, most bytes kept, and how old a survey may be when nothing seems to have
  /// changed.
  private static let maximumProcesses = 256
  private static let maximumBytes = 4 << 20
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
      let isMine = state.withLock { state in
        if let begun = state.begun, now < begun + Self.maximumWait { return false }
        state.begun = now
        return true
      }
      guard isMine else {
        Process.sleep(milliseconds: 5)
        continue
      }
      defer { state.withLock { if $0.begun == now { $0.begun = nil } } }
      return try survey(surveyed, keys: keys, target: target, begun: now)
    }
  }

  private func current(_ keys: Set<Key>) -> Known? {
    state.withLock {
      guard $0.taken > 0, Clock.elapsed(from: $0.taken, to: Clock.monotonic()) < Self.maximumAge else { return nil }
      return keys.isSubset(of: $0.processes) ? $0.known : nil
    }
  }

  private func survey(
    _ members: ArraySlice<Scope.Member>, keys: Set<Key>, target: Target, begun: UInt64
  ) throws(Refusal) -> Known {
    let before = state.withLock { ($0.known, $0.blocks) }
    // Those that are known already are kept, and not the same bytes twice.
    let old = Set(before.1)
    var seen: Set<[UInt8]> = []
    var blocks: [[UInt8]] = []
    var bytes = 0
    for member in members where bytes < Self.maximumBytes {
      let block: [UInt8]
      do throws(Refusal) {
        guard let process = try target.open(member) else { continue }
        let read = try target.environment(of: process).block
        block = old.firstIndex(of: read).map { old[$0] } ?? read
      } catch {
        // What cannot be read cannot be known; detectors still apply to it. An opener that does not answer is another
        // matter: then nothing could be known.
        if error.code == .overloaded || error.code == .targetUnresponsive && !error.isOfProcess { throw error }
        continue
      }
      guard seen.insert(block).inserted else { continue }
      blocks.append(block)
      bytes += block.count
    }
    for block in before.1 where bytes + block.count <= Self.maximumBytes && seen.insert(block).inserted {
      blocks.append(block)
      bytes += block.count
    }
    var known = before.0
    if blocks != before.1 {
      known.taint = Taint()
      known.values = KnownValues(Self.values(in: blocks))
      known.generation += 1
      for block in blocks { insert(block, into: &known.taint) }
      known.taint.prepare()
    }
    state.withLock {
      // Who has stood still meanwhile knows less than who took over.
      guard $0.begun == begun else { return }
      $0.known = known
      $0.processes = keys
      $0.blocks = blocks
      $0.taken = Clock.monotonic()
    }
    return known
  }
}

extension TaintSurvey {
  private static func values(in blocks: [[UInt8]]) -> some Sequence<ArraySlice<UInt8>> {
    blocks.lazy.flatMap { block in
      let block = EnvironmentBlock(block, limit: EnvironmentView.maximumRecords)
      return block.records.lazy.compactMap { block.value($0) }
    }
  }

  private func insert(_ block: [UInt8], into taint: inout Taint) {
    let block = EnvironmentBlock(block, limit: EnvironmentView.maximumRecords)
    for record in block.records {
      taint.insert(name: Array(block.name(record)), value: Array(block.value(record) ?? []), rules: rules)
    }
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
