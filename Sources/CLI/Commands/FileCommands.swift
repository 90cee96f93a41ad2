internal import API
internal import ArgumentParser
internal import Grants

struct StatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stat", abstract: "Show a file's metadata, never its content.",
    discussion: """
      Like stat(1): a symlink is shown itself, not what it points to. What could not be had is listed as unread, with \
      the reason.

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
    var facts: [(String, String)] = [("path", Escaping.visible(answer.path.text, base64: answer.path.base64))]
    if answer.resolvedPath != answer.path {
      facts.append(("resolved", Escaping.visible(answer.resolvedPath.text, base64: answer.resolvedPath.base64)))
    }
    if let file = answer.file.metadata {
      facts += Self.facts(file, mount: answer.mount)
    } else {
      facts.append(("status", answer.file.status.rawValue))
    }
    facts.append(("container", Escaping.visible(answer.container)))
    Console.facts(facts)
  }

  private static func facts(_ file: FileMetadata, mount: FileMount) -> [(String, String)] {
    var facts: [(String, String)] = []
    if let target = file.target { facts.append(("points to", Escaping.visible(target, base64: file.targetBase64))) }
    var type = Escaping.visible(file.type)
    if let special = file.specialDevice { type += " \(Escaping.visible(special))" }
    facts += [
      ("type", type),
      ("size", file.size < 1024 ? "\(file.size)" : "\(file.size) (\(Units.bytes(file.size)))"),
      ("on disk", Units.bytes(file.allocatedBytes) + (file.sparse == true ? ", sparse" : "")),
      ("mode", "\(Escaping.visible(file.mode)) \(FileMode.letters(file))"),
      ("owner", "uid \(file.uid), gid \(file.gid)"),
      ("links", "\(file.links)"),
      ("inode", "\(file.inode) on device \(Escaping.visible(file.device))"),
      ("modified", Escaping.visible(file.modified)), ("changed", Escaping.visible(file.changed)),
      ("accessed", Escaping.visible(file.accessed)),
    ]
    if let born = file.born { facts.append(("born", Escaping.visible(born))) }
    let attributes = file.attributes.filter { $0 != "mount_root" }
    if !attributes.isEmpty {
      facts.append(("attributes", attributes.map { Escaping.visible($0) }.joined(separator: " ")))
    }
    if let lists = file.accessControlLists, !lists.isEmpty {
      facts.append(("acl", lists.map { Escaping.visible($0) }.joined(separator: " ")))
    }
    if let names = file.extendedAttributes, !names.isEmpty {
      facts.append(
        ("xattrs", names.map { Escaping.visible($0.text.text, base64: $0.text.base64) }.joined(separator: " ")))
    }
    let options = mount.options.map { Escaping.visible($0) }.joined(separator: ",")
    facts.append(
      (
        "mount",
        "\(Escaping.visible(mount.fileSystem)) on \(Escaping.visible(mount.point)) (\(options))"
          + (mount.readOnly ? ", read-only" : "")
      ))
    if !file.unread.isEmpty {
      facts.append(
        (
          "unread",
          file.unread.map { "\(Escaping.visible($0.field)) (\(Escaping.visible($0.status)))" }.joined(separator: ", ")
        ))
    }
    return facts
  }
}

struct LsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List a folder with each entry's metadata.",
    discussion: """
      Sorted by the bytes of the names. Entries that the grant does not include are counted, not named. A large folder \
      is shown up to --limit entries; --all fetches as many as the agent reads (200,000).

        sidelight ls /var/log
        sidelight ls --limit 20 /var/spool/app
      """)

  @Argument(help: ArgumentHelp("The absolute path of a folder in the container.", valueName: "path"))
  var path: String

  @Option(help: ArgumentHelp("At most so many entries.", valueName: "n"))
  var limit: Int?

  @Flag(help: "Every entry, however many there are.")
  var all = false

  @Flag(name: .shortAndLong, help: "Do not cut lines at the terminal's width.")
  var wide = false

  @OptionGroup var container: ContainerOption
  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  /// Shown where neither --limit nor --all says how many.
  private static let defaultLimit = 1000

  func validate() throws {
    if let limit, !(1...200_000).contains(limit) { throw ValidationError("--limit takes a number from 1 to 200000.") }
    if limit != nil, all { throw ValidationError("--limit and --all exclude each other.") }
  }

  func run() async throws {
    let wanted = all ? nil : limit ?? Self.defaultLimit
    let answer = try await AgentSession.with(try state.installation(), actions: [.filesList]) {
      try await $0.list(
        DirectoryList.self, ["directories"],
        query: [
          ("container", container.container), ("path", path),
          ("limit", all ? "\(AgentSession.maximumPageItems)" : nil),
        ], atMost: wanted)
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
      guard let file = entry.metadata else {
        table.append(["(\(entry.status.rawValue))", "", "", "", "", "", name])
        continue
      }
      if let target = file.target { name += " → " + Escaping.visible(target, base64: file.targetBase64) }
      table.append([
        FileMode.letters(file), "\(file.links)", "\(file.uid)", "\(file.gid)",
        file.specialDevice.map { Escaping.visible($0) } ?? Units.bytes(file.size),
        Units.seconds(Escaping.visible(file.modified)), name,
      ])
    }
    Console.out(table.drawn(width: wide ? nil : Console.width))
    guard let last = answer.pages.last else { return }
    if last.hidden > 0 { Console.note("\(last.hidden) more that the grant does not include") }
    if answer.pages.contains(where: \.changed) { Console.note("the folder changed while it was listed") }
    guard answer.cutShort || last.truncated else { return }
    if last.next == nil {
      Console.note(
        "the folder has more than the \(last.total) entries that the agent reads; these are only some of them")
    } else {
      Console.note("\(last.total) entries in all; --all or a larger --limit shows more")
    }
  }
}

struct DigestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digest", abstract: "Compare files without reading them.",
    discussion: """
      Prints a keyed digest of each file's content. Equal digests mean equal content, within this session and until the \
      agent restarts; they say nothing else, and nobody can compute them outside of the agent. Files under 32 bytes, over \
      64 MiB, or with other names outside of the grant have none.

        sidelight digest /etc/app/config.yaml /etc/app/config.yaml.bak
      """)

  @Argument(help: ArgumentHelp("Absolute paths in the container.", valueName: "path"))
  var paths: [String]

  @OptionGroup var container: ContainerOption
  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func validate() throws {
    if paths.isEmpty { throw ValidationError("name at least one path.") }
  }

  /// All that can be had are shown; the command ends with the status of the first that cannot.
  func run() async throws {
    let failure: Failure? = try await AgentSession.with(try state.installation(), actions: [.filesDigest]) { session in
      var first: Failure?
      for path in paths {
        do throws(Failure) {
          let body = try await session.get(
            ["files", "digest"], query: [("container", container.container), ("path", path)])
          switch output.output {
          case .json: Console.json(body)
          case .table: show(try Decoding.required(FileDigest.self, body, from: "the agent"))
          }
        } catch {
          guard paths.count > 1 else { throw error }
          Console.note("\(Escaping.visible(path)): \(error.what)")
          first = first ?? error
        }
      }
      return first
    }
    if let failure { throw failure }
  }

  private func show(_ digest: FileDigest) {
    Console.out(
      "\(Escaping.visible(digest.digest))  \(Escaping.visible(digest.path.text, base64: digest.path.base64))\n")
  }
}

struct ContainerOption: ParsableArguments {
  @Option(help: ArgumentHelp("The container, where the agent serves more than one.", valueName: "name"))
  var container: String?
}

/// `drwxr-x---+`, as ls(1) has it.
enum FileMode {
  static func letters(_ file: FileMetadata) -> String {
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
      + (file.accessControlLists?.isEmpty == false ? "+" : "")
  }

  private static func triple(_ bits: UInt32, special: Bool, letter: String) -> String {
    let executable = bits & 1 != 0
    let last = special ? (executable ? letter : letter.uppercased()) : (executable ? "x" : "-")
    return (bits & 4 != 0 ? "r" : "-") + (bits & 2 != 0 ? "w" : "-") + last
  }
}
