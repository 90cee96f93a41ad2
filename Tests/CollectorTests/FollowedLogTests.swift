import API
import Foundation
import Glibc
import Grants
import Linux
import Testing

@testable import Collector

/// A log's folder, changed as rotation does, and read with a clock of its own.
struct RotatingLog: ~Copyable {
  let bench: Bench
  let tree: Tree
  let files: LogFiles
  let source: Configuration.LogSource
  private(set) var now: UInt64 = 1_000_000_000_000

  init(pattern: String? = nil) throws {
    let bench = try Bench()
    let tree = try Tree()
    let source = Configuration.LogSource(
      name: "out", volume: 0, folder: [], file: Array((pattern ?? "log").utf8),
      pattern: try pattern.map { try Glob($0) }, container: "app", allowsHardLinks: false)
    let volume = SharedDescriptor(try FileDescriptor.open(path: tree.path, .pathDirectory))
    self.source = source
    files = LogFiles(sources: [source], target: bench.target, volumes: [volume])
    self.bench = bench
    self.tree = tree
  }

  func path(_ name: String) -> String { tree.path + "/" + name }

  func append(_ text: String, to name: String = "log") throws {
    let raw = unsafe open(path(name), O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard raw >= 0 else { throw Tree.Failed() }
    try FileDescriptor(owning: raw).writeAll(Array(text.utf8))
  }

  func rename(_ old: String, _ new: String) throws {
    guard unsafe Glibc.rename(path(old), path(new)) == 0 else { throw Tree.Failed() }
  }

  func copy(_ old: String, _ new: String) throws {
    try? FileManager.default.removeItem(atPath: path(new))
    try Data(contentsOf: URL(filePath: path(old))).write(to: URL(filePath: path(new)))
  }

  func truncate(_ name: String = "log", to size: Int = 0) throws {
    guard unsafe Glibc.truncate(path(name), size) == 0 else { throw Tree.Failed() }
  }

  func remove(_ name: String = "log") throws {
    guard unsafe unlink(path(name)) == 0 else { throw Tree.Failed() }
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  mutating func pass(_ seconds: Double) { now += UInt64(seconds * 1_000_000_000) }

  func opened(_ name: String = "log") throws -> (OpenedLog, LogPlace) {
    let folder = try files.folder(of: source)
    let opened = try folder.open(folder.look(Array(name.utf8)))
    let place = LogPlace(
      files: files, source: source, folder: folder, name: opened.name, goesOn: source.pattern != nil, now: now)
    return (opened, place)
  }

  func follow(_ name: String = "log", at offset: UInt64 = 0) throws -> FollowedLog {
    let (opened, place) = try opened(name)
    return try FollowedLog(opened, offset: offset, place: place, now: now)
  }

  /// What comes now, and while so many seconds pass.
  mutating func read(_ log: inout FollowedLog, for seconds: Double = 0, limit: Int = FollowedLog.chunk) throws
    -> [String]
  {
    var seen: [String] = []
    let end = now + UInt64(seconds * 1_000_000_000)
    while true {
      while let event = try log.next(now: now, limit: limit) { seen.append(Self.text(event)) }
      guard now < end else { break }
      pass(0.25)
    }
    // Pieces of one text that came in several.
    return seen.reduce(into: []) { all, next in
      if let last = all.last, last.hasPrefix("+"), next.hasPrefix("+") {
        all[all.count - 1] = last + next.dropFirst()
      } else {
        all.append(next)
      }
    }
  }

  private static func text(_ event: FollowedLog.Event) -> String {
    switch event {
    case .bytes(let bytes): "+" + String(decoding: bytes, as: UTF8.self)
    case .hole(let count): "hole \(count)"
    case .late(let bytes): "late " + String(decoding: bytes, as: UTF8.self)
    case .rotated: "rotated"
    case .reset(let reason): "reset \(reason)"
    case .gone: "gone"
    }
  }
}

struct FollowedLogTests {
  @Test func grows() throws {
    var log = try RotatingLog()
    try log.append("one\n")
    var follow = try log.follow(at: 2)
    #expect(try log.read(&follow) == ["+e\n"])
    #expect(try log.read(&follow, for: 3) == [])
    try log.append("two\n")
    #expect(try log.read(&follow, limit: 1) == ["+two\n"])
  }

  /// The old file may have much unread when the new one is there already.
  @Test func aRenamedFileIsReadToItsEnd() throws {
    var log = try RotatingLog()
    try log.append("")
    var follow = try log.follow()
    let much = String(repeating: "0123456789abcdef\n", count: 40_000)
    try log.append(much)
    try log.rename("log", "log.1")
    try log.append("new\n")
    // Sixty seconds go by before it is read at all.
    log.pass(60)
    #expect(try log.next(&follow) == "+\(much.prefix(65536))")
    #expect(try log.read(&follow, for: 2) == ["+\(much.dropFirst(65536))", "rotated", "+new\n"])
  }

  @Test func aWriterThatGoesOnWithTheOldFile() throws {
    var log = try RotatingLog()
    try log.append("one\n")
    var follow = try log.follow()
    try log.rename("log", "log.1")
    try log.append("new\n")
    #expect(try log.read(&follow, for: 0.5) == ["+one\n"])
    try log.append("still\n", to: "log.1")
    #expect(try log.read(&follow, for: 0.75) == ["+still\n"])
    #expect(try log.read(&follow, for: 2) == ["rotated", "+new\n"])
    // And after it had been left, for a while.
    try log.append("late\n", to: "log.1")
    #expect(try log.read(&follow, for: 2) == ["late late\n"])
    try log.append("more\n")
    #expect(try log.read(&follow, for: 1) == ["+more\n"])
    #expect(try log.read(&follow, for: 40) == [])
    try log.append("too late\n", to: "log.1")
    #expect(try log.read(&follow, for: 2) == [])
  }

  /// A writer that never opens the new file does not keep what others write there from being seen, and loses nothing.
  @Test func aWriterThatNeverChangesFiles() throws {
    var log = try RotatingLog()
    try log.append("old 0\n")
    var follow = try log.follow()
    try log.rename("log", "log.1")
    try log.append("new\n")
    var seen: [String] = []
    for number in 1...100 {
      seen += try log.read(&follow, for: 0.5)
      try log.append("old \(number)\n", to: "log.1")
    }
    seen += try log.read(&follow, for: 2)
    let rotation = try #require(seen.firstIndex(of: "rotated"))
    #expect(rotation < 15 && seen[rotation + 1] == "+new\n")
    let text = seen.joined().replacing("late ", with: "").replacing("+", with: "")
    #expect((0...100).allSatisfy { text.contains("old \($0)\n") })
  }

  /// As long as the new file is empty the old one is stayed with, however long it is quiet.
  @Test func anEmptyNewFile() throws {
    var log = try RotatingLog()
    try log.append("one\n")
    var follow = try log.follow()
    _ = try log.read(&follow)
    try log.rename("log", "log.1")
    try log.append("")
    #expect(try log.read(&follow, for: 100) == [])
    try log.append("two\n", to: "log.1")
    #expect(try log.read(&follow, for: 5) == ["+two\n"])
    try log.append("new\n")
    #expect(try log.read(&follow, for: 2) == ["rotated", "+new\n"])
  }

  @Test func severalRotationsBetweenTwoLooks() throws {
    var log = try RotatingLog()
    try log.append("one\n")
    var follow = try log.follow()
    _ = try log.read(&follow)
    for text in ["two\n", "three\n", "four\n"] {
      for number in [3, 2, 1] where log.exists("log.\(number)") { try log.rename("log.\(number)", "log.\(number + 1)") }
      try log.rename("log", "log.1")
      usleep(5_000)
      try log.append(text)
    }
    #expect(try log.read(&follow, for: 5) == ["rotated", "+two\n", "rotated", "+three\n", "rotated", "+four\n"])
  }

  @Test func truncation() throws {
    var log = try RotatingLog()
    try log.append("one\ntwo\n")
    var follow = try log.follow()
    _ = try log.read(&follow)
    try log.truncate()
    try log.append("new\n")
    #expect(try log.read(&follow) == ["reset truncated", "+new\n"])
    try log.truncate()
    #expect(try log.read(&follow) == ["reset truncated"])
    try log.append("x\n")
    #expect(try log.read(&follow) == ["+x\n"])
  }

  /// Cut and grown past the old place before anybody looked; to the very place; in place.
  @Test(arguments: [100, 8, 4]) func truncationThatGrowsAgain(_ size: Int) throws {
    var log = try RotatingLog()
    try log.append("one\ntwo\n")
    var follow = try log.follow()
    _ = try log.read(&follow)
    usleep(10_000)
    let text = String(repeating: "z", count: size - 1) + "\n"
    try log.truncate()
    try log.append(text)
    #expect(try log.read(&follow) == ["reset truncated", "+\(text)"])
  }

  /// What copytruncate had not handed on yet is in the copy.
  @Test(arguments: [0, 300]) func copyTruncate(_ more: Int) throws {
    var log = try RotatingLog()
    let first = String(repeating: "first line\n", count: 20)
    try log.append(first)
    var follow = try log.follow()
    #expect(try log.read(&follow) == ["+" + first])
    try log.append("in the copy\n")
    try log.copy("log", "log.1")
    try log.truncate()
    let text = "after it\n" + String(repeating: "x", count: more) + "\n"
    try log.append(text)
    #expect(try log.read(&follow, for: 2) == ["+in the copy\n", "reset truncated", "+" + text])
    // Again, with the copy of before moved on.
    usleep(5_000)
    try log.append("second copy " + String(repeating: "y", count: 100) + "\n")
    _ = try log.read(&follow)
    try log.append("the rest\n")
    try log.rename("log.1", "log.2")
    try log.copy("log", "log.1")
    try log.truncate()
    try log.append("end\n")
    #expect(try log.read(&follow, for: 2) == ["+the rest\n", "reset truncated", "+end\n"])
  }

  /// A writer without O_APPEND goes on at its old place: a hole stands before it.
  @Test func aWriterBehindATruncation() throws {
    var log = try RotatingLog()
    let raw = unsafe open(log.path("log"), O_WRONLY | O_CREAT, 0o644)
    defer { close(raw) }
    let line = String(repeating: "a", count: 9999) + "\n"
    for _ in 0..<10 { #expect(unsafe write(raw, line, 10_000) == 10_000) }
    var follow = try log.follow()
    _ = try log.read(&follow)
    try log.truncate()
    #expect(unsafe write(raw, "on\n", 3) == 3)
    let seen = try log.read(&follow)
    #expect(seen.first == "reset truncated" && seen[1].hasPrefix("hole "))
    let hole = Int(seen[1].dropFirst(5)) ?? 0
    // File systems keep holes by pages.
    #expect(seen.count == 3 && seen[2].utf8.count - 1 + hole == 100_003 && seen[2].hasSuffix("on\n"))
  }

  @Test func aNewFileWithTheOldInode() throws {
    // The number is given again at once on most file systems, while nobody holds the old file.
    var log = try RotatingLog()
    try log.append("one\ntwo\n")
    let (old, _) = try log.opened()
    let status = old.status
    #expect(old.isSame(as: status))
    var reborn = status
    reborn.born = Timestamp(seconds: 1)
    #expect(!old.isSame(as: reborn))
    var follow = try log.follow()
    _ = try log.read(&follow)
    try log.remove()
    try log.append("new\n")
    #expect(try log.read(&follow, for: 3) == ["rotated", "+new\n"])
  }

  @Test func removedAndNothingInItsPlace() throws {
    var log = try RotatingLog()
    try log.append("one\n")
    var follow = try log.follow()
    try log.remove()
    #expect(try log.read(&follow, for: 50) == ["+one\n"])
    #expect(try log.next(&follow) == nil)
    log.pass(20)
    #expect(try log.next(&follow) == "gone")
  }

  /// What takes the name and is no log is not opened.
  @Test func somethingElseUnderTheName() throws {
    var log = try RotatingLog()
    try log.append("one\n")
    var follow = try log.follow()
    try log.rename("log", "log.1")
    try log.tree.fifo("log")
    #expect(try log.read(&follow, for: 5) == ["+one\n"])
    try log.remove()
    try log.tree.link("log", to: "/etc/passwd")
    #expect(try log.read(&follow, for: 5) == [])
    try log.remove()
    try log.append("secret\n", to: "other")
    #expect(unsafe link(log.path("other"), log.path("log")) == 0)
    #expect(try log.read(&follow, for: 5) == [])
    try log.remove()
    try log.append("new\n")
    #expect(try log.read(&follow, for: 5) == ["rotated", "+new\n"])
  }

  /// Each day has a file of its own: the younger one is gone on with, and no older part is taken for one.
  @Test func aFileForEachDay() throws {
    var log = try RotatingLog(pattern: "app-*.log")
    try log.append("one\n", to: "app-20.log")
    var follow = try log.follow("app-20.log")
    #expect(try log.read(&follow, for: 10) == ["+one\n"])
    usleep(5_000)
    try log.append("two\n", to: "app-21.log")
    #expect(try log.read(&follow, for: 10) == ["rotated", "+two\n"])
    try log.copy("app-21.log", "app-21.log.1")
    try log.append("other\n", to: "other.log")
    #expect(try log.read(&follow, for: 10) == [])
    // The name that is followed is the younger one's.
    try log.rename("app-21.log", "app-21.log.2")
    try log.append("three\n", to: "app-21.log")
    #expect(try log.read(&follow, for: 10).last == "+three\n")
  }
}

extension RotatingLog {
  mutating func next(_ log: inout FollowedLog) throws -> String? {
    try log.next(now: now).map(Self.text)
  }
}

/// Random writers, rotations and readers against the list of all that was written.
struct FollowedLogModelTests {
  /// The text of what was read, with the records between.
  private struct Reader {
    var text = ""
    var resets = 0
    var late = ""

    mutating func take(_ events: [String]) {
      for event in events {
        if event.hasPrefix("+") { text += event.dropFirst() }
        if event.hasPrefix("late ") { late += event.dropFirst(5) }
        if event.hasPrefix("reset") { resets += 1 }
      }
    }

    var lines: [Int] { (text + late).split(separator: "\n").compactMap { Int($0.split(separator: " ").first ?? "") } }
  }

  /// Renames, new files, restarts of the reader by a place, writers that are slow to change files: nothing is lost,
  /// nothing doubled, and, but for what came late, all is in order.
  @Test(arguments: 0..<12) func renames(_ seed: UInt64) throws {
    var random = SplitMix(state: 1000 + seed)
    var log = try RotatingLog()
    try log.append("")
    var follow = try log.follow()
    var reader = Reader()
    var written = 0
    var rotations = 0
    for _ in 0..<120 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        for _ in 0..<Int.random(in: 1...30, using: &random) {
          try log.append("\(written) " + String(repeating: "x", count: Int.random(in: 0...200, using: &random)) + "\n")
          written += 1
        }
      case 6:
        usleep(12_000)  // The clock of a file system ticks every few milliseconds; within one tick files have no order.
        for number in stride(from: 8, through: 1, by: -1) where log.exists("log.\(number)") {
          try log.rename("log.\(number)", "log.\(number + 1)")
        }
        try log.rename("log", "log.1")
        rotations += 1
        // The writer is slow to change files.
        if Bool.random(using: &random) {
          try log.append("\(written) late\n", to: "log.1")
          written += 1
        }
        usleep(12_000)  // The clock of a file system ticks every few milliseconds; within one tick files have no order.
        try log.append("\(written) first\n")
        written += 1
      case 7:
        // The reader ends, and another begins at the same place.
        let (opened, place) = (follow.opened, try log.opened().1)
        follow = try FollowedLog(opened, offset: follow.offset, place: place, now: log.now)
      case _:
        reader.take(try log.read(&follow, for: Double.random(in: 0...3, using: &random), limit: 4096))
      }
    }
    reader.take(try log.read(&follow, for: Double(rotations) * 2 + 10))
    #expect(reader.resets == 0 && rotations > 0)
    let order = reader.lines
    #expect(order.sorted() == Array(0..<written), "lost or doubled")
    if reader.late.isEmpty { #expect(order == Array(0..<written)) }
  }

  /// Truncations with and without a copy: what is missing or out of order has a `reset` before it.
  @Test(arguments: 0..<12) func truncations(_ seed: UInt64) throws {
    var random = SplitMix(state: 2000 + seed)
    var log = try RotatingLog()
    try log.append("")
    var follow = try log.follow()
    var events: [String] = []
    var written = 0
    var lossy: Set<Int> = []
    var unread: [Int] = []
    for _ in 0..<120 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        for _ in 0..<Int.random(in: 1...30, using: &random) {
          try log.append("\(written) " + String(repeating: "x", count: Int.random(in: 0...200, using: &random)) + "\n")
          unread.append(written)
          written += 1
        }
      case 6:
        usleep(12_000)  // The clock of a file system ticks every few milliseconds; within one tick files have no order.
        let hasCopy = Bool.random(using: &random)
        if hasCopy {
          for number in stride(from: 8, through: 1, by: -1) where log.exists("log.\(number)") {
            try log.rename("log.\(number)", "log.\(number + 1)")
          }
          try log.copy("log", "log.1")
        }
        // Without a copy, or where too little was read to know the copy by, what was not read is gone.
        lossy.formUnion(unread)
        unread = []
        try log.truncate()
      case _:
        let new = try log.read(&follow, for: Double.random(in: 0...1.5, using: &random))
        events += new
        unread = []
      }
    }
    events += try log.read(&follow, for: 30)
    var last = -1
    var seen: Set<Int> = []
    // What was cut before anything had been read was never known to be there.
    var afterReset = true
    for event in events {
      if event.hasPrefix("reset") { afterReset = true }
      guard event.hasPrefix("+") else { continue }
      for line in event.dropFirst().split(separator: "\n") {
        let number = try #require(Int(line.split(separator: " ").first ?? ""), "a line from its middle: \(line)")
        #expect(seen.insert(number).inserted, "\(number) came twice")
        if number != last + 1 {
          #expect(afterReset, "\(last) is followed by \(number), and nothing says why")
          #expect((last + 1..<max(number, last + 1)).allSatisfy { lossy.contains($0) })
        }
        afterReset = false
        last = number
      }
    }
    #expect(last == written - 1)
  }
}
