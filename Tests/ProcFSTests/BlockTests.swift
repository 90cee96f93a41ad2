import ProcFS
import Testing

struct NULSeparatedTests {
  static func records(_ text: String) -> ([String], Bool) {
    let bytes = Array(text.utf8)
    let (records, unterminated) = NULSeparated.records(bytes.span)
    return (records.map { String(decoding: $0, as: UTF8.self) }, unterminated)
  }

  @Test(
    arguments: [
      ("", [], false), ("\0", [""], false), ("\0\0", ["", ""], false), ("A=1\0", ["A=1"], false),
      ("A=1", ["A=1"], true),
      ("A=1\0B=2\0", ["A=1", "B=2"], false), ("A=1\0\0B=2\0", ["A=1", "", "B=2"], false),
      ("A=1\0B", ["A=1", "B"], true),
      ("\0A=1\0", ["", "A=1"], false), ("a\nb\0", ["a\nb"], false),
    ] as [(String, [String], Bool)])
  func golden(_ text: String, _ expected: [String], _ unterminated: Bool) {
    let result = Self.records(text)
    #expect(result.0 == expected && result.1 == unterminated)
  }

  /// Joining again gives the block: nothing in it is lost, whatever it holds.
  @Test func nothingIsLost() {
    var random = SplitMix(state: 131)
    for _ in 0..<2000 {
      let bytes: [UInt8] = [0, 0, 0x41, 0x3D, 0xFF, 0x0A]
      let block = (0..<Int.random(in: 0...30, using: &random)).map { _ in bytes.randomElement(using: &random)! }
      let (records, unterminated) = NULSeparated.records(block.span)
      var joined: [UInt8] = []
      for record in records { joined += record + [0] }
      if unterminated { joined.removeLast() }
      #expect(joined == block)
    }
  }
}

struct EnvironmentEntryTests {
  @Test(
    arguments: [
      ("A=1", "A", "1"), ("A=", "A", ""), ("=", "", ""), ("=x", "", "x"), ("A==", "A", "="), ("A=b=c", "A", "b=c"),
      ("A", "A", nil), ("", "", nil), ("BASH_FUNC_f%%=() {  :\n}", "BASH_FUNC_f%%", "() {  :\n}"), ("é=é", "é", "é"),
      ("A B=C D", "A B", "C D"), ("\n=\n", "\n", "\n"),
    ] as [(String, String, String?)])
  func golden(_ record: String, _ name: String, _ value: String?) {
    let entry = EnvironmentEntry(record: Array(record.utf8))
    #expect(entry.name == Array(name.utf8))
    #expect(entry.value == value.map { Array($0.utf8) })
  }

  /// Readers that stop at the first odd record hide what comes behind it.
  @Test func recordsBehindOddOnesAreSeen() {
    let block = [UInt8]("A=1\0\0".utf8) + [0xC3, 0xA9, 0x3D, 0x31, 0] + Array("no equals\0=\0A=2\0LAST=x".utf8)
    let entries = NULSeparated.records(block.span).records.map(EnvironmentEntry.init)
    #expect(entries.count == 7)
    #expect(entries.map(\.value) == [[0x31], nil, [0x31], nil, [], [0x32], [0x78]])
    #expect(entries.last?.name == Array("LAST".utf8))
  }
}

struct EnvironmentBlockTests {
  /// The same records as when each is taken apart by itself.
  @Test func agreesWithTheRecords() {
    var random = SplitMix(state: 133)
    for _ in 0..<3000 {
      let bytes: [UInt8] = [0, 0, 0x41, 0x3D, 0x3D, 0xFF]
      let text = (0..<Int.random(in: 0...30, using: &random)).map { _ in bytes.randomElement(using: &random)! }
      let limit = Bool.random(using: &random) ? Int.random(in: 1...6, using: &random) : Int.max
      let block = EnvironmentBlock(text, limit: limit)
      let (all, unterminated) = NULSeparated.records(text.span)
      #expect(block.records.count == min(all.count, limit))
      #expect(block.exceedsLimit == (all.count > limit))
      #expect(block.unterminated == (unterminated && all.count <= limit))
      for (record, whole) in zip(block.records, all) {
        let entry = EnvironmentEntry(record: whole)
        #expect(Array(block.name(record)) == entry.name && block.value(record).map { Array($0) } == entry.value)
        #expect(record.isEmpty == whole.isEmpty && record.hasValue == (entry.value != nil))
      }
    }
  }
}

