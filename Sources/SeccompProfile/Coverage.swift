internal import Sandbox

/// What a profile allows, against what programs were seen to do.
package struct Coverage: Sendable {
  /// Rules that allow something of which no use was seen. Where the log has no arguments, a use of the name counts.
  package private(set) var unused: [Rendering.Rule] = []
  /// Uses that the profile does not let through, one for each name.
  package private(set) var refused: [StraceLog.Use] = []

  package init(_ rendering: Rendering, _ program: FilterProgram, _ log: StraceLog) {
    let machine = rendering.machine.architecture
    for rule in rendering.rules where rule.action.permits && SystemCallName.number(of: rule.name, on: machine) != nil {
      let isUsed = log.uses.contains { use in
        guard use.name == rule.name else { return false }
        guard let arguments = use.arguments else { return true }
        return rule.conditions.allSatisfy {
          let place = Int($0.argument)
          return place >= arguments.count || $0.holds(arguments[place])
        }
      }
      if !isUsed { unused.append(rule) }
    }
    var names: Set<String> = []
    for use in log.uses.sorted(by: { $0.name < $1.name }) where !names.contains(use.name) {
      guard let call = SystemCall(use.name, on: machine, arguments: use.arguments ?? []) else { continue }
      let isAllowed =
        use.arguments != nil || !rendering.rules.contains { $0.name == use.name && !$0.conditions.isEmpty }
        ? program.action(for: call).permits
        : rendering.rules.contains { $0.name == use.name && $0.action.permits }
      if !isAllowed {
        names.insert(use.name)
        refused.append(use)
      }
    }
  }
}
