import API
import Foundation
import Glibc
import Linux
import Masking
import Testing

@testable import Collector

extension LineCutter.Piece {
  var lines: [LogLine] {
    if case .line(let line) = self { [line.line] } else { [] }
  }
}

enum Lines {
  static let masker = Masker(rules: .builtIn, fingerprinter: Fingerprinter { _ in [] }, taint: Taint())

  static let oversize = PresenceToken(kind: .oversize, length: .more).text

  /// The lines of a text given in those chunks; the unfinished one too where `finish` is set.
  static func cut(_ chunks: [[UInt8]], finish: Bool = true) -> [LogLine] {
    var cutter = LineCutter()
    var lines: [LogLine] = []
    for chunk in chunks { cutter.lines(chunk[...], masker: masker) { lines += $0.lines } }
    if finish, cutter.hasUnfinished { cutter.finish(masker: masker) { lines += $0.lines } }
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
      cutter.lines(text[start..<min(text.count, start + 65536)], masker: Lines.masker) { _ in }
    }
    #expect(cutter.pendingCount == count)
    #expect(cutter.hasUnfinished == (count > 0))
    cutter.lines([0x0A], masker: Lines.masker) { _ in }
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
    cutter.lines(Array("rest of a secret".utf8)[...], masker: Lines.masker) { lines += $0.lines }
    #expect(lines.isEmpty && cutter.hasUnfinished)
    cutter.lines(Array(" indeed\nnext\n".utf8)[...], masker: Lines.masker) { lines += $0.lines }
    #expect(lines.map(\.text) == [Lines.oversize, "next"] && lines[0].truncated == true)
  }
}

/// Runs of NULs, and blocks that begin or end in a line that is too long to be kept.
struct OddBytesTests {
  static func pieces(_ chunks: [[UInt8]], values: [[UInt8]] = [], masker: Masker = Lines.masker) -> [String] {
    var cutter = LineCutter()
    cutter.values = KnownValues(values.map { $0[...] })
    var found: [String] = []
    func take(_ piece: LineCutter.Piece) {
      switch piece {
      case .line(let line): found.append(line.line.text)
      case .hole(let bytes): found.append("hole \(bytes)")
      }
    }
    for chunk in chunks { cutter.lines(chunk[...], masker: masker, take) }
    cutter.finishUnfinished(masker: masker, take)
    return found
  }

