/// How fast a followed log is read: a bucket of bytes that fills by the second. A pure function of what it is told.
struct FollowPace: Sendable {
  let perSecond: Int64
  let burst: Int64
  private var level: Int64
  private var filled: UInt64

  init(perSecond: Int64, burst: Int64, now: UInt64) {
    self.perSecond = perSecond
    self.burst = burst
    level = burst
    filled = now
  }

  /// Bytes that may be read now.
  mutating func allowance(now: UInt64) -> Int64 {
    let milliseconds = Int64(clamping: (now &- filled) / 1_000_000)
    if milliseconds > 0 {
      level = min(burst, level + min(milliseconds, 3_600_000) * perSecond / 1000)
      filled &+= UInt64(milliseconds) * 1_000_000
    }
    return max(0, level)
  }

  mutating func take(_ bytes: Int64) { level -= bytes }
}
