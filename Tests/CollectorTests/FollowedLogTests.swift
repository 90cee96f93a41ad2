import API
import Foundation
import Glibc
import Grants
import Linux
import Testing

@testable import Collector

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

  /// tmpfs lets files be as large as a number goes. Together they are more than that.
  @Test func filesAsLargeAsThereAre() throws {
    var log = try RotatingLog(in: URL(filePath: "/dev/shm"))
    try log.append("one\n")
    var follow = try log.follow()
    #expect(try log.read(&follow) == ["+one\n"])
    try log.rename("log", "log.3")
    for name in ["log.2", "log.1", "log"] {
      try log.append("x\n", to: name)
      try log.truncate(name, to: .max)
      passFileTime()
    }
    log.pass(2)
    _ = try follow.next(now: log.now)
    #expect(try follow.lag > 1 << 62)
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
      passFileTime()
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
    passFileTime()
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
    passFileTime()
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
    passFileTime()
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
