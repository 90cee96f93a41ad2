import Foundation
import Sandbox
import SeccompProfile
import Testing

/// Sidelight's own profiles: the files are the table, and hold what is promised of them.
struct OwnProfileTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "profiles").path

  static func file(_ program: Program) throws -> ProfileDocument {
    try ProfileDocument(json: Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(program.rawValue).json"))))
  }

  @Test func theFilesAreTheTable() throws {
    let readme = try String(contentsOfFile: Self.folder + "/README.md", encoding: .utf8)
    #expect(readme == SystemCallTable.markdown, "run make profiles")
    for program in Program.allCases {
      let text = try String(contentsOfFile: "\(Self.folder)/\(program.rawValue).json", encoding: .utf8)
      #expect(text == Profile.own(program).json, "run make profiles")
      #expect(try Self.file(program).profile == Profile.own(program))
      #expect(try Self.file(program).unknownMembers.isEmpty)
    }
  }

  @Test(arguments: Program.allCases)
  func nothingIsFound(_ program: Program) throws {
    for architecture in Architecture.supported {
      let findings = try Lint.findings(try Self.file(program), on: Machine(architecture))
      #expect(findings.isEmpty, "\(findings)")
    }
  }

  @Test(arguments: Program.allCases)
  func noMoreThanDockersDefault(_ program: Program) throws {
    for architecture in Architecture.supported {
      let own = try Self.file(program).profile
      let machine = Machine(architecture)
      let docker = try FilterComparisonTests.docker()
      #expect(try FilterComparison(own, docker, on: machine).excess() == [])
      let more = try FilterComparison(docker, own, on: machine).excess()
      #expect(more.count > 200)
    }
  }

  /// What a role may call, its container may call too.
  @Test func theContainersHoldTheFilters() throws {
    for architecture in Architecture.supported {
      let machine = Machine(architecture)
      let agent = try Rendering(Profile.own(.agent), on: machine).program()
      for role in Role.allCases {
        let filter = try SeccompFilter.source(SystemCallTable.allRules(for: role), on: architecture).program()
        #expect(try FilterComparison(filter, agent, on: machine).excess() == [], "\(role)")
      }
      let broker = try Rendering(Profile.own(.broker), on: machine).program()
      let filter = try SeccompFilter.source(
        SystemCallTable.broker, on: architecture, otherwise: SystemCallTable.brokerOtherwise
      ).program()
      #expect(try FilterComparison(filter, broker, on: machine).excess() == [])
    }
  }

  @Test func theyStaySmall() {
    for architecture in Architecture.supported {
      for program in Program.allCases {
        #expect(SystemCallTable.count(SystemCallTable.container(for: program), architecture) <= 70)
      }
    }
  }

  /// The filters of the other architecture, which cannot be run here, run by the interpreter: each rule of the table
  /// and each call that is not in it.
  @Test(arguments: Architecture.supported)
  func everyCallOfEachArchitecture(_ architecture: Architecture) throws {
    let tables =
      Role.allCases.map { (SystemCallTable.allRules(for: $0), FilterAction.killProcess) }
      + [(SystemCallTable.broker, SystemCallTable.brokerOtherwise)]
    for (rules, otherwise) in tables {
      let here = rules.filter { $0.applies(on: architecture) }
      let program = try SeccompFilter.source(rules, on: architecture, otherwise: otherwise).program()
      for rule in here {
        var call = try #require(SystemCall(rule.name, on: architecture))
        for condition in rule.conditions {
          let place = Int(condition.argument)
          call.arguments[place] = call.arguments[place] & ~condition.mask | condition.value
        }
        #expect(program.action(for: call) == rule.action, "\(rule.name)")
        for condition in rule.conditions {
          // Each bit of the mask turned: no other rule of the name may fit either.
          for bit in 0..<64 where condition.mask >> UInt64(bit) & 1 == 1 {
            var other = call
            other.arguments[Int(condition.argument)] ^= 1 << UInt64(bit)
            let fits = here.contains { candidate in
              candidate.name == rule.name
                && candidate.conditions.allSatisfy { other.arguments[Int($0.argument)] & $0.mask == $0.value }
            }
            #expect(program.action(for: other).permits == fits, "\(rule.name) \(other.arguments)")
          }
        }
      }
      let numbers = Set(here.compactMap { SystemCall($0.name, on: architecture)?.number })
      for number in (0..<1000 as Range<UInt32>) where !numbers.contains(number) {
        let call = SystemCall(number: number, architecture: architecture.audited)
        #expect(program.action(for: call) == otherwise)
      }
      for foreign in [Architecture.x86, .arm, .riscv64, architecture == .amd64 ? .arm64 : .amd64] {
        #expect(program.action(for: SystemCall(number: 0, architecture: foreign.audited)) == .killProcess)
      }
      if architecture == .amd64 {
        let x32 = SystemCall(number: 0x4000_0000, architecture: Architecture.amd64.audited)
        #expect(program.action(for: x32) == .killProcess)
      }
    }
  }
}
