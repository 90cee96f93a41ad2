package import StrictJSON

/// One process of `GET /v1/processes`. A field that could not be read is absent and named in `unread` with the reason.
package struct ProcessEntry: Sendable, Equatable, Decodable {
  /// Opaque; survives reuse of the pid.
  package var id: String
  package var pid: Int
  package var ppid: Int
  package var container: String
  /// The kernel's name of the process (at most 15 bytes), as `comm`.
  package var command: String
  /// Masked, token by token.
  package var arguments: [String]
  /// Set where the arguments were cut at this agent's limit.
  package var argumentsTruncated: Bool?
  /// `R S D Z T t X I`, as in proc_pid_stat(5).
  package var state: String
  package var uid: Int?
  package var gid: Int?
  package var threads: Int
  package var residentBytes: Int64
  /// User and system time, in milliseconds.
  package var cpuMilliseconds: Int64
  /// RFC 3339, ±10 ms.
  package var startTime: String
  package var ageSeconds: Int64
  package var seccomp: String?
  package var noNewPrivileges: Bool?
  /// The effective set, as names.
  package var capabilities: [String]?
  package var unread: [Unread]?
  // Only in `GET /v1/processes/{id}`:
  package var executable: String?
  package var cgroup: String?
  package var openDescriptors: Int?
  package var limits: [ResourceLimit]?

  package struct Unread: Sendable, Equatable, Decodable {
    package var field: String
    /// `denied`, `gone`, `empty`, `unsupported`, `stalled`.
    package var status: String
    /// For `denied`: `different_uid`, `different_gid`, `target_has_capabilities`, `not_dumpable`, `kernel_thread`, `zombie`.
    package var reason: String?
    package init(field: String, status: String, reason: String? = nil) {
      self.field = field
      self.status = status
      self.reason = reason
    }
  }

  package struct ResourceLimit: Sendable, Equatable, Decodable {
    package var name: String
    package var soft: String
    package var hard: String
    package var unit: String?
    package init(name: String, soft: String, hard: String, unit: String?) {
      self.name = name
      self.soft = soft
      self.hard = hard
      self.unit = unit
    }
  }

  package init(
    id: String, pid: Int, ppid: Int, container: String, command: String, arguments: [String], state: String,
    threads: Int, residentBytes: Int64, cpuMilliseconds: Int64, startTime: String, ageSeconds: Int64
  ) {
    self.id = id
    self.pid = pid
    self.ppid = ppid
    self.container = container
    self.command = command
    self.arguments = arguments
    self.state = state
    self.threads = threads
    self.residentBytes = residentBytes
    self.cpuMilliseconds = cpuMilliseconds
    self.startTime = startTime
    self.ageSeconds = ageSeconds
  }

  private enum CodingKeys: String, CodingKey {
    case id, pid, ppid, container, command, arguments, state, uid, gid, threads, seccomp, capabilities, unread
    case executable, cgroup, limits
    case argumentsTruncated = "arguments_truncated"
    case residentBytes = "resident_bytes"
    case cpuMilliseconds = "cpu_milliseconds"
    case startTime = "start_time"
    case ageSeconds = "age_seconds"
    case noNewPrivileges = "no_new_privileges"
    case openDescriptors = "open_descriptors"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("id", id)
      $0.member("pid", pid)
      $0.member("ppid", ppid)
      $0.member("container", container)
      $0.member("command", command)
      $0.member("arguments", arguments)
      if argumentsTruncated == true { $0.member("arguments_truncated", true) }
      $0.member("state", state)
      $0.member(optional: "uid", uid)
      $0.member(optional: "gid", gid)
      $0.member("threads", threads)
      $0.member("resident_bytes", residentBytes)
      $0.member("cpu_milliseconds", cpuMilliseconds)
      $0.member("start_time", startTime)
      $0.member("age_seconds", ageSeconds)
      $0.member(optional: "seccomp", seccomp)
      if let noNewPrivileges { $0.member("no_new_privileges", noNewPrivileges) }
      if let capabilities { $0.member("capabilities", capabilities) }
      $0.member(optional: "executable", executable)
      $0.member(optional: "cgroup", cgroup)
      $0.member(optional: "open_descriptors", openDescriptors)
      if let limits {
        $0.member(array: "limits") {
          for limit in limits {
            $0.object {
              $0.member("name", limit.name)
              $0.member("soft", limit.soft)
              $0.member("hard", limit.hard)
              $0.member(optional: "unit", limit.unit)
            }
          }
        }
      }
      if let unread, !unread.isEmpty {
        $0.member(array: "unread") {
          for field in unread {
            $0.object {
              $0.member("field", field.field)
              $0.member("status", field.status)
              $0.member(optional: "reason", field.reason)
            }
          }
        }
      }
    }
  }
}

/// The answer of `GET /v1/processes`: one snapshot.
package struct ProcessList: Sendable, Equatable, Decodable {
  /// RFC 3339; the snapshot was taken between both.
  package var snapshotStart: String
  package var snapshotEnd: String
  /// Processes that ended while the snapshot was taken.
  package var vanished: Int
  /// Processes in scope that the grant does not include.
  package var hidden: Int
  package var truncated: Bool
  /// Pass as `cursor` for the next part.
  package var next: String?
  package var processes: [ProcessEntry]

  package init(
    snapshotStart: String, snapshotEnd: String, vanished: Int, hidden: Int, truncated: Bool, next: String?,
    processes: [ProcessEntry]
  ) {
    self.snapshotStart = snapshotStart
    self.snapshotEnd = snapshotEnd
    self.vanished = vanished
    self.hidden = hidden
    self.truncated = truncated
    self.next = next
    self.processes = processes
  }

  private enum CodingKeys: String, CodingKey {
    case vanished, hidden, truncated, next, processes
    case snapshotStart = "snapshot_start"
    case snapshotEnd = "snapshot_end"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("snapshot_start", snapshotStart)
      $0.member("snapshot_end", snapshotEnd)
      $0.member("vanished", vanished)
      $0.member("hidden", hidden)
      $0.member("truncated", truncated)
      $0.member(optional: "next", next)
      $0.member(array: "processes") { for process in processes { process.write(to: &$0) } }
    }
  }
}
