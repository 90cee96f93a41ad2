internal import ProcFS

/// The three processes of the agent in one container, found by what nobody outside of the container can pretend: its
/// control group, which the runtime has put them into.
struct AgentProcesses: Sendable {
  /// Why they are not all there and running; nil where they are.
  let shortcoming: String?
  private let opener: Int32
  private let collector: Int32
  private let endpoint: Int32

  private static let maximumProcesses = 65536
  private static let maximumThreads = 64

  /// - Parameter pid: a process of the container, such as this one.
  init(ofContainerOf pid: Int32, proc: borrowing ProcFileSystem) throws(ProcFSError) {
    let group = try Self.controlGroup(of: pid, proc)
    var openers: [ProcessStat] = []
    var others: [ProcessStat] = []
    for pid in try proc.processIDs(limit: Self.maximumProcesses).pids {
      do throws(ProcFSError) {
        let stat = try proc.open(pid).stat()
        let name = String(decoding: stat.command, as: UTF8.self)
        guard ["sl-opener", "sl-collector", "sl-endpoint"].contains(name), try Self.controlGroup(of: pid, proc) == group
        else { continue }
        if name == "sl-opener" { openers.append(stat) } else { others.append(stat) }
      } catch {
        // It ended since it was listed.
        guard error == .gone else { throw error }
      }
    }
    func child(_ name: String) -> ProcessStat? {
      others.first { $0.command.elementsEqual(name.utf8) && $0.parent == openers.first?.pid }
    }
    let found = [("opener", openers.first), ("collector", child("sl-collector")), ("endpoint", child("sl-endpoint"))]
    opener = openers.first?.pid ?? 0
    collector = child("sl-collector")?.pid ?? 0
    endpoint = child("sl-endpoint")?.pid ?? 0
    if openers.count > 1 {
      shortcoming = "there are several agents in this container"
    } else if let missing = found.first(where: { $0.1 == nil }) {
      shortcoming = "there is no \(missing.0)"
    } else if let halted = found.first(where: { $0.1.map { Self.isHalted($0) } ?? true }) {
      shortcoming = "the \(halted.0) is stopped or has ended"
    } else {
      shortcoming = nil
    }
  }

  private static func isHalted(_ stat: ProcessStat) -> Bool {
    ["T", "t", "Z", "X"].contains { stat.state == UInt8(ascii: $0) }
  }

  private static func controlGroup(of pid: Int32, _ proc: borrowing ProcFileSystem) throws(ProcFSError) -> [UInt8] {
    let text = try proc.open(pid).read("cgroup").text
    return ControlGroups(text.span).path
  }

  /// The opener's arguments.
  func commandLine(_ proc: borrowing ProcFileSystem) throws(ProcFSError) -> [String] {
    let text = try proc.open(opener).read("cmdline").text
    return text.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Processor time that the endpoint has used, in clock ticks.
  func endpointTime(_ proc: borrowing ProcFileSystem) throws(ProcFSError) -> UInt64 {
    let stat = try proc.open(endpoint).stat()
    return stat.userTime + stat.systemTime
  }

  /// What is missing in which thread; nil where every thread of all three has a filter, no_new_privs and no capability,
  /// is not root, and cannot be looked into.
  func firstUnconfinedThread(_ proc: borrowing ProcFileSystem) throws(ProcFSError) -> String? {
    for (role, pid) in [("opener", opener), ("collector", collector), ("endpoint", endpoint)] {
      let directory = try proc.open(pid)
      if try directory.isDumpable() { return "the \(role) is dumpable" }
      for thread in try directory.threads(limit: Self.maximumThreads) {
        let text = try directory.read("task/\(thread)/status").text
        let status = try ProcessStatus(text.span)
        let sets = status.capabilities
        if status.seccompMode != 2 { return "thread \(thread) of the \(role) has no filter" }
        if !status.noNewPrivileges { return "thread \(thread) of the \(role) lacks no_new_privs" }
        if sets.effective | sets.permitted | sets.inheritable | sets.ambient != 0 {
          return "thread \(thread) of the \(role) holds a capability"
        }
        if [status.uids.real, status.uids.effective, status.uids.saved, status.uids.fileSystem].contains(0) {
          return "thread \(thread) of the \(role) is root"
        }
      }
    }
    return nil
  }
}
