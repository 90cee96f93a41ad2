internal import Linux
internal import StrictJSON

/// What `dev up` started, as `sidelight.json` has it: enough for `dev down` to stop exactly that.
struct DevelopmentRecord: Sendable, Equatable {
  /// Names a process in messages, and in the file.
  enum Role: String, CaseIterable, Sendable {
    case workload, opener, collector, endpoint, broker
  }

  var processes: [Role: ProcessIdentity]
  /// False where the workload was there before.
  var startedWorkload: Bool
  var sessionID: String
  /// RFC 3339.
  var sessionExpires: String
  /// The boot in which the numbers and times mean something.
  var boot: String

  func writeMembers(to writer: inout JSONWriter) {
    writer.member(optional: "workload_pid", processes[.workload]?.pid)
    writer.member(object: "agent_pids") {
      for role in [Role.opener, .collector, .endpoint] { $0.member(optional: role.rawValue, processes[role]?.pid) }
    }
    writer.member(optional: "broker_pid", processes[.broker]?.pid)
    writer.member("workload_started", startedWorkload)
    writer.member("session_id", sessionID)
    writer.member("session_expires", sessionExpires)
    writer.member("boot_id", boot)
    writer.member(object: "start_times") {
      for role in Role.allCases { $0.member(optional: role.rawValue, processes[role]?.startTime) }
    }
  }

  /// nil where none of the members is there.
  init?(members reader: inout JSONReader) throws(JSONError) {
    guard let started = try reader.optionalBool("workload_started") else { return nil }
    startedWorkload = started
    sessionID = try reader.string("session_id")
    sessionExpires = try reader.string("session_expires")
    boot = try reader.string("boot_id")
    let pids: ClosedRange<Int64> = 1...Int64(Int32.max)
    var agent = try reader.object("agent_pids")
    var times = try reader.object("start_times")
    processes = [:]
    for role in Role.allCases {
      let pid: Int64 =
        switch role {
        case .workload: try reader.integer("workload_pid", in: pids)
        case .broker: try reader.integer("broker_pid", in: pids)
        case .opener, .collector, .endpoint: try agent.integer(role.rawValue, in: pids)
        }
      processes[role] = ProcessIdentity(pid: Int32(pid), startTime: try times.integer(role.rawValue))
    }
    try agent.finish()
    try times.finish()
  }

  init(
    processes: [Role: ProcessIdentity], startedWorkload: Bool, sessionID: String, sessionExpires: String, boot: String
  ) {
    self.processes = processes
    self.startedWorkload = startedWorkload
    self.sessionID = sessionID
    self.sessionExpires = sessionExpires
    self.boot = boot
  }

  /// What is ours to stop.
  var started: StartedProcesses {
    StartedProcesses(boot: boot, processes: startedWorkload ? processes : processes.filter { $0.key != .workload })
  }
}

/// The processes that an installation started, whether or not it ever became ready.
struct StartedProcesses: Sendable, Equatable {
  static let fileName = ".started.json"

  var boot: String
  var processes: [DevelopmentRecord.Role: ProcessIdentity] = [:]

  init(boot: String, processes: [DevelopmentRecord.Role: ProcessIdentity] = [:]) {
    self.boot = boot
    self.processes = processes
  }

  var text: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("boot_id", boot)
      for role in DevelopmentRecord.Role.allCases {
        guard let process = processes[role] else { continue }
        $0.member(object: role.rawValue) {
          $0.member("pid", process.pid)
          $0.member("start_time", process.startTime)
        }
      }
    }
    return writer.text + "\n"
  }

  init(text: [UInt8]) throws(JSONError) {
    var reader = try JSONReader(try JSONParser.parse(text), at: Self.fileName)
    boot = try reader.string("boot_id")
    for role in DevelopmentRecord.Role.allCases {
      guard var process = try reader.optionalObject(role.rawValue) else { continue }
      processes[role] = ProcessIdentity(
        pid: Int32(try process.integer("pid", in: 1...Int64(Int32.max))),
        startTime: try process.integer("start_time"))
      try process.finish()
    }
    try reader.finish()
  }

  /// Those that still run. After another boot none does.
  func running(inBoot current: String) -> [DevelopmentRecord.Role: ProcessIdentity] {
    boot == current ? processes.filter { $0.value.isRunning } : [:]
  }
}
