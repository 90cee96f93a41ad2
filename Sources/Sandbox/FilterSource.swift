/// What libseccomp is given to compile: a whole filter before it is a program.
package struct FilterSource: Sendable {
  /// One rule; `conditions` must all hold.
  package struct Rule: Sendable {
    package var name: String
    package var action: FilterAction
    package var conditions: [Comparison]

    package init(name: String, action: FilterAction, conditions: [Comparison]) {
      self.name = name
      self.action = action
      self.conditions = conditions
    }
  }

  /// On all 64 bits of an argument (seccomp_rule_add(3)).
  package struct Comparison: Sendable, Hashable {
    package enum Operator: Sendable, Hashable, CaseIterable {
      case notEqual, less, lessOrEqual, equal, greaterOrEqual, greater, maskedEqual
    }
    /// 0 to 5.
    package var argument: UInt32
    package var `operator`: Operator
    /// The mask of `maskedEqual`, else what is compared with.
    package var value: UInt64
    /// What `maskedEqual` compares with; without meaning for all others.
    package var second: UInt64

    package init(argument: UInt32, _ operator: Operator, _ value: UInt64, _ second: UInt64 = 0) {
      self.argument = argument
      self.operator = `operator`
      self.value = value
      self.second = second
    }

    package func holds(_ given: UInt64) -> Bool {
      switch `operator` {
      case .notEqual: given != value
      case .less: given < value
      case .lessOrEqual: given <= value
      case .equal: given == value
      case .greaterOrEqual: given >= value
      case .greater: given > value
      case .maskedEqual: given & value == second
      }
    }
  }

  /// The first is the machine's own.
  package var architectures: [Architecture]
  package var defaultAction: FilterAction
  /// For calls of an architecture that is not in the list.
  package var otherArchitectures: FilterAction
  package var rules: [Rule]

  package init(
    architectures: [Architecture], defaultAction: FilterAction, otherArchitectures: FilterAction = .killThread,
    rules: [Rule]
  ) {
    self.architectures = architectures
    self.defaultAction = defaultAction
    self.otherArchitectures = otherArchitectures
    self.rules = rules
  }

  /// The kernel's program: `struct sock_filter` after `struct sock_filter` (linux/filter.h), 8 bytes each.
  package func compiled() throws(SandboxError) -> [UInt8] {
    try SeccompContext(self).program()
  }
}
