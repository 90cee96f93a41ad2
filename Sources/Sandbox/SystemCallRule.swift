/// One line of the table: a system call that a role may make, under which conditions, and which code needs it.
package struct SystemCallRule: Sendable, Equatable {
  package var name: String
  /// All must hold. Empty: any arguments.
  package var conditions: [Condition]
  package var reason: String

  package init(_ name: String, _ reason: String, where conditions: Condition...) {
    self.name = name
    self.conditions = conditions
    self.reason = reason
  }

  /// `arguments[argument] & mask == value`, on 64 bits, as SCMP_CMP_MASKED_EQ.
  package struct Condition: Sendable, Equatable {
    package var argument: UInt32
    package var mask: UInt64
    package var value: UInt64

    package static func bitsClear(_ mask: UInt64, in argument: UInt32) -> Condition {
      Condition(argument: argument, mask: mask, value: 0)
    }

    package static func equals(_ value: UInt64, in argument: UInt32) -> Condition {
      // The kernel takes these arguments as 32-bit integers; comparing the low half decides as it does.
      Condition(argument: argument, mask: 0xFFFF_FFFF, value: value)
    }
  }
}
