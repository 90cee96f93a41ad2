internal import Sandbox

/// Checks a profile by its text and by the filters that come out of it. Where the filter can show it, the finding has
/// a call on which the filter was run.
package struct Lint {
  private let document: ProfileDocument
  private let rendering: Rendering
  private let program: FilterProgram
  private var findings: [LintFinding] = []

  /// For one machine. Findings are in the order of the profile, those about the whole first.
  package static func findings(_ document: ProfileDocument, on machine: Machine) throws(ProfileError) -> [LintFinding] {
    let rendering = Rendering(document.profile, on: machine)
    var lint = Lint(document: document, rendering: rendering, program: try rendering.program())
    lint.checkWhole()
    do throws(FilterProgram.Invalid) { try lint.checkEscapes() } catch { throw .program(error) }
    try lint.checkClone()
    lint.checkEntries()
    try lint.checkGroups()
    var seen: Set<LintFinding> = []
    return lint.findings.filter { seen.insert($0).inserted }
      .enumerated().sorted { ($0.element.entry ?? -1, $0.offset) < ($1.element.entry ?? -1, $1.offset) }
      .map(\.element)
  }

  private init(document: ProfileDocument, rendering: Rendering, program: FilterProgram) {
    self.document = document
    self.rendering = rendering
    self.program = program
  }

  private var machine: Machine { rendering.machine }

  private mutating func add(_ rule: LintRule, entry: Int? = nil, _ message: String, example: SystemCall? = nil) {
    findings.append(LintFinding(rule: rule, entry: entry, message: message, example: example))
  }

  // MARK: The whole

  private mutating func checkWhole() {
    if rendering.defaultAction.mayPermit {
      add(.defaultAllows, "what no rule names is \(ProfileWord.text(rendering.defaultAction))")
    }
    for place in document.unknownMembers { add(.unknownMember, "\(place) is not looked at") }
    let profile = document.profile
    let named = profile.architectures + profile.architectureMap.map(\.machine)
    if !named.isEmpty, !named.contains(machine.architecture) {
      add(.missingArchitecture, "\(machine.architecture.rawValue) is not named; was the profile made for it?")
    }
  }

  private mutating func checkEscapes() throws(FilterProgram.Invalid) {
    for danger in EscapeTable.dangers {
      for name in danger.calls {
        for architecture in machine.audited where rendering.architectures.contains(architecture) {
          guard let number = SystemCallName.number(of: name, on: architecture) else { continue }
          var premise = FilterExploration.Premise(
            number: UInt32(bitPattern: number), architecture: architecture)
          danger.when(&premise)
          var example: SystemCall?
          try FilterExploration.paths(of: program, where: premise) { [program] call, action in
            if action.mayPermit, program.action(for: call).mayPermit { example = call }
            return example == nil
          }
          if let example {
            let entry = rendering.rules.first { $0.name == name && $0.action.mayPermit }?.entry
            add(.escape, entry: entry, "\(name) is allowed: \(danger.why)", example: example)
            break
          }
        }
      }
    }
  }

  private mutating func checkClone() throws(ProfileError) {
    let architecture = machine.architecture
    guard let clone = SystemCall("clone", on: architecture), let clone3 = SystemCall("clone3", on: architecture) else {
      return
    }
    let answers = try Explanation.answers(program, number: clone.number, architecture: architecture)
    let allowed = answers.contains { $0.action.mayPermit }
    let conditioned = allowed && answers.contains { !$0.action.mayPermit }
    let answer = program.action(for: clone3)
    if conditioned, answer.mayPermit {
      add(.clone3Unfiltered, "clone is allowed with some flags only, but clone3 with all", example: clone3)
    }
    if allowed, !answer.mayPermit, answer != .errno(38) {
      add(
        .clone3Refused, "clone is allowed, but clone3 is \(ProfileWord.text(answer)) instead of refused with ENOSYS",
        example: clone3)
    }
  }

  // MARK: One entry

  private mutating func checkEntries() {
    for (index, entry) in document.profile.rules.enumerated() where entry.isThere(on: machine) {
      if entry.action == rendering.defaultAction {
        add(.defaultRule, entry: index, "the default action says the same")
      }
      if Set(entry.conditions.map(\.argument)).count < entry.conditions.count {
        add(
          .repeatedArgument, entry: index,
          "two conditions on one argument: either is enough with runc, and others refuse the profile")
      }
      for condition in entry.conditions { check(condition, entry: index) }
      for name in entry.names { check(name, entry, index) }
    }
  }

  private mutating func check(_ condition: FilterSource.Comparison, entry: Int) {
    let always: Bool
    let never: Bool
    switch condition.operator {
    case .maskedEqual:
      always = condition.value == 0 && condition.second == 0
      never = condition.second & ~condition.value != 0
    case .less: (always, never) = (false, condition.value == 0)
    case .greater: (always, never) = (false, condition.value == .max)
    case .lessOrEqual: (always, never) = (condition.value == .max, false)
    case .greaterOrEqual: (always, never) = (condition.value == 0, false)
    case .equal, .notEqual: (always, never) = (false, false)
    }
    if always { add(.idleCondition, entry: entry, "\(ProfileWord.text(condition)) always holds") }
    if never { add(.impossibleCondition, entry: entry, "\(ProfileWord.text(condition)) never holds") }
  }

  private mutating func check(_ name: String, _ entry: Profile.Rule, _ index: Int) {
    guard SystemCallName.isKnown(name) else {
      add(.unknownName, entry: index, "libseccomp \(SystemCallName.libraryVersion) knows no call \(name)")
      return
    }
    if EscapeTable.old.contains(name), entry.action.mayPermit {
      add(.oldCall, entry: index, "\(name) has left the kernel, or nothing calls it any more")
    }
    if let kernel = machine.kernel, let since = EscapeTable.since[name], since > kernel {
      add(.newCall, entry: index, "\(name) came with Linux \(since)")
    }
    checkUpperHalf(name, entry, index)
  }

  /// Tries a call that the filter refuses once more with bits that the kernel does not see.
  private mutating func checkUpperHalf(_ name: String, _ entry: Profile.Rule, _ index: Int) {
    guard let narrow = EscapeTable.narrowArguments[name] else { return }
    for condition in entry.conditions where narrow.contains(condition.argument) {
      guard var seen = SystemCall(name, on: machine.architecture) else { continue }
      for other in entry.conditions where other.argument != condition.argument {
        seen.arguments[Int(other.argument)] = other.operator == .maskedEqual ? other.second : other.value
      }
      let value = condition.operator == .maskedEqual ? condition.second : condition.value
      for candidate in [value, value & ~1, 0].map({ $0 & 0xFFFF_FFFF }) {
        seen.arguments[Int(condition.argument)] = candidate
        var disguised = seen
        disguised.arguments[Int(condition.argument)] |= 1 << 32
        if !program.action(for: seen).mayPermit, program.action(for: disguised).mayPermit {
          add(
            .upperHalf, entry: index,
            "\(ProfileWord.text(seen)) is refused, but the kernel sees no difference in \(ProfileWord.text(disguised))",
            example: disguised)
          break
        }
      }
    }
  }

  // MARK: Rules of one name

  private mutating func checkGroups() throws(ProfileError) {
    let effective = rendering.rules.filter {
      $0.action != rendering.defaultAction && SystemCallName.number(of: $0.name, on: machine.architecture) != nil
    }
    for (_, all) in Dictionary(grouping: effective, by: \.name) where all.count > 1 {
      var group: [Rendering.Rule] = []
      for rule in all {
        if group.contains(where: { $0.conditions == rule.conditions && $0.action == rule.action }) {
          add(.duplicateRule, entry: rule.entry, "\(rule.name) is there twice")
        } else {
          group.append(rule)
        }
      }
      for (index, rule) in group.enumerated() {
        let before = group[..<index]
        if let other = before.first(where: { $0.action != rule.action }),
          let call = try overlap(rule, other)
        {
          add(
            .contradictingRules, entry: rule.entry,
            "syscalls[\(other.entry)] answers \(ProfileWord.text(call)) differently;"
              + " it is \(ProfileWord.text(program.action(for: call)))", example: call)
        }
        var without = group
        without.remove(at: index)
        if try difference(group, without) == nil {
          add(.unreachableRule, entry: rule.entry, "\(rule.name): without this rule every call is answered alike")
        }
      }
    }
  }

  private func small(_ rules: [Rendering.Rule]) throws(ProfileError) -> FilterProgram {
    var source = rendering.source(rules)
    source.architectures = [machine.architecture]
    return try source.program()
  }

  private func difference(_ a: [Rendering.Rule], _ b: [Rendering.Rule]) throws(ProfileError) -> SystemCall? {
    try FilterComparison(try small(a), try small(b), on: machine).differences(limit: 1).first?.call
  }

  /// A call that fits both rules.
  private func overlap(_ a: Rendering.Rule, _ b: Rendering.Rule) throws(ProfileError) -> SystemCall? {
    func only(_ rule: Rendering.Rule) throws(ProfileError) -> FilterProgram {
      try FilterSource(
        architectures: [machine.architecture], defaultAction: .killProcess,
        rules: [.init(name: rule.name, action: .allow, conditions: rule.conditions)]
      ).program()
    }
    var found: SystemCall?
    let (first, second) = (try only(a), try only(b))
    do throws(FilterProgram.Invalid) {
      try FilterExploration.pairs(
        first, second, where: .init(architecture: machine.architecture), first: { $0 == .allow },
        visit: { call, _, answer in
          if answer == .allow { found = call }
          return found == nil
        })
    } catch {
      throw .program(error)
    }
    return found
  }
}
