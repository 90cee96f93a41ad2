import Foundation
import Glibc
import Linux
import Sandbox
import Testing

struct SeccompFilterTests {
  @Test(arguments: Role.allCases)
  func compilesTheSameEachTime(_ role: Role) throws {
    let first = try SeccompFilter(for: role)
    let second = try SeccompFilter(for: role)
    #expect(first.digest == second.digest && first.instructions == second.instructions)
    #expect(first.digest.utf8.count == 64 && first.digest.allSatisfy { $0.isHexDigit && !$0.isUppercase })
  }

  @Test func rolesAndRulesHaveDigestsOfTheirOwn() throws {
    var digests: Set<String> = []
    for role in Role.allCases { digests.insert(try SeccompFilter(for: role).digest) }
    var rules = SystemCallTable.rules(for: .collector)
    rules.removeLast()
    digests.insert(try SeccompFilter(rules).digest)
    digests.insert(try SeccompFilter(rules + [SystemCallRule("getppid", "a test")]).digest)
    #expect(digests.count == 5)
  }

  @Test func anUnknownNameStopsTheStart() {
    #expect(throws: SandboxError.seccomp(step: "resolving no_such_call", code: -EINVAL)) {
      _ = try SeccompFilter([SystemCallRule("no_such_call", "a test")])
    }
  }

  /// Every call number of the kernel is tried under each role's filter: what the table names passes, all else kills.
  @Test(arguments: Role.allCases)
  func everyCallOfTheKernel(_ role: Role) async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [role = role.rawValue as String] in
      let role = Role(rawValue: role)!
      let numbers = try Forked.callNumbers()
      Forked.expect(numbers.count > 300, "the list of calls was not read")
      let allowed = Set(SystemCallTable.rules(for: role).map { numbers[$0.name] ?? -1 })
      Forked.expect(!allowed.contains(-1), "a name without a number")
      // Arguments that fail at once and meet the table's conditions.
      var arguments: [Int: [Int]] = [:]
      for rule in SystemCallTable.rules(for: role) {
        var values =
          ["ppoll": [-1, 1, -1, 0, 0, 0], "epoll_wait": [-1, -1, 1, 0, 0, 0]][rule.name] ?? [
            -1, 0, 0, 0, 0, 0,
          ]
        for condition in rule.conditions {
          let given = UInt64(bitPattern: Int64(values[Int(condition.argument)]))
          values[Int(condition.argument)] = Int(Int64(bitPattern: given & ~condition.mask | condition.value))
        }
        if let number = numbers[rule.name] { arguments[number] = values }
      }
      let filter = try PreparedFilter(for: role)
      // uretprobe and uprobe (335, 336) are not shown to filters: they do nothing but from the kernel's own trampoline.
      for number in Array(0..<335) + Array(337..<475) + [0x4000_0000, 0x4000_0002, 0x4000_0208, 100_000] {
        let outcome = Forked.run {
          Forked.becomeNobody()
          try filter.load()
          _ = Forked.call(number, arguments[number] ?? [-1, 0, 0, 0, 0, 0])
          return 42
        }
        if allowed.contains(number) {
          Forked.expect(outcome != .killed(SIGSYS) && outcome != .exited(99), "\(role) \(number): \(outcome)")
        } else {
          Forked.expect(outcome == .killed(SIGSYS), "\(role) \(number): \(outcome)")
        }
      }
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// The conditions on arguments, as the kernel sees them.
  @Test(arguments: Role.allCases)
  func conditionsHold(_ role: Role) async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [role = role.rawValue as String] in
      let role = Role(rawValue: role)!
      let numbers = try Forked.callNumbers()
      let filter = try PreparedFilter(for: role)
      func outcome(_ name: String, _ arguments: [Int]) -> Forked.Outcome {
        Forked.run {
          Forked.becomeNobody()
          try filter.load()
          _ = Forked.call(numbers[name]!, arguments)
          return 42
        }
      }
      func passes(_ name: String, _ arguments: [Int]) {
        let got = outcome(name, arguments)
        Forked.expect(got == .exited(42), "\(role): \(name) \(arguments) should pass: \(got)")
      }
      func kills(_ name: String, _ arguments: [Int]) {
        let got = outcome(name, arguments)
        Forked.expect(got == .killed(SIGSYS), "\(role): \(name) \(arguments) should kill: \(got)")
      }
      let high = 1 << 32
      // PROT_EXEC, alone and with others, and with bits above that the kernel would ignore.
      for protection in [4, 5, 6, 7, 4 | high] { kills("mmap", [0, 4096, protection, 0x22, -1, 0]) }
      for protection in [0, 1, 3] {
        role == .opener
          ? kills("mmap", [0, 4096, protection, 0x22, -1, 0]) : passes("mmap", [0, 4096, protection, 0x22, -1, 0])
      }
      for protection in [0, 1, 3, 4, 5, 7] { kills("mprotect", [0, 0, protection, 0, 0, 0]) }
      if role == .collector {
        for whence in [0, 1, 2, 4] { kills("lseek", [-1, 0, whence, 0, 0, 0]) }
        passes("lseek", [-1, 0, 3, 0, 0, 0])
      }
      if role != .endpoint {
        for flags in [1, 2, 3, 0o101, 0o1000, 0o2000, 0o100, 0o20200000, 0o20000000, 1 | high, 0o2000000 | 2] {
          kills("openat", [-100, 0, flags, 0o600, 0, 0])
        }
        for flags in [0, 0o2000000, 0o10000000, 0o200000, 0o4000 | 0o400, 0o400000] {
          passes("openat", [-100, 0, flags, 0, 0, 0])
        }
      }
      switch role {
      case .opener: kills("fcntl", [0, 1030, 3, 0, 0, 0])
      case .collector:
        passes("fcntl", [0, 1030, 3, 0, 0, 0])
        // F_DUPFD, F_SETFD, F_SETFL, F_SETOWN, F_SETLEASE, F_SETPIPE_SZ, F_ADD_SEALS
        for command in [0, 2, 3, 4, 8, 1024, 1031, 1033] { kills("fcntl", [0, command, 0, 0, 0, 0]) }
      case .endpoint:
        passes("fcntl", [0, 3, 0, 0, 0, 0])
        passes("fcntl", [-1, 4, 0o4000, 0, 0, 0])
        for command in [0, 1, 2, 8, 1024, 1030, 1031, 1033] { kills("fcntl", [0, command, 0, 0, 0, 0]) }
        // What its libraries do once, they have done by then.
        for signal in [1, 2, 9, 11, 13, 15, 31] { kills("rt_sigaction", [signal, 0, 0, 8, 0, 0]) }
        passes("getsockopt", [-1, 1, 4, 0, 0, 0])
        passes("setsockopt", [-1, 6, 1, 0, 0, 0])
        // SO_PEERCRED and SO_RCVBUF; SO_ATTACH_FILTER, TCP_ULP, IP_OPTIONS.
        for (level, name) in [(1, 17), (1, 8), (6, 4)] { kills("getsockopt", [-1, level, name, 0, 0, 0]) }
        for (level, name) in [(1, 26), (6, 31), (0, 4), (1, 1)] { kills("setsockopt", [-1, level, name, 0, 0, 0]) }
        for advice in [0, 4, 8, 17, 18, 21, -1] { kills("madvise", [0, 0, advice, 0, 0, 0]) }
      }
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// The filter covers threads that were there before it, and without a forbidden call they go on.
  @Test func everyThreadIsFiltered() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      for (forbidden, expected) in [(true, Forked.Outcome.killed(SIGSYS)), (false, .exited(42))] {
        let outcome = Forked.run {
          let start = try EventCounter(semaphore: true)
          let running = try EventCounter(semaphore: true)
          try Process.startThread(stackKilobytes: 256) {
            running.signal()
            start.wait()
            if forbidden { _ = getppid() }
            Process.exitNow(42)
          }
          running.wait()
          try SeccompFilter(for: .collector).load()
          start.signal()
          _ = try Poll.wait([Poll.Interest(-1)], timeoutMilliseconds: 30_000)
          return 2
        }
        Forked.expect(outcome == expected, "forbidden \(forbidden): \(outcome)")
      }
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }
}
