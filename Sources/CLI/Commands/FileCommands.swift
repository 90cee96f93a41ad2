internal import API
internal import ArgumentParser
internal import Grants

struct StatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stat", abstract: "Show a file's metadata, never its content.",
    discussion: """
      Like stat(1): a symlink is shown itself, not what it points to.

        sidelight stat /etc/app/config.yaml
      """)

  @Argument(help: ArgumentHelp("An absolute path in the container.", valueName: "path"))
  var path: String

  @OptionGroup var container: ContainerOption
  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let body = try await AgentSession.with(try state.installation(), actions: [.filesStat]) {
      try await $0.get(["files"], query: [("container", container.container), ("path", path)])
    }
    switch output.output {
    case .json: Console.json(body)
    case .table: show(try Decoding.required(FileAnswer.self, body, from: "the agent"))
    }
  }

  private func show(_ answer: FileAnswer) {
    let file = answer.file
    var facts: [(String, String)] = [("path", Escaping.visible(answer.path))]
    if answer.resolvedPath != answer.path { facts.append(("resolved", Escaping.visible(answer.resolvedPath))) }
    if let target = file.target {
      facts.append(("points to", Escaping.visible(target, base64: file.targetBase64)))
    }
    facts += [
      ("type", Escaping.visible(file.type)),
      ("size", file.size < 1024 ? "\(file.size)" : "\(file.size) (\(Units.bytes(file.size)))"),
      ("on disk", Units.bytes(file.allocatedBytes)),
      ("mode", "\(Escaping.visible(file.mode)) \(FileMode.letters(file))"),
      ("owner", "uid \(file.uid), gid \(file.gid)"),
      ("links", "\(file.links)"),
      ("inode", "\(file.inode) on device \(Escaping.visible(file.device)), \(Escaping.visible(answer.fileSystem))"),
      ("modified", Escaping.visible(file.modified)), ("changed", Escaping.visible(file.changed)),
      ("accessed", Escaping.visible(file.accessed)),
    ]
    if let born = file.born { facts.append(("born", Escaping.visible(born))) }
    if let names = file.extendedAttributes, !names.isEmpty {
      facts.append(("attributes", names.map { Escaping.visible($0) }.joined(separator: " ")))
    }
    facts.append(("container", Escaping.visible(answer.container)))
    Console.facts(facts)
  }
}

struct LsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List a folder with each entry's metadata.",
    discussion: """
      Sorted by the bytes of the names. Entries that the grant does not include are counted, not named.

        sidelight ls /var/log
      """)

  @Argument(help: ArgumentHelp("The absolute path of a folder in the container.", valueName: "path"))
  var path: String

  @Flag(name: .shortAndLong, help: "Do not cut lines at the terminal's width.")
  var wide = false

  @OptionGroup var container: ContainerOption
  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let answer = try await AgentSession.with(try state.installation(), actions: [.filesList]) {
      try await $0.list(
        DirectoryList.self, ["directories"], query: [("container", container.container), ("path", path)])
    }
    switch output.output {
    case .json: Console.json(try answer.merged())
    case .table: show(answer)
    }
  }

  private func show(_ answer: ListAnswer<DirectoryList>) {
    var table = Table([
      .left("MODE"), .right("LINKS"), .right("UID"), .right("GID"), .right("SIZE"), .left("MODIFIED"), .left("NAME"),
    ])
    for entry in answer.pages.flatMap(\.entries) {
      var name = Escaping.visible(entry.name, base64: entry.nameBase64)
      if let target = entry.target { name += " → " + Escaping.visible(target, base64: entry.targetBase64) }
      table.append([
        FileMode.letters(entry), "\(entry.links)", "\(entry.uid)", "\(entry.gid)", Units.bytes(entry.size),
        Units.seconds(Escaping.visible(entry.modified)), name,
      ])
    }
    Console.out(table.drawn(width: wide ? nil : Console.width))
    guard let last = answer.pages.last else { return }
    if last.hidden > 0 { Console.note("\(last.hidden) more that the grant does not include") }
    if answer.cutShort || last.truncated { Console.note("there are more; the list was cut at a limit") }
  }
}

struct ContainerOption: ParsableArguments {
  @Option(help: ArgumentHelp("The container, where the agent serves more than one.", valueName: "name"))
  var container: String?
}

/// `drwxr-x---`, as ls(1) has it.
enum FileMode {
  static func letters(_ file: FileEntry) -> String {
    let type =
      switch file.type {
      case "regular": "-"
      case "directory": "d"
      case "symlink": "l"
      case "fifo": "p"
      case "socket": "s"
      case "character_device": "c"
      case "block_device": "b"
      case _: "?"
      }
    guard let mode = UInt32(file.mode, radix: 8) else { return type + "?????????" }
    return type + triple(mode >> 6, special: mode & 0o4000 != 0, letter: "s")
      + triple(mode >> 3, special: mode & 0o2000 != 0, letter: "s")
      + triple(mode, special: mode & 0o1000 != 0, letter: "t")
  }

  private static func triple(_ bits: UInt32, special: Bool, letter: String) -> String {
    let executable = bits & 1 != 0
    let last = special ? (executable ? letter : letter.uppercased()) : (executable ? "x" : "-")
    return (bits & 4 != 0 ? "r" : "-") + (bits & 2 != 0 ? "w" : "-") + last
  }
}