struct CommandLineTests {
  static func parse(_ bytes: [UInt8]) -> CommandLine { CommandLine(bytes.span) }

  @Test(
    arguments: [
      ("", [], false), ("sleep\01\0", ["sleep", "1"], false), ("sleep\0", ["sleep"], false),
      ("a\0\0b\0", ["a", "", "b"], false),
      ("a b\0c\0", ["a b", "c"], false), ("\0", [""], false),
      // setproctitle(3): one string, padded, or cut where the old block ended.
      ("nginx: master process\0\0\0\0\0", ["nginx: master process"], true),
      ("postgres: walwriter ", ["postgres: walwriter "], true),
      ("a\0b", ["a", "b"], true),
      // Empty arguments at the end are arguments; a tail that no caller would write is padding.
      ("a\0\0", ["a", ""], false), ("name\0\0\0\0", ["name", "", "", ""], false), ("\0\0", ["", ""], false),
      ("a b\0c\0\0", ["a b", "c", ""], false),
      ("name" + String(repeating: "\0", count: 17), ["name"] + [String](repeating: "", count: 16), false),
      ("name" + String(repeating: "\0", count: 18), ["name"], true),
      ("a\0b" + String(repeating: "\0", count: 4000), ["a", "b"], true),
      (String(repeating: "\0", count: 4000), [""], true),
    ] as [(String, [String], Bool)])
  func golden(_ block: String, _ arguments: [String], _ rewritten: Bool) {
    let line = Self.parse(Array(block.utf8))
    #expect(line.arguments.map { String(decoding: $0, as: UTF8.self) } == arguments)
    #expect(line.titleRewritten == rewritten)
  }

  @Test func randomBytesNeverCrash() {
    var random = SplitMix(state: 132)
    for _ in 0..<3000 {
      _ = Self.parse((0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...2, using: &random) })
    }
  }
}

struct ResourceLimitsTests {
  @Test func golden() {
    let text = Array(
      """
      Limit                     Soft Limit           Hard Limit           Units     
      Max cpu time              unlimited            unlimited            seconds   
      Max file size             0                    18446744073709551614 bytes     
      Max nice priority         0                    0                    
      Max realtime timeout      unlimited            unlimited            us        

      """.utf8)
    let rows = ResourceLimits(text.span).rows
    #expect(
      rows.map { [$0.name, $0.soft, $0.hard, $0.unit ?? "-"] } == [
        ["Max cpu time", "unlimited", "unlimited", "seconds"], ["Max file size", "0", "18446744073709551614", "bytes"],
        ["Max nice priority", "0", "0", "-"], ["Max realtime timeout", "unlimited", "unlimited", "us"],
      ])
  }

  @Test func randomBytesNeverCrash() {
    var random = SplitMix(state: 133)
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 0...300, using: &random)).map { _ in
        Array(" \nA".utf8).randomElement(using: &random)!
      }
      _ = ResourceLimits(text.span)
    }
  }
}

struct CapabilityNamesTests {
  @Test func names() {
    #expect(CapabilityNames.names(of: 0).isEmpty)
    #expect(CapabilityNames.names(of: 1) == ["CAP_CHOWN"])
    #expect(CapabilityNames.names(of: 1 << 21 | 1 << 19) == ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN"])
    #expect(CapabilityNames.names(of: 1 << 40) == ["CAP_CHECKPOINT_RESTORE"])
    #expect(CapabilityNames.names(of: 1 << 63) == ["CAP_63"])
    #expect(Set(CapabilityNames.names(of: .max)).count == 64)
    // Docker's default set.
    #expect(CapabilityNames.names(of: 0xA804_25FB).count == 14)
  }
}
