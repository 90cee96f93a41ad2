/// What one session or one token has used up.
struct Ledger: Sendable {
  var requests: Int64 = 0
  var bytes: Int64 = 0
  /// Of a session: keyed hashes of the objects seen, with a number for each in the order in which they came. Swift's hasher
  /// is keyed with a random value for each process.
  var objects: [Int: UInt32] = [:]
  /// Of a token: which of its session's objects it has seen, a bit each.
  var seen = ObjectMarks()
  var underWay: Int64 = 0
  /// Seconds since 1970; the counters must be kept until then.
  var retainUntil: Int64
}

/// A set of small numbers.
struct ObjectMarks: Sendable {
  private var words: [UInt64] = []
  private(set) var count = 0

  func contains(_ number: UInt32) -> Bool {
    let word = Int(number >> 6)
    return word < words.count && words[word] & 1 << UInt64(number & 63) != 0
  }

  mutating func insert(_ number: UInt32) {
    guard !contains(number) else { return }
    let word = Int(number >> 6)
    if word >= words.count { words += [UInt64](repeating: 0, count: word + 1 - words.count) }
    words[word] |= 1 << UInt64(number & 63)
    count += 1
  }
}

/// The limits that hold for one ledger; nil is no limit but the agent's.
package struct Allowance: Sendable, Equatable {
  package var requests: Int64?
  package var bytes: Int64?
  package var objects: Int64?
  package var concurrency: Int64?

  package init(requests: Int64?, bytes: Int64?, objects: Int64?, concurrency: Int64?) {
    self.requests = requests
    self.bytes = bytes
    self.objects = objects
    self.concurrency = concurrency
  }
}

/// Whom a request is charged to, and within what.
package struct Account: Sendable, Equatable {
  package var session: String
  package var token: String
  package var peer: String
  package var sessionAllowance: Allowance
  package var tokenAllowance: Allowance
  /// Seconds since 1970: when the token, and when the session at the latest, can no longer be used.
  package var tokenEnds: Int64
  package var sessionEnds: Int64

  package init(
    session: String, token: String, peer: String, sessionAllowance: Allowance, tokenAllowance: Allowance,
    tokenEnds: Int64, sessionEnds: Int64
  ) {
    self.session = session
    self.token = token
    self.peer = peer
    self.sessionAllowance = sessionAllowance
    self.tokenAllowance = tokenAllowance
    self.tokenEnds = tokenEnds
    self.sessionEnds = sessionEnds
  }
}

/// The agent's own limits, whatever a token says.
package struct Ceilings: Sendable, Equatable {
  package var session = RateLimiter.Rate(perSecond: 50, burst: 200)
  package var peer = RateLimiter.Rate(perSecond: 60, burst: 240)
  package var agent = RateLimiter.Rate(perSecond: 200, burst: 400)
  /// Requests whose token did not hold: of one certificate, and of all.
  package var failures = RateLimiter.Rate(perSecond: 10, burst: 80)
  package var allFailures = RateLimiter.Rate(perSecond: 50, burst: 200)
  /// Requests under way: of one session, and of all.
  package var sessionConcurrency: Int64 = 8
  package var agentConcurrency: Int64 = 32
  /// Distinct objects of one session.
  package var objects: Int64 = 100_000
  /// Bytes of large answers that are made and that clients have not taken yet, all together.
  package var waitingBytes: Int64 = 16 << 20
  /// Distinct objects that are remembered at one time, of all sessions together: some 16 to 32 bytes each.
  package var rememberedObjects = 300_000
  /// Sessions, tokens and peers remembered at one time, of each.
  package var entries = 1024

  package init() {}
}
