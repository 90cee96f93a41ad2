import API
import Linux
import ProcFS
import Synchronization
import Testing

@testable import Collector

struct ProcessQueryTests {
  static let key = [UInt8](repeating: 7, count: 32)

  static func query(_ text: String, session: String = "s") throws(Refusal) -> ProcessQuery {
    var parameters = Parameters(try RequestTarget("/?" + text).parameters)
    return try ProcessQuery(&parameters, cursorKey: key, session: session)
  }

  @Test func reads() throws {
    let plain = try Self.query("")
    #expect(plain.key == .startTime && !plain.descending && plain.limit == 2000 && plain.fields == ProcessField.listed)
    let full = try Self.query(
      "sort=-resident_bytes&limit=1&depth=0&container=a&root=x&fields=memory&kernel_threads=true")
    #expect(full.key == .residentBytes && full.descending && full.limit == 1 && full.depth == 0 && full.kernelThreads)
    #expect(full.container == "a" && full.root == "x")
    #expect(full.fields.isSuperset(of: ProcessField.always) && full.fields.contains(.swapBytes))
    #expect(full.fields.isDisjoint(with: ProcessField.onlyOfOne), "a group leaves out what is for one process only")
  }

  @Test(arguments: [
    "sort=command", "sort=", "sort=--pid", "sort=pid,threads", "sort=+pid", "limit=0", "limit=5001", "depth=-1",
    "depth=4097", "fields=", "fields=,", "fields=pid,", "fields=environ", "fields=PID", "fields=unique_bytes",
    "fields=thread_list", "kernel_threads=1", "cursor=", "cursor=AAAA", "cursor=%FF", "x=1", "limit=1&limit=2",
    "fields=pid&fields=ppid",
  ])
  func refuses(_ text: String) {
    let code = RequestTargetTests.code { () throws(Refusal) in _ = try Self.query(text) }
    #expect(code == .invalidParameter)
  }

  /// A cursor goes on with its own question in its own session.
  @Test func cursors() throws {
    let query = try Self.query("sort=-threads&container=a")
    let cursor = ProcessCursor(value: -5, startTime: .max, depth: 3, pid: 42)
    let sealed = try cursor.sealed(key: Self.key, context: query.cursorContext("s"))
    #expect(sealed.utf8.count == 80)
    #expect(try Self.query("sort=-threads&container=a&limit=9&fields=pid&cursor=\(sealed)").cursor == cursor)
    for other in ["sort=threads&container=a", "sort=-threads", "sort=-threads&container=a&depth=1", "container=a"] {
      #expect(throws: Refusal.self, "\(other)") { _ = try Self.query("\(other)&cursor=\(sealed)") }
    }
    #expect(throws: Refusal.self) { _ = try Self.query("sort=-threads&container=a&cursor=\(sealed)", session: "t") }
    for index in sealed.indices {
      var forged = sealed
      forged.replaceSubrange(index...index, with: sealed[index] == "A" ? "B" : "A")
      #expect(throws: Refusal.self) { _ = try Self.query("sort=-threads&container=a&cursor=\(forged)") }
    }
  }
}

struct PendingReadsTests {
  static func identity(_ pid: Int32) throws -> ProcessIdentity {
    ProcessIdentity(pid: pid, startTime: 1, inode: 1, realm: try ProcessRealm(bootID: "b", pidNamespace: 1))
  }

  /// While one read of a process waits for too long nobody else waits for it; other processes are read.
  @Test func oneReaderAtMost() throws {
    let now = SharedClock()
    let reads = PendingReads { now.value }
    let one = try Self.identity(1)
    let other = try Self.identity(2)
    var inner: [Int?] = []
    let outer = reads.run(of: one) {
      inner.append(reads.run(of: one) { 1 })
      now.advance(by: PendingReads.patience + 1)
      #expect(reads.isStalled(one) && !reads.isStalled(other))
      inner.append(reads.run(of: one) { 2 })
      inner.append(reads.run(of: other) { 3 })
      return 4
    }
    #expect(inner == [1, nil, 3] && outer == 4)
    let after = reads.run(of: one) { 5 }
    #expect(!reads.isStalled(one) && after == 5)
  }

