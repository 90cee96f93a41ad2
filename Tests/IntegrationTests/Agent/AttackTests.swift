import Foundation
import Glibc
import Sandbox
import Testing

/// Somebody has taken over a role and tries everything. `AttackRole` enters each role's confinement by the shipped code,
/// reads its first byte, and attacks.
@Suite("Attacks from inside", .serialized, .enabled(if: getuid() == 0, "needs root to become the workload's user"))
final class AttackTests {
  private let folder = try! TemporaryFolder()

  /// As it is shipped: not readable for the user who runs it.
  private func program() throws -> String {
    _ = unsafe chmod(folder.path, 0o711)
    let path = folder.path("AttackRole")
    if !FileManager.default.fileExists(atPath: path) {
      try #require(
        try Sidelight.run(program: "/usr/bin/install", ["-m", "711", Products.path("AttackRole"), path]).status == 0)
    }
    return path
  }

  private func lines(_ arguments: [String]) throws -> [[String]] {
    let result = try Sidelight.run(program: try program(), arguments)
    try #require(result.status == 0, "\(result.output) \(result.error)")
    return result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  /// What is not refused to a role, and why.
  private static let exceptions: [Role: [String: [String]]] = [
    // It opens for reading what its user may, which is its purpose. It has no call to read with.
    .opener: [
      "open_mem": ["worked"], "open_environ": ["worked"], "open_maps": ["worked"], "open_root": ["worked"],
    ],
    // It may call openat(2); its Landlock domain answers EACCES.
    .collector: [
      "open_mem": ["failed", "13"], "open_environ": ["failed", "13"], "open_maps": ["failed", "13"],
      "open_root": ["failed", "13"],
    ],
    .endpoint: [:],
  ]

  @Test("each attack from each role is killed or refused, from each kind of thread, and the workload is as it was")
  func named() throws {
    let names = try lines(["list"]).map { $0[0] }
    #expect(names.count > 90 && Set(names).count == names.count)
    for role in Role.allCases {
      let victim = try AttackVictim()
      let before = try victim.state
      let outcomes = try lines([role.rawValue] + victim.words)
      // The collector from its main thread and from a worker.
      #expect(outcomes.map { $0[0] } == names.flatMap { role == .collector ? [$0, $0] : [$0] })
      for outcome in outcomes {
        // Whoever attacks nothing lives to tell: the others die of what they try.
        let expected =
          outcome[0] == "nothing" ? ["worked"] : Self.exceptions[role]?[outcome[0]] ?? ["killed", "\(SIGSYS)"]
        #expect(Array(outcome.dropFirst()) == expected, "\(role.rawValue): \(outcome)")
      }
      #expect(try victim.state == before, "\(role.rawValue)")
    }
  }

  /// Without this the test above could pass with attacks that never work.
  @Test("the same attacks by the same user without a confinement succeed, and what they do to a workload is seen")
  func control() throws {
    var seen = 0
    for attack in try lines(["list"]) where attack[1] == "works" {
      let victim = try AttackVictim()
      let before = try victim.state
      let result = try Sidelight.run(program: try program(), ["nobody"] + victim.words + [attack[0]])
      // Some turn the process into another program, or hand it to a tracer.
      let succeeded = result.output == "\(attack[0]) worked\n" || (attack[0].hasPrefix("exec") && result.output.isEmpty)
      #expect(succeeded && result.status == 0, "\(attack[0]): \(result.status) \(result.output) \(result.error)")
      if try victim.state != before { seen += 1 }
    }
    // Files, processes, connections: what changes something is noticed by the comparison that the other test makes.
    #expect(seen >= 25, "only \(seen) left a trace")
  }

  @Test("every number of a system call, with zero and with garbage, is killed where the table does not name it")
  func sweep() throws {
    let numbers = try SystemCallNumbers.byName()
    let last = try #require(numbers.values.max())
    #expect(last > 400)
    for role in Role.allCases {
      let allowed = Set(SystemCallTable.rules(for: role).compactMap { numbers[$0.name] })
      let victim = try AttackVictim()
      let before = try victim.state
      // Past the last one that this system's headers know, and the numbers of x32.
      for range in [0...(last + 40), 0x4000_0000...0x4000_0010, 0x4000_0200...0x4000_0224] {
        let outcomes = try lines([role.rawValue, "sweep", "\(range.lowerBound)", "\(range.upperBound)"])
        #expect(outcomes.count == range.count * 2)
        for outcome in outcomes {
          let number = try #require(Int(outcome[0]))
          // uretprobe(2) and uprobe(2) are not shown to filters; they do nothing but from the kernel's own trampoline.
          if [335, 336].contains(number), numbers["read"] == 0 {
            #expect(outcome[2] != "worked", "\(role.rawValue): \(outcome)")
          } else if !allowed.contains(number) {
            #expect(Array(outcome.dropFirst(2)) == ["killed", "\(SIGSYS)"], "\(role.rawValue): \(outcome)")
          }
        }
      }
      #expect(try victim.state == before, "\(role.rawValue)")
    }
  }

  @Test("no product holds a word of the attacks", arguments: ["sidelight-agent", "sidelight-broker", "sidelight"])
  func notShipped(product: String) throws {
    let names = try lines(["list"]).map { $0[0] }.filter { $0.contains("_") && $0.utf8.count > 14 }
    #expect(names.contains("write_through_reading") && names.count > 15)
    func found(_ program: String) throws -> [String] {
      let content = try Data(contentsOf: URL(filePath: Products.path(program)), options: .alwaysMapped)
      // Names of system calls are in the table of every role.
      return (names + ["ca_perform", "AttackRole", "CAttack"]).filter {
        ![
          "open_by_handle_at", "perf_event_open", "sched_setaffinity", "process_vm_readv", "process_vm_writev",
          "pidfd_send_signal", "io_uring_setup",
        ].contains($0) && content.range(of: Data($0.utf8)) != nil
      }
    }
    #expect(try found(product).isEmpty)
    #expect(try found("AttackRole").count > 10)
  }
}

/// Numbers of system calls by name, from this machine's headers.
enum SystemCallNumbers {
  static func byName() throws -> [String: Int] {
    let result = try Sidelight.run(
      program: "/bin/sh", ["-c", "echo '#include <sys/syscall.h>' | gcc -E -dM - | grep '^#define __NR_'"])
    var numbers: [String: Int] = [:]
    for line in result.output.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 3, let number = Int(words[2]) { numbers[String(words[1].dropFirst(5))] = number }
    }
    try #require(numbers["read"] != nil, "\(result.error)")
    return numbers
  }
}
