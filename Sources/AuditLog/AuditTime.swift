/// When something happened, read once by the caller: domain code reaches for no clock.
package struct AuditTime: Sendable, Equatable {
  /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Years 0000 to 9999 can be written.
  package var wallMilliseconds: Int64
  /// Nanoseconds of a clock that never goes back; comparable within one boot of one machine only.
  package var monotonicNanoseconds: UInt64

  package init(wallMilliseconds: Int64, monotonicNanoseconds: UInt64) {
    self.wallMilliseconds = wallMilliseconds
    self.monotonicNanoseconds = monotonicNanoseconds
  }

  /// RFC 3339 in UTC with milliseconds: `2026-03-01T12:00:00.250Z`. A time outside the years that RFC 3339 can write
  /// becomes the nearest one inside.
  package var rfc3339: String { Self.rfc3339(wallMilliseconds: wallMilliseconds) }

  package static func rfc3339(wallMilliseconds: Int64) -> String {
    let clamped = min(max(wallMilliseconds, -62_167_219_200_000), 253_402_300_799_999)
    let (days, milliseconds) = floorDivide(clamped, by: 86_400_000)
    let (year, month, day) = civil(daysSinceEpoch: days)
    let seconds = milliseconds / 1000
    return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T\(digits(seconds / 3600, 2))"
      + ":\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2)).\(digits(milliseconds % 1000, 3))Z"
  }

  /// The proleptic Gregorian date of a day number, by 400-year eras that begin on 1 March.
  private static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivide(daysSinceEpoch + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func digits(_ value: Int64, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
  }
}