  /// However many processes hang, some workers are left: two reads may be stalled, and of processes that wait
  /// themselves one.
  @Test func manyThatHang() throws {
    let now = SharedClock()
    let reads = PendingReads { now.value }
    let hanging = try (1...4).map { try Self.identity(Int32($0)) }
    var tried: [Int32] = []
    func hang(_ index: Int) {
      guard index < hanging.count else { return }
      _ = reads.run(of: hanging[index]) {
        tried.append(hanging[index].pid)
        now.advance(by: PendingReads.patience + 1)
        if index == 0 {
          let waiting = reads.run(of: hanging[3], isWaiting: true) { 1 }
          #expect(waiting == nil, "one that waits itself is not asked while another hangs")
        }
        hang(index + 1)
      }
    }
    hang(0)
    #expect(tried == [1, 2])
    let after = reads.run(of: hanging[3], isWaiting: true) { 5 }
    #expect(after == 5)
  }

  @Test func anErrorEndsTheReadToo() throws {
    let now = SharedClock()
    let reads = PendingReads { now.value }
    let one = try Self.identity(1)
    #expect(throws: ProcFSError.gone) {
      try reads.run(of: one) { () throws(ProcFSError) -> Int in throw .gone }
    }
    now.advance(by: PendingReads.patience * 2)
    let after = reads.run(of: one) { 1 }
    #expect(after == 1)
  }

  final class SharedClock: Sendable {
    private let time = Atomic<UInt64>(1)
    var value: UInt64 { time.load(ordering: .relaxed) }
    func advance(by nanoseconds: UInt64) { time.add(nanoseconds, ordering: .relaxed) }
  }
}

struct EnvironmentComparerTests {
  static func side(_ text: String, truncated: Bool = false) -> EnvironmentComparer.Side {
    let bytes = Array(text.utf8)
    return .init(EnvironmentBlock(bytes), truncated: truncated)
  }

  static func results(_ here: EnvironmentComparer.Side, _ there: EnvironmentComparer.Side) -> [String: String] {
    let comparer = EnvironmentComparer(here: here, there: there)
    return Dictionary(
      uniqueKeysWithValues: comparer.names.map {
        (String(decoding: $0, as: UTF8.self), comparer.result($0).rawValue)
      })
  }

  @Test func everyResult() {
    let results = Self.results(
      Self.side("A=1\0B=2\0C=3\0E=\0odd\0\0D=1\0D=2\0=x\0"), Self.side("B=2\0A=9\0X=1\0E=\0D=2\0D=1\0=x\0"))
    #expect(
      results == [
        "A": "differs", "B": "same", "C": "only_here", "X": "only_there", "E": "same", "D": "differs", "": "same",
      ])
    let one = Self.side("odd\0\0A=1\0")
    #expect(one.unnamed == 2 && one.names == [Array("A".utf8)[...]])
  }

  /// Values that only run together alike are not the same.
  @Test func listsOfValues() {
    #expect(Self.results(Self.side("A=1\0A=\0"), Self.side("A=1\0"))["A"] == "differs")
    #expect(Self.results(Self.side("A=12\0A=3\0"), Self.side("A=1\0A=23\0"))["A"] == "differs")
    #expect(Self.results(Self.side("A=1\0A=2\0"), Self.side("A=1\0A=2\0"))["A"] == "same")
  }

  /// Behind a cut anything may come.
  @Test func blocksThatWereCut() {
    let results = Self.results(Self.side("A=1\0B=2\0C=3\0"), Self.side("A=1\0B=3\0X=1\0", truncated: true))
    #expect(results == ["A": "same", "B": "unknown", "C": "unknown", "X": "only_there"])
    #expect(Self.results(Self.side("A=1\0", truncated: true), Self.side("A=1\0X=1\0"))["X"] == "unknown")
  }

  @Test func equality() {
    var random = SplitMix(state: 331)
    for _ in 0..<2000 {
      func bytes() -> [UInt8] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in UInt8.random(in: 0...1, using: &random) }
      }
      let (one, other) = (bytes(), bytes())
      #expect(EnvironmentComparer.areEqual(one[...], other[...]) == (one == other))
    }
    #expect(!EnvironmentComparer.areEqual([], [0]) && !EnvironmentComparer.areEqual([1], [1, 0]))
  }
}
