internal import API
internal import LibCrypto
internal import Linux
internal import Privsep
internal import ProcFS

/// Which processes exist for this agent, and to which container each belongs. Nothing outside is ever answered about.
struct Scope: ~Copyable, Sendable {
  private let root: Configuration.Scope
  private let containerName: String
  private let proc: SharedProc
  private let ownGroupPath: [UInt8]
  let realm: ProcessRealm
  let bootID: String
  let pidNamespace: UInt64
  private let names: ContainerNames

  /// Most processes looked at for one snapshot.
  static let maximumProcesses = 65536
  /// Longest chain of parents between a process and the root of a scope of one process.
  static let maximumDepth = 4096

  init(
    root: Configuration.Scope, containerName: String, containers: [ContainerNames.Configured] = [], proc: SharedProc
  ) throws(ProcFSError) {
    // All that may fail comes first: a value that cannot be copied is made whole or not at all.
    let own = try proc.fileSystem.open(Process.pid)
    let ownGroupPath = try own.controlGroups().path
    let names = try ContainerNames(configured: containers, own: own)
    let bootID = try proc.fileSystem.bootID()
    let pidNamespace = try proc.fileSystem.ownNamespace("pid")
    let realm: ProcessRealm
    do throws(LibCrypto.Failure) {
      realm = try ProcessRealm(bootID: bootID, pidNamespace: pidNamespace)
    } catch {
      throw .malformed(file: "sys/kernel/random/boot_id")
    }
    self.root = root
    self.containerName = containerName
    self.proc = proc
    self.ownGroupPath = ownGroupPath
    self.names = names
    self.realm = realm
    self.bootID = bootID
    self.pidNamespace = pidNamespace
  }

  /// The process that the scope is of; nil in a pod.
  var top: Int32? {
    switch root {
    case .process(let pid, _): pid
    case .pod: nil
    }
  }

  struct Member: Sendable {
    var pid: Int32
    var startTime: UInt64
    var command: [UInt8] = []
    /// Its program is its parent's still.
    var isForkOnly = false
  }

  /// What a snapshot keeps of each process: little, for there may be very many.
  struct Row: Sendable {
    var node: ProcessForest.Node
    var command: [UInt8]
    var virtualBytes: UInt64
    var isKernelThread: Bool
    var isForkOnly: Bool
    var container: String

    init(_ stat: ProcessStat, container: String) {
      node = ProcessForest.Node(
        pid: stat.pid, parent: stat.parent, startTime: stat.startTime, threads: stat.threads,
        residentBytes: stat.residentPages &* Int64(Process.pageSize),
        cpuMilliseconds: Int64(clamping: (stat.userTime &+ stat.systemTime) &* 10))
      command = stat.command
      virtualBytes = stat.virtualBytes
      isKernelThread = stat.isKernelThread
      isForkOnly = stat.isForkOnly
      self.container = container
    }

    var member: Member {
      Member(pid: node.pid, startTime: node.startTime, command: command, isForkOnly: isForkOnly)
    }
  }

  struct Snapshot: Sendable {
    /// Parents before children.
    var rows: [Row] = []
    /// Ended between the listing and the look. In a scope of one process nobody can say whether they were in it.
    var vanished = 0
    /// There are more processes than are looked at.
    var truncated = false
  }

  /// The processes in scope, each looked at once.
  func snapshot() throws(ProcFSError) -> Snapshot {
    let (pids, truncated) = try proc.fileSystem.processIDs(limit: Self.maximumProcesses)
    var snapshot = Snapshot(truncated: truncated)
    var rows: [Row] = []
    rows.reserveCapacity(pids.count)
    for pid in pids {
      do throws(ProcFSError) {
        guard let row = try row(pid) else { continue }
        rows.append(row)
      } catch {
        guard case .gone = error else { throw error }
        snapshot.vanished += 1
      }
    }
    switch root {
    case .pod: snapshot.rows = Self.parentsFirst(rows)
    case .process(let pid, let start):
      snapshot.rows = Self.below(pid, started: start, rows)
      snapshot.vanished = 0
    }
    return snapshot
  }

