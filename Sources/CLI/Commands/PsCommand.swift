internal import API
internal import ArgumentParser
internal import Grants

struct PsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps", abstract: "Show the processes in the agent's scope.",
    discussion: """
      Arguments are masked by the agent. Lines are cut at the terminal's width unless -w is given.

        sidelight ps --tree
      """)

  @Flag(help: "Draw parents and children as a tree.")
  var tree = false

  @Option(help: ArgumentHelp("Only the processes of this container.", valueName: "name"))
  var container: String?

  @Flag(name: .shortAndLong, help: "Do not cut lines at the terminal's width.")
  var wide = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let answer = try await AgentSession.with(try state.installation(), actions: [.processesList]) {
      try await $0.list(ProcessList.self, ["processes"], query: [("container", container)])
    }
    switch output.output {
    case .json: Console.json(try answer.merged())
    case .table:
      let processes = answer.pages.flatMap(\.processes)
      Console.out(
        (tree ? ProcessTable.tree(processes) : ProcessTable.flat(processes)).drawn(width: wide ? nil : Console.width))
      note(answer)
    }
  }

  /// What the table does not show.
  private func note(_ answer: ListAnswer<ProcessList>) {
    guard let last = answer.pages.last else { return }
    if answer.pages.allSatisfy(\.processes.isEmpty) { Console.note("no process is in this agent's scope any more") }
    if last.hidden > 0 { Console.note("\(last.hidden) more in scope that the grant does not include") }
    if answer.cutShort || last.truncated { Console.note("there are more; the list was cut at a limit") }
  }
}

/// The tables of `ps`.
enum ProcessTable {
  static func flat(_ processes: [ProcessEntry]) -> Table {
    let named = showsContainers(processes)
    var table = Table(
      [
        .right("PID"), .right("PPID"), .right("UID"), .left("STATE"), .right("THREADS"), .right("RSS"), .right("CPU"),
        .right("AGE"),
      ] + (named ? [.left("CONTAINER")] : []) + [.left("COMMAND"), .left("ARGS")])
    for process in processes {
      table.append(
        [
          "\(process.pid)", "\(process.ppid)", uid(process), Escaping.visible(process.state), "\(process.threads)",
          Units.bytes(process.residentBytes), Units.cpu(milliseconds: process.cpuMilliseconds),
          Units.age(seconds: process.ageSeconds),
        ] + (named ? [Escaping.visible(process.container)] : [])
          + [Escaping.visible(process.command), arguments(process)])
    }
    return table
  }

  static func tree(_ processes: [ProcessEntry]) -> Table {
    let named = showsContainers(processes)
    var table = Table(
      [.right("PID"), .right("UID"), .left("STATE"), .right("RSS"), .right("CPU"), .right("AGE")]
        + (named ? [.left("CONTAINER")] : []) + [.left("PROCESS")])
    for line in ProcessTree(processes).lines {
      guard let index = line.process else {
        table.append(
          Array(repeating: "", count: named ? 7 : 6) + [line.prefix + ProcessTree.orphanage])
        continue
      }
      let process = processes[index]
      let arguments = arguments(process)
      table.append(
        [
          "\(process.pid)", uid(process), Escaping.visible(process.state), Units.bytes(process.residentBytes),
          Units.cpu(milliseconds: process.cpuMilliseconds), Units.age(seconds: process.ageSeconds),
        ] + (named ? [Escaping.visible(process.container)] : [])
          + [line.prefix + Escaping.visible(process.command) + (arguments.isEmpty ? "" : "  " + arguments)])
    }
    return table
  }

  private static func showsContainers(_ processes: [ProcessEntry]) -> Bool {
    Set(processes.map(\.container)).count > 1
  }

  private static func uid(_ process: ProcessEntry) -> String { process.uid.map { "\($0)" } ?? "?" }

  /// As one could type them: an argument that is empty or has a space stands in quotes.
  private static func arguments(_ process: ProcessEntry) -> String {
    var words = process.arguments.map { argument in
      let visible = Escaping.visible(argument)
      return visible.isEmpty || visible.contains(" ") ? "'\(visible)'" : visible
    }
    if process.argumentsTruncated == true { words.append("…") }
    return words.joined(separator: " ")
  }
}
