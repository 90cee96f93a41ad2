import Foundation
import Glibc
import Sandbox
import Testing

/// Every rule of the table, executed under the filter that is made of it: with arguments that it allows, and with each
/// bit of each of its conditions turned. What must pass is decided from the table alone, and the kernel must agree.
struct RuleBoundsTests {
  /// Whether any rule names the call with conditions that these arguments meet.
  static func allows(_ rules: [SystemCallRule], _ name: String, _ arguments: [UInt64]) -> Bool {
    rules.contains { rule in
      rule.name == name
        && rule.conditions.allSatisfy { arguments[Int($0.argument)] & $0.mask == $0.value & $0.mask }
    }
  }

  /// Arguments that meet every condition of the rule; what the conditions leave open is as in `base`.
  static func meeting(_ rule: SystemCallRule, _ base: [UInt64]) -> [UInt64] {
    var arguments = base
    for condition in rule.conditions {
      let place = Int(condition.argument)
      arguments[place] = arguments[place] & ~condition.mask | condition.value
    }
    return arguments
  }

  /// Descriptors and pointers that lead nowhere, so that what passes the filter fails in the kernel at once.
  static let bases: [[UInt64]] = [
    [UInt64](repeating: .max, count: 6), [UInt64](repeating: 0x5A5A_5A5A_5A5A_5A5A, count: 6),
  ]

  /// At each bound of a condition and past it: every bit of its mask turned alone, one more, one less, none, all; and
  /// every bit that it does not look at, which must change nothing.
  static func around(_ rule: SystemCallRule, _ base: [UInt64]) -> [[UInt64]] {
    let met = meeting(rule, base)
    var found = [met]
    for condition in rule.conditions {
      let place = Int(condition.argument)
      func with(_ value: UInt64) -> [UInt64] {
        var arguments = met
        arguments[place] = value
        return arguments
      }
      for bit in 0..<64 { found.append(with(met[place] ^ 1 << bit)) }
      let outside = met[place] & ~condition.mask
      for value in [condition.value &+ 1, condition.value &- 1, 0, .max] {
        found.append(with(outside | value & condition.mask))
      }
      found.append(with(condition.value))
      found.append(with(condition.value | 0xFFFF_FFFF_0000_0000 & ~condition.mask))
    }
    return found
  }

  @Test(.enabled(if: geteuid() == 0, "these become another user"), arguments: Role.allCases)
  func everyRule(_ role: Role) async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [role = role.rawValue as String] in
      let role = Role(rawValue: role)!
      let rules = SystemCallTable.rules(for: role)
      let numbers = try Forked.callNumbers()
      let filter = try PreparedFilter(for: role)
      for rule in rules {
        guard let number = numbers[rule.name] else {
          Forked.expect(false, "\(rule.name) has no number")
          continue
        }
        var allowed = 0
        var denied = 0
        for arguments in Self.bases.flatMap({ Self.around(rule, $0) }) {
          let outcome = Forked.run {
            Forked.becomeNobody()
            try filter.load()
            _ = Forked.call(number, arguments.map { Int(bitPattern: UInt($0)) })
            return 42
          }
          let text =
            "\(role): \(rule.name)(\(arguments.map { String($0, radix: 16) }.joined(separator: ", "))): \(outcome)"
          if Self.allows(rules, rule.name, arguments) {
            allowed += 1
            Forked.expect(outcome != .killed(SIGSYS) && outcome != .exited(99), "allowed, \(text)")
          } else {
            denied += 1
            Forked.expect(outcome == .killed(SIGSYS), "denied, \(text)")
          }
        }
        Forked.expect(allowed > 0, "\(rule.name) was never let through")
        // Where a condition is, something is past it.
        Forked.expect(rule.conditions.isEmpty == (denied == 0), "\(rule.name): \(denied) denied")
      }
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// No rule is there twice, and none is hidden by one of the same name without conditions.
  @Test(arguments: Role.allCases)
  func noRuleIsHidden(_ role: Role) {
    let rules = SystemCallTable.rules(for: role)
    for (index, rule) in rules.enumerated() {
      for (other, second) in rules.enumerated() where other != index && second.name == rule.name {
        #expect(!second.conditions.isEmpty && second.conditions != rule.conditions, "\(rule.name)")
      }
    }
  }
}
