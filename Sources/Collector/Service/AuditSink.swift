internal import AuditLog
internal import Linux
internal import Synchronization

/// Writes audit events to standard output, one line each, in order.
final class AuditSink: Sendable {
  struct Unavailable: Error, Sendable {}

  private let lock = Mutex<Void>(())
  private let waitMilliseconds: Int32 = 1000

  /// Blocks up to a second for room. An event that cannot be written is a request that is not served.
  func write(_ line: [UInt8]) throws(Unavailable) {
    let written = lock.withLock { _ in StandardStream.output.write(line, timeoutMilliseconds: waitMilliseconds) }
    if !written { throw Unavailable() }
  }

  static func now() -> AuditTime {
    let now = Clock.now()
    return AuditTime(
      wallMilliseconds: now.seconds * 1000 + Int64(now.nanoseconds / 1_000_000),
      monotonicNanoseconds: Clock.monotonic())
  }
}
