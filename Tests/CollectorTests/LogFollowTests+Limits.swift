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

// Too much, too fast, too odd; and what is opened at all.
extension LogFollowTests {
  /// What stays behind is left out, said, and nothing else is missing or cut.
  @Test func aSlowClient() throws {
    var log = try Log()
    log.limits.lag = 200_000
    log.limits.kept = 50_000
    try log.write("0\n")
    let follow = try log.follow("follow=true&lines=0")
    _ = try Self.records(follow)
    let lines = (1...40_000).map { "\($0)" }
    try log.append(lines.map { $0 + "\n" }.joined())
    // A client without room gets nothing, and nothing is kept for it.
    var emitted = 0
    for _ in 0..<10 {
      let ended = follow.tick(asked: nil, hasRoom: false, charge: { _ in true }, emit: { emitted += $0.count })
      #expect(!ended && emitted == 0)
    }
    try log.append((40_001...60_000).map { "\($0)\n" }.joined())
    let records = try Self.records(follow)
    let dropped = try #require(records.firstIndex { $0.type == "dropped" })
    #expect(records.count { $0.type == "dropped" } == 1 && records[dropped].reason == "slow")
    let before = Self.lines(Array(records[..<dropped]))
    let after = Self.lines(Array(records[dropped...]))
    #expect(before == (1...before.count).map { "\($0)" })
    let first = try #require(after.first.flatMap { Int($0) })
    #expect(after == (first...60_000).map { "\($0)" })
    #expect(records[dropped].lines == Int64(first - before.count - 1))
    let left = (before.count + 1..<first).reduce(0) { $0 + "\($1)\n".utf8.count }
    #expect(records[dropped].bytes == Int64(left))
    // Its cursor stands behind what was left out.
    let again = try log.follow("follow=true&cursor=\(try #require(records[dropped].cursor))")
    #expect(Self.lines(try Self.records(again)) == after)
  }

  /// Going on from a cursor is exact, however far behind it is.
  @Test func aCursorFarBehind() throws {
    var log = try Log()
    log.limits.lag = 1000
    log.limits.kept = 500
    try log.write("0\n")
    var tail = try log.tail("")
    let cursor = try tail.string("cursor")
    let text = (1...20_000).map { "\($0)" }
    try log.append(text.map { $0 + "\n" }.joined())
    let records = try Self.records(try log.follow("follow=true&cursor=\(cursor)"))
    #expect(Self.lines(records) == text && !records.contains { $0.type == "dropped" })
  }

  @Test func thePaceIsKept() throws {
    var log = try Log()
    log.limits.perSecond = 200
    log.limits.burst = 100
    try log.write("")
    let follow = try log.follow("follow=true&lines=0")
    _ = try Self.records(follow)
    try log.append(String(repeating: "0123456 one\n", count: 100))
    // What is read at once may be more than the pace allows; it is paid for by waiting.
    #expect(Self.lines(try Self.records(follow)).count == 100)
    let start = Clock.monotonic()
    try log.append("two\n")
    var records: [Record] = []
    while Self.lines(records).isEmpty, Clock.monotonic() - start < 60_000_000_000 {
      records += try Self.records(follow)
      usleep(20_000)
    }
    #expect(records.map(\.type) == ["throttled", "line"] && records[0].reason == "rate" && records[0].cursor != nil)
    #expect(Clock.monotonic() - start > 2_000_000_000)
  }

  @Test func theBudgetIsSaidBeforeTheEnd() throws {
    let log = try Log()
    try log.write("one\n")
    let follow = try log.follow("follow=true&lines=0")
    _ = try Self.records(follow)
    try log.append("two\n")
    var bytes: [UInt8] = []
    #expect(follow.tick(asked: nil, charge: { _ in false }, emit: { bytes += $0 }))
    let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(
      text.count == 2 && text[0].contains("throttled") && text[0].contains("budget") && text[1].contains("\"end\"")
        && text[1].contains("budget_exhausted"))
    #expect(!text.joined().contains("two"))
  }

  /// A follow that ends before its first lines have been taken says them all: its cursor stands behind them.
  @Test func theFirstLinesComeBeforeTheEnd() throws {
    let log = try Log()
    let lines = (0..<5000).map { "line \($0) " + String(repeating: "x ", count: 60) }
    try log.write(lines.joined(separator: "\n") + "\n")
    let follow = try log.follow("follow=true&lines=5000")
    let records = try Self.records(follow, ending: .shutdown)
    #expect(Self.lines(records) == lines && records.last?.reason == "shutdown")
  }

  /// The end is said also to a client that takes nothing, and nothing else.
  @Test func theEndNeedsNoRoom() throws {
    let log = try Log()
    try log.write("one\n")
    let follow = try log.follow("follow=true&lines=0")
    _ = try Self.records(follow)
    try log.append("two\n")
    var bytes: [UInt8] = []
    #expect(follow.tick(asked: .shutdown, hasRoom: false, charge: { _ in true }, emit: { bytes += $0 }))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("shutdown") && !text.contains("two"))
  }

