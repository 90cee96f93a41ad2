import API
import Foundation
import Glibc
import Linux
import Masking
import Testing

@testable import Collector

enum Lines {
  static let masker = Masker(rules: .builtIn, fingerprinter: Fingerprinter { _ in [] }, taint: Taint())

  static let oversize = PresenceToken(kind: .oversize, length: .more).text

  /// The lines of a text given in those chunks; the unfinished one too where `finish` is set.
  static func cut(_ chunks: [[UInt8]], finish: Bool = true) -> [LogLine] {
    var cutter = LineCutter()
    var lines: [LogLine] = []
    for chunk in chunks { cutter.lines(chunk[...], masker: masker) { line, _ in lines.append(line) } }
    if finish, cutter.hasUnfinished { cutter.finish(masker: masker) { line, _ in lines.append(line) } }
    return lines
  }

  static func cut(_ text: String) -> [String] { cut([Array(text.utf8)]).map(\.text) }
}

struct LineCutterTests {
  @Test(arguments: [
    ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("a\n\nb\n", ["a", "", "b"]),
    ("a\r\nb\r\n", ["a", "b"]), ("a\rb\n", ["a\rb"]), ("\r\n", [""]), ("a\0b\n", ["a\0b"]),
    ("\u{1B}[31mred\n", ["\u{1B}[31mred"]),
  ])
  func golden(_ text: String, _ lines: [String]) {
    #expect(Lines.cut(text) == lines)
  }

  @Test func whatIsNotUTF8IsKeptBeside() throws {
    let lines = Lines.cut([[0x61, 0xFF, 0x0A]])
    #expect(lines[0].text == "a\u{FFFD}" && lines[0].base64 == "Yf8=")
  }

  static let sample: [UInt8] = {
    var text = ""
    for index in 0..<60 {
      switch index % 6 {
      case 0: text += "2025-01-01 INFO request \(index) took 5 ms\r\n"
      case 1: text += "password=hunter2-\(index) é…😀\n"
      case 2: text += "\n"
      case 3:
        text +=
          "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nq83vEjRWeJCrze8SNFZ4kKvN7xI0Vng=\n-----END PRIVATE KEY-----\n"
      case 4: text += "Authorization: Bearer abcdef0123456789abcdef0123456789\n"
      case _: text += "plain line without anything\n"
      }
    }
    return Array((text + "the unfinished token=abcdef0123456789").utf8)
  }()

  /// However the bytes come, the lines are the same, and so is what is masked in them.
  @Test func chunksDoNotMatter() {
    let whole = Lines.cut([Self.sample])
    #expect(whole.count { $0.masked != nil } > 20)
    #expect(Lines.cut(Self.sample.map { [$0] }) == whole)
    var random = SplitMix(state: 211)
    for _ in 0..<60 {
      var chunks: [[UInt8]] = []
      var start = 0
      while start < Self.sample.count {
        let end = min(Self.sample.count, start + Int.random(in: 0...120, using: &random))
        chunks.append(Array(Self.sample[start..<end]))
        start = end
      }
      #expect(Lines.cut(chunks) == whole)
    }
  }

