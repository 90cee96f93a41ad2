internal import API
internal import ArgumentParser
internal import Grants

struct EnvCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env", abstract: "Show a process's environment, masked.",
    discussion: """
      A masked value is shown as ‹kind:length:fingerprint›. Within one session equal fingerprints mean equal values. \
      It is the environment with which the program was started; what it changed later is not in it.

        sidelight env 4711 PATH DB_PASSWORD
      """)

  @Argument(help: ArgumentHelp("A pid, or the full id from 'ps -o json'.", valueName: "pid"))
  var process: String

  @Argument(help: ArgumentHelp("Only these variables.", valueName: "name"))
  var names: [String] = []

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func validate() throws {
    guard process.contains("@") || Int(process).map({ $0 > 0 }) == true else {
      throw ValidationError("'\(process)' is neither a pid nor a process id; 'sidelight ps' shows both.")
    }
  }

  func run() async throws {
    let isPID = !process.contains("@")
    let answer = try await AgentSession.with(
      try state.installation(), actions: isPID ? [.processesList, .environmentRead] : [.environmentRead]
    ) { session in
      let id = isPID ? try await identify(session) : process
      return try await session.get(["processes", id, "environment"], query: names.map { ("name", $0) })
    }
    switch output.output {
    case .json: Console.json(answer)
    case .table: try show(try Decoding.required(Environment.self, answer, from: "the agent"))
    }
  }

  /// The opaque id that the pid has now.
  private func identify(_ session: AgentSession) async throws(Failure) -> String {
    let list = try await session.list(ProcessList.self, ["processes"], query: [])
    for page in list.pages {
      if let found = page.processes.first(where: { "\($0.pid)" == process }) { return found.id }
    }
    throw Failure(
      .notFound, "there is no process \(process) in this agent's scope",
      hint: "'sidelight ps' shows the processes in scope now")
  }

  private func show(_ environment: Environment) throws(Failure) {
    var text = ""
    for variable in environment.variables {
      text += Escaping.visible(variable.name, base64: variable.nameBase64)
      if variable.flags?.contains("no_equals_sign") != true { text += "=" }
      if let masked = variable.masked {
        text += Console.dim(masked.token)
      } else if let value = variable.value {
        let visible = Escaping.visible(value, base64: variable.valueBase64)
        text += variable.maskedParts ?? 0 > 0 ? Console.dimPresenceTokens(visible) : visible
      }
      text += "\n"
    }
    Console.out(text)
    for flag in ["duplicate", "unterminated"] {
      let names = environment.variables.filter { $0.flags?.contains(flag) == true }.map { Escaping.visible($0.name) }
      if !names.isEmpty { Console.note("\(flag): \(names.joined(separator: ", "))") }
    }
    if environment.hidden > 0 { Console.note("\(environment.hidden) more that the grant does not include") }
    if environment.truncated { Console.note("the environment is larger than the agent's limit; this is its beginning") }
    let missing = names.filter { name in !environment.variables.contains { $0.name == name } }
    guard missing.isEmpty else {
      throw Failure(.notFound, "not set: \(missing.joined(separator: ", "))")
    }
  }
}

extension MaskedValue {
  /// The presence token, as the agent writes it inside other text.
  var token: String {
    "‹\([kind, length, fingerprint ?? "-"].map { Escaping.visible($0) }.joined(separator: ":"))›"
  }
}
