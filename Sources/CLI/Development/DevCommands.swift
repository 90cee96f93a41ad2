internal import ArgumentParser
internal import FoundationEssentials
internal import Grants

struct DevCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dev", abstract: "Make and stop a whole installation on this machine.",
    discussion: """
      sidelight dev up --state /tmp/s -- python3 -m http.server 0
      sidelight dev status --state /tmp/s
      sidelight dev down --state /tmp/s
      """,
    subcommands: [DevUpCommand.self, DevDownCommand.self, DevStatusCommand.self, DevTokenCommand.self])
}

struct DevUpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Start a broker, and an agent beside a command or a running process.",
    discussion: """
      Makes a certificate authority, keys and a policy in DIR (or takes those that are there), starts everything, \
      waits until it answers, and writes DIR/sidelight.json. As root the command runs as an unprivileged user; \
      otherwise as you. Its standard output and error become the log sources "stdout" and "stderr".

        sidelight dev up --state /tmp/s -- python3 -m http.server 0
        sidelight dev up --state /tmp/s --pid 4711 --log app=/var/log/app/current.log
      """)

  @OptionGroup var state: StateOptions

  @Option(help: ArgumentHelp("As root: run the command as this user. (default: 65534:65534)", valueName: "uid[:gid]"))
  var user: UserIdentity?

  @Option(
    help: ArgumentHelp(
      "A log of the workload, by its absolute path there; the last component may be a pattern; repeatable.",
      valueName: "name=path"))
  var log: [LogOption] = []

  @Option(help: ArgumentHelp("Look at this process instead of starting one.", valueName: "pid"))
  var pid: Int32?

  @Argument(parsing: .postTerminator, help: "The command to start, after '--'.")
  var command: [String] = []

  func validate() throws {
    guard (pid == nil) != command.isEmpty else {
      throw ValidationError("Give either --pid PID or '-- COMMAND ARG…'.")
    }
    if let pid, pid <= 0 { throw ValidationError("--pid takes the number of a process, not \(pid).") }
    guard pid == nil || user == nil else {
      throw ValidationError("--user is for a command; with --pid the agent runs as that process's user.")
    }
    let reserved = command.isEmpty ? [] : ["stdout", "stderr"]
    guard Set(log.map(\.name) + reserved).count == log.count + reserved.count else {
      throw ValidationError("Two log sources have the same name; a command already has \"stdout\" and \"stderr\".")
    }
  }

  func run() async throws {
    let path = try StatePath.resolve(option: state.state)
    var target: Target
    if let pid {
      target = try Target.forProcess(pid)
      target.logs.removeAll { found in log.contains { $0.name == found.name } }
    } else {
      target = try Target.forCommand(requested: user)
    }
    target.logs += log
    let launcher = try Launcher()
    let programs = try launcher.programs()
    let directory = try StateDirectory.take(path)
    try Shutdown.requireNothingRunning(in: directory)
    var installer = try Installer(directory: directory, target: target, command: command, launcher: launcher)
    let installation = try await installer.install(programs)
    let agentPIDs = installation.development?.processes ?? [:]
    Console.facts([
      ("workload", "pid \(agentPIDs[.workload]?.pid ?? 0), as \(target.user)"),
      ("agent", "\(installation.agentURL), as \(target.user), pid \(agentPIDs[.opener]?.pid ?? 0)"),
      ("broker", "\(installation.brokerURL), pid \(agentPIDs[.broker]?.pid ?? 0)"),
      ("session", "until \(installation.development?.sessionExpires ?? "?")"),
      ("state", Escaping.visible(directory.file(Installation.fileName))),
      ("next", "export \(StatePath.variable)=\(Escaping.visible(path)); sidelight ps --tree"),
    ])
  }
}

struct DevDownCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down", abstract: "Stop exactly what 'dev up' started.",
    discussion: """
      A process that was there before (--pid) is left alone. Keys, policy, logs and audit stay in DIR.

        sidelight dev down --state /tmp/s
      """)

  @OptionGroup var state: StateOptions

  func run() async throws {
    let directory = try StateDirectory.open(try StatePath.resolve(option: state.state))
    try await Shutdown.stop(directory)
  }
}