  @Test func holesAreSaid() throws {
    let log = try Log()
    try log.write("one\n")
    let follow = try log.follow()
    _ = try Self.records(follow)
    #expect(unsafe truncate(log.tree.path + "/log", 1 << 30) == 0)
    try log.append("two\n")
    let records = try Self.records(follow)
    #expect(records.map(\.type) == ["hole", "line"] && Self.lines(records) == ["two"])
    #expect(records[0].bytes == Int64((1 << 30) - 4))
  }

  @Test func grepInAFollow() throws {
    let log = try Log()
    try log.write("a one\nb two\n")
    let follow = try log.follow("follow=true&grep=a%20")
    #expect(Self.lines(try Self.records(follow)) == ["a one"])
    try log.append("b three\na password=hunter2hunter2\n")
    let lines = Self.lines(try Self.records(follow))
    #expect(lines.count == 1 && lines[0].hasPrefix("a password=\u{2039}"))
    let guess = try log.follow("follow=true&grep=hunter2&lines=100")
    #expect(Self.lines(try Self.records(guess)).isEmpty)
  }

  /// The first lines may be of an older part; the cursor of `open` is there.
  @Test func followFromAnOlderPart() throws {
    let log = try Log()
    try log.tree.file("log.1", Array("one\ntwo\n".utf8))
    passFileTime()
    try log.write("three\n")
    let follow = try log.follow("follow=true&lines=2&predecessors=1")
    let records = try Self.records(follow)
    #expect(Self.lines(records) == ["two", "three"] && records[0].file == "log")
    let again = try log.follow("follow=true&cursor=\(try #require(records[0].cursor))")
    var seen: [Record] = []
    let deadline = Clock.monotonic() + 20_000_000_000
    while Self.lines(seen).last != "three", Clock.monotonic() < deadline {
      seen += try Self.records(again)
      usleep(20_000)
    }
    #expect(Self.lines(seen) == ["two", "three"])
  }

  @Test func copyTruncateUnderACursor() throws {
    let log = try Log()
    try log.write(String(repeating: "a line of some length\n", count: 10))
    var tail = try log.tail("")
    let cursor = try tail.string("cursor")
    try log.append("in the copy\n")
    try FileManager.default.copyItem(atPath: log.tree.path + "/log", toPath: log.tree.path + "/log.1")
    #expect(unsafe truncate(log.tree.path + "/log", 0) == 0)
    try log.append("after\n")
    let records = try Self.records(try log.follow("follow=true&cursor=\(cursor)"))
    #expect(Self.lines(records) == ["in the copy"] || Self.lines(records) == ["in the copy", "after"])
    var seen = records
    if Self.lines(seen).last != "after" {
      let follow = try log.follow("follow=true&cursor=\(cursor)")
      let deadline = Clock.monotonic() + 20_000_000_000
      seen = []
      while Self.lines(seen).last != "after", Clock.monotonic() < deadline {
        seen += try Self.records(follow)
        usleep(20_000)
      }
    }
    #expect(seen.map(\.type) == ["open", "line", "reset", "line"])
  }

  @Test func aCursorOfAFileThatGrewAgain() throws {
    let log = try Log()
    try log.write("one\ntwo\n")
    var tail = try log.tail("")
    let cursor = try tail.string("cursor")
    #expect(unsafe truncate(log.tree.path + "/log", 0) == 0)
    try log.append("another text\nand more\n")
    let records = try Self.records(try log.follow("follow=true&cursor=\(cursor)"))
    #expect(records.map(\.type) == ["open", "reset", "line", "line"] && records[1].reason == "truncated")
  }

  // MARK: What is opened

  @Test func hardLinks() throws {
    for allowed in [false, true] {
      let log = try Log(allowsHardLinks: allowed)
      try log.write("one\n")
      #expect(unsafe link(log.tree.path + "/log", log.tree.path + "/other") == 0)
      #expect(try log.refusal() == (allowed ? nil : .pathRefused))
    }
  }

  @Test func whatIsNoFile() throws {
    let log = try Log()
    #expect(try log.refusal() == .logNotFound)
    try log.tree.link("log", to: "/etc/passwd")
    #expect(try log.refusal() == .notARegularFile)
    #expect(unsafe unlink(log.tree.path + "/log") == 0)
    try log.tree.fifo("log")
    #expect(try log.refusal() == .notARegularFile)
    #expect(unsafe unlink(log.tree.path + "/log") == 0)
    try log.tree.directory("log")
    #expect(try log.refusal() == .notARegularFile)
  }

  @Test(arguments: [
    "lines=-1", "lines=10001", "follow=maybe", "cursor=AAAA", "cursor=AAAA&follow=true", "bytes=0", "bytes=1048577",
    "container=", "lines=1&lines=2", "since=yesterday", "since=", "since=2026-11-21T00:00:00", "grep=", "grep=a%0Ab",
    "predecessors=9", "unknown=1",
  ])
  func parameters(_ query: String) throws {
    let log = try Log()
    try log.write("one\n")
    #expect(try log.refusal(query) == .invalidParameter)
  }
}
