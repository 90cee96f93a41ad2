/// The generic cell rate algorithm (ITU-T I.371, leaky bucket as a meter) on a monotonic clock in nanoseconds.
package struct RateLimiter: Sendable {
  /// Sustained rate and how many may come at once.
  package struct Rate: Sendable, Equatable {
    package var perSecond: Int64
    package var burst: Int64
    package init(perSecond: Int64, burst: Int64) {
      self.perSecond = max(1, perSecond)
      self.burst = max(1, burst)
    }
  }

  private let interval: UInt64
  private let tolerance: UInt64
  private var theoreticalArrival: UInt64 = 0

  package init(_ rate: Rate) {
    // Rounded up: a rate that does not divide a second is never exceeded.
    interval = (999_999_999 + UInt64(rate.perSecond)) / UInt64(rate.perSecond)
    tolerance = interval * UInt64(rate.burst - 1)
  }

  /// Nanoseconds until one more would conform; 0 where it would at once.
  package func wait(now: UInt64) -> UInt64 {
    let arrival = max(theoreticalArrival, now)
    return arrival - now > tolerance ? arrival - now - tolerance : 0
  }

  /// Whether the whole burst is there again, so that forgetting this limiter forgets nothing.
  package func isIdle(now: UInt64) -> Bool { theoreticalArrival <= now }

  package mutating func take(now: UInt64) {
    theoreticalArrival = max(theoreticalArrival, now) + interval
  }
}
