import AuditLog
import Testing

struct AuditTimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"),
      (-1, "1969-12-31T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
      (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
      (1_764_000_000_250, "2025-11-24T16:00:00.250Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
      (Int64.max, "9999-12-31T23:59:59.999Z"),
      (Int64.min, "0000-01-01T00:00:00.000Z"),
    ] as [(Int64, String)])
  func formats(milliseconds: Int64, text: String) {
    #expect(AuditTime(wallMilliseconds: milliseconds, monotonicNanoseconds: 0).rfc3339 == text)
  }

  @Test func everyDayFollowsTheOneBefore() {
    var previous = AuditTime.rfc3339(wallMilliseconds: -86_400_000)
    for day in 0..<60_000 as Range<Int64> {
      let text = AuditTime.rfc3339(wallMilliseconds: day * 86_400_000)
      #expect(previous < text)
      previous = text
    }
  }
}
