/// What `sidelight profile lint` can find. docs/seccomp.md says of each what to do about it.
package enum LintRule: String, Sendable, CaseIterable {
  /// What no rule names is allowed.
  case defaultAllows = "default-allows"
  /// A call is allowed that leads out of a container, or into other processes or the kernel.
  case escape
  /// A condition compares 64 bits of which the kernel looks at 32: the same call passes with other upper bits.
  case upperHalf = "upper-half"
  /// clone's flags are conditioned, but clone3 is allowed, whose flags no filter sees.
  case clone3Unfiltered = "clone3-unfiltered"
  /// clone is allowed and clone3 is refused, but not with ENOSYS: new C libraries start no thread then.
  case clone3Refused = "clone3-refused"
  /// Nobody has such a call: container runtimes pass over the name.
  case unknownName = "unknown-name"
  /// A member that no runtime looks at.
  case unknownMember = "unknown-member"
  /// The profile names architectures, but not this machine's.
  case missingArchitecture = "missing-architecture"
  /// The rule is there twice.
  case duplicateRule = "duplicate-rule"
  /// Without the rule, every call would be answered alike.
  case unreachableRule = "unreachable-rule"
  /// Two rules fit the same call and answer it differently.
  case contradictingRules = "contradicting-rules"
  /// The rule says what the default action says: runtimes pass over it.
  case defaultRule = "default-rule"
  /// Two conditions on one argument: runc takes them as two rules, others refuse them.
  case repeatedArgument = "repeated-argument"
  /// The condition always holds.
  case idleCondition = "idle-condition"
  /// The condition never holds.
  case impossibleCondition = "impossible-condition"
  /// The call has left the kernel, or nothing makes it any more.
  case oldCall = "old-call"
  /// The call is newer than the kernel that the profile is for.
  case newCall = "new-call"

  package enum Severity: String, Sendable {
    /// Does not do what a profile is for.
    case error
    /// Probably not what was meant.
    case warning
    case note
  }

  package var severity: Severity {
    switch self {
    case .defaultAllows, .escape, .upperHalf, .clone3Unfiltered: .error
    case .clone3Refused, .unknownMember, .missingArchitecture, .duplicateRule, .unreachableRule, .contradictingRules,
      .repeatedArgument, .idleCondition, .impossibleCondition, .newCall:
      .warning
    case .unknownName, .defaultRule, .oldCall: .note
    }
  }
}

package struct LintFinding: Sendable, Hashable {
  package var rule: LintRule
  /// The entry of `syscalls`, where there is one.
  package var entry: Int?
  package var message: String
  /// A call that shows it: the filter was run on it.
  package var example: SystemCall?
}
