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
  private let survey: TaintSurvey
  let ownUser = Process.identity.userID
  let ownGroup = Process.identity.groupID

  init(scope: consuming Scope, proc: SharedProc, opener: OpenerClient, rules: MaskingRules) {
    self.scope = scope
    self.proc = proc
    self.opener = opener
    survey = TaintSurvey(rules: rules)
  }

  /// Most bytes of an environment block that are read.
  static let environmentLimit = 1 << 20

  /// Opens what only the opener may, or says why the kernel does not let it.
  func open(_ entry: ProcessFile, of process: borrowing TargetProcess) throws(Refusal) -> FileDescriptor {
    do throws(SystemError) {
      return try opener.open(entry, of: process.directory.descriptor)
    } catch {
      switch error.number {
      case Errno.accessDenied, Errno.notPermitted:
        throw Refusal(
          .targetUnreadable, reason: process.denialReason(ownUser: ownUser, ownGroup: ownGroup),
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
    let file = try open(.environ, of: process)
    do throws(SystemError) {
      let (text, truncated) = try ProcessDirectory.read(file, limit: Self.environmentLimit, shortReadIsEnd: true)
      return (text, truncated)
    } catch {
      throw Refusal(process: ProcFSError(error))
    }
  }

  /// The secrets of every environment in scope that can be read, not older than a few seconds.
  func taint() throws(Refusal) -> Taint {
    try survey.taint(of: self)
  }
}

/// Reads the environments in scope now and then, apart from any view, to know which values must not show.
final class TaintSurvey: Sendable {
  private struct State: Sendable {
    var taint = Taint()
    var processes: Set<Key> = []
    var taken: UInt64 = 0
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
  private static let maximumProcesses = 256
  private static let maximumAge: UInt64 = 10_000_000_000

  init(rules: MaskingRules) { self.rules = rules }

  func taint(of target: Target) throws(Refusal) -> Taint {
    let members: [Scope.Member]
    do throws(ProcFSError) {
      members = try target.scope.members().members
    } catch {
      throw Refusal(process: error)
    }
    let now = Clock.monotonic()
    var keys: Set<Key> = []
    for member in members.prefix(Self.maximumProcesses) {
      keys.insert(Key(pid: member.pid, startTime: member.startTime, command: member.command))
    }
    let current = state.withLock {
      now - $0.taken < Self.maximumAge && keys.isSubset(of: $0.processes) ? $0.taint : nil
    }
    if let current { return current }
    var taint = Taint()
    var seen: Set<[UInt8]> = []
    for member in members.prefix(Self.maximumProcesses) {
      let block: [UInt8]
      do throws(Refusal) {
        guard let process = try target.open(member) else { continue }
        block = try target.environment(of: process).block
      } catch {
        // What cannot be read cannot be known; detectors still apply to it.
        if error.code == .overloaded { throw error }
        continue
      }
      guard seen.insert(block).inserted else { continue }
      insert(block, into: &taint)
    }
    state.withLock {
      $0.taint = taint
      $0.processes = keys
      $0.taken = now
    }
    return taint
  }
}

extension TaintSurvey {
  private func insert(_ block: [UInt8], into taint: inout Taint) {
    for record in NULSeparated.records(block.span).records {
      let entry = EnvironmentEntry(record: record)
      taint.insert(name: entry.name, value: entry.value ?? [], rules: rules)
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
