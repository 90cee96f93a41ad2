internal import API
internal import Linux
internal import ProcFS
internal import Sandbox
internal import StrictJSON

/// `GET /v1/posture`, and the same check before the agent says that it is ready.
struct PostureView: Sendable {
  struct RoleFacts: Sendable {
    var role: Role
    var pid: Int32
    var report: ConfinementReport
  }

  let agent: String
  let build: String
  /// The collector's own.
  let confinement: Confinement
  let isInPod: Bool
  let roles: [RoleFacts]
  let proc: SharedProc

  /// Most threads of a process that are looked at. More than that are no agent's.
  private static let maximumThreads = 64

  func answer() throws(Refusal) -> [UInt8] {
    do throws(ProcFSError) {
      var posture = Posture(
        agent: agent, build: build, kernel: try kernel(), architecture: SystemCallTable.architecture,
        confinement: confinement.mode.rawValue, landlockABI: confinement.landlockABI, missing: missing,
        readOnlyRoot: confinement.rootIsReadOnly, processes: [])
      for role in roles { posture.processes.append(try describe(role)) }
      var writer = JSONWriter()
      posture.write(to: &writer)
      return writer.bytes
    } catch {
      throw Refusal(process: error)
    }
  }

  /// What the machine did not give to any of the three.
  var missing: [String] {
    Shortfall.allCases.filter { shortfall in roles.contains { $0.report.shortfalls.contains(shortfall) } }.map(
      \.rawValue)
  }

  /// Why this agent must not serve; empty where everything took, in every thread of all three.
  func shortcomings() throws(ProcFSError) -> [String] {
    var found: [String] = []
    let parent = roles.first { $0.role == .opener }?.pid
    for role in roles {
      let name = role.role.rawValue
      let directory = try proc.fileSystem.open(role.pid)
      // The endpoint says itself which process it is.
      if role.role != .opener, try directory.stat().parent != parent {
        found.append("\(name): is not the opener's child")
      }
      if roles.contains(where: { $0.role != role.role && $0.pid == role.pid }) {
        found.append("\(name): is another role's process")
      }
      if try directory.isDumpable() { found.append("\(name): is dumpable") }
      if role.role != .opener, confinement.mode == .strict, !role.report.hasLandlockDomain {
        found.append("\(name): is in no Landlock domain")
      }
      for test in role.report.selfTests where test.after == .permitted {
        found.append("\(name): could still \(test.attempt.rawValue)")
      }
      for limit in try limits(of: directory) where limit.name == "core_file_size" && limit.hard != "0" {
        found.append("\(name): may dump core")
      }
      let threads = try threads(of: directory)
      if threads.isEmpty || threads.count >= Self.maximumThreads { found.append("\(name): \(threads.count) threads") }
      for (thread, status) in threads {
        found += shortcomings(of: status).map { "\(name) thread \(thread): \($0)" }
      }
    }
    return found
  }

  private func shortcomings(of status: ProcessStatus) -> [String] {
    var found: [String] = []
    if status.seccompMode != 2 { found.append("no seccomp filter") }
    if !status.noNewPrivileges { found.append("no_new_privs is not set") }
    let sets = status.capabilities
    if sets.effective | sets.permitted | sets.inheritable | sets.ambient != 0 { found.append("holds capabilities") }
    // On a machine nobody without privileges can empty it; a container's runtime can, and is asked to.
    if isInPod, confinement.mode == .strict, sets.bounding != 0 {
      found.append("the bounding set is not empty: start the container with drop: [ALL]")
    }
    let ids = status.uids
    if [ids.real, ids.effective, ids.saved, ids.fileSystem].contains(0) { found.append("is root") }
    return found
  }

  private func kernel() throws(ProcFSError) -> String {
    let text = try proc.fileSystem.read("sys/kernel/osrelease")
    return String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self)
  }

  private func threads(of directory: borrowing ProcessDirectory) throws(ProcFSError) -> [(Int32, ProcessStatus)] {
    var found: [(Int32, ProcessStatus)] = []
    for thread in try directory.threads(limit: Self.maximumThreads) {
      let text = try directory.read("task/\(thread)/status").text
      found.append((thread, try ProcessStatus(text.span)))
    }
    return found
  }

  /// The limits that matter here.
  private func limits(of directory: borrowing ProcessDirectory) throws(ProcFSError) -> [Posture.Limit] {
    let text = try directory.read("limits").text
    var found: [Posture.Limit] = []
    for row in ResourceLimits(text.span).rows {
      switch row.name {
      case "Max core file size": found.append(.init(name: "core_file_size", soft: row.soft, hard: row.hard))
      case "Max file size": found.append(.init(name: "file_size", soft: row.soft, hard: row.hard))
      case "Max open files": found.append(.init(name: "open_files", soft: row.soft, hard: row.hard))
      case _: break
      }
    }
    return found
  }

  /// Whether a thread is confined as the first one.
  private static func alike(_ a: ProcessStatus, _ b: ProcessStatus) -> Bool {
    a.uids == b.uids && a.gids == b.gids && a.capabilities == b.capabilities
      && a.noNewPrivileges == b.noNewPrivileges && a.seccompMode == b.seccompMode
      && a.seccompFilters == b.seccompFilters
  }

  private func describe(_ role: RoleFacts) throws(ProcFSError) -> Posture.Role {
    let directory = try proc.fileSystem.open(role.pid)
    let status = try directory.status()
    // /proc/<pid> belongs to root where the process is not dumpable (proc(5)).
    let dumpable = try directory.isDumpable()
    let threads = try threads(of: directory)
    return Posture.Role(
      role: role.role.rawValue, pid: Int(role.pid), uid: Int(status.uids.effective), gid: Int(status.gids.effective),
      uids: Self.ids(status.uids), gids: Self.ids(status.gids), noNewPrivileges: status.noNewPrivileges,
      dumpable: dumpable, seccomp: status.seccompMode == 2 ? "filter" : status.seccompMode == 1 ? "strict" : "disabled",
      seccompFilters: status.seccompFilters, seccompDigest: role.report.filterDigest,
      landlock: role.report.hasLandlockDomain, capabilities: Self.sets(status.capabilities),
      securebits: Int(role.report.securebits), threads: threads.count,
      threadsAlike: threads.allSatisfy { Self.alike($0.1, status) }, limits: try limits(of: directory),
      selfTest: role.report.selfTests.map {
        .init(attempt: $0.attempt.rawValue, before: $0.before.rawValue, after: $0.after.rawValue)
      })
  }

  private static func ids(_ ids: ProcessStatus.IDs) -> Posture.IDs {
    .init(real: Int(ids.real), effective: Int(ids.effective), saved: Int(ids.saved), fileSystem: Int(ids.fileSystem))
  }

  private static func sets(_ sets: ProcessStatus.CapabilitySets) -> Posture.CapabilitySets {
    func hexadecimal(_ set: UInt64) -> String {
      let digits = String(set, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
    return .init(
      inheritable: hexadecimal(sets.inheritable), permitted: hexadecimal(sets.permitted),
      effective: hexadecimal(sets.effective), bounding: hexadecimal(sets.bounding), ambient: hexadecimal(sets.ambient))
  }
}
