import API
import Foundation
import Glibc
import Grants
import Linux
import StrictJSON
import Testing

@testable import Collector

/// Which file a source means, and what is told of the others.
struct LogViewTests {
  typealias Log = LogFollowTests.Log

  static func list(_ log: borrowing Log) throws -> LogSource {
    let view = LogView(
      target: log.bench.target, files: log.files,
      request: try log.bench.request(.logs, "", "\"logs\":[\"*\"]"), cursorKey: LogFollowTests.key)
    let answer = try JSONDecoder().decode(LogSourceList.self, from: Data(try view.list()))
    return try #require(answer.sources.first)
  }

  static func tail(_ log: borrowing Log, _ query: String) throws -> LogTail {
    guard case .whole(let bytes) = try log.view(query).read("out") else { throw Log.NotAFollow() }
    return try JSONDecoder().decode(LogTail.self, from: Data(bytes))
  }

  static func age(_ log: borrowing Log, _ name: String, _ seconds: Int) throws {
    var times = [
      timespec(tv_sec: 1_700_000_000 - seconds, tv_nsec: 0), timespec(tv_sec: 1_700_000_000 - seconds, tv_nsec: 0),
    ]
    try #require(unsafe utimensat(AT_FDCWD, log.tree.path + "/" + name, &times, 0) == 0)
  }

  @Test func olderPartsAreListedAndRead() throws {
    let log = try Log()
    try log.write("five\n")
    try log.tree.file("log.1", Array("three\nfour\n".utf8))
    try log.tree.file("log.2", Array("one\ntwo\n".utf8))
    try log.tree.file("log.3.gz", [0x1F, 0x8B])
    try log.tree.file("log.10", Array("zero\n".utf8))
    try log.tree.file("other.1", [])
    try log.tree.fifo("log.4")
    let source = try Self.list(log)
    #expect(source.status == "available" && source.size == 5 && !source.truncated && source.files.count == 1)
    #expect(source.files[0].predecessors.map(\.name) == ["log.1", "log.2", "log.3.gz", "log.10"])
    #expect(source.files[0].predecessors.map(\.status) == ["available", "available", "compressed", "available"])
    func lines(_ query: String) throws -> ([String], [LogTail.Part]) {
      let tail = try Self.tail(log, query)
      return (tail.lines.map(\.text), tail.predecessors)
    }
    #expect(try lines("") == (["three", "four", "five"], [LogTail.Part(file: TargetText(text: "log.1"), lines: 2)]))
    #expect(try lines("predecessors=0") == (["five"], []))
    #expect(try lines("lines=2") == (["four", "five"], [LogTail.Part(file: TargetText(text: "log.1"), lines: 1)]))
    // No further than the first that is compressed.
    #expect(try lines("predecessors=8").0 == ["one", "two", "three", "four", "five"])
    #expect(try lines("predecessors=8").1.map(\.name) == ["log.2", "log.1"])
  }

  @Test func anOlderPartWithASecondName() throws {
    let log = try Log()
    try log.write("two\n")
    try log.tree.file("log.1", Array("one\n".utf8))
    #expect(unsafe link(log.tree.path + "/log.1", log.tree.path + "/elsewhere") == 0)
    #expect(try Self.list(log).files[0].predecessors.map(\.status) == ["denied"])
    #expect(try Self.tail(log, "").lines.map(\.text) == ["two"])
    // And one that is a symlink is none at all.
    #expect(unsafe unlink(log.tree.path + "/log.1") == 0)
    try log.tree.link("log.1", to: "/etc/passwd")
    #expect(try Self.list(log).files[0].predecessors.isEmpty)
    #expect(try Self.tail(log, "").lines.map(\.text) == ["two"])
  }

