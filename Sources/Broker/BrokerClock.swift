internal import AuditLog
internal import FoundationEssentials
internal import Glibc

/// The time, read in one place.
struct BrokerClock: Sendable {
  let now: @Sendable () -> AuditTime

  static let system = BrokerClock {
    var monotonic = timespec()
    // SAFETY: clock_gettime(2) fills the structure that the pointer names and keeps no pointer.
    unsafe clock_gettime(CLOCK_BOOTTIME, &monotonic)
    return AuditTime(
      wallMilliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)),
      monotonicNanoseconds: UInt64(monotonic.tv_sec) * 1_000_000_000 + UInt64(monotonic.tv_nsec))
  }
}

extension AuditTime {
  /// Seconds since 1970, the fraction cut off.
  var seconds: Int64 { wallMilliseconds / 1000 }

  /// RFC 3339 without a fraction.
  static func rfc3339(seconds: Int64) -> String {
    rfc3339(wallMilliseconds: seconds.multipliedReportingOverflow(by: 1000).partialValue).dropLast(5) + "Z"
  }
}
