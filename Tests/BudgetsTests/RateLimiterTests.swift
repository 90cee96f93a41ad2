import Budgets
import Testing

struct RateLimiterTests {
  static let second: UInt64 = 1_000_000_000

  @Test(arguments: [(1, 1), (1, 5), (20, 60), (100, 1), (3, 10), (7, 2)] as [(Int64, Int64)])
  func aBurstAndThenTheRate(_ perSecond: Int64, _ burst: Int64) {
    var limiter = RateLimiter(.init(perSecond: perSecond, burst: burst))
    let start: UInt64 = 5_000_000_000
    for _ in 0..<burst {
      #expect(limiter.wait(now: start) == 0)
      limiter.take(now: start)
    }
    let wait = limiter.wait(now: start)
    #expect(wait > 0 && wait <= Self.second)
    #expect(limiter.wait(now: start + wait - 1) == 1)
    #expect(limiter.wait(now: start + wait) == 0)
    limiter.take(now: start + wait)
    #expect(limiter.wait(now: start + wait) > 0)
  }

  /// However the requests come, never more than burst + rate × time are admitted, in any window.
  @Test func neverMoreThanBurstPlusRate() {
    var random = SplitMix(state: 41)
    for _ in 0..<60 {
      let rate = Int64.random(in: 1...50, using: &random)
      let burst = Int64.random(in: 1...30, using: &random)
      var limiter = RateLimiter(.init(perSecond: rate, burst: burst))
      var now = UInt64.random(in: 0...(1 << 60), using: &random)
      var admitted: [UInt64] = []
      for _ in 0..<1500 {
        now += UInt64.random(
          in: 0...(Bool.random(using: &random) ? 1000 : 2 * Self.second / UInt64(rate)), using: &random)
        if limiter.wait(now: now) == 0 {
          limiter.take(now: now)
          admitted.append(now)
        }
      }
      for first in stride(from: 0, to: admitted.count, by: 37) {
        for last in stride(from: first, to: admitted.count, by: 11) {
          let elapsed = Double(admitted[last] - admitted[first]) / Double(Self.second)
          let most = Double(burst) + Double(rate) * elapsed
          #expect(Double(last - first + 1) <= most + 1e-6)
        }
      }
    }
  }

  /// Over a long time a rate that does not divide a second is not exceeded either.
  @Test(arguments: [3, 7, 30_011, 70_000, 99_999] as [Int64])
  func roundingIsNotInTheCallersFavour(_ perSecond: Int64) {
    var limiter = RateLimiter(.init(perSecond: perSecond, burst: 1))
    var now: UInt64 = 0
    var admitted: Int64 = 0
    while admitted < 200_000 {
      now += limiter.wait(now: now)
      limiter.take(now: now)
      admitted += 1
    }
    // The last one is due after (n - 1) intervals.
    #expect(Double(now) * Double(perSecond) >= Double(admitted - 1) * Double(Self.second) * 0.999_999_999)
  }

  /// A caller who waits as long as told is admitted, and the full rate can be used.
  @Test func waitingAsToldIsEnough() {
    var random = SplitMix(state: 42)
    var limiter = RateLimiter(.init(perSecond: 20, burst: 60))
    var now: UInt64 = 1
    for _ in 0..<1000 {
      let wait = limiter.wait(now: now)
      now += wait
      #expect(limiter.wait(now: now) == 0)
      limiter.take(now: now)
      now += UInt64.random(in: 0...1000, using: &random)
    }
    // 1,000 at 20 a second after a burst of 60.
    #expect(now <= 48 * Self.second)
  }

  /// A refused attempt costs nothing: hammering does not push the next admission away.
  @Test func refusedAttemptsDoNotCount() {
    var limiter = RateLimiter(.init(perSecond: 1, burst: 1))
    limiter.take(now: 0)
    for instant in stride(from: UInt64(0), to: Self.second, by: 1_000_000) { #expect(limiter.wait(now: instant) > 0) }
    #expect(limiter.wait(now: Self.second) == 0)
  }

  @Test func nonsenseBecomesTheSmallest() {
    #expect(RateLimiter.Rate(perSecond: 0, burst: -5) == RateLimiter.Rate(perSecond: 1, burst: 1))
  }
}
