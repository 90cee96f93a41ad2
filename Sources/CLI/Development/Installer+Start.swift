internal import FoundationEssentials
internal import Glibc
internal import Linux

extension Installer {
  /// A listening socket, made here and inherited: the address is known before the program runs, and a connection waits
  /// instead of being refused.
  struct Listener: ~Copyable {
    let descriptor: FileDescriptor
    let url: String

    init() throws(Failure) {
      do throws(SystemError) {
        try self.init(listening: ())
      } catch {
        throw Failure(.general, "cannot listen on \(Installer.address): \(error)")
      }
    }

    private init(listening: Void) throws(SystemError) {
      let socket = try Sockets.listen(address: Installer.address, port: 0)
      url = "https://\(Installer.address):\(try Sockets.localPort(of: socket))"
      descriptor = socket
    }
  }

  /// Recorded at once, so that `dev down` can clean up after an interrupted `dev up`.
  private mutating func remember(_ role: DevelopmentRecord.Role, _ process: ProcessIdentity) throws(Failure) {
    started.processes[role] = process
    try directory.write(started.text, to: StartedProcesses.fileName, mode: 0o600)
  }

  /// The broker's own command knows the form of its key.
  func makeSigningKey(_ program: String) throws(Failure) {
    guard !directory.has("broker/signing.key") else { return }
    let log = try directory.openForAppending("log/broker.log", mode: 0o600)
    let process: ProcessIdentity
    do throws(LaunchFailure) {
      process = try launcher.launch(
        LaunchSpec(), arguments: [program, "init-signing-key", directory.file("broker/signing.key")],
        environment: CallerEnvironment.all, output: log, error: log)
    } catch {
      throw Failure(error, starting: "the broker (\(program))")
    }
    guard Launcher.waitForEnd(of: process) == 0 else {
      throw Failure(.general, "the broker made no signing key:", quote: directory.lastLines("log/broker.log"))
    }
  }

  mutating func startBroker(_ program: String, socket: consuming Listener) throws(Failure) {
    let log = try directory.openForAppending("log/broker.log", mode: 0o600)
    var spec = LaunchSpec()
    spec.directory = "/"
    let process: ProcessIdentity
    do throws(LaunchFailure) {
      process = try launcher.launch(
        spec, arguments: [program, "serve", "--config", directory.file("broker/broker.json")],
        environment: CallerEnvironment.all, output: log, error: log, descriptors: [socket.descriptor.raw])
    } catch {
      throw Failure(error, starting: "the broker (\(program))")
    }
    extendLifetime(socket)
    try remember(.broker, process)
  }

  /// The command, with the caller's environment and working directory; or the process that was there.
  mutating func startWorkload() throws(Failure) -> ProcessIdentity {
    if let existing = target.existing { return existing }
    let mode: mode_t = target.changesUser ? 0o640 : 0o600
    let output = try directory.openForAppending("logs/stdout.log", mode: mode, group: target.agentGroup)
    let error = try directory.openForAppending("logs/stderr.log", mode: mode, group: target.agentGroup)
    var spec = LaunchSpec()
    spec.user = target.changesUser ? target.user : nil
    let process: ProcessIdentity
    do throws(LaunchFailure) {
      process = try launcher.launch(
        spec, arguments: command, environment: CallerEnvironment.all, output: output, error: error)
    } catch {
      throw Failure(error, command: command[0], user: target.user)
    }
    try remember(.workload, process)
    return process
  }

