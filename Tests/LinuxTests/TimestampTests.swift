import Foundation
import Linux
import Testing

struct TimestampTests {
  @Test(
    arguments: [
      (0, 0, "1970-01-01T00:00:00.000000000Z"), (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
      (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"), (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
      (4_107_542_399, 0, "2100-02-28T23:59:59.000000000Z"), (253_402_300_799, 0, "9999-12-31T23:59:59.000000000Z"),
      (253_402_300_800, 0, "9999-12-31T23:59:59.000000000Z"), (Int64.max, 0, "9999-12-31T23:59:59.000000000Z"),
      (-62_135_596_800, 0, "0001-01-01T00:00:00.000000000Z"), (-62_135_596_801, 0, "0000-12-31T23:59:59.000000000Z"),
      (-62_162_035_201, 0, "0000-02-29T23:59:59.000000000Z"), (-62_167_219_200, 0, "0000-01-01T00:00:00.000000000Z"),
      (-62_167_219_201, 0, "0000-01-01T00:00:00.000000000Z"), (Int64.min, 0, "0000-01-01T00:00:00.000000000Z"),
    ] as [(Int64, UInt32, String)])
  func edges(_ seconds: Int64, _ nanoseconds: UInt32, _ text: String) {
    #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds).rfc3339(.nanoseconds) == text)
  }

  @Test func precisions() {
    let time = Timestamp(seconds: 1_764_000_000, nanoseconds: 7_999_999)
    #expect(time.rfc3339(.seconds) == "2025-11-24T16:00:00Z")
    #expect(time.rfc3339(.milliseconds) == "2025-11-24T16:00:00.007Z")
    #expect(time.rfc3339(.nanoseconds) == "2025-11-24T16:00:00.007999999Z")
  }

  /// Random instants of all ten thousand years, as date(1) writes them.
  @Test func agreesWithDate() throws {
    var random = SplitMix(state: 91)
    var instants = (0..<4000).map { _ in Int64.random(in: -62_167_219_200...253_402_300_799, using: &random) }
    instants += (0..<1000).map { _ in Int64.random(in: -86_400 * 800...86_400 * 800, using: &random) }
    let folder = try Folder()
    let list = try folder.file("instants", Array(instants.map { "@\($0)" }.joined(separator: "\n").utf8))
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/date")
    process.arguments = ["-u", "-f", list, "+%04Y-%m-%dT%H:%M:%SZ"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(output.split(separator: "\n").map(String.init) == instants.map { Timestamp(seconds: $0).rfc3339(.seconds) })
  }

  @Test func order() {
    let instants = [(-1, 5), (0, 0), (0, 1), (1, 0)].map { Timestamp(seconds: $0.0, nanoseconds: UInt32($0.1)) }
    #expect(instants.shuffled().sorted() == instants)
  }

  @Test func clocks() {
    #expect(abs(Clock.now().seconds - Int64(Date().timeIntervalSince1970)) <= 1)
    let first = Clock.monotonic()
    #expect(Clock.monotonic() >= first)
    #expect(Clock.boot() >= first)
    #expect(Clock.elapsed(from: 3, to: 5) == 2 && Clock.elapsed(from: 5, to: 3) == 0)
  }
}
