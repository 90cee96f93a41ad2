import ProcFS
import Testing

struct ProcessStatTests {
  static func parse(_ text: [UInt8]) throws(ProcFSError) -> ProcessStat { try ProcessStat(text.span) }
  static func parse(_ text: String) throws(ProcFSError) -> ProcessStat { try parse(Array(text.utf8)) }

  static let tail =
    " 1 4242 4242 34816 4242 4194304 1107 0 3 0 12 34 0 0 20 0 7 0 987654 12345678 -5 18446744073709551615 1 1 0 0 0 0 0"
    + " 16781312 134433281 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

  @Test func golden() throws {
    let stat = try Self.parse("4242 (python3) S" + Self.tail)
    #expect(stat.pid == 4242 && stat.command == Array("python3".utf8) && stat.state == UInt8(ascii: "S"))
    #expect(stat.parent == 1 && stat.flags == 4_194_304 && stat.userTime == 12 && stat.systemTime == 34)
    #expect(stat.threads == 7 && stat.startTime == 987_654 && stat.virtualBytes == 12_345_678)
    #expect(stat.residentPages == -5)
    #expect(!stat.isKernelThread && !stat.isZombie)
  }

  @Test(arguments: [
    "", ")", "(", "()", ") R 1 1\n", "a b", "((", "))", ") (", "\u{1B}[2J", "a\nb", "\t", "4242 (x) S",
    ") R 1 1 1 1 1 1 1 1 1 ", "é", "\u{202E}x",
  ])
  func commandsOfAllKinds(_ command: String) throws {
    let stat = try Self.parse("7 (\(command)) Z" + Self.tail)
    #expect(stat.command == Array(command.utf8))
    #expect(stat.parent == 1 && stat.startTime == 987_654 && stat.isZombie)
  }

  @Test func aCommandNeedNotBeText() throws {
    let bytes = Array("7 (".utf8) + [0xFF, 0x80, 0x29] + Array(") R".utf8) + Array(Self.tail.utf8)
    #expect(try Self.parse(bytes).command == [0xFF, 0x80, 0x29])
  }

  @Test func kernelThreads() throws {
    #expect(try Self.parse("2 (kthreadd) S 0 0 0 0 -1 2129984" + Self.tail.dropFirst(31)).isKernelThread)
  }

  @Test func aProcessThatHasNotCalledExecve() throws {
    #expect(try !Self.parse("9 (x) S" + Self.tail).isForkOnly)
    #expect(try Self.parse("9 (x) S 1 9 9 0 -1 4194368" + Self.tail.dropFirst(31)).isForkOnly)
  }

  @Test func numbersAtTheirLimits() throws {
    let text =
      "2147483647 (x) R 2147483647 1 1 0 -1 18446744073709551615 0 0 0 0 18446744073709551615"
      + " 18446744073709551615 0 0 20 0 18446744073709551615 0 18446744073709551615 18446744073709551615"
      + " -9223372036854775807 0\n"
    let stat = try Self.parse(text)
    #expect(stat.parent == .max && stat.userTime == .max && stat.startTime == .max && stat.residentPages == -.max)
    #expect(stat.threads == .max)
  }

  @Test(arguments: [
    "", "\n", "4242", "4242 ", "4242 (", "4242 ()", "4242 (x", "4242 x) S 1", "(x) S 1", "x (x) S 1",
    "4242 (x) SS" + tail, "4242 (x)", "4242 (x) S", "4242 (x) S 1 2 3", "-1 (x) S" + tail, "2147483648 (x) S" + tail,
    "18446744073709551616 (x) S" + tail, "4242  (x) S" + tail, "4242(x) S" + tail,
    "4242 (x) S -1" + tail.dropFirst(2), "4242 (x) S 2147483648" + tail.dropFirst(2),
    "4242 (x) S x" + tail.dropFirst(2),
  ])
  func refuses(_ text: String) {
    #expect(throws: ProcFSError.malformed(file: "stat")) { try Self.parse(text) }
  }

