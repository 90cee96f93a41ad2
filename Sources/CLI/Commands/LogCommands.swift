internal import API
internal import ArgumentParser
internal import Grants

struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "List the log sources and their files, for 'tail'.",
    discussion: """
      "missing" is a source that is configured but has no file yet. Below a file stand its older parts, the newest first: \
      'tail' goes on into those that are "available" where the file has too few lines; "compressed" ones are not read.

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
    case .table: try Self.show(Decoding.required(LogSourceList.self, body, from: "the agent").sources)
    }
  }

  private static func show(_ sources: [LogSource]) {
    var table = Table([
      .left("SOURCE"), .left("CONTAINER"), .left("STATUS"), .right("SIZE"), .left("MODIFIED"), .left("FILE"),
    ])
    func add(_ source: LogSource, _ status: String, _ size: Int64?, _ modified: String?, _ file: String) {
      table.append([
        Escaping.visible(source.name), Escaping.visible(source.container), Escaping.visible(status),
        size.map(Units.bytes) ?? "", modified.map { Units.seconds(Escaping.visible($0)) } ?? "", file,
      ])
    }
    for source in sources {
      if source.files.isEmpty { add(source, source.status, source.size, source.modified, "") }
      for file in source.files {
        // A name that cannot be typed is given by its id.
        let isPlain = file.nameBase64 == nil && !file.name.contains("\u{2039}")
        let name =
          Escaping.line(file.name, base64: file.nameBase64) + (isPlain ? "" : " (--file \(Escaping.visible(file.id)))")
        add(source, file.status, file.size, file.modified, name)
        for part in file.predecessors {
          add(source, part.status, part.size, part.modified, "  " + Escaping.line(part.name, base64: part.nameBase64))
        }
      }
    }
    Console.out(table.drawn(width: Console.width))
    for source in sources where source.truncated || source.files.contains(where: \.truncated) {
      Console.note("\(Escaping.visible(source.name)) has more files than are listed")
    }
  }
}

struct TailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail", abstract: "Show the last lines of a log, and with -f what comes after.",
    discussion: """
      Secrets are masked before a line leaves the agent, and --grep, --since and -c go by what is shown. With -f the log is \
      followed through rotation and truncation, and through broken connections and expired tokens; what is not a line is \
      said on standard error, and the agent ends it when the grant's time for following is over.

        sidelight tail stdout -n 50 -f
        sidelight tail app --since 10m --grep ERROR
      """)

  @Argument(help: ArgumentHelp("The name of a log source; 'sidelight logs' lists them.", valueName: "source"))
  var source: String

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("How many lines; 10 without -c and --since.", valueName: "count"))
  var lines: Int?

  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("The last whole lines that are no more bytes together.", valueName: "count"))
  var bytes: Int?

  @Option(
    help: ArgumentHelp(
      "From the first line of this time on: RFC 3339 with its zone, or a time ago such as 90s, 10m, 1h30m, 2d.",
      valueName: "time"))
  var since: String?

  @Option(help: ArgumentHelp("Only lines with this text, byte for byte, as they are shown.", valueName: "text"))
  var grep: String?

  @Option(help: ArgumentHelp("Which file, where a source has several; else the last modified.", valueName: "name"))
  var file: String?

  @Option(
    help: ArgumentHelp("How many older parts to go on into where the file has too few lines.", valueName: "count"))
  var predecessors: Int?

  @Flag(name: .shortAndLong, help: "Go on with lines as they come; end with Control-C.")
  var follow = false

  @OptionGroup var container: ContainerOption
  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func validate() throws {
    if let lines, lines < 0 { throw ValidationError("-n takes a number of lines, not \(lines).") }
    if let bytes, bytes < 1 { throw ValidationError("-c takes a number of bytes, not \(bytes).") }
    if let predecessors, predecessors < 0 {
      throw ValidationError("--predecessors takes a number of files, not \(predecessors).")
    }
    if let grep, grep.isEmpty { throw ValidationError("--grep takes some text.") }
  }

  private var query: [(name: String, value: String?)] {
    let isLimited = bytes != nil || since != nil
    return [
      ("lines", (lines ?? (isLimited ? nil : 10)).map { "\($0)" }), ("bytes", bytes.map { "\($0)" }), ("since", since),
      ("predecessors", predecessors.map { "\($0)" }),
    ] + place
  }

  /// What goes with a cursor too.
  private var place: [(name: String, value: String?)] {
    [("grep", grep), ("file", file), ("container", container.container)]
  }

  func run() async throws {
    try await AgentSession.with(try state.installation(), actions: [.logsTail]) { session in
      if follow {
        try await LogFollower(session: session, source: source, first: query, later: place, output: output.output).run()
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
      for part in tail.predecessors {
        Console.note("\(part.lines) of these lines are of \(Escaping.line(part.name, base64: part.nameBase64))")
      }
      Console.out(
        tail.lines.map { LogText.line($0.text, base64: $0.base64, masked: $0.masked, truncated: $0.truncated) }
          .joined())
      for note in Self.notes(tail) { Console.note(note) }
    }
  }

  /// What was cut, and what that may mean.
  private static func notes(_ tail: LogTail) -> [String] {
    var notes: [String] = []
    switch tail.limitHit {
    case "none": break
    case "scan":
      notes.append("there may be more: the agent reads back \(Units.bytes(tail.bytesScanned)) and no further")
    case "budget": notes.append("there may be more: the session's budget of bytes ends here")
    case "lines": notes.append("there are more: these are the last \(tail.lines.count) lines")
    case "answer": notes.append("there are more: an answer holds no more than these lines")
    case let limit: notes.append("there may be more: the agent stopped at its limit (\(Escaping.visible(limit)))")
    }
    if let bytes = tail.holeBytes { notes.append("\(Units.bytes(bytes)) of NULs between these lines are left out") }
    if let scanned = tail.linesScanned, let without = tail.withoutTime, without > 0 {
      notes.append(
        without == scanned
          ? "none of \(scanned) lines has a time that is understood; use -n or -c"
          : "\(without) of \(scanned) lines have no time of their own")
    }
    if let without = tail.withoutZone, without > 0 {
      notes.append("\(without) lines name no time zone; their times were read as UTC")
    }
    return notes
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