  /// Around the longest line that is kept together.
  @Test(arguments: [-1, 0, 1, 70_000])
  func longLines(_ over: Int) {
    let count = LineCutter.maximumLine + over
    let text = Array("first\n".utf8) + [UInt8](repeating: 0x78, count: count) + Array("\nlast\n".utf8)
    let whole = Lines.cut([text])
    #expect(whole.map(\.text.utf8.count).first == 5 && whole.count == 3 && whole[2].text == "last")
    #expect(whole[1].truncated == true && whole[1].text.utf8.count <= LineCutter.maximumShown + 64)
    if over > 0 { #expect(whole[1].text == Lines.oversize && whole[1].masked == 1) }
    for size in [1000, 65536, 65537, 1 << 20] {
      let chunks = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min(text.count, $0 + size)]) }
      #expect(Lines.cut(chunks) == whole)
    }
  }

  /// The bytes of an unfinished line are counted to the last one, so that a reader can go back to its beginning.
  @Test(arguments: [0, 1, 100, LineCutter.maximumLine, LineCutter.maximumLine + 1, LineCutter.maximumLine + 500_000])
  func unfinishedBytesAreCounted(_ count: Int) {
    var cutter = LineCutter()
    let text = Array("first\n".utf8) + [UInt8](repeating: 0x79, count: count)
    for start in stride(from: 0, to: text.count, by: 65536) {
      cutter.lines(text[start..<min(text.count, start + 65536)], masker: Lines.masker) { _, _ in }
    }
    #expect(cutter.pendingCount == count)
    #expect(cutter.hasUnfinished == (count > 0))
    cutter.lines([0x0A], masker: Lines.masker) { _, _ in }
    #expect(cutter.pendingCount == 0 && !cutter.hasUnfinished)
  }

  /// What is cut is cut between characters, and after masking.
  @Test func shownLinesAreCut() {
    for start in 0..<4 {
      let line = Lines.cut([
        Array((String(repeating: "a", count: start) + String(repeating: "😀", count: 5000) + "\n").utf8)
      ])[0]
      #expect(line.truncated == true && line.base64 == nil && !line.text.contains("\u{FFFD}"))
      #expect(line.text.utf8.count <= LineCutter.maximumShown && line.text.utf8.count > LineCutter.maximumShown - 4)
    }
    let secret = "password=hunter2hunter2"
    let line = Lines.cut([Array((String(repeating: "x ", count: LineCutter.maximumShown / 2 - 5) + secret + "\n").utf8)]
    )[0]
    #expect(!line.text.contains("hunter2") && !line.text.contains("hunt"))
  }

  @Test func aLineOfContinuationBytes() {
    let line = Lines.cut([[UInt8](repeating: 0x80, count: 40_000) + [0x0A]])[0]
    #expect(line.truncated == true)
  }

  /// The rest of a line whose beginning was not seen says nothing.
  @Test func theRestOfALine() {
    var cutter = LineCutter()
    cutter.beginInsideLine()
    var lines: [LogLine] = []
    cutter.lines(Array("rest of a secret".utf8)[...], masker: Lines.masker) { line, _ in lines.append(line) }
    #expect(lines.isEmpty && cutter.hasUnfinished)
    cutter.lines(Array(" indeed\nnext\n".utf8)[...], masker: Lines.masker) { line, _ in lines.append(line) }
    #expect(lines.map(\.text) == [Lines.oversize, "next"] && lines[0].truncated == true)
  }
}

struct OverlapTests {
  static func naive(_ text: [UInt8], _ value: [UInt8]) -> Int {
    let most = min(text.count, value.count - 1, 1024)
    return (0...max(most, 0)).reversed().first { $0 >= 4 && text.suffix($0).elementsEqual(value.prefix($0)) } ?? 0
  }

  @Test func agreesWithTheDefinition() {
    var random = SplitMix(state: 231)
    var found = 0
    for _ in 0..<20_000 {
      // Two letters, so that ends and beginnings meet often; and often the very thing.
      let value = (0..<Int.random(in: 0...14, using: &random)).map { _ in UInt8.random(in: 0x61...0x62, using: &random)
      }
      var text = (0..<Int.random(in: 0...10, using: &random)).map { _ in UInt8.random(in: 0x61...0x62, using: &random) }
      if Bool.random(using: &random) { text += value.prefix(Int.random(in: 0...value.count, using: &random)) }
      let expected = Self.naive(text, value)
      #expect(LineCutter.overlap(of: text, with: value) == expected)
      if expected > 0 { found += 1 }
    }
    #expect(found > 1000)
  }

  @Test(arguments: [1000, 1023, 1024, 1025, 5000])
  func longValues(_ count: Int) {
    let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 3) }
    for cut in [3, 4, 100, 1022, 1023, 1024, 1025] where cut <= count {
      let text = Array("before ".utf8) + value.prefix(cut)
      #expect(LineCutter.overlap(of: text, with: value) == Self.naive(text, value))
    }
  }

  /// A target with many values that nearly match: no more than linear.
  @Test func timeIsLinear() {
    let text = [UInt8](repeating: 0x61, count: 1023) + [0x62]
    let value = [UInt8](repeating: 0x61, count: 2000)
    let time = ContinuousClock().measure { for _ in 0..<300 { _ = LineCutter.overlap(of: text, with: value) } }
    #expect(time < .seconds(10))
  }
}

