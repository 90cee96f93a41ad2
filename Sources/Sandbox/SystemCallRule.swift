/// One line of the table: a system call that a process may make, under which conditions, and which code needs it.
package struct SystemCallRule: Sendable, Equatable {
  package var name: String
  /// All must hold. Empty: any arguments.
  package var conditions: [Condition]
  package var reason: String
  /// `allow`, but where a library must be told to try another call, or where a call is refused more harshly than others.
  package var action: FilterAction
  /// Nil: on every architecture. Else the call is only there, or only made there by the C library.
  package var only: Architecture?
  /// Not every run makes the call: the reason says when. A test finds each of the others used.
  package var isRare: Bool

  package init(
    _ name: String, _ reason: String, where conditions: Condition..., action: FilterAction = .allow,
    only: Architecture? = nil, isRare: Bool = false
  ) {
    self.name = name
    self.conditions = conditions
    self.reason = reason
    self.action = action
    self.only = only
    self.isRare = isRare
  }

  package func applies(on architecture: Architecture) -> Bool { only == nil || only == architecture }

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

    /// The argument's bits of `mask` are `value`.
    package static func equals(_ value: UInt64, in argument: UInt32, of mask: UInt64) -> Condition {
      Condition(argument: argument, mask: mask, value: value)
    }

    package var comparison: FilterSource.Comparison {
      .init(argument: argument, .maskedEqual, mask, value)
    }
  }
}
