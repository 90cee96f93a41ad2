package import StrictJSON

/// The answer of `GET /v1/posture`: how each of the agent's processes is confined, as read back from the kernel.
package struct Posture: Sendable, Equatable, Decodable {
  package var agent: String
  package var build: String
  package var kernel: String
  package var confinement: String
  package var landlockABI: Int
  package var processes: [Role]

  package struct Role: Sendable, Equatable, Decodable {
    package var role: String
    package var pid: Int
    package var uid: Int
    package var gid: Int
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
    package var threads: Int

    package init(
      role: String, pid: Int, uid: Int, gid: Int, noNewPrivileges: Bool, dumpable: Bool, seccomp: String,
      seccompFilters: Int, seccompDigest: String, landlock: Bool, capabilities: CapabilitySets, threads: Int
    ) {
      self.role = role
      self.pid = pid
      self.uid = uid
      self.gid = gid
      self.noNewPrivileges = noNewPrivileges
      self.dumpable = dumpable
      self.seccomp = seccomp
      self.seccompFilters = seccompFilters
      self.seccompDigest = seccompDigest
      self.landlock = landlock
      self.capabilities = capabilities
      self.threads = threads
    }

    private enum CodingKeys: String, CodingKey {
      case role, pid, uid, gid, dumpable, seccomp, landlock, capabilities, threads
      case noNewPrivileges = "no_new_privileges"
      case seccompFilters = "seccomp_filters"
      case seccompDigest = "seccomp_digest"
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

  package init(
    agent: String, build: String, kernel: String, confinement: String, landlockABI: Int, processes: [Role]
  ) {
    self.agent = agent
    self.build = build
    self.kernel = kernel
    self.confinement = confinement
    self.landlockABI = landlockABI
    self.processes = processes
  }

  private enum CodingKeys: String, CodingKey {
    case agent, build, kernel, confinement, processes
    case landlockABI = "landlock_abi"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("agent", agent)
      $0.member("build", build)
      $0.member("kernel", kernel)
      $0.member("confinement", confinement)
      $0.member("landlock_abi", landlockABI)
      $0.member(array: "processes") {
        for process in processes {
          $0.object {
            $0.member("role", process.role)
            $0.member("pid", process.pid)
            $0.member("uid", process.uid)
            $0.member("gid", process.gid)
            $0.member("no_new_privileges", process.noNewPrivileges)
            $0.member("dumpable", process.dumpable)
            $0.member("seccomp", process.seccomp)
            $0.member("seccomp_filters", process.seccompFilters)
            $0.member("seccomp_digest", process.seccompDigest)
            $0.member("landlock", process.landlock)
            $0.member(object: "capabilities") {
              $0.member("inheritable", process.capabilities.inheritable)
              $0.member("permitted", process.capabilities.permitted)
              $0.member("effective", process.capabilities.effective)
              $0.member("bounding", process.capabilities.bounding)
              $0.member("ambient", process.capabilities.ambient)
            }
            $0.member("threads", process.threads)
          }
        }
      }
    }
  }
}