struct DevStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show what is up.",
    discussion: """
      Ends with 0 if all of it runs, with 69 if something is missing.

        sidelight dev status --state /tmp/s
      """)

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let installation = try state.installation()
    guard let development = installation.development else {
      throw Failure(.state, "this installation was not made by 'sidelight dev up'")
    }
    let boot = try ProcessIdentity.currentBoot()
    let running = development.boot == boot ? development.processes.filter { $0.value.isRunning } : [:]
    switch output.output {
    case .json: Console.json(installation.text.utf8)
    case .table:
      var table = Table([.left("PROCESS"), .right("PID"), .left("STATE"), .left("")])
      for role in DevelopmentRecord.Role.allCases {
        guard let process = development.processes[role] else { continue }
        let isOurs = role != .workload || development.startedWorkload
        table.append([
          role.rawValue, "\(process.pid)", running[role] == nil ? "ended" : "running", isOurs ? "" : "was there before",
        ])
      }
      Console.out(table.drawn(width: nil) + "\n")
      Console.facts([
        ("agent", Escaping.visible(installation.agentURL)), ("broker", Escaping.visible(installation.brokerURL)),
        ("session", "until \(Escaping.visible(development.sessionExpires))"),
      ])
    }
    guard running.count == development.processes.count else {
      let ended = development.processes.keys.filter { running[$0] == nil }.map(\.rawValue).sorted()
      throw Failure(
        .unavailable, "not running any more: \(ended.joined(separator: ", "))",
        hint: "'sidelight dev down', then 'sidelight dev up'; log/agent.log and log/broker.log say why")
    }
  }
}

struct DevTokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Print a narrower access token, for curl and tests.",
    discussion: """
      Lists are comma-separated or repeated. Without --actions the token has all that the policy grants; with them, \
      a list that is left out means everything of its kind that the policy grants.

        sidelight dev token --actions environment.read --names 'APP_*' --ttl 60s
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "What it allows: processes.list, environment.read, files.stat, files.list, files.digest, logs.list, logs.tail.",
      valueName: "a,b"))
  var actions: [String] = []
  @Option(help: ArgumentHelp("Globs over absolute paths.", valueName: "a,b"))
  var paths: [String] = []
  @Option(help: ArgumentHelp("Globs over names of variables.", valueName: "a,b"))
  var names: [String] = []
  @Option(help: ArgumentHelp("Globs over names of log sources.", valueName: "a,b"))
  var logs: [String] = []
  @Option(help: ArgumentHelp("Globs over paths of executables.", valueName: "a,b"))
  var processes: [String] = []
  @Option(help: ArgumentHelp("Globs over names of containers.", valueName: "a,b"))
  var containers: [String] = []
  @Option(help: ArgumentHelp("requests=, bytes=, objects=, concurrency=, follow_seconds=.", valueName: "name=number,…"))
  var limits: [String] = []
  @Option(help: ArgumentHelp("How long it lives: 60s, 5m, or seconds.", valueName: "time"))
  var ttl: Lifetime?

  func validate() throws { _ = try detail() }

  func run() async throws {
    let installation = try state.installation()
    let request = TokenRequest(resource: installation.agent, detail: try detail(), lifetime: ttl?.seconds)
    try await TokenPrinter.print(installation, request, output.output)
  }

  /// nil where nothing narrows the token.
  private func detail() throws -> AuthorizationDetail? {
    let lists = [paths, names, logs, processes, containers]
    guard !actions.isEmpty else {
      guard lists.allSatisfy(\.isEmpty), limits.isEmpty else {
        throw ValidationError("--paths, --names, --logs, --processes, --containers and --limits need --actions.")
      }
      return nil
    }
    var detail = AuthorizationDetail(actions: try parsedActions())
    if !paths.isEmpty { detail.paths = try globs(paths, "--paths") }
    if !names.isEmpty { detail.names = try globs(names, "--names") }
    if !logs.isEmpty { detail.logs = try globs(logs, "--logs") }
    if !processes.isEmpty { detail.processes = try globs(processes, "--processes") }
    if !containers.isEmpty { detail.containers = try globs(containers, "--containers") }
    detail.limits = try parsedLimits()
    return detail
  }

  private func split(_ values: [String]) -> [String] {
    values.flatMap { $0.split(separator: ",").map(String.init) }
  }

  private func parsedActions() throws -> Set<Action> {
    var result: Set<Action> = []
    for name in split(actions) {
      guard let action = Action(rawValue: name) else {
        let known = Action.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(name)' is not an action; there are \(known).")
      }
      result.insert(action)
    }
    return result
  }

  private func globs(_ values: [String], _ option: String) throws -> [Glob] {
    let patterns = split(values)
    // An empty list would stay as granted, which is more than what was meant.
    guard !patterns.isEmpty else { throw ValidationError("\(option) needs a pattern.") }
    return try patterns.map { pattern in
      do throws(Glob.Invalid) {
        return try Glob(pattern)
      } catch {
        throw ValidationError("\(option): '\(pattern)' \(error).")
      }
    }
  }

  private func parsedLimits() throws -> Limits {
    var result = Limits()
    for pair in split(limits) {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let name = Limits.Name(rawValue: parts[0]), let number = Int64(parts[1]), number >= 0
      else {
        let known = Limits.Name.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--limits: '\(pair)' is not NAME=NUMBER with a name of \(known).")
      }
      result[name] = number
    }
    return result
  }
}
