internal import API
internal import ArgumentParser
internal import Grants

struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "List the log sources, for 'tail'.",
    discussion: """
      "missing" is a source that is configured but has no file yet.

        sidelight logs
      """)

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let body = try await AgentSession.with(try state.installation(), actions: [.logsList]) {
      try await $0.get(["logs"])
    }
    switch output.output {
    case .json: Console.json(body)
    case .table:
      var table = Table([.left("SOURCE"), .left("CONTAINER"), .left("STATUS"), .right("SIZE"), .left("MODIFIED")])
      for source in try Decoding.required(LogSourceList.self, body, from: "the agent").sources {
        table.append([
          Escaping.visible(source.name), Escaping.visible(source.container), Escaping.visible(source.status),
          source.size.map(Units.bytes) ?? "", source.modified.map { Units.seconds(Escaping.visible($0)) } ?? "",
        ])
      }
      Console.out(table.drawn(width: Console.width))
    }
  }
}

struct TailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail", abstract: "Show the last lines of a log, and with -f what comes after.",
    discussion: """
      Secrets are masked before a line leaves the agent. With -f the log is followed through rotation and truncation; \
      what is not a line is said on standard error, and the agent ends it when the grant's time for following is over.

        sidelight tail stdout -n 50 -f
      """)

  @Argument(help: ArgumentHelp("The name of a log source; 'sidelight logs' lists them.", valueName: "source"))
  var source: String

  @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How many lines.", valueName: "count"))
  var lines = 10

  @Flag(name: .shortAndLong, help: "Go on with lines as they come; end with Control-C.")
  var follow = false

  @OptionGroup var container: ContainerOption
  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func validate() throws {
    guard lines >= 0 else { throw ValidationError("-n takes a number of lines, not \(lines).") }
  }

  private var query: [(name: String, value: String?)] {
    [("lines", "\(lines)"), ("container", container.container)]
  }

  func run() async throws {
    try await AgentSession.with(try state.installation(), actions: [.logsTail]) { session in
      if follow {
        try await follow(session)
      } else {
        try show(try await session.get(["logs", source], query: query))
      }
    }
  }

  private func show(_ body: [UInt8]) throws(Failure) {
    switch output.output {
    case .json: Console.json(body)
    case .table:
      let tail = try Decoding.required(LogTail.self, body, from: "the agent")
      Console.out(
        tail.lines.map { LogText.line($0.text, base64: $0.base64, masked: $0.masked, truncated: $0.truncated) }
          .joined())
      switch tail.limitHit {
      case "none": break
      case let limit: Console.note("there may be more: the agent stopped at its limit (\(Escaping.visible(limit)))")
      }
    }
  }

  private func follow(_ session: AgentSession) async throws {
    var ended = false
    try await session.stream(["logs", source], query: query + [("follow", "true")]) { line throws(Failure) in
      guard !line.isEmpty else { return }
      let record = try Decoding.required(LogRecord.self, Array(line), from: "the agent")
      if record.type == .end { ended = true }
      switch output.output {
      case .json: Console.json(line)
      case .table: Self.show(record)
      }
    }
    guard ended else {
      throw Failure(
        .unavailable, "the connection to the agent broke off", hint: "run the command again; lines may have been missed"
      )
    }
  }

  private static func show(_ record: LogRecord) {
    let reason = record.reason.map { " (\(Escaping.visible($0)))" } ?? ""
    switch record.type {
    case .line:
      Console.out(
        LogText.line(record.text ?? "", base64: record.base64, masked: record.masked, truncated: record.truncated))
    case .open, .heartbeat: break
    case .hole: Console.note("\(amount(record)) of this log cannot be shown\(reason)")
    case .rotated: Console.note("the log was rotated\(reason)")
    case .reset: Console.note("the log was cut or replaced; going on from its beginning\(reason)")
    case .dropped: Console.note("\(amount(record)) were left out: the log grows faster than it may be read\(reason)")
    case .throttled: Console.note("slowed down by the grant's limits\(reason)")
    case .end: Console.note("the agent ended it\(reason)")
    }
  }

  private static func amount(_ record: LogRecord) -> String {
    switch (record.lines, record.bytes) {
    case (let lines?, _): "\(lines) lines"
    case (nil, let bytes?): "\(Units.bytes(bytes)) bytes"
    case (nil, nil): "some lines"
    }
  }
}

/// One masked line of a log for people.
enum LogText {
  static func line(_ text: String, base64: String?, masked: Int?, truncated: Bool?) -> String {
    let visible = Escaping.line(text, base64: base64)
    let shown = masked ?? 0 > 0 ? Console.dimPresenceTokens(visible) : visible
    return shown + (truncated == true ? Console.dim("… (cut)") : "") + "\n"
  }
}