  @Test(
    arguments: [
      (4095, ["a", "b" + String(repeating: "\0", count: 4095) + "c", "d"]), (4096, ["a", "b", "hole 4096", "c", "d"]),
      (200_000, ["a", "b", "hole 200000", "c", "d"]),
    ] as [(Int, [String])])
  func holes(_ count: Int, _ expected: [String]) {
    let text = Array("a\nb".utf8) + [UInt8](repeating: 0, count: count) + Array("c\nd".utf8)
    #expect(Self.pieces([text]) == expected)
    #expect(Self.pieces(text.map { [$0] }) == expected)
    for size in [1, 4095, 4096, 4097, 65536] where text.count / size < 5000 {
      let chunks = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min(text.count, $0 + size)]) }
      #expect(Self.pieces(chunks) == expected)
    }
  }

  @Test func holesAtTheEdges() {
    let nuls = [UInt8](repeating: 0, count: 5000)
    #expect(Self.pieces([nuls]) == ["hole 5000"])
    #expect(Self.pieces([nuls + Array("a\n".utf8)]) == ["hole 5000", "a"])
    #expect(Self.pieces([Array("a\n".utf8) + nuls]) == ["a", "hole 5000"])
    // A crash may leave NULs in the middle of a word.
    let value = Array("correct-horse-battery".utf8)
    #expect(Self.pieces([Array("x correct-ho".utf8) + nuls], values: [value])[0] == "x \u{2039}oversize:8-15:-\u{203A}")
  }

  /// Each end is looked at, as long as there are not too many: then none shows.
  @Test func manyHoles() {
    let part = Array("harmless".utf8) + [UInt8](repeating: 0, count: 4096)
    let shown = Self.pieces([[UInt8]](repeating: part, count: 100), values: [Array("correct-horse-battery".utf8)])
    #expect(shown.count { $0 == "harmless" } == 64)
    #expect(shown.count { $0.contains("oversize") } == 36)
    #expect(Self.pieces([[UInt8]](repeating: part, count: 100)).count { $0 == "harmless" } == 100)
  }

  /// A secret that is whole, and ends with what a value begins with, is known as one; so is one that is cut where no end
  /// is looked at any more.
  @Test func wholeSecretsAtTheEnd() {
    let secret = Array("prod-8fj3kdl29dkQx-prod".utf8)
    var taint = Taint()
    taint.insert(name: Array("DB_PASSWORD".utf8), value: secret, rules: .builtIn)
    let masker = Masker(rules: .builtIn, fingerprinter: Fingerprinter { _ in [] }, taint: taint)
    let text = Array("connect with ".utf8) + secret
    let nuls = [UInt8](repeating: 0, count: 4096)
    for values in [[secret], [secret, Array("dkQx-production".utf8)], [Array("production".utf8)]] {
      for shown in [
        Self.pieces([text], values: values, masker: masker)[0],
        Self.pieces([text + nuls], values: values, masker: masker)[0],
      ] {
        #expect(shown.hasPrefix("connect with \u{2039}recurring") && !shown.contains("prod"), "\(shown)")
      }
      // The end of another secret begins inside of this one.
      let more = Self.pieces([text + Array("uctio".utf8)], values: values, masker: masker)[0]
      #expect(more.hasPrefix("connect with \u{2039}") && !more.contains("8fj3"), "\(more)")
    }
    let holes = [[UInt8]](repeating: Array("harmless".utf8) + nuls, count: 70)
    let tail = text + Array(String(repeating: " ok", count: 339).utf8)
    let last = Self.pieces(holes + [tail + nuls], values: [secret], masker: masker)
    #expect(!last.contains { $0.contains("8fj3") || $0.contains("prod") })
  }

  /// Where a reader can go on: at the beginning of the line that is not finished.
  @Test func places() {
    var cutter = LineCutter(position: 1000)
    var starts: [UInt64] = []
    func take(_ piece: LineCutter.Piece) { if case .line(let line) = piece { starts.append(line.start) } }
    cutter.lines(Array("ab\ncd".utf8)[...], masker: Lines.masker, take)
    #expect(cutter.lineStart == 1003 && cutter.position == 1005)
    cutter.skip(10_000)
    #expect(cutter.lineStart == 1003 && cutter.position == 11_005)
    cutter.lines(Array("e\nf".utf8)[...], masker: Lines.masker, take)
    #expect(starts == [1000, 1003, 11_005] && cutter.lineStart == 11_007 && cutter.position == 11_008)
  }

  static let key = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0Vng="

  /// A block that begins inside a line of over a megabyte goes on in the lines after it, wherever its first words are cut.
  @Test(arguments: [0, 1, 8180, 8192, 65_530, 700_000, 1_048_570])
  func aBlockThatBeginsInAnOversizeLine(_ before: Int) {
    let filler = String(repeating: "x", count: before)
    let rest = String(repeating: "y", count: LineCutter.maximumLine + 100 - before)
    let text = Array(
      (filler + "-----BEGIN PRIVATE KEY-----" + rest + "\nshort\n-----END PRIVATE KEY-----\nafter\n").utf8)
    for size in [text.count, 65536, 4099, 1021] {
      let chunks = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min(text.count, $0 + size)]) }
      let found = Self.pieces(chunks)
      #expect(found.count == 4 && found[0] == Lines.oversize && found[3] == "after")
      #expect(!found[1].contains("short"), "\(before) \(size)")
    }
  }

  @Test func aBlockThatEndsInAnOversizeLine() {
    let long = String(repeating: "y", count: LineCutter.maximumLine + 100)
    let begin = "-----BEGIN PRIVATE KEY-----\n\(Self.key)\n"
    let found = Self.pieces([Array((begin + long + "-----END PRIVATE KEY-----\nafter\n").utf8)])
    #expect(found.count == 4 && found.last == "after")
    let still = Self.pieces([Array((begin + long + "\nshort\n").utf8)])
    #expect(still.count == 4 && !still[3].contains("short"))
    // A certificate is no secret.
    let certificate = Self.pieces([Array(("-----BEGIN CERTIFICATE-----" + long + "\nshort\n").utf8)])
    #expect(certificate == [Lines.oversize, "short"])
  }

  /// Text with a NUL after every letter, in a line that is too long.
  @Test func timeIsLinear() {
    var text: [UInt8] = []
    for _ in 0..<(2 << 20) { text += [0x61, 0] }
    let time = ContinuousClock().measure { _ = Self.pieces([text]) }
    #expect(time < .seconds(30))
  }
}
