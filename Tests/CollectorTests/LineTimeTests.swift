import Foundation
import Linux
import Testing

@testable import Collector

struct LineTimeTests {
  /// 2026-11-21T06:32:50Z
  static let reference = Timestamp(seconds: 1_795_242_770)

  static func find(_ line: String) -> (text: String, hasZone: Bool)? {
    let bytes = Array(line.utf8)
    return LineTime.find(in: bytes.span, reference: reference).map { ($0.time.rfc3339(.nanoseconds), $0.hasZone) }
  }

  @Test(arguments: [
    // RFC 3339 and its relatives.
    ("2026-11-21T06:32:47Z hello", "2026-11-21T06:32:47.000000000Z", true),
    ("2026-11-21T06:32:47.123456789Z stdout F hello", "2026-11-21T06:32:47.123456789Z", true),
    ("2026-11-21T07:32:47.5+01:00 hello", "2026-11-21T06:32:47.500000000Z", true),
    ("2026-11-21 06:32:47,123 INFO hello", "2026-11-21T06:32:47.123000000Z", false),
    ("2026-11-21 06:32:47.123 -0500 x", "2026-11-21T11:32:47.123000000Z", true),
    ("[2026-11-21 06:32:47] main.ERROR", "2026-11-21T06:32:47.000000000Z", false),
    ("[main] INFO 2026-11-21T06:32:47Z x", "2026-11-21T06:32:47.000000000Z", true),
    ("2026/11/21 06:32:47 [error] 31#31: nginx", "2026-11-21T06:32:47.000000000Z", false),
    ("20261121T063247Z compact", "2026-11-21T06:32:47.000000000Z", true),
    ("2026-11-21_06:32:47.12345 svlogd", "2026-11-21T06:32:47.123450000Z", false),
    ("\u{1B}[32m2026-11-21T06:32:47Z\u{1B}[0m coloured", "2026-11-21T06:32:47.000000000Z", true),
    // PostgreSQL, klog, syslog, ctime(3), Redis, Apache, Tomcat.
    ("2026-11-21 06:32:47.123 UTC [77] LOG:  ready", "2026-11-21T06:32:47.123000000Z", true),
    ("2026-11-21 06:32:47.123 CET [77] LOG:  ready", "2026-11-21T06:32:47.123000000Z", false),
    ("I1121 06:32:47.123456       1 server.go:5] x", "2026-11-21T06:32:47.123456000Z", false),
    ("<34>Nov 21 06:32:47 host app: x", "2026-11-21T06:32:47.000000000Z", false),
    ("Nov  1 06:32:47 host app: x", "2026-11-01T06:32:47.000000000Z", false),
    ("Dec 24 06:32:47 host app: x", "2025-12-24T06:32:47.000000000Z", false),
    ("Nov 22 06:00:00 a clock a little ahead", "2026-11-22T06:00:00.000000000Z", false),
    ("<165>1 2026-11-21T06:32:47.003Z host app - - x", "2026-11-21T06:32:47.003000000Z", true),
    ("[Sat Nov 21 06:32:47.123456 2026] [core:error] x", "2026-11-21T06:32:47.123456000Z", false),
    ("1:M 21 Nov 2026 06:32:47.123 * Ready", "2026-11-21T06:32:47.123000000Z", false),
    (#"10.0.0.7 - bob [21/Nov/2026:06:32:47 +0100] "GET / HTTP/1.1" 200"#, "2026-11-21T05:32:47.000000000Z", true),
    ("21-Nov-2026 06:32:47.123 INFO [main] org.apache", "2026-11-21T06:32:47.123000000Z", false),
    // Numbers.
    ("1795242767 x", "2026-11-21T06:32:47.000000000Z", true),
    ("1795242767.25 x", "2026-11-21T06:32:47.250000000Z", true),
    ("9223372036854775807", "2262-04-11T23:47:16.854775807Z", true),
    ("[1795242767123] x", "2026-11-21T06:32:47.123000000Z", true),
    // Members and fields.
    (#"{"level":"info","ts":1795242767.123,"msg":"x"}"#, "2026-11-21T06:32:47.123000000Z", true),
    (#"{"msg":"2020-01-01T00:00:00Z","time":"2026-11-21T06:32:47Z"}"#, "2026-11-21T06:32:47.000000000Z", true),
    (
      #"{"a":{"time":"2020-01-01T00:00:00Z"},"@timestamp": "2026-11-21T06:32:47.5Z"}"#,
      "2026-11-21T06:32:47.500000000Z", true
    ),
    (#"{"a\"time":1,"timestamp":1795242767123}"#, "2026-11-21T06:32:47.123000000Z", true),
    (#"level=info ts=2026-11-21T06:32:47.1Z msg=x"#, "2026-11-21T06:32:47.100000000Z", true),
    (#"time="2026-11-21T06:32:47Z" level=info"#, "2026-11-21T06:32:47.000000000Z", true),
    ("level=debug t=1795242767123 msg=x", "2026-11-21T06:32:47.123000000Z", true),
  ])
  func understood(_ line: String, _ time: String, _ hasZone: Bool) throws {
    let found = try #require(Self.find(line), "\(line)")
    #expect(found.text == time && found.hasZone == hasZone, "\(line)")
  }

  @Test(arguments: [
    "", " ", "hello", "  at com.example.Main(Main.java:5)", "06:32:47 INFO only a time of day",
    "2026-11-21 only a date",
    "2026-13-21T06:32:47Z", "2026-02-30T06:32:47Z", "2026-11-21T24:32:47Z", "2026-11-21T06:60:47Z",
    "1969-11-21T06:32:47Z",
    "9223372036854775808", "9223372036854775809 x", "18446744073709551616", "12345678901 a number",
    "123456789 a number", "1795242767abc", "X1121 06:32:47", "Foo 21 06:32:47",
    "Nov 31 06:32:47",
    #"{"ts":"soon"}"#, #"{"ts""#, "{", #"{"\"#, "\u{1B}[", "password=‹name:8-15:1795242767123456›",
    "‹token:16-31:1795242767123456›", "‹oversize:512+:-›", #"{"time":‹name:8-15:1795242767123456›}"#,
  ])
  func notUnderstood(_ line: String) {
    #expect(Self.find(line) == nil, "\(line)")
  }

  /// Every day of 60 years, against another calendar.
  @Test func calendar() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    for day in stride(from: 0, to: 365 * 130, by: 1) {
      let seconds = Int64(day) * 86400 + 45_296
      let parts = calendar.dateComponents(
        [.year, .month, .day], from: Date(timeIntervalSince1970: TimeInterval(seconds)))
      let text = [parts.year ?? 0, parts.month ?? 0, parts.day ?? 0].map { $0 < 10 ? "0\($0)" : "\($0)" }
        .joined(separator: "-")
      let line = Array((text + "T12:34:56Z").utf8)
      #expect(LineTime.find(in: line.span, reference: Self.reference)?.time.seconds == seconds)
    }
  }

  /// Total: whatever the bytes are, and linear in what is looked at.
  @Test func anyBytes() {
    var random = SplitMix(state: 99)
    let parts = [
      "2026-11-21", "T06:32:47", "Z", "{", "\"ts\":", "\"", "\\", "Nov ", "21 ", "[", "1795242767", "I1121 ", "+01:00",
      " ", "time=", "9223372036854775807", "9223372036854775808",
      ".123", "\u{1B}[", "é", "-", ":",
    ].map { Array($0.utf8) }
    for _ in 0..<20_000 {
      var line: [UInt8] = []
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        line += parts[Int.random(in: 0..<parts.count, using: &random)]
        if Int.random(in: 0..<4, using: &random) == 0 { line.append(UInt8.random(in: 0...255, using: &random)) }
      }
      if Bool.random(using: &random), !line.isEmpty { line.removeLast(Int.random(in: 1...line.count, using: &random)) }
      _ = LineTime.find(in: line.span, reference: Self.reference)
    }
    let long = Array(String(repeating: "\"ts\":{\"", count: 100_000).utf8)
    let line = [0x7B] + long
    let time = ContinuousClock().measure {
      for _ in 0..<200 { _ = LineTime.find(in: line.span, reference: Self.reference) }
    }
    #expect(time < .seconds(5))
  }
}

struct SinceTimeTests {
  static let now = Timestamp(seconds: 1_795_242_770, nanoseconds: 5)

  @Test(
    arguments: [
      ("90s", -90), ("10m", -600), ("1h30m", -5400), ("2d", -172_800), ("1d2h3m4s", -93_784), ("366d", -31_622_400),
      ("0s", 0), ("2026-11-21T06:32:50Z", 0), ("2026-11-21t06:32:50z", 0), ("2026-11-21T07:32:50+01:00", 0),
      ("2026-11-21T06:32:50.000-00:00", 0), ("2026-11-21T06:32:40.999Z", -10),
    ] as [(String, Int64)])
  func understood(_ text: String, _ offset: Int64) throws {
    #expect(try #require(SinceTime.parse(Array(text.utf8), now: Self.now)).seconds == Self.now.seconds + offset)
  }

  @Test(arguments: [
    "", "s", "10", "10x", "-5m", "+5m", "5m5m", "5s5m", "1.5h", " 5m", "367d", "99999999999999999999d", "yesterday",
    "2026-11-21", "2026-11-21T06:32:50", "2026-11-21 06:32:50Z", "2026-11-21T06:32:50 01:00", "2026-11-21T06:32:50Zx",
    "x2026-11-21T06:32:50Z", "2026-11-21T06:32:50+0100x", "2026-13-21T06:32:50Z", "1795242767",
    "2026-11-21T06:32:50,5Z",
    "2026-11-21T06:32:50ZZ",
  ])
  func refused(_ text: String) {
    #expect(SinceTime.parse(Array(text.utf8), now: Self.now) == nil, "\(text)")
  }
}

struct TextFilterTests {
  static func matches(_ line: String, _ text: String) throws -> Bool {
    try #require(TextFilter(Array(text.utf8))).matches(Array(line.utf8))
  }

  @Test func nothingInsideAToken() throws {
    let line = "user=bob password=‹name:8-15:0011aabbccddeeff› ok ‹token:16-31:-›"
    for text in ["bob", "password=", " ok ", "=", "user=bob password="] {
      #expect(try Self.matches(line, text), "\(text)")
    }
    for text in ["name", "0011", "8-15", "‹", "›", "-", "=‹", "› ok", ":", "password= ok", "token"] {
      #expect(try !Self.matches(line, text), "\(text)")
    }
  }

  @Test func agreesWithTheDefinition() throws {
    var random = SplitMix(state: 3)
    var found = 0
    for _ in 0..<20_000 {
      let line = (0..<Int.random(in: 0...14, using: &random)).map { _ in UInt8.random(in: 0x61...0x62, using: &random) }
      let text = (0..<Int.random(in: 1...5, using: &random)).map { _ in UInt8.random(in: 0x61...0x62, using: &random) }
      let expected = String(decoding: line, as: UTF8.self).contains(String(decoding: text, as: UTF8.self))
      #expect(try #require(TextFilter(text)).matches(line) == expected)
      if expected { found += 1 }
    }
    #expect(found > 1000)
  }

  @Test func whatIsTaken() {
    #expect(TextFilter([]) == nil && TextFilter([0x0A]) == nil)
    #expect(TextFilter([UInt8](repeating: 0x61, count: 257)) == nil)
    #expect(TextFilter([UInt8](repeating: 0x61, count: 256)) != nil)
    #expect(TextFilter([0xFF, 0x00]) != nil)
  }

  @Test func timeIsLinear() throws {
    let filter = try #require(TextFilter([UInt8](repeating: 0x61, count: 255) + [0x62]))
    let line = [UInt8](repeating: 0x61, count: 1 << 20)
    #expect(ContinuousClock().measure { _ = filter.matches(line) } < .seconds(5))
  }
}

struct RotatedNameTests {
  static func rotated(_ name: String, of base: String = "app.log") -> RotatedName? {
    RotatedName(Array(name.utf8), of: Array(base.utf8))
  }

  @Test(
    arguments: [
      ("app.log.1", 1, false), ("app.log.12", 12, false), ("app.log-1", 1, false), ("app.log.2.gz", 2, true),
      ("app.log-20261120", nil, false), ("app.log-20261120.gz", nil, true), ("app.log.2026-11-20", nil, false),
      ("app.log-20261120-1795242767.zst", nil, true), ("app.log.old", 1, false), ("app.log.gz", 1, true),
      ("app-2026-11-20.log", nil, false), ("app.1.log", 1, false), ("app-2026-11-20T06-32-47.123.log", nil, false),
      ("app-2026-11-20.log.gz", nil, true), ("app.2026-11-20.3.log", nil, false), ("app_20261120.log.xz", nil, true),
    ] as [(String, Int?, Bool)])
  func understood(_ name: String, _ number: Int?, _ isCompressed: Bool) throws {
    let found = try #require(Self.rotated(name), "\(name)")
    #expect(found.number == number && found.isCompressed == isCompressed, "\(name)")
  }

  @Test(arguments: [
    "app.log", "app.log.", "app.log.x", "app.log.bak.swp", "app.logs", "app.log1", "other.log.1", "app.log.1.txt",
    "app.log.12345",
    "app.log.-1", "app", "", "app.log.1x", "app-error.log", "app2.log", "app.log.12-3", ".gz", "app.log.lock",
    "xapp.log.1", "app.log.gz.1.x",
  ])
  func notAnOlderPart(_ name: String) {
    #expect(Self.rotated(name) == nil, "\(name)")
  }

  @Test func namesWithoutAnEnding() {
    #expect(
      Self.rotated("messages.1", of: "messages") != nil && Self.rotated("messages-20261120", of: "messages") != nil)
    #expect(Self.rotated("mess", of: "messages") == nil && Self.rotated(".log.1", of: ".log") != nil)
    #expect(Self.rotated("x.1", of: "") == nil)
  }
}
