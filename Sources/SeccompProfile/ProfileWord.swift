package import Sandbox

/// The words of the OCI form, and how conditions and actions are written for people.
package enum ProfileWord {
  static let operators: [(operator: FilterSource.Comparison.Operator, word: String, sign: String)] = [
    (.notEqual, "SCMP_CMP_NE", "!="), (.less, "SCMP_CMP_LT", "<"), (.lessOrEqual, "SCMP_CMP_LE", "<="),
    (.equal, "SCMP_CMP_EQ", "=="), (.greaterOrEqual, "SCMP_CMP_GE", ">="), (.greater, "SCMP_CMP_GT", ">"),
    (.maskedEqual, "SCMP_CMP_MASKED_EQ", "&"),
  ]

  static func word(_ comparison: FilterSource.Comparison.Operator) -> String {
    operators.first { $0.operator == comparison }?.word ?? ""
  }

  package static func word(_ action: FilterAction) -> String {
    switch action {
    case .killProcess: "SCMP_ACT_KILL_PROCESS"
    case .killThread: "SCMP_ACT_KILL_THREAD"
    case .trap: "SCMP_ACT_TRAP"
    case .errno: "SCMP_ACT_ERRNO"
    case .notify: "SCMP_ACT_NOTIFY"
    case .trace: "SCMP_ACT_TRACE"
    case .log: "SCMP_ACT_LOG"
    case .allow: "SCMP_ACT_ALLOW"
    }
  }

  /// The number that goes with an action that has one.
  static func number(_ action: FilterAction) -> UInt16? {
    switch action {
    case .errno(let number), .trace(let number): number
    case .killProcess, .killThread, .trap, .notify, .log, .allow: nil
    }
  }

  package static func text(_ action: FilterAction) -> String {
    switch action {
    case .errno(let number): "refused with \(errorName(number))"
    case .killProcess: "kills the process"
    case .killThread: "kills the thread"
    case .trap: "signal SIGSYS"
    case .notify: "asks a supervisor"
    case .trace: "asks a tracer"
    case .log: "allowed and logged"
    case .allow: "allowed"
    }
  }

  private static func errorName(_ number: UInt16) -> String {
    switch number {
    case 0: "result 0"
    case 1: "EPERM"
    case 2: "ENOENT"
    case 12: "ENOMEM"
    case 13: "EACCES"
    case 22: "EINVAL"
    case 38: "ENOSYS"
    case _: "error \(number)"
    }
  }

  package static func text(_ condition: FilterSource.Comparison) -> String {
    let argument = "argument \(condition.argument)"
    let sign = operators.first { $0.operator == condition.operator }?.sign ?? ""
    return condition.operator == .maskedEqual
      ? "\(argument) & \(hexadecimal(condition.value)) == \(hexadecimal(condition.second))"
      : "\(argument) \(sign) \(hexadecimal(condition.value))"
  }

  package static func text(_ conditions: [FilterSource.Comparison]) -> String {
    conditions.map { text($0) }.joined(separator: " and ")
  }

  package static func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  /// `openat(0xffffff9c, 0, 0x80000)`: without the zeroes at the end.
  package static func text(_ call: SystemCall) -> String {
    let last = call.arguments.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    let arguments = call.arguments[..<last].map { $0 == 0 ? "0" : hexadecimal($0) }
    return "\(call.name)(\(arguments.joined(separator: ", ")))"
  }
}
