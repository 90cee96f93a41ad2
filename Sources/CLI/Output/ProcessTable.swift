internal import API

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
          "\(process.pid)", "\(process.ppid)", cell(process, .uid), cell(process, .state), cell(process, .threads),
          cell(process, .residentBytes), cell(process, .cpuMilliseconds), cell(process, .ageSeconds),
        ] + (named ? [Escaping.visible(process.container)] : []) + [cell(process, .command), cell(process, .arguments)])
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
      let arguments = cell(process, .arguments)
      table.append(
        [
          "\(process.pid)", cell(process, .uid), cell(process, .state), cell(process, .residentBytes),
          cell(process, .cpuMilliseconds), cell(process, .ageSeconds),
        ] + (named ? [Escaping.visible(process.container)] : [])
          + [line.prefix + cell(process, .command) + (arguments.isEmpty ? "" : "  " + arguments)])
    }
    return table
  }

  /// The pid and the fields asked for, in the order of the API.
  static func chosen(_ processes: [ProcessEntry], _ names: String) throws(Failure) -> Table {
    guard case .success(let selection) = ProcessField.selection(names, inList: true) else {
      throw Failure(.usage, "'\(Escaping.visible(names))' has a name that is neither a field nor a group")
    }
    let asked = Set(names.split(separator: ",").map(String.init))
    let fields = ProcessField.allCases.filter {
      selection.contains($0) && $0 != .pid && (!ProcessField.always.contains($0) || asked.contains($0.rawValue))
    }
    var table = Table(
      [.right("PID")]
        + fields.map { $0.isNumber ? .right($0.rawValue.uppercased()) : .left($0.rawValue.uppercased()) })
    for process in processes { table.append(["\(process.pid)"] + fields.map { cell(process, $0) }) }
    return table
  }

  private static func showsContainers(_ processes: [ProcessEntry]) -> Bool {
    Set(processes.map(\.container)).count > 1
  }

  /// A value in one cell; where there is none `-`, or why it could not be read.
  static func cell(_ process: ProcessEntry, _ field: ProcessField) -> String {
    let status = process.status(of: field)
    guard let value = process[field] else {
      guard let status, status.status != .empty else { return field == .arguments ? "" : "-" }
      return "(" + ([status.status.rawValue] + [status.reason].compactMap { $0 }).joined(separator: ": ") + ")"
    }
    return FieldText.of(field, value) + (status?.status == .truncated ? " …" : "")
  }
}

/// Values as people read them. `-o json` has them exact.
enum FieldText {
  static func of(_ field: ProcessField, _ value: FieldValue) -> String {
    switch value {
    case .flag(let flag): flag ? "yes" : "no"
    case .integer(let number): Self.number(field, number)
    case .unsigned(let number):
      field.rawValue.hasSuffix("_nanoseconds")
        ? Units.cpu(milliseconds: Int64(clamping: number / 1_000_000)) : "\(number)"
    case .text(let text): Escaping.visible(text.text, base64: text.base64)
    case .texts(let texts):
      field == .arguments ? Self.arguments(texts) : Self.list(texts.map { Escaping.visible($0.text) })
    case .integers(let numbers): Self.list(numbers.map { "\($0)" })
    case .totals(let totals):
      "processes: \(totals.processes), threads: \(totals.threads), resident: \(Units.bytes(totals.residentBytes)), cpu: "
        + Units.cpu(milliseconds: totals.cpuMilliseconds)
    case .limits(let limits): Self.list(limits.map { "\(Escaping.visible($0.name)) \(Escaping.visible($0.soft))" })
    case .cgroups(let groups):
      Self.list(groups.map { "\($0.hierarchy):\(Escaping.visible($0.controllers)):\(Escaping.visible($0.path))" })
    case .namespaces(let namespaces): Self.list(namespaces.map { "\(Escaping.visible($0.name)) \($0.inode)" })
    case .threads(let threads):
      Self.list(
        threads.map {
          "\($0.tid) \(Escaping.visible($0.command, base64: $0.commandBase64)) \(Escaping.visible($0.state))"
        })
    }
  }

  private static func number(_ field: ProcessField, _ number: Int64) -> String {
    let name = field.rawValue
    if name.hasSuffix("_bytes") { return Units.bytes(number) }
    if name.hasSuffix("_milliseconds") { return Units.cpu(milliseconds: number) }
    if field == .ageSeconds { return Units.age(seconds: number) }
    return "\(number)"
  }

  private static func list(_ items: [String]) -> String { items.isEmpty ? "none" : items.joined(separator: ", ") }

  /// As one could type them: an argument that is empty or has a space stands in quotes.
  private static func arguments(_ arguments: [TargetText]) -> String {
    arguments.map {
      let visible = Escaping.visible($0.text, base64: $0.base64)
      return visible.isEmpty || visible.contains(" ") ? "'\(visible)'" : visible
    }.joined(separator: " ")
  }
}

extension ProcessField {
  /// Whether it stands at the right of its column.
  var isNumber: Bool {
    switch form {
    case .integer, .unsigned: true
    case .flag, .text, .texts, .integers, .totals, .limits, .cgroups, .namespaces, .threads: false
    }
  }
}
