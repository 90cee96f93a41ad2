import API
import Foundation
import Glibc
import Grants
import Linux
import Privsep
import ProcFS
import StrictJSON
import Synchronization
import Testing

@testable import Collector

struct LogFollowTests {
  static let key = [UInt8](repeating: 3, count: 32)

  /// One source on a file of the tree, followed through a real process's root.
  struct Log: ~Copyable {
    let bench: Bench
    let tree: Tree
    let files: LogFiles

    /// How much goes through a follow.
    var limits = LogFollow.Limits()

    init(allowsHardLinks: Bool = false, pattern: String? = nil) throws {
      let bench = try Bench(environment: ["DB_PASSWORD=correct-horse-battery-staple-77"])
      let tree = try Tree()
      let source = Configuration.LogSource(
        name: "out", volume: nil, folder: Array(tree.path.utf8), file: Array((pattern ?? "log").utf8),
        pattern: try pattern.map { try Glob($0) }, container: "app", allowsHardLinks: allowsHardLinks)
      files = LogFiles(sources: [source], target: bench.target, volumes: [])
      self.bench = bench
      self.tree = tree
    }

    func write(_ text: String) throws { try tree.file("log", Array(text.utf8)) }

    func append(_ text: String) throws {
      let raw = unsafe open(tree.path + "/log", O_WRONLY | O_APPEND)
      try FileDescriptor(owning: raw).writeAll(Array(text.utf8))
    }

    func view(_ query: String, byteAllowance: Int64 = .max) throws -> LogView {
      LogView(
        target: bench.target, files: files,
        request: try bench.request(.log(source: "out"), query, "\"logs\":[\"*\"]", byteAllowance: byteAllowance),
        cursorKey: LogFollowTests.key, limits: limits)
    }

    func follow(_ query: String = "follow=true", byteAllowance: Int64 = .max) throws -> LogFollow {
      guard case .follow(let follow) = try view(query, byteAllowance: byteAllowance).read("out") else {
        throw NotAFollow()
      }
      return follow
    }

    func tail(_ query: String, byteAllowance: Int64 = .max) throws -> JSONReader {
      guard case .whole(let bytes) = try view(query, byteAllowance: byteAllowance).read("out") else {
        throw NotAFollow()
      }
      return try JSONReader(try JSONParser.parse(bytes, limits: .init(bytes: 16 << 20)), at: "tail")
    }

    struct NotAFollow: Error {}

    func refusal(_ query: String = "") throws -> ProblemCode? {
      let view = try view(query)
      do throws(Refusal) {
        _ = try view.read("out")
        return nil
      } catch {
        return error.code
      }
    }
  }

  struct Record: Equatable {
    var type: String
    var text: String?
    var reason: String?
    var cursor: String?
    var bytes: Int64?
    var lines: Int64?
    var file: String?
    var late: Bool?
  }

  /// What one look brings, until nothing more comes.
  static func records(_ follow: LogFollow, ending: LogFollow.Ending? = nil) throws -> [Record] {
    var bytes: [UInt8] = []
    // A look takes 64 KiB at most, and in a long line brings nothing.
    var silent = 0
    while silent < 25 {
      let before = bytes.count
      if follow.tick(asked: ending, charge: { _ in true }, emit: { bytes += $0 }) { break }
      silent = bytes.count == before ? silent + 1 : 0
    }
    return try bytes.split(separator: 0x0A).map { line in
      var reader = try JSONReader(try JSONParser.parse(Array(line)), at: "record")
      return Record(
        type: try reader.string("type"), text: try reader.optionalString("text"),
        reason: try reader.optionalString("reason"),
        cursor: try reader.optionalString("cursor"), bytes: try reader.optionalInteger("bytes"),
        lines: try reader.optionalInteger("lines"), file: try reader.optionalString("file"),
        late: try reader.optionalBool("late"))
    }
  }

  static func lines(_ records: [Record]) -> [String] { records.filter { $0.type == "line" }.compactMap(\.text) }

  @Test func followsWhatIsAppended() throws {
    let log = try Log()
    try log.write("one\ntwo\nthree\n")
    let follow = try log.follow("follow=true&lines=2")
    let first = try Self.records(follow)
    #expect(first.map(\.type) == ["open", "line", "line"] && Self.lines(first) == ["two", "three"])
    try log.append("four\nunfin")
    #expect(Self.lines(try Self.records(follow)) == ["four"])
    try log.append("ished\n")
    #expect(Self.lines(try Self.records(follow)) == ["unfinished"])
    let last = try Self.records(follow, ending: .shutdown)
    #expect(last.last?.type == "end" && last.last?.reason == "shutdown" && last.last?.cursor != nil)
    // After its end nothing more.
    #expect(try Self.records(follow).isEmpty)
  }

