internal import Glibc

/// A point in civil time, UTC, as seconds and nanoseconds since 1970.
package struct Timestamp: Sendable, Equatable, Comparable {
  package var seconds: Int64
  package var nanoseconds: UInt32

  package init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  package static func < (a: Timestamp, b: Timestamp) -> Bool {
    (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
  }

  package enum Precision: Int, Sendable {
    case seconds = 0
    case milliseconds = 3
    case nanoseconds = 9
  }

  /// RFC 3339 in UTC. Years outside 0…9999 are clamped: such times occur only on damaged file systems.
  package func rfc3339(_ precision: Precision) -> String {
    let clamped = min(max(seconds, -62_167_219_200), 253_402_300_799)
    var days = clamped / 86400
    var rest = clamped % 86400
    if rest < 0 {
      rest += 86400
      days -= 1
    }
    // Days to civil date, for the proleptic Gregorian calendar with eras of 400 years.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    var text = Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
    text += Self.padded(rest / 3600, 2) + ":" + Self.padded(rest / 60 % 60, 2) + ":" + Self.padded(rest % 60, 2)
    switch precision {
    case .seconds: break
    case .milliseconds: text += "." + Self.padded(Int64(nanoseconds / 1_000_000), 3)
    case .nanoseconds: text += "." + Self.padded(Int64(nanoseconds), 9)
    }
    return text + "Z"
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// The kernel's clocks (clock_gettime(2)). Code that decides takes a time as an argument; only programs read clocks.
package enum Clock {
  package static func now() -> Timestamp {
    let time = read(CLOCK_REALTIME)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
  }

  /// Nanoseconds since some point in the past; does not go back, does not count suspended time.
  package static func monotonic() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

  /// From one reading of such a clock to another; 0 where the second is the earlier one, as when two threads have read it
  /// and come in the other order.
  package static func elapsed(from start: UInt64, to end: UInt64) -> UInt64 { end > start ? end - start : 0 }

  /// Nanoseconds since boot, suspended time included: the base of `starttime` in proc_pid_stat(5).
  package static func boot() -> UInt64 { nanoseconds(CLOCK_BOOTTIME) }

  private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
    let time = read(clock)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    // SAFETY: the pointer is to a local for the call. These clocks exist on every kernel this runs on.
    _ = unsafe clock_gettime(clock, &time)
    return time
  }
}