  @Test func everyPrefixAndRandomBytes() {
    let whole = Array(("4242 (a) b) S" + Self.tail).utf8)
    for cut in whole.indices { _ = try? Self.parse(Array(whole[..<cut])) }
    var random = SplitMix(state: 121)
    for _ in 0..<5000 {
      var text = whole
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? Self.parse(text)
      _ = try? Self.parse(random.bytes(Int.random(in: 0...50, using: &random)))
    }
  }
}

struct ProcessStatusTests {
  static func parse(_ text: [UInt8]) throws(ProcFSError) -> ProcessStatus { try ProcessStatus(text.span) }
  static func parse(_ text: String) throws(ProcFSError) -> ProcessStatus { try parse(Array(text.utf8)) }

  static let golden = """
    Name:\tsh
    Umask:\t0022
    State:\tS (sleeping)
    Tgid:\t4242
    Uid:\t1000\t1001\t1002\t1003
    Gid:\t100\t100\t100\t100
    FDSize:\t64
    Groups:\t4 24 27\u{20}
    CapInh:\t0000000000000000
    CapPrm:\t0000000000000001
    CapEff:\t00000000a80425fb
    CapBnd:\t000001ffffffffff
    CapAmb:\t0000000000000000
    NoNewPrivs:\t1
    Seccomp:\t2
    Seccomp_filters:\t3
    Speculation_Store_Bypass:\tvulnerable

    """

  @Test func readsTheGoldenText() throws {
    let status = try Self.parse(Self.golden)
    let uids = status.uids
    #expect([uids.real, uids.effective, uids.saved, uids.fileSystem] == [1000, 1001, 1002, 1003] && !uids.agree)
    #expect(status.gids.agree && status.gids.real == 100)
    #expect(status.capabilities.permitted == 1 && status.capabilities.effective == 0xA804_25FB)
    #expect(status.capabilities.bounding == 0x1FF_FFFF_FFFF && status.capabilities.inheritable == 0)
    #expect(status.noNewPrivileges && status.seccompMode == 2 && status.seccompFilters == 3)
  }

  /// A process chooses its name: nothing in it is read as another line.
  @Test(arguments: ["Uid:\t0\t0\t0\t0", "x\\nUid:\\t0 0 0 0", "CapEff:\t0000000000000000", ":", "Uid"])
  func namesAreNoLines(_ name: String) throws {
    let status = try Self.parse(Self.golden.replacing("Name:\tsh", with: "Name:\t" + name))
    #expect(status.uids.effective == 1001 && status.capabilities.effective == 0xA804_25FB)
  }

  /// A set that cannot be read counts as full: nobody is taken for having no capability.
  @Test(arguments: ["", "x", "00000000a80425FB", "0x0", "00000000000000000", "-1"])
  func unreadableSetsAreFull(_ text: String) throws {
    let status = try Self.parse(Self.golden.replacing("CapPrm:\t0000000000000001", with: "CapPrm:\t" + text))
    #expect(status.capabilities.permitted == (text.isEmpty ? 0 : .max))
  }

  @Test(arguments: [
    "", "Name:\tx\n", "Uid:\t0\t0\t0\t0\n", "Uid:\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
    "Uid:\t0\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
    "Uid:\tx\t0\t0\t0\nGid:\t0\t0\t0\t0\n", "Uid:\t4294967296\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
    "Uid:\t-1\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
  ])
  func refuses(_ text: String) {
    #expect(throws: ProcFSError.malformed(file: "status")) { try Self.parse(text) }
  }

  @Test func randomBytesNeverCrash() {
    var random = SplitMix(state: 122)
    let whole = Array(Self.golden.utf8)
    for _ in 0..<3000 {
      var text = whole
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? Self.parse(text)
    }
    for cut in whole.indices { _ = try? Self.parse(Array(whole[..<cut])) }
  }
}