struct LogTailReaderTests {
  static func tail(
    _ bytes: [UInt8], _ count: Int, budget: Int64 = .max, size: UInt64? = nil
  ) throws -> LogTailReader.Tail {
    let tree = try Tree()
    try tree.file("log", bytes)
    let file = SharedDescriptor(try FileDescriptor.open(path: tree.path + "/log", .read))
    return try LogTailReader(file: file, masker: Lines.masker).last(
      count, size: size ?? UInt64(bytes.count), budget: budget)
  }

  @Test(
    arguments: [
      ("", 5, []), ("a\nb\nc\n", 2, ["b", "c"]), ("a\nb\nc ", 2, ["b", "c "]), ("a\nb\nc\n", 10, ["a", "b", "c"]),
      ("a\nb\nc\n", 0, []), ("\n\n\n", 2, ["", ""]), ("one ", 1, ["one "]), ("a\r\nb\r\n", 1, ["b"]), ("\n", 1, [""]),
    ] as [(String, Int, [String])])
  func golden(_ text: String, _ count: Int, _ lines: [String]) throws {
    let tail = try Self.tail(Array(text.utf8), count)
    #expect(tail.lines.map(\.text) == lines)
    #expect(tail.limitHit == "none" && tail.end == UInt64(text.utf8.count))
    #expect(
      tail.unfinished == UInt64(text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).last?.count ?? 0))
  }

  /// Against the whole text cut at its newlines, for files around the size of a block.
  @Test func agreesWithTheWholeText() throws {
    var random = SplitMix(state: 221)
    for _ in 0..<8 {
      var text = ""
      let size = Int.random(in: 0...150_000, using: &random)
      var number = 0
      while text.utf8.count < size {
        text += "line \(number) " + String(repeating: "é", count: Int.random(in: 0...300, using: &random)) + "\n"
        number += 1
      }
      if Bool.random(using: &random) { text += "the end " }
      let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let expected = all.last == "" ? Array(all.dropLast()) : all
      for count in [1, 100, 5000] {
        let tail = try Self.tail(Array(text.utf8), count)
        #expect(tail.lines.map(\.text) == expected.suffix(count))
        #expect(tail.end == UInt64(text.utf8.count) && tail.limitHit == "none")
        #expect(tail.scanned <= Int64(text.utf8.count))
      }
    }
  }

  /// No more than the answer, the lines that give it its context, and a block.
  @Test func noMoreIsReadThanNeeded() throws {
    let text = Array(String(repeating: "0123456789 0123456789\n", count: 50_000).utf8)
    #expect(try Self.tail(text, 1).scanned == 65536)
    #expect(try Self.tail(text, 5000).scanned <= (5000 + 512) * 22 + 65536)
  }

  /// A file without a newline is read no further than the budget, and its end, cut off from its beginning, is not shown.
  @Test func noNewlineAtAll() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let tail = try Self.tail([UInt8](repeating: 0x61, count: 6 << 20), 100)
    #expect(tail.scanned == LogTailReader.scanLimit && tail.limitHit == "scan" && tail.lines.isEmpty)
    #expect(tail.end == 6 << 20)
    #expect(clock.now - start < .seconds(20))
  }

  @Test func theBudgetIsKept() throws {
    let text = Array(String(repeating: "0123456789\n", count: 20_000).utf8)
    for budget in [0, 1, 5, 11, 100, 65536, 100_000] as [Int64] {
      let tail = try Self.tail(text, 10_000, budget: budget)
      #expect(tail.scanned <= budget && tail.limitHit == "scan")
      #expect(tail.lines.allSatisfy { $0.text == "0123456789" })
      #expect(tail.lines.count == max(0, (Int(budget) - 1) / 11))
    }
  }

  /// A sparse file of a gigabyte costs no more than the budget.
  @Test func sparseFiles() throws {
    let tree = try Tree()
    try tree.file("log", Array("first\n".utf8))
    #expect(unsafe truncate(tree.path + "/log", 1 << 30) == 0)
    let file = SharedDescriptor(try FileDescriptor.open(path: tree.path + "/log", .read))
    let tail = try LogTailReader(file: file, masker: Lines.masker).last(10, size: 1 << 30, budget: .max)
    #expect(tail.scanned == LogTailReader.scanLimit && tail.limitHit == "scan" && tail.lines.isEmpty)
  }

  @Test func nulsWithNewlines() throws {
    let tail = try Self.tail([0, 0, 0x0A, 0x61, 0, 0x0A, 0x62, 0x20], 10)
    #expect(tail.lines.map(\.text) == ["\0\0", "a\0", "b "])
  }

  /// The file has become shorter since its size was taken.
  @Test func aShorterFile() throws {
    let tail = try Self.tail(Array("a\nb\n".utf8), 10, size: 1000)
    #expect(tail.lines.isEmpty || tail.lines.map(\.text) == ["a", "b"])
    #expect(tail.end <= 1000)
  }

  /// An unfinished line over the limit of one line: counted whole, and shown as what it is.
  @Test func anEndlessLastLine() throws {
    let text = Array("first\n".utf8) + [UInt8](repeating: 0x7A, count: LineCutter.maximumLine + 10)
    let tail = try Self.tail(text, 2)
    #expect(tail.lines.map(\.text) == ["first", Lines.oversize])
    #expect(tail.end - tail.unfinished == 6)
  }

  /// The end of an unfinished line may be the beginning of a secret.
  @Test(arguments: [
    ("x correct-ho", "x \u{2039}oversize:8-15:-\u{203A}"), ("x corr", "x \u{2039}oversize:1-7:-\u{203A}"),
    ("x cor", "x cor"),
    ("x rect-horse", "x rect-horse"), ("x correct-horsf", "x correct-horsf"),
    ("first\nx corr", "x \u{2039}oversize:1-7:-\u{203A}"),
  ])
  func theBeginningOfASecret(_ text: String, _ shown: String) throws {
    let tree = try Tree()
    try tree.file("log", Array(text.utf8))
    let file = SharedDescriptor(try FileDescriptor.open(path: tree.path + "/log", .read))
    let reader = LogTailReader(file: file, masker: Lines.masker, values: [Array("correct-horse-battery".utf8)])
    #expect(try reader.last(1, size: UInt64(text.utf8.count), budget: .max).lines.map(\.text) == [shown])
  }

  /// An unfinished line is cut like any other.
  @Test func aLongUnfinishedLine() throws {
    let tail = try Self.tail(Array(("first\n" + String(repeating: "ab ", count: 30_000) + "end").utf8), 1)
    #expect(tail.lines[0].text.utf8.count <= LineCutter.maximumShown && tail.lines[0].truncated == true)
    #expect(tail.unfinished == 90_003)
  }

  /// A key of several lines is known as one though only its last lines are shown, however long it is, and however much
  /// comes after it.
  @Test(arguments: [(30, 0), (63, 1), (100, 0), (100, 900), (480, 0), (480, 900), (300, 3000)])
  func blocksBeforeTheFirstLine(_ count: Int, _ after: Int) throws {
    let body = [String](repeating: "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0Vng=", count: count)
    let rest = [String](repeating: String(repeating: "after ", count: 11), count: after)
    let block = ["-----BEGIN PRIVATE KEY-----"] + body + ["short", "-----END PRIVATE KEY-----"] + rest
    let before = (0..<2000).map { "before \($0)" }
    let tail = try Self.tail(Array(((before + block).joined(separator: "\n") + "\n").utf8), 3 + after)
    #expect(tail.lines.count == 3 + after)
    #expect(tail.lines.prefix(3).allSatisfy { $0.masked == 1 })
    #expect(!tail.lines.contains { $0.text.contains("short") })
  }
}
