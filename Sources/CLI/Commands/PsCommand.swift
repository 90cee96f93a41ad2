internal import API
internal import ArgumentParser
internal import Grants

struct PsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps", abstract: "Show the processes in the agent's scope, or one of them whole.",
    discussion: """
      Arguments are masked by the agent. Lines are cut at the terminal's width unless -w is given.

        sidelight ps --tree
        sidelight ps --sort memory --limit 10
        sidelight ps --fields command,resident_bytes,swap_bytes
        sidelight ps 4711
      """)

  @Argument(
    help: ArgumentHelp("Everything about this one: a pid, or the full id from 'ps -o json'.", valueName: "pid"))
  var process: ProcessChoice?

  @Flag(help: "Draw parents and children as a tree.")
  var tree = false

  @Option(help: ArgumentHelp("Only this process and what descends from it.", valueName: "pid"))
  var root: ProcessChoice?

  @Option(help: ArgumentHelp("Only so many levels below the top; 0 is the top alone.", valueName: "levels"))
  var depth: Int?

  @Option(help: ArgumentHelp("Only the processes of this container.", valueName: "name"))
  var container: String?

  @Option(
    help: ArgumentHelp(
      "Columns: fields or groups of the API, with commas between. See docs/cli.md.", valueName: "names"))
  var fields: String?

  @Option(help: ArgumentHelp("memory, cpu, threads (most first), age (oldest first), pid.", valueName: "key"))
  var sort: SortKey?

  @Option(help: ArgumentHelp("At most so many processes.", valueName: "number"))
  var limit: Int?

  @Flag(help: "Kernel threads too, where the scope has any.")
  var kernelThreads = false

  @Flag(name: .shortAndLong, help: "Do not cut lines at the terminal's width.")
  var wide = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  enum SortKey: String, ExpressibleByArgument, CaseIterable, Sendable {
    case memory, cpu, threads, age, pid

    var parameter: String {
      switch self {
      case .memory: "-resident_bytes"
      case .cpu: "-cpu_milliseconds"
      case .threads: "-threads"
      case .age: "start_time"
      case .pid: "pid"
      }
    }
  }

  func validate() throws {
    if let depth, depth < 0 { throw ValidationError("--depth must not be negative.") }
    if let limit, !(1...Self.pageSize).contains(limit) {
      throw ValidationError("--limit must be from 1 to \(Self.pageSize).")
    }
    if tree, sort != nil { throw ValidationError("a tree has its own order: --tree and --sort do not go together.") }
    if tree, fields != nil {
      throw ValidationError("a tree has its own columns: --tree and --fields do not go together.")
    }
    if process != nil, tree || root != nil || depth != nil || container != nil || sort != nil || limit != nil {
      throw ValidationError("for one process there is only --fields; for what descends from it use --root.")
    }
  }

  func run() async throws {
    let installation = try state.installation()
    if let process {
      let answer = try await AgentSession.with(installation, actions: [.processesList]) { session in
        let id = try await process.identify(session)
        return try await session.get(["processes", id], query: [("fields", fields ?? "all")])
      }
      switch output.output {
      case .json: Console.json(answer)
      case .table:
        Console.out(ProcessDetail(try Decoding.required(ProcessEntry.self, answer, from: "the agent")).drawn)
      }
      return
    }
    let answer = try await AgentSession.with(installation, actions: [.processesList]) { session in
      try await session.list(
        ProcessList.self, ["processes"],
        query: [
          ("container", container), ("root", try await root?.identify(session)), ("depth", depth.map { "\($0)" }),
          ("fields", fields), ("sort", sort?.parameter), ("kernel_threads", kernelThreads ? "true" : nil),
        ], atMost: limit)
    }
    switch output.output {
    case .json: Console.json(try answer.merged())
    case .table:
      let processes = answer.pages.flatMap(\.processes)
      let table =
        try fields.map { try ProcessTable.chosen(processes, $0) }
        ?? (tree ? ProcessTable.tree(processes) : ProcessTable.flat(processes))
      Console.out(table.drawn(width: wide ? nil : Console.width))
      note(answer)
    }
  }

  /// The most that the agent puts into one part of a list.
  private static let pageSize = 5000

  /// What the table does not show.
  private func note(_ answer: ListAnswer<ProcessList>) {
    guard let last = answer.pages.last?.summary else { return }
    if last.hidden == 0, answer.pages.allSatisfy(\.processes.isEmpty) {
      Console.note("this agent sees no process but its own; in a pod that takes shareProcessNamespace")
    }
    if last.hidden > 0 { Console.note("\(last.hidden) more in scope that the grant does not include") }
    if last.kernelThreads > 0 { Console.note("\(last.kernelThreads) kernel threads are not shown") }
    let vanished = answer.pages.reduce(0) { $0 + $1.summary.vanished }
    if vanished > 0 { Console.note("\(vanished) ended while they were looked at") }
    if answer.cutShort || last.truncated { Console.note("there are more; the list was cut at a limit") }
  }
}