  /// One look at a process; nil where it is in this agent's own container.
  private func row(_ pid: Int32) throws(ProcFSError) -> Row? {
    switch root {
    case .process: return Row(try proc.fileSystem.stat(of: pid), container: containerName)
    case .pod:
      // Two files, and so through one directory: they are of one process then.
      let directory = try proc.fileSystem.open(pid)
      let stat = try directory.stat()
      return try container(of: directory).map { Row(stat, container: $0) }
    }
  }

  private static func parentsFirst(_ rows: [Row]) -> [Row] {
    let forest = ProcessForest(rows.map(\.node))
    return rows.indices.sorted {
      (rows[$0].node.startTime, forest.depths[$0], rows[$0].node.pid)
        < (rows[$1].node.startTime, forest.depths[$1], rows[$1].node.pid)
    }.map { rows[$0] }
  }

  private static func below(_ pid: Int32, started: UInt64, _ rows: [Row]) -> [Row] {
    let forest = ProcessForest(rows.map(\.node), top: pid)
    guard let top = rows.firstIndex(where: { $0.node.pid == pid && $0.node.startTime == started }) else { return [] }
    return forest.descendants(of: top, depth: maximumDepth).map { rows[$0] }
  }

  /// The processes in scope, parents before children.
  func members() throws(ProcFSError) -> (members: [Member], truncated: Bool) {
    let snapshot = try snapshot()
    return (snapshot.rows.map(\.member), snapshot.truncated)
  }

  /// Opens a member found by `members`. Throws `gone` where it has ended; nil where it belongs to this agent.
  func open(_ member: Member) throws(ProcFSError) -> TargetProcess? {
    let directory = try proc.fileSystem.open(member.pid)
    let inode = try directory.pidfsInode()
    // The descriptor must still be alive after the pidfd was made by number: then both are of one process.
    let stat = try directory.stat()
    guard stat.startTime == member.startTime else { throw .gone }
    guard let container = try container(of: directory) else { return nil }
    return TargetProcess(
      directory: directory, stat: stat,
      identity: ProcessIdentity(pid: member.pid, startTime: stat.startTime, inode: inode, realm: realm),
      container: container)
  }

  /// Opens the process that an identity names. Gone and outside the scope are told apart, as the API says.
  func open(_ identity: ProcessIdentity) throws(Refusal) -> TargetProcess {
    do throws(ProcFSError) {
      guard identity.realm == realm, let process = try open(Member(pid: identity.pid, startTime: identity.startTime))
      else { throw ProcFSError.gone }
      guard process.identity == identity else { throw ProcFSError.gone }
      if try contains(process.stat) { return process }
    } catch {
      throw Refusal(process: error)
    }
    throw Refusal(.processNotFound)
  }

  /// The parent of a process in scope, itself in scope; nil where it has gone, is younger, or is outside.
  func parent(of stat: ProcessStat) throws(Refusal) -> TargetProcess? {
    do throws(ProcFSError) {
      let parent = try proc.fileSystem.open(stat.parent).stat()
      guard parent.startTime <= stat.startTime, try contains(parent) else { return nil }
      return try open(Member(pid: parent.pid, startTime: parent.startTime))
    } catch {
      if error == .gone { return nil }
      throw Refusal(process: error)
    }
  }

  private func contains(_ stat: ProcessStat) throws(ProcFSError) -> Bool {
    switch root {
    case .pod: return true
    case .process(let rootPid, let rootStart):
      var pid = stat.pid
      var start = stat.startTime
      var parent = stat.parent
      for _ in 0...Self.maximumDepth {
        if pid == rootPid { return start == rootStart }
        guard parent > 0 else { return false }
        let next = try proc.fileSystem.stat(of: parent)
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
      let path = try directory.controlGroups().path
      if path == ownGroupPath { return nil }
      let id = reference(path).map { String($0.id.prefix(12)) }
      return try names.name(of: directory, id: id, path: path) ?? containerName
    }
  }

  /// What a cgroup path says of the container.
  func reference(_ path: [UInt8]) -> ContainerReference? { ContainerReference(path: path, beside: ownGroupPath) }
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
