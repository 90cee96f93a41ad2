internal import API
internal import ArgumentParser
internal import Grants

struct EnvCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env", abstract: "Show a process's environment, masked.",
    discussion: """
      A masked value is shown as ‹kind:length:fingerprint›. Within one session equal fingerprints mean equal values. \
      It is the environment with which the program was started; what it changed later is not in it. --compare says \
      which variables of two processes are the same, and shows no value.

        sidelight env 4711 PATH DB_PASSWORD
        sidelight env 4711 --compare 4712
      """)

  @Argument(help: ArgumentHelp("A pid, or the full id from 'ps -o json'.", valueName: "pid"))
  var process: ProcessChoice

  @Argument(help: ArgumentHelp("Only these variables.", valueName: "name"))
  var names: [String] = []

  @Option(help: ArgumentHelp("Compare with this process's environment.", valueName: "pid"))
  var compare: ProcessChoice?

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let needsList = process.isPID || compare?.isPID == true
    let answer = try await AgentSession.with(
      try state.installation(), actions: needsList ? [.processesList, .environmentRead] : [.environmentRead]
    ) { session in
      let id = try await process.identify(session)
      let other = try await compare?.identify(session)
      return try await session.get(
        ["processes", id, "environment"], query: names.map { ("name", $0) } + [("compare", other)])
    }
    switch output.output {
    case .json: Console.json(answer)
    case .table where compare != nil:
      try show(try Decoding.required(EnvironmentComparison.self, answer, from: "the agent"))
    case .table: try show(try Decoding.required(Environment.self, answer, from: "the agent"))
    }
  }

  private func show(_ comparison: EnvironmentComparison) throws(Failure) {
    var table = Table([.left("RESULT"), .left("NAME")])
    // What differs first: that is what was looked for.
    let order: [ComparedVariable.Result] = [.differs, .onlyHere, .onlyThere, .unknown, .same]
    for variable in order.flatMap({ result in comparison.variables.filter { $0.result == result } }) {
      table.append(
        [
          variable.result.rawValue.split(separator: "_").joined(separator: " "),
          Escaping.visible(variable.name, base64: variable.nameBase64),
        ])
    }
    Console.out(table.drawn(width: nil))
    if comparison.hidden > 0 { Console.note("\(comparison.hidden) more that the grant does not include") }
    let unnamed = comparison.unnamedHere + comparison.unnamedThere
    if unnamed > 0 { Console.note("\(unnamed) records without '=' are not compared") }
    if comparison.truncated {
      Console.note("an environment is larger than the agent's limit; its beginning was compared")
    }
    try requireAll(comparison.variables.map(\.name))
  }

  /// Fails where a name that was asked for is not there.
  private func requireAll(_ found: [String]) throws(Failure) {
    let missing = names.filter { !found.contains($0) }
    guard missing.isEmpty else {
      throw Failure(.notFound, "not set: \(missing.joined(separator: ", "))")
    }
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
    try requireAll(environment.variables.map(\.name))
  }
}

extension MaskedValue {
  /// The presence token, as the agent writes it inside other text.
  var token: String {
    "‹\([kind, length, fingerprint ?? "-"].map { Escaping.visible($0) }.joined(separator: ":"))›"
  }
}