  /// What comes to the file from before is no line behind a cursor.
  @Test func whatComesLateIsSaidToBeLate() throws {
    let log = try Log()
    try log.write("one\n")
    let follow = try log.follow()
    _ = try Self.records(follow)
    let old = unsafe open(log.tree.path + "/log", O_WRONLY | O_APPEND)
    let writer = FileDescriptor(owning: old)
    try #require(unsafe rename(log.tree.path + "/log", log.tree.path + "/log.1") == 0)
    try log.write("two\n")
    var records: [Record] = []
    func wait(for text: String) throws {
      for _ in 0..<300 where !records.contains(where: { $0.text == text }) {
        records += try Self.records(follow)
        usleep(100_000)
      }
    }
    try wait(for: "two")
    try writer.writeAll(Array("to the old file\n".utf8))
    try wait(for: "to the old file")
    let late = records.filter { $0.type == "line" }.map { $0.late }
    #expect(Self.lines(records) == ["two", "to the old file"] && late == [nil, true])
  }

  /// What a filter finds may be other lines next time: nobody can count them.
  @Test func aCursorFollowsLinesThatWereFiltered() throws {
    let log = try Log()
    try log.write("one\nother\n")
    let follow = try log.follow("follow=true&grep=on")
    #expect(try Self.records(follow).map(\.type) == ["open", "line", "heartbeat"])
    try log.append("none\nother\n")
    let records = try Self.records(follow)
    #expect(records.map(\.type) == ["line", "heartbeat"])
    let cursor = try #require(records.last?.cursor)
    #expect(try Self.records(try log.follow("follow=true&grep=on&cursor=\(cursor)")).map(\.type) == ["open"])
    #expect(try Self.records(follow).isEmpty)
  }

  /// Somebody may ask while a worker stands still in the middle of a look.
  @Test func countsDoNotWaitForALook() throws {
    let log = try Log()
    try log.write("")
    let follow = try log.follow()
    _ = try Self.records(follow)
    try log.append("the password=hunter2hunter2\n")
    var counts: [[String: Int]] = []
    _ = follow.tick(
      asked: nil,
      charge: { _ in
        counts.append(follow.maskedCounts)
        return true
      }, emit: { _ in })
    #expect(counts == [[:]] && follow.maskedCounts.values.reduce(0, +) == 1)
  }

  /// An unfinished last line is held back until it is whole, and masked as a whole.
  @Test func anUnfinishedLineIsHeldBack() throws {
    let log = try Log()
    try log.write("one\nthe password=hun")
    let follow = try log.follow()
    #expect(Self.lines(try Self.records(follow)) == ["one"])
    try log.append("ter2hunter2 and more\n")
    let lines = Self.lines(try Self.records(follow))
    #expect(lines.count == 1 && lines[0].hasPrefix("the password=") && !lines[0].contains("ter2"))
  }

  /// The line that is being written began before what may be scanned: its rest is not shown from its middle.
  @Test func aLineThatBeganBeforeTheScan() throws {
    let log = try Log()
    let long = String(repeating: "x", count: Int(LogTailReader.scanLimit) + 1000)
    try log.write("first\n" + long + " password=")
    let follow = try log.follow()
    #expect(Self.lines(try Self.records(follow)).isEmpty)
    try log.append("hunter2hunter2 rest\nnext\n")
    let lines = Self.lines(try Self.records(follow))
    #expect(lines == [Lines.oversize, "next"])
  }

  @Test func aBudgetThatEndsInTheLastLine() throws {
    let log = try Log()
    try log.write("first\nsome words and then password=")
    let follow = try log.follow(byteAllowance: 10)
    _ = try Self.records(follow)
    try log.append("hunter2hunter2 rest\nnext\n")
    #expect(Self.lines(try Self.records(follow)) == [Lines.oversize, "next"])
  }

  /// The same by way of the cursor of a tail.
  @Test func aCursorInsideALine() throws {
    let log = try Log()
    try log.write("first\nsome words and then password=")
    var tail = try log.tail("", byteAllowance: 10)
    let cursor = try tail.string("cursor")
    try log.append("hunter2hunter2 rest\nnext\n")
    let follow = try log.follow("follow=true&cursor=\(cursor)")
    #expect(Self.lines(try Self.records(follow)) == [Lines.oversize, "next"])
  }

  /// A line over the limit that is still being written: going on from a cursor does not begin in it.
  @Test func aCursorInAnOversizeLine() throws {
    let log = try Log()
    try log.write("first\n")
    let follow = try log.follow()
    _ = try Self.records(follow)
    try log.append(String(repeating: "y", count: LineCutter.maximumLine + 5000) + " password=")
    #expect(Self.lines(try Self.records(follow)).isEmpty)
    let cursor = try #require(try Self.records(follow, ending: .shutdown).last?.cursor)
    try log.append("hunter2hunter2 rest\nnext\n")
    let again = try log.follow("follow=true&cursor=\(cursor)")
    #expect(Self.lines(try Self.records(again)) == [Lines.oversize, "next"])
  }

