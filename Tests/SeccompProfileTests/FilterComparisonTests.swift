import Foundation
import Sandbox
import SeccompProfile
import Testing

/// Filters that libseccomp has compiled, compared.
struct FilterComparisonTests {
  static func profile(_ rules: [Profile.Rule], otherwise: FilterAction = .errno(1)) -> Profile {
    Profile(defaultAction: otherwise, rules: rules)
  }

  @Test("a program longer than the kernel takes is told by its length, and not cut to one that fits")
  func tooLong() throws {
    let rules = (1...1500 as ClosedRange<UInt64>).map {
      Profile.Rule(["ioctl"], .allow, [.init(argument: 1, .equal, $0 << 32 | $0)])
    }
    let rendering = Rendering(Self.profile(rules), on: Machine(.amd64))
    #expect {
      _ = try rendering.program()
    } throws: { error in
      guard case .length(let count)? = error as? FilterProgram.Invalid else {
        return "\(error)".contains("is no filter")
      }
      return count > 4096 * 8
    }
  }

  /// Every comparison of one argument with every other, against arithmetic.
  @Test func oneArgument() throws {
    // What is asked, what it is compared with, and which comparisons are no more than which.
    let machine = Machine(.amd64)
    let candidates: [(FilterSource.Comparison, (UInt64) -> Bool)] = [
      (.init(argument: 1, .equal, 5), { $0 == 5 }), (.init(argument: 1, .notEqual, 5), { $0 != 5 }),
      (.init(argument: 1, .less, 5), { $0 < 5 }), (.init(argument: 1, .lessOrEqual, 5), { $0 <= 5 }),
      (.init(argument: 1, .greater, 1 << 32 | 5), { $0 > 1 << 32 | 5 }),
      (.init(argument: 1, .greaterOrEqual, 1 << 32 | 5), { $0 >= 1 << 32 | 5 }),
      (.init(argument: 1, .greaterOrEqual, 1 << 32), { $0 >= 1 << 32 }),
      (.init(argument: 1, .maskedEqual, 0xF, 5), { $0 & 0xF == 5 }),
      (.init(argument: 1, .maskedEqual, 1 << 40 | 1, 1 << 40), { $0 & (1 << 40 | 1) == 1 << 40 }),
      (.init(argument: 1, .less, 1 << 33), { $0 < 1 << 33 }),
      (.init(argument: 1, .equal, .max), { $0 == .max }), (.init(argument: 1, .lessOrEqual, .max), { _ in true }),
    ]
    // Enough values to tell every two of them apart.
    var values: [UInt64] = []
    for base in [0, 5, 1 << 32, 1 << 32 | 5, 1 << 33, 1 << 40, 1 << 40 | 1 << 32, .max, .max - 10] as [UInt64] {
      for offset in 0...22 as ClosedRange<UInt64> { values += [base &+ offset, base &- offset] }
    }
    for (a, meansA) in candidates {
      for (b, meansB) in candidates {
        let comparison = try FilterComparison(
          Self.profile([.init(["ioctl"], .allow, [a])]), Self.profile([.init(["ioctl"], .allow, [b])]), on: machine)
        let excess = try comparison.excess()
        let expected = values.contains { meansA($0) && !meansB($0) }
        #expect(excess.isEmpty == !expected, "\(a) in \(b)")
        for difference in excess {
          #expect(difference.call.name == "ioctl" && difference.call.abi == .amd64)
          let value = difference.call.arguments[1]
          #expect(meansA(value) && !meansB(value), "\(a) in \(b): \(value)")
        }
      }
    }
  }

  /// Random profiles, against random calls: what the comparison says is what the filters do.
  @Test(.timeLimit(.minutes(2))) func randomProfiles() throws {
    var random = SplitMix(state: 3)
    let machine = Machine(.amd64)
    let names = ["read", "ioctl", "openat", "socket"]
    let values: [UInt64] = [0, 1, 2, 3, 7, 8, 1 << 32, 1 << 32 | 1, .max]
    // One rule with several arguments, or several with one: libseccomp 2.5 does not come to an end with some sets of
    // rules that have both.
    func condition(_ argument: UInt32, _ kind: FilterSource.Comparison.Operator) -> FilterSource.Comparison {
      let value = values.randomElement(using: &random)!
      return .init(argument: argument, kind, value, values.randomElement(using: &random)! & value)
    }
    func draw() -> Profile {
      var rules: [Profile.Rule] = []
      for name in names where Bool.random(using: &random) {
        if Bool.random(using: &random) {
          let arguments = [UInt32](0..<3).shuffled(using: &random).prefix(.random(in: 0...3, using: &random))
          rules.append(
            .init(
              [name], .allow,
              arguments.map {
                condition($0, FilterSource.Comparison.Operator.allCases.randomElement(using: &random)!)
              }))
        } else {
          for _ in 0..<3 { rules.append(.init([name], .allow, [condition(1, .equal)])) }
        }
      }
      return Self.profile(rules)
    }
    var holds = 0
    for _ in 0..<80 {
      let (a, b) = (draw(), draw())
      let programs = (try Rendering(a, on: machine).program(), try Rendering(b, on: machine).program())
      let excess = try FilterComparison(programs.0, programs.1, on: machine).excess()
      let named = Set(excess.map(\.call.name))
      for difference in excess {
        #expect(programs.0.action(for: difference.call) == .allow && programs.1.action(for: difference.call) != .allow)
      }
      if excess.isEmpty { holds += 1 }
      for name in names where !named.contains(name) {
        var call = try #require(SystemCall(name, on: .amd64))
        for place in 0..<values.count * values.count * values.count {
          call.arguments[0] = values[place % values.count]
          call.arguments[1] = values[place / values.count % values.count]
          call.arguments[2] = values[place / values.count / values.count]
          if programs.0.action(for: call).permits && !programs.1.action(for: call).permits {
            Issue.record("\(ProfileWord.text(call)) is missing")
          }
        }
      }
    }
    #expect(holds > 5)
  }

  /// The interpreter against the meaning of the rules.
  @Test func interpretation() throws {
    var random = SplitMix(state: 5)
    let values: [UInt64] = [0, 1, 2, 5, 0xFFFF_FFFF, 1 << 32, 1 << 32 | 5, .max]
    for kind in FilterSource.Comparison.Operator.allCases {
      for value in values {
        let condition = FilterSource.Comparison(argument: 2, kind, value, values.randomElement(using: &random)! & value)
        let rules = [FilterSource.Rule(name: "openat", action: .allow, conditions: [condition])]
        for architecture in Architecture.supported {
          let program = try FilterSource(architectures: [architecture], defaultAction: .errno(1), rules: rules)
            .program()
          for given in values {
            let call = try #require(SystemCall("openat", on: architecture, arguments: [9, 9, given]))
            #expect(program.action(for: call) == (condition.holds(given) ? .allow : .errno(1)), "\(condition) \(given)")
          }
          let other = SystemCall(number: 1, architecture: Architecture.riscv64.audited)
          #expect(program.action(for: other) == .killThread)
        }
      }
    }
  }

  /// Docker's profile, rendered without capabilities, against itself and with one capability.
  @Test(arguments: Architecture.supported)
  func dockersDefault(_ architecture: Architecture) throws {
    let profile = try Self.docker()
    let plain = try Rendering(profile, on: Machine(architecture)).program()
    #expect(plain.instructions.count > 300)
    #expect(try FilterComparison(plain, plain, on: Machine(architecture)).differences().isEmpty)
    let privileged = try Rendering(profile, on: Machine(architecture, capabilities: ["CAP_SYS_PTRACE"])).program()
    #expect(try FilterComparison(plain, privileged, on: Machine(architecture)).excess().isEmpty)
    let more = try FilterComparison(privileged, plain, on: Machine(architecture)).excess()
    #expect(more.contains { $0.call.name == "kcmp" && $0.a == .allow && $0.b == .errno(1) })
  }

  static func docker() throws -> Profile {
    let path = "/usr/share/containers/seccomp.json"
    return try ProfileDocument(json: Array(try Data(contentsOf: URL(fileURLWithPath: path)))).profile
  }
}
