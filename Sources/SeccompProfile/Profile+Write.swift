internal import Sandbox

extension Profile {
  /// The OCI form, for people and for diffs: one rule an entry, members always in the same order. Docker's selectors
  /// are not written: render the profile for a machine first.
  package var json: String {
    var lines = ["{", "  \"defaultAction\": \"\(ProfileWord.word(defaultAction))\","]
    if let number = ProfileWord.number(defaultAction) { lines.append("  \"defaultErrnoRet\": \(number),") }
    let names = architectures.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    lines.append("  \"architectures\": [\(names)],")
    if !flags.isEmpty { lines.append("  \"flags\": [\(flags.map { "\"\($0)\"" }.joined(separator: ", "))],") }
    lines.append("  \"syscalls\": [")
    for (index, rule) in rules.enumerated() {
      lines.append(contentsOf: Self.lines(of: rule))
      lines.append(index == rules.count - 1 ? "    }" : "    },")
    }
    lines += ["  ]", "}"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(of rule: Rule) -> [String] {
    var lines = ["    {", "      \"names\": ["]
    for (index, name) in rule.names.enumerated() {
      lines.append("        \"\(name)\"" + (index == rule.names.count - 1 ? "" : ","))
    }
    let number = ProfileWord.number(rule.action)
    lines.append("      ],")
    lines.append(
      "      \"action\": \"\(ProfileWord.word(rule.action))\""
        + (number == nil && rule.conditions.isEmpty ? "" : ","))
    if let number { lines.append("      \"errnoRet\": \(number)" + (rule.conditions.isEmpty ? "" : ",")) }
    if !rule.conditions.isEmpty {
      lines.append("      \"args\": [")
      for (index, condition) in rule.conditions.enumerated() {
        lines.append(
          "        { \"index\": \(condition.argument), \"value\": \(condition.value), \"valueTwo\": \(condition.second),"
            + " \"op\": \"\(ProfileWord.word(condition.operator))\" }"
            + (index == rule.conditions.count - 1 ? "" : ","))
      }
      lines.append("      ]")
    }
    return lines
  }
}
