internal import API

/// One process whole: a line for each field, by groups, and in place of a value why there is none.
struct ProcessDetail {
  let process: ProcessEntry

  init(_ process: ProcessEntry) { self.process = process }

  var drawn: String {
    let shown = ProcessField.allCases.filter { process[$0] != nil || process.status(of: $0) != nil }
    let width = shown.map { DisplayWidth.of(Self.title($0)) }.max() ?? 0
    var result = ""
    var group: ProcessField.Group?
    for field in shown {
      if let group, group != field.group { result += "\n" }
      group = field.group
      let title = Self.title(field)
      for (index, line) in lines(field).enumerated() {
        let label = index == 0 ? title : ""
        result += label + String(repeating: " ", count: width - DisplayWidth.of(label) + 2) + line + "\n"
      }
    }
    return result
  }

  /// Without the unit, which the value has.
  private static func title(_ field: ProcessField) -> String {
    let units: Set<Substring> = ["bytes", "milliseconds", "nanoseconds", "seconds"]
    return field.rawValue.split(separator: "_").filter { !units.contains($0) }.joined(separator: " ")
  }

  /// Long lists take a line for each item.
  private func lines(_ field: ProcessField) -> [String] {
    let more = process.status(of: field)?.status == .truncated ? ["…"] : []
    switch process[field] {
    case .limits(let limits)?:
      return limits.map {
        "\(Escaping.visible($0.name)): \(Escaping.visible($0.soft)), at most \(Escaping.visible($0.hard))"
          + ($0.unit.map { " " + Escaping.visible($0) } ?? "")
      } + more
    case .cgroups(let groups)? where !groups.isEmpty:
      return groups.map { FieldText.of(field, .cgroups([$0])) } + more
    case .namespaces(let namespaces)? where !namespaces.isEmpty:
      return namespaces.map { FieldText.of(field, .namespaces([$0])) } + more
    case .threads(let threads)? where !threads.isEmpty:
      return threads.map {
        FieldText.of(field, .threads([$0])) + " " + Units.cpu(milliseconds: $0.cpuMilliseconds)
      } + more
    case _:
      let status = process.status(of: field)
      if process[field] == nil, status?.status == .empty {
        return ["none" + (status?.reason.map { " (\(Escaping.visible($0)))" } ?? "")]
      }
      return [ProcessTable.cell(process, field)]
    }
  }
}
