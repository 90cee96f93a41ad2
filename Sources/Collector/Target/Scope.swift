internal import API
internal import Linux
internal import Privsep
internal import ProcFS

/// Which processes exist for this agent, and to which container each belongs. Nothing outside is ever answered about.
struct Scope: ~Copyable, Sendable {
  private let root: Configuration.Scope
  private let containerName: String
  private let proc: SharedProc
  private let ownGroupPath: [UInt8]

  /// Most processes looked at for one snapshot.
  static let maximumProcesses = 65536
  /// Longest chain of parents followed; a chain that is longer has a cycle.
  private static let maximumDepth = 512

  init(root: Configuration.Scope, containerName: String, proc: SharedProc) throws(ProcFSError) {
    self.root = root
    self.containerName = containerName
    self.proc = proc
    let own = try proc.fileSystem.open(Process.identity.pid)
    let text = try own.read("cgroup").text
    ownGroupPath = ControlGroups(text.span).path
  }

  struct Member: Sendable {
    var pid: Int32
    var startTime: UInt64
    var command: [UInt8] = []
  }

  /// The pids in scope, parents before children.
  func members() throws(ProcFSError) -> (members: [Member], truncated: Bool) {
    let (pids, truncated) = try proc.fileSystem.processIDs(limit: Self.maximumProcesses)
    var stats: [Int32: ProcessStat] = [:]
    stats.reserveCapacity(pids.count)
    for pid in pids {
      do throws(ProcFSError) {
        let directory = try proc.fileSystem.open(pid)
        stats[pid] = try directory.stat()
      } catch {
        // Ended since it was listed; whether it was in scope nobody can say any more.
        guard case .gone = error else { throw error }
      }
    }
    var found: [Member] = []
    switch root {
    case .process(let pid, let start):
      guard let first = stats[pid], first.startTime == start else { return ([], truncated) }
      var children: [Int32: [ProcessStat]] = [:]
      for stat in stats.values { children[stat.parent, default: []].append(stat) }
      var queue = [first]
      var next = 0
      while next < queue.count {
        let parent = queue[next]
        next += 1
        found.append(Member(pid: parent.pid, startTime: parent.startTime, command: parent.command))
        // A child is never older than its parent; one that seems so has a number that was taken again.
        for child in (children[parent.pid] ?? []).sorted(by: { $0.pid < $1.pid })
        where child.startTime >= parent.startTime && child.pid != parent.pid {
          queue.append(child)
        }
      }
    case .pod:
      for stat in stats.values.sorted(by: { ($0.startTime, $0.pid) < ($1.startTime, $1.pid) }) {
        found.append(Member(pid: stat.pid, startTime: stat.startTime, command: stat.command))
      }
    }
    return (found, truncated)
  }

  /// Opens a member found by `members`. Throws `gone` where it has ended; nil where it belongs to this agent.
  func open(_ member: Member) throws(ProcFSError) -> TargetProcess? {
    let directory = try proc.fileSystem.open(member.pid)
    let stat = try directory.stat()
    guard stat.startTime == member.startTime else { throw .gone }
    let inode = try directory.pidfsInode()
    // The descriptor must still be alive after the pidfd was made by number: then both are of one process.
    _ = try directory.stat()
    guard let container = try container(of: directory) else { return nil }
    return TargetProcess(
      directory: directory, stat: stat,
      identity: ProcessIdentity(pid: member.pid, startTime: stat.startTime, inode: inode), container: container)
  }

  /// Opens the process that an identity names. Gone and outside the scope are told apart, as the API says.
  func open(_ identity: ProcessIdentity) throws(Refusal) -> TargetProcess {
    do throws(ProcFSError) {
      guard let process = try open(Member(pid: identity.pid, startTime: identity.startTime)) else {
        throw ProcFSError.gone
      }
      guard process.identity == identity else { throw ProcFSError.gone }
      if try contains(process.stat) { return process }
    } catch {
      throw Refusal(process: error)
    }
    throw Refusal(.processNotFound)
  }

  private func contains(_ stat: ProcessStat) throws(ProcFSError) -> Bool {
    switch root {
    case .pod: return true
    case .process(let rootPid, let rootStart):
      var pid = stat.pid
      var start = stat.startTime
      var parent = stat.parent
      for _ in 0..<Self.maximumDepth {
        if pid == rootPid { return start == rootStart }
        guard parent > 0 else { return false }
        let next = try proc.fileSystem.open(parent).stat()
        guard next.startTime <= start else { return false }
        pid = next.pid
        start = next.startTime
        parent = next.parent
      }
      return false
    }
  }

  /// Nil where the process is in this agent's own container.
  private func container(of directory: borrowing ProcessDirectory) throws(ProcFSError) -> String? {
    switch root {
    case .process: return containerName
    case .pod:
      let text = try directory.read("cgroup").text
      let path = ControlGroups(text.span).path
      if path == ownGroupPath { return nil }
      return Self.containerID(in: path) ?? containerName
    }
  }

  /// The first twelve digits of the runtime's container id: 64 hexadecimal digits in the last part of the path that has them.
  private static func containerID(in path: [UInt8]) -> String? {
    for part in path.split(separator: UInt8(ascii: "/")).reversed() {
      var run = 0
      for index in part.indices {
        let isHexadecimal = (0x30...0x39).contains(part[index]) || (0x61...0x66).contains(part[index])
        run = isHexadecimal ? run + 1 : 0
        if run == 64 { return String(decoding: part[(index - 63)..<(index - 51)], as: UTF8.self) }
      }
    }
    return nil
  }
}

/// The held /proc, shared by the worker threads.
final class SharedProc: Sendable {
  let fileSystem: ProcFileSystem
  let stalls: StallWatch
  init(_ fileSystem: consuming ProcFileSystem, stalls: StallWatch = StallWatch()) {
    self.fileSystem = fileSystem
    self.stalls = stalls
  }
}
