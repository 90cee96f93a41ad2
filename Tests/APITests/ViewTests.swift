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

  /// A process with every field, each of its form.
  static func everything() -> ProcessEntry {
    var entry = ProcessEntry()
    for field in ProcessField.allCases {
      switch field.form {
      case .flag: entry.add(field, .flag(true))
      case .integer: entry.add(field, .integer(-1))
      case .unsigned: entry.add(field, .unsigned(.max))
      case .text: entry.add(field, .text(TargetText(bytes: [0x61, 0xFF, 0x22])))
      case .texts:
        entry.add(field, .texts([TargetText(text: "a\"b\u{1B}"), TargetText(text: ""), TargetText(bytes: [0x80])]))
      case .integers: entry.add(field, .integers([1, 2]))
      case .totals:
        entry.add(
          field, .totals(SubtreeTotals(processes: 1, threads: 2, residentBytes: 3, cpuMilliseconds: 4)))
      case .limits: entry.add(field, .limits([ResourceLimit(name: "a", soft: "1", hard: "unlimited", unit: nil)]))
      case .cgroups: entry.add(field, .cgroups([CgroupMembership(hierarchy: 0, controllers: "", path: "/")]))
      case .namespaces: entry.add(field, .namespaces([NamespaceInode(name: "pid", inode: 4_026_531_836)]))
      case .threads:
        entry.add(
          field,
          .threads([ThreadEntry(tid: 1, command: TargetText(bytes: [0xFF]), state: "S", cpuMilliseconds: 0)]))
      }
    }
    return entry
  }

  @Test func processes() throws {
    var entry = Self.everything()
    #expect(try Self.read(ProcessEntry.self, Self.written { entry.write(to: &$0) }) == entry)
    entry.note(.executable, .denied, reason: "different_uid")
    entry.note(.arguments, .truncated)
    #expect(try Self.read(ProcessEntry.self, Self.written { entry.write(to: &$0) }) == entry)
    #expect(entry.status(of: .executable)?.reason == "different_uid" && entry.status(of: .limits) == nil)
    var summary = ProcessList.Summary()
    summary.vanished = 1
    summary.hidden = 2
    summary.kernelThreads = 3
    summary.orphans = 4
    summary.truncated = true
    summary.next = "5"
    summary.bootID = "b"
    summary.pidNamespace = .max
    var list = ProcessList(summary: summary, processes: [entry])
    #expect(try Self.read(ProcessList.self, Self.written { list.write(to: &$0) }) == list)
    list.processes = []
    list.summary.next = nil
    #expect(try Self.read(ProcessList.self, Self.written { list.write(to: &$0) }) == list)
  }

  @Test func comparisons() throws {
    let comparison = EnvironmentComparison(
      process: "1@2", comparedWith: "3@4", bytesRead: 9, truncated: false, hidden: 1, unnamedHere: 2, unnamedThere: 3,
      variables: ComparedVariable.Result.allCases.map {
        ComparedVariable(name: TargetText(bytes: [0x41, 0xFF]), result: $0)
      })
    #expect(try Self.read(EnvironmentComparison.self, Self.written { comparison.write(to: &$0) }) == comparison)
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
    var metadata = FileMetadata(
      type: "symlink", size: 1, allocatedBytes: 512, blockSize: 4096, mode: "0777", uid: 0, gid: 0, links: 1,
      inode: UInt64(Int64.max), device: "8:1", accessed: "a", modified: "m", changed: "c", born: nil)
    let name = TargetText(bytes: [0x2F, 0x80])
    let plain = FileEntry(name: name, metadata: metadata)
    metadata.sparse = true
    metadata.specialDevice = "1:3"
    metadata.subvolume = .max
    metadata.born = "b"
    metadata.attributes = ["immutable"]
    metadata.attributesKnown = ["append", "immutable"]
    metadata.target = "\u{2039}"
    metadata.targetBase64 = "/w=="
    metadata.extendedAttributes = [.init(TargetText(text: "user.a")), .init(TargetText(bytes: [0xFF]))]
    metadata.accessControlLists = ["access"]
    metadata.unread = [.init(field: "born", status: "unsupported")]
    let entry = FileEntry(name: TargetText(text: "x"), metadata: metadata)
    let paths = (TargetText(bytes: [0x2F, 0xFE]), TargetText(text: "/b"))
    let answer = FileAnswer(
      container: "app", path: paths.0, resolvedPath: paths.1,
      mount: FileMount(id: 3, fileSystem: "ext4", point: "/", readOnly: true, options: ["ro", "nosuid"]), file: entry)
    #expect(try Self.read(FileAnswer.self, Self.written { answer.write(to: &$0) }) == answer)
    let unread = FileEntry.Status.allCases.filter { $0 != .ok }.map { FileEntry(name: name, status: $0) }
    let list = DirectoryList(
      container: "app", path: paths.0, resolvedPath: paths.1, entries: [plain, entry] + unread, hidden: 1, total: 9,
      truncated: true, changed: true, next: "10")
    #expect(try Self.read(DirectoryList.self, Self.written { list.write(to: &$0) }) == list)
    let digest = FileDigest(
      container: "app", path: paths.0, resolvedPath: paths.1, digest: "00ff", size: 32, inode: .max, device: "8:1",
      modified: "m", changed: "c")
    #expect(try Self.read(FileDigest.self, Self.written { digest.write(to: &$0) }) == digest)
  }

  /// Inodes of overlay and network file systems use all 64 bits.
  @Test func largeInodes() throws {
    let entry = FileEntry(
      name: TargetText(text: "a"),
      metadata: FileMetadata(
        type: "regular", size: 0, allocatedBytes: 0, blockSize: 1, mode: "0600", uid: 4_294_967_295, gid: 0, links: 1,
        inode: .max, device: "0:1", accessed: "", modified: "", changed: "", born: ""))
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
      agent: "a", build: "b", kernel: "k", architecture: "x86_64", confinement: "strict", landlockABI: 6,
      missing: ["landlock_scopes", "bounding_set"], readOnlyRoot: true,
      processes: [
        .init(
          role: "opener", pid: 1, uid: 2, gid: 3, uids: .init(real: 4, effective: 5, saved: 6, fileSystem: 7),
          gids: .init(real: 8, effective: 9, saved: 10, fileSystem: 11), noNewPrivileges: true, dumpable: false,
          seccomp: "filter", seccompFilters: 1, seccompDigest: "d", landlock: false,
          capabilities: .init(inheritable: "0", permitted: "1", effective: "2", bounding: "3", ambient: "4"),
          securebits: 239, threads: 1, threadsAlike: true,
          limits: [.init(name: "core_file_size", soft: "0", hard: "unlimited")],
          selfTest: [.init(attempt: "write_file", before: "permitted", after: "refused")])
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