  @Test func aCursorGoesOnExactly() throws {
    let log = try Log()
    try log.write((0..<50).map { "line \($0)\n" }.joined())
    var tail = try log.tail("lines=5")
    let cursor = try tail.string("cursor")
    try log.append("line 50\nline 51\npart")
    let follow = try log.follow("follow=true&cursor=\(cursor)")
    let records = try Self.records(follow)
    #expect(Self.lines(records) == ["line 50", "line 51"] && records.first?.type == "open")
    let end = try #require(try Self.records(follow, ending: .shutdown).last?.cursor)
    try log.append("ly\n")
    #expect(Self.lines(try Self.records(try log.follow("follow=true&cursor=\(end)"))) == ["partly"])
  }

  @Test func truncation() throws {
    let log = try Log()
    try log.write("one\ntwo\n")
    let follow = try log.follow()
    _ = try Self.records(follow)
    #expect(unsafe truncate(log.tree.path + "/log", 0) == 0)
    try log.append("new\n")
    let records = try Self.records(follow)
    #expect(
      records.map(\.type) == ["reset", "line"] && records[0].reason == "truncated" && Self.lines(records) == ["new"])
  }

  /// What was pending of the old content is finished; the new one begins with a line of its own.
  @Test func truncationInsideALine() throws {
    let log = try Log()
    try log.write("one\n")
    let follow = try log.follow()
    _ = try Self.records(follow)
    try log.append(String(repeating: "z", count: LineCutter.maximumLine + 5))
    _ = try Self.records(follow)
    #expect(unsafe truncate(log.tree.path + "/log", 0) == 0)
    try log.append("new\nmore\n")
    #expect(Self.lines(try Self.records(follow)) == [Lines.oversize, "new", "more"])
  }

  @Test func aCursorOfAFileThatIsGone() throws {
    let log = try Log()
    try log.write("one\ntwo\n")
    var tail = try log.tail("")
    let cursor = try tail.string("cursor")
    #expect(unsafe unlink(log.tree.path + "/log") == 0)
    try log.write("fresh\n")
    let records = try Self.records(try log.follow("follow=true&cursor=\(cursor)"))
    #expect(records.map(\.type) == ["open", "reset", "line"] && records[1].reason == "replaced")
    #expect(Self.lines(records) == ["fresh"])
  }

  /// The file of a cursor has another name now: it is read to its end, then the new one.
  @Test func aCursorOfAFileThatWasRenamed() throws {
    let log = try Log()
    try log.write("one\ntwo\n")
    var tail = try log.tail("")
    let cursor = try tail.string("cursor")
    try log.append("three\n")
    try FileManager.default.moveItem(atPath: log.tree.path + "/log", toPath: log.tree.path + "/log.2")
    passFileTime()
    try log.write("four\n")
    try FileManager.default.moveItem(atPath: log.tree.path + "/log", toPath: log.tree.path + "/log.1")
    passFileTime()
    try log.write("five\n")
    let follow = try log.follow("follow=true&cursor=\(cursor)")
    var records: [Record] = []
    let deadline = Clock.monotonic() + 20_000_000_000
    while Self.lines(records).last != "five", Clock.monotonic() < deadline {
      records += try Self.records(follow)
      usleep(20_000)
    }
    #expect(records.map(\.type) == ["open", "line", "rotated", "line", "rotated", "line"])
    #expect(Self.lines(records) == ["three", "four", "five"])
  }

  /// The old file to its end, then the new one from its beginning.
  @Test func rotation() throws {
    let log = try Log()
    try log.write("one\n")
    let follow = try log.follow()
    _ = try Self.records(follow)
    try log.append("two\nlast without newline ")
    try FileManager.default.moveItem(atPath: log.tree.path + "/log", toPath: log.tree.path + "/log.1")
    try log.write("three\n")
    var records: [Record] = []
    let deadline = Clock.monotonic() + 20_000_000_000
    while Self.lines(records).last != "three", Clock.monotonic() < deadline {
      records += try Self.records(follow)
      usleep(20_000)
    }
    #expect(Self.lines(records) == ["two", "last without newline ", "three"])
    #expect(records.contains { $0.type == "rotated" && $0.reason == "replaced" })
  }

  @Test func secretsOfTheEnvironmentAreMasked() throws {
    let log = try Log()
    try log.write("before\nsaid correct-horse-battery-staple-77 aloud\n")
    var tail = try log.tail("")
    let text = try (tail.optionalArray("lines") ?? []).map { "\($0)" }.joined()
    #expect(text.contains("before") && !text.contains("horse"))
    let follow = try log.follow("follow=true&lines=0")
    _ = try Self.records(follow)
    try log.append("again correct-horse-battery-staple-77\n")
    let lines = Self.lines(try Self.records(follow))
    #expect(lines.count == 1 && !lines[0].contains("horse"))
  }
}
