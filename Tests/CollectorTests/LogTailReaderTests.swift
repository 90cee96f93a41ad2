import API
import Foundation
import Glibc
import Linux
import Masking
import Testing

@testable import Collector

struct LogTailReaderTests {
  static func opened(_ tree: borrowing Tree, _ name: String) throws -> OpenedLog {
    let file = SharedDescriptor(try FileDescriptor.open(path: tree.path + "/" + name, .read))
    return OpenedLog(
      file, status: try file.descriptor.status(), name: Array(name.utf8), mount: 1, stalls: StallWatch())
  }

  static func selection(
    _ lines: Int, bytes: Int? = nil, since: String? = nil, grep: String? = nil
  ) throws -> LogSelection {
    let now = Timestamp(seconds: 1_795_243_200)
    return LogSelection(
      lines: lines, bytes: bytes,
      since: try since.map { try #require(SinceTime.parse(Array($0.utf8), now: now)) },
      filter: try grep.map { try #require(TextFilter(Array($0.utf8))) }, now: now)
  }

  static func tail(
    _ bytes: [UInt8], _ selection: LogSelection, budget: Int64 = .max, values: [[UInt8]] = []
  ) throws -> LogTailReader.Tail {
    let tree = try Tree()
    try tree.file("log", bytes)
    return try LogTailReader(
      files: [try opened(tree, "log")], masker: Lines.masker, values: KnownValues(values.map { $0[...] }),
      turnMilliseconds: 60_000
    ).read(
      selection, budget: budget)
  }

  static func tail(_ bytes: [UInt8], _ count: Int, budget: Int64 = .max) throws -> LogTailReader.Tail {
    try tail(bytes, selection(count), budget: budget)
  }

  static func texts(_ tail: LogTailReader.Tail) -> [String] { tail.lines.map(\.line.line.text) }

  @Test func holesAsLargeAsThereAre() throws {
    var lines = SelectedLines(try Self.selection(10))
    for _ in 0..<3 { lines.hole(1 << 63) }
    #expect(lines.holeBytes == .max)
  }

  @Test(
    arguments: [
      ("", 5, []), ("a\nb\nc\n", 2, ["b", "c"]), ("a\nb\nc ", 2, ["b", "c "]), ("a\nb\nc\n", 10, ["a", "b", "c"]),
      ("a\nb\nc\n", 0, []), ("\n\n\n", 2, ["", ""]), ("one ", 1, ["one "]), ("a\r\nb\r\n", 1, ["b"]), ("\n", 1, [""]),
    ] as [(String, Int, [String])])
  func golden(_ text: String, _ count: Int, _ lines: [String]) throws {
    let tail = try Self.tail(Array(text.utf8), count)
    #expect(Self.texts(tail) == lines)
    let unfinished = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).last?.count ?? 0
    #expect(tail.limitHit == "none" && tail.end == UInt64(text.utf8.count - unfinished))
    #expect(tail.lines.last?.isUnfinished ?? false == (unfinished > 0 && count > 0))
  }

  /// Against the whole text cut at its newlines, for files around the size of a block and of a stage; each line knows
  /// where it stands.
  @Test(arguments: 0..<8) func agreesWithTheWholeText(_ seed: UInt64) throws {
    var random = SplitMix(state: 221 + seed)
    var text = ""
    let size = Int.random(in: 0...300_000, using: &random)
    var number = 0
    while text.utf8.count < size {
      text += "line \(number) " + String(repeating: "é", count: Int.random(in: 0...300, using: &random)) + "\n"
      number += 1
    }
    if Bool.random(using: &random) { text += "the end " }
    let bytes = Array(text.utf8)
    let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let expected = all.last == "" ? Array(all.dropLast()) : all
    for count in [1, 100, 5000] {
      let tail = try Self.tail(bytes, count)
      #expect(Self.texts(tail) == expected.suffix(count))
      #expect(tail.limitHit == "none" && tail.scanned <= Int64(bytes.count))
      for entry in tail.lines {
        #expect(bytes[Int(entry.line.start)...].starts(with: entry.line.line.text.utf8))
      }
    }
  }

  /// No more than the answer, the lines that give it its context, and what is read at once.
  @Test func noMoreIsReadThanNeeded() throws {
    let text = Array(String(repeating: "0123456789 0123456789\n", count: 50_000).utf8)
    #expect(try Self.tail(text, 1).scanned <= 131_072)
    #expect(try Self.tail(text, 5000).scanned <= 1 << 20)
  }

  /// A file without a newline is read no further than the budget, and its end, cut off from its beginning, is not shown.
  @Test func noNewlineAtAll() throws {
    let tail = try Self.tail([UInt8](repeating: 0x61, count: 6 << 20), 100)
    #expect(tail.scanned <= LogTailReader.scanLimit && tail.limitHit == "scan" && tail.lines.isEmpty)
    #expect(tail.scanned > LogTailReader.scanLimit - 65536 && tail.end == 6 << 20)
  }

  /// Where a block begins depends on the file alone: a caller with budgets of different sizes measures nothing finer.
  @Test func theBudgetIsKept() throws {
    let text = Array(String(repeating: "0123456789\n", count: 20_000).utf8)
    for budget in [0, 1, 5, 100, 4095, 4096, 8191, 8192, 65536, 65537, 100_000] as [Int64] {
      let tail = try Self.tail(text, 10_000, budget: budget)
      #expect(tail.scanned <= budget && tail.limitHit == "budget")
      let start = Int64(text.count) - tail.scanned
      #expect(start % 4096 == 0 || tail.scanned == 0)
      #expect(tail.lines.allSatisfy { $0.line.line.text == "0123456789" })
      let whole = Int(tail.scanned) - (start % 11 == 0 ? 0 : 11 - Int(start % 11))
      #expect(tail.lines.count == max(0, whole / 11))
    }
  }

  /// A sparse file of a gigabyte: its end is a hole, which costs nothing and is said.
  @Test func sparseFiles() throws {
    let tree = try Tree()
    try tree.file("log", Array("first\nsecond\n".utf8))
    #expect(unsafe truncate(tree.path + "/log", 1 << 30) == 0)
    let raw = unsafe open(tree.path + "/log", O_WRONLY | O_APPEND)
    try FileDescriptor(owning: raw).writeAll(Array("third\n".utf8))
    let tail = try LogTailReader(files: [try Self.opened(tree, "log")], masker: Lines.masker).read(
      Self.selection(10), budget: .max)
    #expect(Self.texts(tail) == ["first", "second", "third"])
    #expect(tail.scanned < 300_000 && tail.limitHit == "none" && tail.holeBytes > (1 << 30) - 8192)
    #expect(tail.end == (1 << 30) + 6)
  }

  /// Data here and there in a large hole.
  @Test func islands() throws {
    let tree = try Tree()
    try tree.file("log", [])
    let raw = unsafe open(tree.path + "/log", O_WRONLY)
    defer { close(raw) }
    for (index, place) in [10 << 20, 300 << 20, 301 << 20, (900 << 20) + 12345].enumerated() {
      let text = "island \(index)\n"
      #expect(unsafe pwrite(raw, text, text.utf8.count, place) == text.utf8.count)
    }
    let tail = try LogTailReader(files: [try Self.opened(tree, "log")], masker: Lines.masker).read(
      Self.selection(10), budget: .max)
    #expect(Self.texts(tail) == ["island 0", "island 1", "island 2", "island 3"])
    #expect(tail.scanned < 1 << 20)
  }

  @Test func nulsWithNewlines() throws {
    let tail = try Self.tail([0, 0, 0x0A, 0x61, 0, 0x0A, 0x62, 0x20], 10)
    #expect(Self.texts(tail) == ["\0\0", "a\0", "b "])
  }

  /// Written NULs, as a crash or a writer behind a truncation leaves them.
  @Test func aRunOfNULsIsAHole() throws {
    let nuls = [UInt8](repeating: 0, count: 100_000)
    let tail = try Self.tail(Array("a\nb".utf8) + nuls + Array("c\nd\n".utf8), 10)
    #expect(Self.texts(tail) == ["a", "b", "c", "d"] && tail.holeBytes == 100_000)
    let all = try Self.tail([UInt8](repeating: 0, count: 6 << 20), 10)
    #expect(all.lines.isEmpty && all.holeBytes > 0 && all.holeBytes <= 6 << 20 && all.limitHit == "scan")
  }

  /// The file has become shorter since its size was taken.
  @Test func aShorterFile() throws {
    let tree = try Tree()
    try tree.file("log", Array("a\nb\n".utf8))
    var opened = try Self.opened(tree, "log")
    opened.status.size = 1000
    let tail = try LogTailReader(files: [opened], masker: Lines.masker).read(Self.selection(10), budget: .max)
    #expect(tail.lines.isEmpty || Self.texts(tail) == ["a", "b"])
    #expect(tail.end <= 1000)
  }

  /// An unfinished line over the limit of one line: counted whole, and shown as what it is.
  @Test func anEndlessLastLine() throws {
    let text = Array("first\n".utf8) + [UInt8](repeating: 0x7A, count: LineCutter.maximumLine + 10)
    let tail = try Self.tail(text, 2)
    #expect(Self.texts(tail) == ["first", Lines.oversize])
    #expect(tail.end == 6)
  }

  /// The end of an unfinished line may be the beginning of a secret.
  @Test(arguments: [
    ("x correct-ho", "x \u{2039}oversize:8-15:-\u{203A}"), ("x corr", "x \u{2039}oversize:1-7:-\u{203A}"),
    ("x cor", "x cor"),
    ("x rect-horse", "x rect-horse"), ("x correct-horsf", "x correct-horsf"),
    ("first\nx corr", "x \u{2039}oversize:1-7:-\u{203A}"),
  ])
  func theBeginningOfASecret(_ text: String, _ shown: String) throws {
    let tail = try Self.tail(Array(text.utf8), Self.selection(1), values: [Array("correct-horse-battery".utf8)])
    #expect(Self.texts(tail) == [shown])
  }

  /// An unfinished line is cut like any other.
  @Test func aLongUnfinishedLine() throws {
    let tail = try Self.tail(Array(("first\n" + String(repeating: "ab ", count: 30_000) + "end").utf8), 1)
    #expect(tail.lines[0].line.line.text.utf8.count <= LineCutter.maximumShown)
    #expect(tail.lines[0].line.line.truncated == true && tail.end == 6)
  }

  /// A key of several lines is known as one though only its last lines are shown, however long it is, and however much
  /// comes after it.
  @Test(arguments: [(30, 0), (63, 1), (100, 0), (100, 900), (480, 0), (480, 900), (300, 3000)])
  func blocksBeforeTheFirstLine(_ count: Int, _ after: Int) throws {
    let body = [String](repeating: "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0Vng=", count: count)
    let rest = [String](repeating: String(repeating: "after ", count: 11), count: after)
    let block = ["-----BEGIN PRIVATE KEY-----"] + body + ["short", "-----END PRIVATE KEY-----"] + rest
    let before = (0..<2000).map { "before \($0)" }
    let text = Array(((before + block).joined(separator: "\n") + "\n").utf8)
    let tail = try Self.tail(text, 3 + after)
    #expect(tail.lines.count == 3 + after)
    #expect(tail.lines.prefix(3).allSatisfy { $0.line.line.masked == 1 })
    #expect(!tail.lines.contains { $0.line.line.text.contains("short") })
    // By whatever way they are chosen.
    let found = try Self.tail(text, Self.selection(10_000, grep: "short"))
    #expect(found.lines.isEmpty)
  }
}

struct LogSelectionTests {
  typealias Tails = LogTailReaderTests

  static let log = """
    2026-11-21T11:00:00Z starting
      at frame one
    2026-11-21T11:30:00Z password=hunter2hunter2 accepted
    2026-11-21T11:40:00Z token=abcdef0123456789abcdef0123456789 renewed
    2026-11-21T11:59:00Z one ‹fake:1-7:-› more
    2026-11-21T11:59:30Z last one

    """

  static func texts(_ selection: LogSelection) throws -> [String] {
    try Tails.texts(Tails.tail(Array(log.utf8), selection))
  }

  /// `bytes` counts what is shown, in whole lines: as tail -c where nothing is masked, but for a line cut in two.
  @Test func bytes() throws {
    #expect(try Self.texts(Tails.selection(100, bytes: 30)) == ["2026-11-21T11:59:30Z last one"])
    #expect(try Self.texts(Tails.selection(100, bytes: 29)) == [])
    #expect(try Self.texts(Tails.selection(100, bytes: 1000)).count == 6)
    // Two secrets whose tokens look alike take the same room, however long they are.
    for length in [8, 11, 15] {
      let secret = String("k9x2m4q7z1w8r5t".prefix(length))
      let text = "first\npassword=\(secret) x\n"
      let shown = try Tails.texts(Tails.tail(Array(text.utf8), Tails.selection(100)))[1]
      let exact = try Tails.tail(Array(text.utf8), Tails.selection(100, bytes: shown.utf8.count + 1))
      #expect(exact.lines.count == 1)
      #expect(try Tails.tail(Array(text.utf8), Tails.selection(100, bytes: shown.utf8.count)).lines.isEmpty)
    }
  }

  @Test(arguments: [
    ("2026-11-21T11:30:00Z", 4), ("2026-11-21T11:30:00.001Z", 3), ("2026-11-21T12:40:00+01:00", 3),
    ("2026-11-22T00:00:00Z", 0),
    ("2026-11-21T00:00:00Z", 6),
  ])
  func since(_ text: String, _ count: Int) throws {
    #expect(try Self.texts(Tails.selection(100, since: text)).count == count)
  }

  @Test func sinceSaysWhatHasNoTime() throws {
    let tail = try Tails.tail(Array(Self.log.utf8), Tails.selection(100, since: "2026-11-21T10:00:00Z"))
    #expect(tail.seen == 6 && tail.withoutTime == 1 && tail.withoutZone == 0 && tail.limitHit == "none")
    let none = try Tails.tail(Array("a\nb\n".utf8), Tails.selection(100, since: "1h"))
    #expect(none.lines.isEmpty && none.seen == 2 && none.withoutTime == 2)
    let local = try Tails.tail(
      Array("2026-11-21 11:00:00,123 x\n".utf8), Tails.selection(100, since: "2026-11-21T10:00:00Z"))
    #expect(local.lines.count == 1 && local.withoutZone == 1)
  }

  /// No further back than the first older line, and as far as the limit where there is none.
  @Test func sinceReadsBackOnlySoFar() throws {
    var text = ""
    for minute in 0..<60 {
      for second in 0..<60 {
        text +=
          "2026-11-21T11:\(minute < 10 ? "0" : "")\(minute):\(second < 10 ? "0" : "")\(second)Z "
          + String(repeating: "x ", count: 600) + "\n"
      }
    }
    let tail = try Tails.tail(Array(text.utf8), Tails.selection(10_000, since: "2026-11-21T11:59:00Z"))
    #expect(tail.lines.count == 60 && tail.limitHit == "none" && tail.scanned <= 1 << 20)
    let all = try Tails.tail(Array(text.utf8), Tails.selection(10_000, since: "2026-11-21T10:59:00Z"))
    #expect(all.limitHit == "answer" || all.limitHit == "scan")
    #expect(all.scanned <= LogTailReader.scanLimit)
    let few = try Tails.tail(Array(text.utf8), Tails.selection(10, since: "2026-11-21T11:58:00Z"))
    #expect(few.lines.count == 10 && few.limitHit == "lines")
  }

  /// With grep, an answer is what the caller could have picked from the one without it.
  @Test func grepIsNoOracle() throws {
    let all = try Self.texts(Tails.selection(100))
    var random = SplitMix(state: 5)
    let bytes = Array(Self.log.utf8)
    for _ in 0..<300 {
      let start = Int.random(in: 0..<bytes.count, using: &random)
      let needle = bytes[start..<min(bytes.count, start + Int.random(in: 1...12, using: &random))].filter { $0 != 0x0A }
      guard let filter = TextFilter(Array(needle)) else { continue }
      var selection = try Tails.selection(100)
      selection.filter = filter
      let found = try Self.texts(selection)
      #expect(found == all.filter { filter.matches(Array($0.utf8)) })
    }
    for hidden in ["hunter2", "abcdef01", "token:", "name:", "32-63"] {
      #expect(try Self.texts(Tails.selection(100, grep: hidden)).isEmpty, "\(hidden)")
    }
    #expect(try Self.texts(Tails.selection(100, grep: "password=")).count == 1)
    // Escaped in the line and in the text alike.
    #expect(try Self.texts(Tails.selection(100, grep: "‹fake")).count == 1)
  }

  /// What is read for a text depends on what is shown, not on what is behind a token.
  @Test func grepReadsTheSameForAWrongGuess() throws {
    let text = Array(
      ("password=hunter2hunter2 x\n" + (0..<60_000).map { "filler number \($0)\n" }.joined()).utf8)
    let right = try Tails.tail(text, Tails.selection(1, grep: "hunter2hunter2"))
    let wrong = try Tails.tail(text, Tails.selection(1, grep: "hunter3hunter3"))
    #expect(right.lines.isEmpty && right.scanned == wrong.scanned && right.limitHit == wrong.limitHit)
  }

  @Test func theAnswerIsBounded() throws {
    var selection = try Tails.selection(10_000)
    selection.answer = 50_000
    let nuls = Array(String(repeating: "\u{1}\u{2}\u{3}\u{4}\n", count: 20_000).utf8)
    let tail = try Tails.tail(nuls, selection)
    #expect(tail.limitHit == "answer" && tail.lines.reduce(0) { $0 + $1.cost } <= 50_000 && tail.lines.count > 400)
  }

  /// Older parts come first, in order, and only as far as they are wanted.
  @Test func olderParts() throws {
    let tree = try Tree()
    try tree.file("log.2", Array("one\ntwo\n".utf8))
    try tree.file("log.1", Array("three\nfour without an end".utf8))
    try tree.file("log", Array("five\nsix\n".utf8))
    let files = try ["log", "log.1", "log.2"].map { try Tails.opened(tree, $0) }
    let reader = LogTailReader(files: files, masker: Lines.masker)
    for (count, lines) in [
      (1, ["six"]), (2, ["five", "six"]), (3, ["four without an end", "five", "six"]),
      (9, ["one", "two", "three", "four without an end", "five", "six"]),
    ] {
      let tail = try reader.read(Tails.selection(count), budget: .max)
      #expect(Tails.texts(tail) == lines && tail.end == 9)
      #expect(tail.lines.map(\.file) == [2, 2, 1, 1, 0, 0].suffix(lines.count))
    }
    // An empty newest file, as right after rotation.
    try tree.file("empty")
    let after = try LogTailReader(
      files: [try Tails.opened(tree, "empty"), try Tails.opened(tree, "log")], masker: Lines.masker
    ).read(Tails.selection(1), budget: .max)
    #expect(Tails.texts(after) == ["six"] && after.end == 0)
  }

  /// A key block over the border of two files is one block.
  @Test func aBlockOverTheBorder() throws {
    let tree = try Tree()
    try tree.file(
      "log.1", Array("x\n-----BEGIN PRIVATE KEY-----\nq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8S\n".utf8))
    try tree.file("log", Array("short\n-----END PRIVATE KEY-----\nafter\n".utf8))
    let files = try ["log", "log.1"].map { try Tails.opened(tree, $0) }
    let tail = try LogTailReader(files: files, masker: Lines.masker).read(Tails.selection(3), budget: .max)
    #expect(!Tails.texts(tail).contains("short") && Tails.texts(tail).last == "after")
  }
}
