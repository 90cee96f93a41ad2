import Foundation
import Glibc
import Testing

/// Ends the agent of an installation and starts another program in its place: with the same files, as the same user, on
/// the same port, but by a launcher that takes something away from it or gives it something.
final class Relaunch {
  let agent: AgentUnderTest
  private let folder = try! TemporaryFolder()
  private var child: Child?

  /// What the launcher does before it becomes the agent's user and executes it.
  struct Conditions {
    /// The kernel has no Landlock: a seccomp filter answers ENOSYS for landlock_create_ruleset(2).
    var withoutLandlock = false
    /// The bounding set stays as it is.
    var keepsBoundingSet = false
    /// The mode of the executable; 0711 hides it from its user.
    var executableMode = "711"
    /// A seccomp program, as a container's runtime loads it: from before the first instruction on.
    var filter: [UInt8]?
    /// A folder for strace's logs, one for each thread, with all arguments as numbers.
    var trace: String?
    /// Changes the text of the agent's configuration.
    var configuration: ((String) -> String)?
  }

  init(_ agent: AgentUnderTest, _ conditions: Conditions, options: [String], program: String = "sidelight-agent") throws
  {
    self.agent = agent
    let opener = try #require(agent.pids["opener"])
    if DevelopmentInstallation.isRunning(opener) { kill(pid_t(opener), SIGKILL) }
    while agent.pids.values.contains(where: DevelopmentInstallation.isRunning) { usleep(10_000) }
    let status = try String(contentsOfFile: "/proc/\(agent.workload)/status", encoding: .utf8)
    let uid = try #require(status.split(separator: "\n").first { $0.hasPrefix("Uid:") }?.split(separator: "\t")[1])
    func state(_ name: String) -> String { agent.installation.state.path(name) }
    try folder.write("launch.py", Self.launcher)
    let executable = folder.path("agent")
    _ = unsafe chmod(folder.path, 0o711)
    try #require(
      try Sidelight.run(
        program: "/usr/bin/install", ["-m", conditions.executableMode, Products.path(program), executable]
      ).status == 0)
    var options = options
    if program != "sidelight-agent" {
      // It starts the shipped collector beside itself.
      try #require(
        try Sidelight.run(
          program: "/usr/bin/install", ["-m", "711", Products.path("sidelight-agent"), folder.path("shipped")]
        ).status == 0)
      options += ["--collector", folder.path("shipped")]
    }
    if let change = conditions.configuration {
      let text = change(try agent.installation.state.read("agent/agent.json"))
      // In place: owner and mode stay.
      let handle = try #require(FileHandle(forWritingAtPath: state("agent/agent.json")))
      try handle.truncate(atOffset: 0)
      try handle.write(contentsOf: Data(text.utf8))
      try handle.close()
    }
    let port = try #require(agent.url.split(separator: ":").last)
    var steps: [String] = []
    if !conditions.keepsBoundingSet { steps.append("bounding") }
    if conditions.withoutLandlock { steps.append("landlock") }
    if let filter = conditions.filter {
      try Data(filter).write(to: URL(fileURLWithPath: folder.path("filter")))
      steps.append("filter")
    }
    // The tracer is a grandchild, so that the child is the agent.
    let tracer = conditions.trace.map {
      ["/usr/bin/strace", "-D", "-ff", "-ttt", "-X", "raw", "-e", "raw=all", "-o", "\($0)/trace"]
    }
    let words = (tracer ?? []) + ["/usr/bin/python3"]
    child = try Child(
      words[0],
      words.dropFirst() + [
        folder.path("launch.py"), steps.joined(separator: ","), String(uid), agent.installation.state.path, executable,
        "run",
        "--listen", "127.0.0.1:\(port)",
      ] + options, output: state("audit/agent.jsonl"), error: folder.path("log"))
  }

  deinit { _ = stop() }

  /// Asks it to end; the other two end with it.
  func stop() -> Int32? {
    guard let child else { return nil }
    kill(child.pid, SIGTERM)
    return ending()
  }

  var log: String { (try? folder.read("log")) ?? "" }

  /// Waits until it has answered once, or ended.
  func answer(_ path: String) throws -> AgentUnderTest.Answer {
    let deadline = Date().addingTimeInterval(120)
    // A token from before the start is refused, so that each try has one of its own.
    while Date() < deadline, let child, DevelopmentInstallation.isRunning(Int(child.pid)) {
      let answer = try agent.get(path, token: agent.token())
      if answer.status == 200 { return answer }
      usleep(200_000)
    }
    return try agent.get(path, token: agent.token())
  }

  /// Waits for its end; the exit status. One that goes on is killed after a minute.
  func ending() -> Int32? {
    guard let child else { return nil }
    self.child = nil
    let deadline = Date().addingTimeInterval(60)
    while DevelopmentInstallation.isRunning(Int(child.pid)), Date() < deadline { usleep(20_000) }
    if DevelopmentInstallation.isRunning(Int(child.pid)) { kill(child.pid, SIGKILL) }
    return child.wait()
  }

  private static let launcher = """
    import ctypes, os, struct, sys
    steps, uid, state = sys.argv[1].split(","), int(sys.argv[2]), sys.argv[3]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    def prctl(*arguments):
        if libc.prctl(*arguments, *[0] * (5 - len(arguments))) < 0:
            sys.exit(f"launcher: prctl {arguments}: {os.strerror(ctypes.get_errno())}")
    # By descriptors, as the agent's user may not walk the path to the state directory.
    configuration = os.open(state + "/agent", os.O_PATH)
    credentials = os.open(state + "/agent/credentials", os.O_PATH)
    logs = os.open(state + "/logs", os.O_PATH)
    group = os.stat(state + "/agent").st_gid
    for descriptor in (configuration, credentials, logs):
        os.set_inheritable(descriptor, True)
    if "bounding" in steps:
        for capability in range(64):
            if libc.prctl(23, capability, 0, 0, 0) == 1:  # PR_CAPBSET_READ
                prctl(24, capability)  # PR_CAPBSET_DROP
    if "landlock" in steps:
        def instruction(code, true, false, k):
            return struct.pack("HBBI", code, true, false, k)
        # Loads the number; 444 is landlock_create_ruleset on every architecture: ENOSYS; else allow.
        program = (instruction(0x20, 0, 0, 0) + instruction(0x15, 0, 1, 444) + instruction(0x06, 0, 0, 0x00050026)
                   + instruction(0x06, 0, 0, 0x7FFF0000))
        buffer = ctypes.create_string_buffer(program)
        header = struct.pack("HxxxxxxQ", 4, ctypes.addressof(buffer))
        holder = ctypes.create_string_buffer(header)
        prctl(22, 2, ctypes.addressof(holder))  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    filter = open(os.path.dirname(sys.argv[0]) + "/filter", "rb").read() if "filter" in steps else None
    os.setgroups([group])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.chdir("/")
    if filter:
        prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
        buffer = ctypes.create_string_buffer(filter)
        holder = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(filter) // 8, ctypes.addressof(buffer)))
        prctl(22, 2, ctypes.addressof(holder))
    os.execv(sys.argv[4], sys.argv[4:6] + ["--config", f"/proc/self/fd/{configuration}/agent.json", "--credentials",
                                           f"/proc/self/fd/{credentials}", "--volume",
                                           f"logs=/proc/self/fd/{logs}"] + sys.argv[6:])
    """
}
