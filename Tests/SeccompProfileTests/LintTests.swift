import Foundation
import Sandbox
import SeccompProfile
import Testing

/// Each rule finds what it is for, and nothing in a profile that is as it should be.
struct LintTests {
  static func findings(
    _ syscalls: String, defaultAction: String = "SCMP_ACT_ERRNO", more: String = "", kernel: KernelVersion? = nil
  ) throws -> [LintFinding] {
    let json = #"{"defaultAction":"\#(defaultAction)"\#(more),"syscalls":[\#(syscalls)]}"#
    return try Lint.findings(
      ProfileDocument(json: Array(json.utf8)), on: Machine(.amd64, kernel: kernel))
  }

  static func allow(_ names: String..., args: String = "") -> String {
    let quoted = names.map { "\"\($0)\"" }.joined(separator: ",")
    return #"{"names":[\#(quoted)],"action":"SCMP_ACT_ALLOW","args":[\#(args)]}"#
  }

  static func arg(_ index: Int, _ comparison: String, _ value: UInt64, _ second: UInt64 = 0) -> String {
    #"{"index":\#(index),"value":\#(value),"valueTwo":\#(second),"op":"SCMP_CMP_\#(comparison)"}"#
  }

  @Test func aPlainProfileHasNone() throws {
    #expect(try Self.findings(Self.allow("read", "write", "exit_group")).isEmpty)
    #expect(
      try Self.findings(
        Self.allow("clone", args: Self.arg(0, "MASKED_EQ", 0x7E02_0000, 0)) + ","
          + #"{"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38}"#
      ).isEmpty)
  }

  @Test func defaultAllows() throws {
    for action in ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"] {
      let found = try Self.findings(#"{"names":["read"],"action":"SCMP_ACT_KILL"}"#, defaultAction: action)
      #expect(found.contains { $0.rule == .defaultAllows })
    }
  }

  /// With the arguments that are dangerous, and only with those.
  @Test(arguments: [
    ("ptrace", "", true), ("bpf", "", true), ("io_uring_setup", "", true), ("open_by_handle_at", "", true),
    ("read", "", false), ("clone", "", true), ("ioctl", "", true), ("personality", "", true), ("socket", "", true),
    ("clone", arg(0, "MASKED_EQ", 0x7E02_0000, 0), false), ("clone", arg(0, "MASKED_EQ", 0x1000_0000, 0), true),
    ("ioctl", arg(1, "EQ", 0x5401), false), ("ioctl", arg(1, "EQ", 0x5412), true),
    ("ioctl", arg(1, "NE", 0x5412), true), ("ioctl", arg(1, "MASKED_EQ", 0xFFFF_FFFF, 0x5413), false),
    ("personality", arg(0, "EQ", 0), false), ("personality", arg(0, "EQ", 0xFFFF_FFFF), false),
    ("personality", arg(0, "EQ", 0x40000), true), ("socket", arg(0, "LT", 40), false),
    ("socket", arg(0, "LE", 40), true), ("ptrace", arg(0, "EQ", 0), true),
  ])
  func escapes(_ name: String, _ condition: String, _ expected: Bool) throws {
    let found = try Self.findings(Self.allow(name, args: condition)).filter { $0.rule == .escape }
    #expect(found.isEmpty == !expected, "\(found)")
    if expected { #expect(found.first?.example?.name == name) }
  }

  /// A refusal that is got round by bits that the kernel does not look at.
  @Test(arguments: [
    (arg(0, "NE", 40), true), (arg(0, "LT", 40), false), (arg(0, "GT", 40), true), (arg(0, "EQ", 2), false),
    (arg(0, "MASKED_EQ", 0xFFFF_FFFF, 2), false), (arg(0, "MASKED_EQ", 1 << 32 | 0xFFFF_FFFF, 1 << 32 | 40), true),
  ])
  func upperHalf(_ condition: String, _ expected: Bool) throws {
    let found = try Self.findings(Self.allow("socket", args: condition)).filter { $0.rule == .upperHalf }
    #expect(found.isEmpty == !expected, "\(found)")
    // A pointer's upper half counts: nothing to say about it.
    let pointer = try Self.findings(Self.allow("read", args: condition)).filter { $0.rule == .upperHalf }
    #expect(pointer.isEmpty)
  }

  @Test func clones() throws {
    let conditioned = Self.allow("clone", args: Self.arg(0, "MASKED_EQ", 0x7E02_0000, 0))
    #expect(try Self.findings(conditioned + "," + Self.allow("clone3")).contains { $0.rule == .clone3Unfiltered })
    #expect(try Self.findings(conditioned).contains { $0.rule == .clone3Refused })
    let missing = #",{"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38}"#
    #expect(try Self.findings(conditioned + missing).isEmpty)
  }

  @Test func names() throws {
    let found = try Self.findings(Self.allow("read", "no_such_call", "uselib"))
    #expect(found.map(\.rule) == [.unknownName, .oldCall] && found.allSatisfy { $0.entry == 0 })
    let newer = Self.allow("openat2")
    #expect(try Self.findings(newer, kernel: KernelVersion(5, 4)).map(\.rule) == [.newCall])
    #expect(try Self.findings(newer, kernel: KernelVersion(5, 6)).isEmpty)
  }

  @Test func members() throws {
    let found = try Self.findings(Self.allow("read"), more: #","architecture":["SCMP_ARCH_X86_64"]"#)
    #expect(found.map(\.rule) == [.unknownMember])
    let inside = try Self.findings(#"{"names":["read"],"action":"SCMP_ACT_ALLOW","arguments":[]}"#)
    #expect(inside.map(\.rule) == [.unknownMember])
  }

  @Test func architectures() throws {
    let found = try Self.findings(Self.allow("read"), more: #","architectures":["SCMP_ARCH_AARCH64"]"#)
    #expect(found.map(\.rule) == [.missingArchitecture])
    #expect(try Self.findings(Self.allow("read"), more: #","architectures":["SCMP_ARCH_X86_64"]"#).isEmpty)
  }

  @Test func rulesThatDoNothing() throws {
    #expect(try Self.findings(Self.allow("read") + "," + Self.allow("read")).map(\.rule) == [.duplicateRule])
    let covered = Self.allow("read") + "," + Self.allow("read", args: Self.arg(0, "EQ", 1))
    #expect(try Self.findings(covered).map(\.rule) == [.unreachableRule])
    let apart = Self.allow("read", args: Self.arg(0, "EQ", 1)) + "," + Self.allow("read", args: Self.arg(0, "EQ", 2))
    #expect(try Self.findings(apart).isEmpty)
    let within =
      Self.allow("read", args: Self.arg(0, "LT", 10)) + "," + Self.allow("read", args: Self.arg(0, "LT", 5))
    #expect(try Self.findings(within).map(\.rule) == [.unreachableRule])
    #expect(
      try Self.findings(#"{"names":["read"],"action":"SCMP_ACT_ERRNO"}"#).map(\.rule) == [.defaultRule])
    let refused = #"{"names":["read"],"action":"SCMP_ACT_KILL"}"#
    #expect(try Self.findings(Self.allow("read") + "," + refused).contains { $0.rule == .contradictingRules })
    let both =
      Self.allow("read", args: Self.arg(0, "LT", 10)) + ","
      + #"{"names":["read"],"action":"SCMP_ACT_KILL","args":[\#(Self.arg(1, "EQ", 3))]}"#
    let found = try Self.findings(both).first { $0.rule == .contradictingRules }
    #expect(found?.example?.arguments[1] == 3)
  }

  @Test func conditionsThatDoNothing() throws {
    for condition in [Self.arg(0, "GE", 0), Self.arg(0, "LE", .max), Self.arg(0, "MASKED_EQ", 0, 0)] {
      #expect(try Self.findings(Self.allow("read", args: condition)).map(\.rule) == [.idleCondition], "\(condition)")
    }
    for condition in [Self.arg(0, "LT", 0), Self.arg(0, "GT", .max), Self.arg(0, "MASKED_EQ", 1, 2)] {
      let found = try Self.findings(Self.allow("read", args: condition)).map(\.rule)
      #expect(found == [.impossibleCondition], "\(condition) \(found)")
    }
    let twice = Self.arg(0, "GE", 1) + "," + Self.arg(0, "LE", 3)
    #expect(try Self.findings(Self.allow("read", args: twice)).contains { $0.rule == .repeatedArgument })
  }

  /// Docker's profile, as Debian has it: its known weak places are found, by examples.
  @Test func dockersDefault() throws {
    let path = "/usr/share/containers/seccomp.json"
    let document = try ProfileDocument(json: Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    let found = try Lint.findings(document, on: Machine(.amd64))
    #expect(!found.contains { $0.rule == .defaultAllows || $0.rule == .impossibleCondition })
    #expect(Set(found.filter { $0.rule == .escape }.compactMap(\.example?.name)).isSuperset(of: ["keyctl", "unshare"]))
  }
}
