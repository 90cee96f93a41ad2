/// The programs that run in containers of their own.
package enum Program: String, Sendable, CaseIterable {
  case agent = "sidelight-agent"
  case broker = "sidelight-broker"
}

extension SystemCallTable {
  /// What a container of the program may call: before and after the program's own filters, on every architecture.
  /// Sorted by name. Where one part may call something with any arguments, the conditions of the others are gone.
  package static func container(for program: Program) -> [SystemCallRule] {
    let all =
      switch program {
      case .agent: Role.allCases.flatMap { allRules(for: $0) } + agentStart
      case .broker: broker + brokerStart
      }
    var kept: [SystemCallRule] = []
    for rule in all where rule.action != .killProcess {
      let isCovered = kept.contains {
        $0.name == rule.name && $0.action == rule.action && ($0.conditions.isEmpty || $0.conditions == rule.conditions)
      }
      if isCovered { continue }
      if rule.conditions.isEmpty { kept.removeAll { $0.name == rule.name && $0.action == rule.action } }
      kept.append(rule)
    }
    // Stable: rules of one name stay in the table's order.
    return kept.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }.map(\.element)
  }
}
