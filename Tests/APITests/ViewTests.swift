import API
import Foundation
import StrictJSON
import Testing

/// What the agent writes by hand is what the client's decoder reads.
struct ViewTests {
  static func written(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    body(&writer)
    return writer.bytes
  }

  static func read<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
    // Both parsers take it.
    _ = try JSONParser.parse(bytes)
    return try JSONDecoder().decode(Value.self, from: Data(bytes))
  }

  @Test func processes() throws {
    var entry = ProcessEntry(
      id: "1@2.3", pid: 1, ppid: 0, container: "app", command: "a\"b\u{1B}", arguments: ["a", "", "\u{202E}"],
      state: "S",
      threads: 3, residentBytes: 4096, cpuMilliseconds: 12, startTime: "2025-01-01T00:00:00.000Z", ageSeconds: 7)
    var list = ProcessList(
      snapshotStart: "x", snapshotEnd: "y", vanished: 1, hidden: 2, truncated: true, next: "5", processes: [entry])
    #expect(try Self.read(ProcessList.self, Self.written { list.write(to: &$0) }) == list)
    entry.uid = 1
    entry.gid = 2
    entry.seccomp = "filter"
    entry.noNewPrivileges = true
    entry.capabilities = ["CAP_CHOWN"]
    entry.argumentsTruncated = true
    entry.unread = [.init(field: "executable", status: "denied", reason: "different_uid")]
    entry.executable = "/bin/x"
    entry.cgroup = "/"
    entry.openDescriptors = 9
    entry.limits = [.init(name: "Max cpu time", soft: "1", hard: "unlimited", unit: nil)]
    #expect(try Self.read(ProcessEntry.self, Self.written { entry.write(to: &$0) }) == entry)
    list.processes = []
    list.next = nil
    #expect(try Self.read(ProcessList.self, Self.written { list.write(to: &$0) }) == list)
  }

  @Test func environments() throws {
    var plain = Variable(name: TargetText(text: "A"), value: TargetText(bytes: [0xFF, 0x41]), maskedParts: 2)
    plain.flags = ["not_utf8", "duplicate"]
    let masked = Variable(
      name: TargetText(text: "B"), masked: MaskedValue(kind: "name", length: "16-31", fingerprint: "0011223344556677"))
    let environment = Environment(
      process: "1@2", bytesRead: 10, truncated: false, hidden: 3,
      variables: [plain, masked, Variable(name: TargetText(text: ""))])
    #expect(try Self.read(Environment.self, Self.written { environment.write(to: &$0) }) == environment)
  }

  @Test func files() throws {
    var entry = FileEntry(
      name: TargetText(bytes: [0x2F, 0x80]), type: "symlink", size: 1, allocatedBytes: 512, mode: "0777", uid: 0,
      gid: 0,
      links: 1, inode: UInt64(Int64.max), device: "8:1", accessed: "a", modified: "m", changed: "c", born: nil)
    entry.target = "\u{2039}"
    entry.targetBase64 = "/w=="
    entry.extendedAttributes = ["user.a"]
    let answer = FileAnswer(container: "app", path: "/a", resolvedPath: "/b", fileSystem: "ext4", file: entry)
    #expect(try Self.read(FileAnswer.self, Self.written { answer.write(to: &$0) }) == answer)
    let list = DirectoryList(
      container: "app", path: "/", resolvedPath: "/", hidden: 1, truncated: true, next: "10", entries: [entry])
    #expect(try Self.read(DirectoryList.self, Self.written { list.write(to: &$0) }) == list)
  }

  /// Inodes of overlay and network file systems use all 64 bits.
  @Test func largeInodes() throws {
    let entry = FileEntry(
      name: TargetText(text: "a"), type: "regular", size: 0, allocatedBytes: 0, mode: "0600", uid: 4_294_967_295,
      gid: 0,
      links: 1, inode: .max, device: "0:1", accessed: "", modified: "", changed: "", born: "")
    let bytes = Self.written { entry.write(to: &$0) }
    #expect(String(decoding: bytes, as: UTF8.self).contains("\"inode\":18446744073709551615"))
    #expect(try JSONDecoder().decode(FileEntry.self, from: Data(bytes)) == entry)
  }

  @Test func logs() throws {
    var list = LogSourceList(sources: [
      LogSource(name: "out", container: "app", status: "available", size: 5, modified: "m"),
      LogSource(name: "err", container: "app", status: "missing"),
    ])
    var file = LogFile(id: "0011", name: TargetText(bytes: [0x61, 0xFF]), status: "available", size: 5, modified: "m")
    file.predecessors = [LogPredecessor(name: TargetText(text: "b"), status: "compressed", size: 1, modified: "n")]
    file.truncated = true
    list.sources[0].files = [file]
    list.sources[0].truncated = true
    #expect(try Self.read(LogSourceList.self, Self.written { list.write(to: &$0) }) == list)
    let lines = [
      LogLine(TargetText(text: ""), masked: 0, truncated: false),
      LogLine(TargetText(bytes: [0xFF]), masked: 2, truncated: true),
    ]
    #expect(lines[0].masked == nil && lines[0].truncated == nil)
    var tail = LogTail(
      source: "out", container: "app", file: TargetText(bytes: [0xFF]), fileID: "0011", size: 1, modified: "m",
      bytesScanned: 2, limitHit: "none", cursor: "c", lines: lines)
    #expect(try Self.read(LogTail.self, Self.written { tail.write(to: &$0) }) == tail)
    tail.predecessors = [LogTail.Part(file: TargetText(text: "out.1"), lines: 1)]
    tail.holeBytes = 5000
    tail.linesScanned = 9
    tail.withoutTime = 8
    tail.withoutZone = 7
    #expect(try Self.read(LogTail.self, Self.written { tail.write(to: &$0) }) == tail)
  }

  @Test func records() throws {
    for kind in LogRecord.Kind.allCases {
      var record = LogRecord(kind)
      #expect(try Self.read(LogRecord.self, Self.written { record.write(to: &$0) }) == record)
      record.text = "a\nb"
      record.base64 = "YQ=="
      record.masked = 1
      record.truncated = true
      record.reason = "replaced"
      record.bytes = 1
      record.lines = 2
      record.file = "f"
      record.fileBase64 = "Zg=="
      record.cursor = "c"
      record.time = "t"
      let bytes = Self.written { record.write(to: &$0) }
      #expect(try Self.read(LogRecord.self, bytes) == record)
      // One line for each, whatever a log holds.
      #expect(!bytes.contains(0x0A))
    }
  }

  @Test func postures() throws {
    let posture = Posture(
      agent: "a", build: "b", kernel: "k", confinement: "strict", landlockABI: 6,
      processes: [
        .init(
          role: "opener", pid: 1, uid: 2, gid: 3, noNewPrivileges: true, dumpable: false, seccomp: "filter",
          seccompFilters: 1, seccompDigest: "d", landlock: false,
          capabilities: .init(inheritable: "0", permitted: "0", effective: "0", bounding: "0", ambient: "0"), threads: 1
        )
      ])
    #expect(try Self.read(Posture.self, Self.written { posture.write(to: &$0) }) == posture)
  }
}

struct TargetTextTests {
  @Test(
    arguments: [
      ([], "", nil), ([0x61], "a", nil), (Array("é€😀".utf8), "é€😀", nil), ([0x61, 0xFF], "a\u{FFFD}", "Yf8="),
      ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}", "7aCA"),
      ([0x00], "\0", nil),
    ] as [([UInt8], String, String?)])
  func bytes(_ bytes: [UInt8], _ text: String, _ base64: String?) {
    #expect(TargetText(bytes: bytes) == TargetText(text: text, base64: base64))
  }

  /// Nothing of a name is lost: it is valid text, or there beside it in base64.
  @Test func base64() {
    for count in 0..<100 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
      #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
    }
  }
}
