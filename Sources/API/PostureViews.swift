package import StrictJSON

/// The answer of `GET /v1/posture`: how each of the agent's processes is confined. What the kernel tells about a process
/// is read for each answer; the rest is what the process found when it started.
package struct Posture: Sendable, Equatable, Decodable {
  package var agent: String
  package var build: String
  package var kernel: String
  /// As `uname -m` names it.
  package var architecture: String
  package var confinement: String
  package var landlockABI: Int
  /// What the machine did not give, as codes.
  package var missing: [String]
  package var readOnlyRoot: Bool
  package var processes: [Role]

  package struct Role: Sendable, Equatable, Decodable {
    package var role: String
    package var pid: Int
    package var uid: Int
    package var gid: Int
    package var uids: IDs
    package var gids: IDs
    package var noNewPrivileges: Bool
    package var dumpable: Bool
    /// `strict`, `filter` or `disabled`, as in proc_pid_status(5).
    package var seccomp: String
    package var seccompFilters: Int
    /// SHA-256 of the program given to seccomp(2), hexadecimal.
    package var seccompDigest: String
    package var landlock: Bool
    /// The five sets as 16 hexadecimal digits.
    package var capabilities: CapabilitySets
    package var securebits: Int
    package var threads: Int
    /// Whether every thread has the same ids, capabilities, no_new_privs and filters.
    package var threadsAlike: Bool
    package var limits: [Limit]
    package var selfTest: [SelfTest]

    package init(
      role: String, pid: Int, uid: Int, gid: Int, uids: IDs, gids: IDs, noNewPrivileges: Bool, dumpable: Bool,
      seccomp: String, seccompFilters: Int, seccompDigest: String, landlock: Bool, capabilities: CapabilitySets,
      securebits: Int, threads: Int, threadsAlike: Bool, limits: [Limit], selfTest: [SelfTest]
    ) {
      self.role = role
      self.pid = pid
      self.uid = uid
      self.gid = gid
      self.uids = uids
      self.gids = gids
      self.noNewPrivileges = noNewPrivileges
      self.dumpable = dumpable
      self.seccomp = seccomp
      self.seccompFilters = seccompFilters
      self.seccompDigest = seccompDigest
      self.landlock = landlock
      self.capabilities = capabilities
      self.securebits = securebits
      self.threads = threads
      self.threadsAlike = threadsAlike
      self.limits = limits
      self.selfTest = selfTest
    }

    private enum CodingKeys: String, CodingKey {
      case role, pid, uid, gid, uids, gids, dumpable, seccomp, landlock, capabilities, securebits, threads, limits
      case noNewPrivileges = "no_new_privileges"
      case seccompFilters = "seccomp_filters"
      case seccompDigest = "seccomp_digest"
      case threadsAlike = "threads_alike"
      case selfTest = "self_test"
    }
  }

  /// As in proc_pid_status(5).
  package struct IDs: Sendable, Equatable, Decodable {
    package var real, effective, saved, fileSystem: Int
    package init(real: Int, effective: Int, saved: Int, fileSystem: Int) {
      self.real = real
      self.effective = effective
      self.saved = saved
      self.fileSystem = fileSystem
    }
    private enum CodingKeys: String, CodingKey {
      case real, effective, saved
      case fileSystem = "file_system"
    }
  }

  package struct CapabilitySets: Sendable, Equatable, Decodable {
    package var inheritable, permitted, effective, bounding, ambient: String
    package init(inheritable: String, permitted: String, effective: String, bounding: String, ambient: String) {
      self.inheritable = inheritable
      self.permitted = permitted
      self.effective = effective
      self.bounding = bounding
      self.ambient = ambient
    }
  }

  /// `core_file_size`, `file_size` or `open_files`; a number or `unlimited`.
  package struct Limit: Sendable, Equatable, Decodable {
    package var name, soft, hard: String
    package init(name: String, soft: String, hard: String) {
      self.name = name
      self.soft = soft
      self.hard = hard
    }
  }

  /// Something that the process has tried; `permitted`, `refused` or `unavailable` before its Landlock domain and after.
  package struct SelfTest: Sendable, Equatable, Decodable {
    package var attempt, before, after: String
    package init(attempt: String, before: String, after: String) {
      self.attempt = attempt
      self.before = before
      self.after = after
    }
  }

  package init(
    agent: String, build: String, kernel: String, architecture: String, confinement: String, landlockABI: Int,
    missing: [String], readOnlyRoot: Bool, processes: [Role]
  ) {
    self.agent = agent
    self.build = build
    self.kernel = kernel
    self.architecture = architecture
    self.confinement = confinement
    self.landlockABI = landlockABI
    self.missing = missing
    self.readOnlyRoot = readOnlyRoot
    self.processes = processes
  }

  private enum CodingKeys: String, CodingKey {
    case agent, build, kernel, architecture, confinement, missing, processes
    case landlockABI = "landlock_abi"
    case readOnlyRoot = "read_only_root"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("agent", agent)
      $0.member("build", build)
      $0.member("kernel", kernel)
      $0.member("architecture", architecture)
      $0.member("confinement", confinement)
      $0.member("landlock_abi", landlockABI)
      $0.member("missing", missing)
      $0.member("read_only_root", readOnlyRoot)
      $0.member(array: "processes") { for process in processes { process.write(to: &$0) } }
    }
  }
}

extension Posture.Role {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("role", role)
      $0.member("pid", pid)
      $0.member("uid", uid)
      $0.member("gid", gid)
      $0.member(object: "uids") { uids.write(to: &$0) }
      $0.member(object: "gids") { gids.write(to: &$0) }
      $0.member("no_new_privileges", noNewPrivileges)
      $0.member("dumpable", dumpable)
      $0.member("seccomp", seccomp)
      $0.member("seccomp_filters", seccompFilters)
      $0.member("seccomp_digest", seccompDigest)
      $0.member("landlock", landlock)
      $0.member(object: "capabilities") {
        $0.member("inheritable", capabilities.inheritable)
        $0.member("permitted", capabilities.permitted)
        $0.member("effective", capabilities.effective)
        $0.member("bounding", capabilities.bounding)
        $0.member("ambient", capabilities.ambient)
      }
      $0.member("securebits", securebits)
      $0.member("threads", threads)
      $0.member("threads_alike", threadsAlike)
      $0.member(array: "limits") {
        for limit in limits {
          $0.object {
            $0.member("name", limit.name)
            $0.member("soft", limit.soft)
            $0.member("hard", limit.hard)
          }
        }
      }
      $0.member(array: "self_test") {
        for test in selfTest {
          $0.object {
            $0.member("attempt", test.attempt)
            $0.member("before", test.before)
            $0.member("after", test.after)
          }
        }
      }
    }
  }
}

extension Posture.IDs {
  /// The members alone.
  fileprivate func write(to writer: inout JSONWriter) {
    writer.member("real", real)
    writer.member("effective", effective)
    writer.member("saved", saved)
    writer.member("file_system", fileSystem)
  }
}