  /// The agent may not be able to walk the path to the state directory, so that it gets everything as descriptors.
  mutating func startAgent(socket: consuming Listener) throws(Failure) {
    let audit = try directory.openForAppending("audit/agent.jsonl", mode: 0o600)
    let log = try directory.openForAppending("log/agent.log", mode: 0o600)
    let executable = try directory.openPlace("bin/sidelight-agent", .path)
    let configuration = try directory.openPlace("agent", .pathDirectory)
    let credentials = try directory.openPlace("agent/credentials", .pathDirectory)
    let logs = try directory.openPlace("logs", .pathDirectory)
    let first = LaunchSpec.Descriptor.firstOwn
    var spec = LaunchSpec()
    spec.executable = first
    spec.directory = "/"
    spec.clearsEnvironment = true
    spec.dropsBoundingSet = target.changesUser
    spec.user = target.changesUser ? target.user : nil
    spec.groups = target.changesUser ? [Target.agentGroup] : []
    var arguments = [
      "sidelight-agent", "run", "--config", "/proc/self/fd/\(first + 1)/agent.json", "--credentials",
      "/proc/self/fd/\(first + 2)",
    ]
    if target.existing == nil { arguments += ["--volume", "logs=/proc/self/fd/\(first + 3)"] }
    arguments += ["--listen-fd", "\(first + 4)"]
    let process: ProcessIdentity
    do throws(LaunchFailure) {
      process = try launcher.launch(
        spec, arguments: arguments, environment: CallerEnvironment.all, output: audit, error: log,
        descriptors: [executable.raw, configuration.raw, credentials.raw, logs.raw, socket.descriptor.raw])
    } catch {
      throw Failure(error, starting: "the agent (\(directory.file("bin/sidelight-agent")))")
    }
    extendLifetime(executable)
    extendLifetime(configuration)
    extendLifetime(credentials)
    extendLifetime(logs)
    extendLifetime(socket)
    try remember(.opener, process)
  }

  /// The first process of ours that has ended, in the order in which they were started, with the last it said.
  func deathOfChild() -> Failure? {
    let children: [(DevelopmentRecord.Role, String, String)] = [
      (.broker, "the broker", "log/broker.log"), (.workload, "the workload", "logs/stderr.log"),
      (.opener, "the agent", "log/agent.log"),
    ]
    for (role, name, log) in children {
      guard let process = started.processes[role], let ending = Launcher.ending(of: process) else { continue }
      let said = directory.lastLines(log)
      return Failure(
        .general, "\(name) \(ending) before the installation was ready\(said.isEmpty ? "" : "; it said last:")",
        hint: said.isEmpty ? nil : "all of it is in \(directory.file(log))", quote: said)
    }
    if let existing = target.existing, !existing.isRunning {
      return Failure(.notFound, "process \(existing.pid) has ended")
    }
    return nil
  }
}

extension Failure {
  /// A program of ours.
  init(_ failure: LaunchFailure, starting what: String) {
    switch failure {
    case .system(let error): self.init(.general, "\(what) cannot be started: \(error)")
    case .step(let problem):
      self.init(
        .general, "\(what) cannot be started: \(problem.step): \(problem.text)",
        hint: problem.step == "exec" && problem.number == EACCES
          ? "is the state directory on a file system without exec?" : nil)
    }
  }

  /// The workload's command.
  init(_ failure: LaunchFailure, command: String, user: UserIdentity) {
    guard case .step(let problem) = failure, problem.step == "exec" else {
      self.init(failure, starting: "the command '\(command)'")
      return
    }
    switch problem.number {
    case ENOENT where command.contains("/"):
      self.init(
        .notFound, "command not found: \(command)", hint: "or the interpreter that its first line names is missing")
    // Where the user may not enter one folder of PATH, a name that is nowhere gives EACCES too.
    case let number where [ENOENT, EACCES].contains(number) && !command.contains("/") && !Self.isInSearchPath(command):
      self.init(.notFound, "command not found: \(command)", hint: "it is in no folder of PATH")
    case EACCES:
      self.init(
        .general, "'\(command)' is not executable for user \(user)",
        hint: "it must be executable, in folders that this user may enter; or choose another with --user UID:GID")
    case _:
      self.init(.general, "'\(command)' cannot be run: \(problem.text)")
    }
  }
}

extension Failure {
  private static func isInSearchPath(_ command: String) -> Bool {
    let folders = (CallerEnvironment.variable("PATH") ?? "/bin:/usr/bin").split(separator: ":")
    return folders.contains { FileManager.default.fileExists(atPath: "\($0)/\(command)") }
  }
}

extension LaunchReport.Problem {
  var text: String { number == 0 ? "it ended before it could say why" : SystemError.text(number) }
}
