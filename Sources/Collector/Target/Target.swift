internal import API
internal import Linux
internal import Masking
internal import Privsep
internal import ProcFS

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

  /// The block of arguments, at most `limit` bytes of it; nil where the process does not answer.
  func commandLine(
    of process: borrowing TargetProcess, limit: Int
  ) throws(ProcFSError) -> (text: [UInt8], truncated: Bool)? {
    let file = SharedDescriptor(try process.directory.open("cmdline"))
    do throws(SystemError) {
      return try pending.run(of: process.identity, isWaiting: process.stat.isWaiting) { () throws(SystemError) in
        try ProcessDirectory.read(file.descriptor, limit: limit, shortReadIsEnd: true)
      }
    } catch {
      throw ProcFSError(error)
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
  func known(of members: [Scope.Member]) throws(Refusal) -> TaintSurvey.Known {
    try survey.known(of: self, members: members)
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
