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
    var filterDigest: String
    var hasLandlockDomain: Bool
  }

  let agent: String
  let build: String
  let mode: ConfinementMode
  let landlockABI: Int
  let roles: [RoleFacts]
  let proc: SharedProc

  func answer() throws(Refusal) -> [UInt8] {
    do throws(ProcFSError) {
      var posture = Posture(
        agent: agent, build: build, kernel: try kernel(), confinement: mode.rawValue, landlockABI: landlockABI,
        processes: [])
      for role in roles { posture.processes.append(try describe(role)) }
      var writer = JSONWriter()
      posture.write(to: &writer)
      return writer.bytes
    } catch {
      throw Refusal(process: error)
    }
  }

  /// What did not take in any thread of any of the three; empty where all did.
  func shortcomings() throws(ProcFSError) -> [String] {
    var found: [String] = []
    for role in roles {
      if try proc.fileSystem.open(role.pid).isDumpable() { found.append("\(role.role.rawValue): is dumpable") }
      for (thread, status) in try threads(of: role.pid) {
        let place = "\(role.role.rawValue) thread \(thread)"
        if status.seccompMode != 2 { found.append("\(place): no seccomp filter") }
        if !status.noNewPrivileges { found.append("\(place): no_new_privs is not set") }
        let sets = status.capabilities
        if sets.effective | sets.permitted | sets.inheritable | sets.ambient != 0 {
          found.append("\(place): holds capabilities")
        }
        if status.uids.real == 0 || status.uids.effective == 0 { found.append("\(place): is root") }
      }
    }
    return found
  }

  private func kernel() throws(ProcFSError) -> String {
    let text = try proc.fileSystem.read("sys/kernel/osrelease")
    return String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self)
  }

  private func threads(of pid: Int32) throws(ProcFSError) -> [(Int32, ProcessStatus)] {
    let directory = try proc.fileSystem.open(pid)
    var found: [(Int32, ProcessStatus)] = []
    for thread in try directory.threads(limit: 64) {
      let text = try directory.read("task/\(thread)/status").text
      found.append((thread, try ProcessStatus(text.span)))
    }
    return found
  }

  private func describe(_ role: RoleFacts) throws(ProcFSError) -> Posture.Role {
    let directory = try proc.fileSystem.open(role.pid)
    let status = try directory.status()
    // /proc/<pid> belongs to root where the process is not dumpable (proc(5)).
    let dumpable = try directory.isDumpable()
    func hexadecimal(_ set: UInt64) -> String {
      let digits = String(set, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
    return Posture.Role(
      role: role.role.rawValue, pid: Int(role.pid), uid: Int(status.uids.effective), gid: Int(status.gids.effective),
      noNewPrivileges: status.noNewPrivileges, dumpable: dumpable,
      seccomp: status.seccompMode == 2 ? "filter" : status.seccompMode == 1 ? "strict" : "disabled",
      seccompFilters: status.seccompFilters, seccompDigest: role.filterDigest, landlock: role.hasLandlockDomain,
      capabilities: .init(
        inheritable: hexadecimal(status.capabilities.inheritable),
        permitted: hexadecimal(status.capabilities.permitted),
        effective: hexadecimal(status.capabilities.effective), bounding: hexadecimal(status.capabilities.bounding),
        ambient: hexadecimal(status.capabilities.ambient)),
      threads: try directory.threads(limit: 64).count)
  }
}