  @Test func patterns() throws {
    let log = try Log(pattern: "app-*.log")
    #expect(try Self.list(log).status == "missing")
    #expect(try log.refusal() == .logNotFound)
    for (name, age) in [("app-a.log", 30), ("app-b.log", 10), ("app-c.log", 20), ("app-b.log.1", 5), ("other.log", 1)] {
      try log.tree.file(name, Array("of \(name)\n".utf8))
      try Self.age(log, name, age)
    }
    try log.tree.directory("app-folder.log")
    try log.tree.link("app-link.log", to: "/etc/passwd")
    try log.tree.file(".app-hidden.log", [])
    let source = try Self.list(log)
    let names = source.files.filter { $0.status == "available" }.map(\.name)
    #expect(names == ["app-b.log", "app-c.log", "app-a.log"])
    #expect(Set(source.files.filter { $0.status == "not_regular" }.map(\.name)) == ["app-folder.log", "app-link.log"])
    #expect(source.status == "available" && source.files.first { $0.name == "app-b.log" }?.predecessors.count == 1)
    // The last modified one that can be read, or the one that is named, by name or id.
    #expect(try Self.tail(log, "predecessors=0").file == "app-b.log")
    #expect(try Self.tail(log, "file=app-a.log").lines.map(\.text) == ["of app-a.log"])
    let id = try #require(source.files.first { $0.name == "app-c.log" }).id
    #expect(try Self.tail(log, "file=\(id)").file == "app-c.log")
    #expect(try log.refusal("file=app-link.log") == .notARegularFile)
    for name in [
      "other.log", "app-b.log.1", ".app-hidden.log", "..", "../log", "app-x.log", "%2fetc%2fpasswd", "0011223344556677",
    ] {
      #expect(try log.refusal("file=\(name)") == .logNotFound, "\(name)")
    }
  }

  /// A name with a secret of the environment in it is masked, reached by its id, and not found by guessing.
  @Test func aSecretInAName() throws {
    let log = try Log(pattern: "*.log")
    let name = "correct-horse-battery-staple-77.log"
    try log.tree.file(name, Array("inside\n".utf8))
    let file = try #require(try Self.list(log).files.first)
    #expect(!file.name.contains("horse") && file.name.contains("\u{2039}"))
    #expect(try log.refusal("file=\(name)") == .logNotFound)
    #expect(try log.refusal("file=\(Bench.percent(file.name))") == .logNotFound)
    let tail = try Self.tail(log, "file=\(file.id)")
    #expect(tail.lines.map(\.text) == ["inside"] && tail.file == file.name && tail.fileID == file.id)
  }

  @Test func manyFiles() throws {
    let log = try Log(pattern: "*.log")
    for number in 0..<700 { try log.tree.file("f\(number).log", []) }
    let source = try Self.list(log)
    #expect(source.truncated && source.files.count == 64)
    let one = try Log()
    try one.write("")
    for number in 1...60 { try one.tree.file("log.\(number)", []) }
    let file = try #require(try Self.list(one).files.first)
    #expect(file.truncated && file.predecessors.map(\.name) == (1...16).map { "log.\($0)" })
  }

  /// A folder that may be entered and not read has a log, and no older parts.
  @Test func whatSinceSays() throws {
    let log = try Log()
    try log.write("2020-01-01T00:00:00Z old\n  at frame\n2020-01-02 00:00:00,5 new\n")
    let tail = try Self.tail(log, "since=2020-01-01T12:00:00Z")
    #expect(tail.lines.map(\.text) == ["2020-01-02 00:00:00,5 new"])
    #expect(tail.linesScanned == 3 && tail.withoutTime == 1 && tail.withoutZone == 1 && tail.limitHit == "none")
    #expect(try Self.tail(log, "since=1h").lines.isEmpty)
    #expect(try Self.tail(log, "").linesScanned == nil)
  }
}

struct FollowPaceTests {
  @Test func fillsByTheSecond() {
    var pace = FollowPace(perSecond: 1000, burst: 3000, now: 5)
    #expect(pace.allowance(now: 5) == 3000)
    pace.take(4000)
    #expect(pace.allowance(now: 5) == 0)
    #expect(pace.allowance(now: 1_000_000_005) == 0)
    #expect(pace.allowance(now: 1_500_000_005) == 500)
    #expect(pace.allowance(now: 1_500_500_005) == 500)
    #expect(pace.allowance(now: 1_000_000_000_000) == 3000)
    // However often it is asked.
    pace.take(3000)
    for step in 1...10_000 { _ = pace.allowance(now: 1_000_000_000_000 + UInt64(step) * 100_000) }
    #expect(pace.allowance(now: 1_001_000_000_000) == 1000)
  }
}
