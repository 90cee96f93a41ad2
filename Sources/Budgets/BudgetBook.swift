/// Counts what is used, for every session, token, peer and the agent, and refuses what is too much. A value type: the
/// owner guards it with a lock. Time is passed in.
package struct BudgetBook: Sendable {
  /// An instant on both clocks.
  package struct Now: Sendable {
    /// Nanoseconds, monotonic.
    package var monotonic: UInt64
    /// Seconds since 1970.
    package var wall: Int64
    package init(monotonic: UInt64, wall: Int64) {
      self.monotonic = monotonic
      self.wall = wall
    }
  }

  private let ceilings: Ceilings
  private var sessions: [String: Ledger] = [:]
  private var sessionLimiters: [String: RateLimiter] = [:]
  private var tokens: [String: Ledger] = [:]
  private var peers: [String: RateLimiter] = [:]
  private var agentLimiter: RateLimiter
  private var failures: [String: RateLimiter] = [:]
  private var allFailures: RateLimiter
  private var underWay: Int64 = 0

  package init(ceilings: Ceilings) {
    self.ceilings = ceilings
    agentLimiter = RateLimiter(ceilings.agent)
    allFailures = RateLimiter(ceilings.allFailures)
  }

  /// Refuses a caller (by certificate) whose tries to authenticate have failed too often of late.
  package func requireTrust(in caller: String, now: Now) throws(BudgetRefusal) {
    let wait = max(failures[caller]?.wait(now: now.monotonic) ?? 0, allFailures.wait(now: now.monotonic))
    if wait > 0 { throw .rate(scope: "failures", retryAfterSeconds: Int((wait + 999_999_999) / 1_000_000_000)) }
  }

  package mutating func noteFailure(of caller: String, now: Now) {
    if failures[caller] == nil, failures.count >= ceilings.entries {
      // A limiter with nothing to wait for is as good as a new one.
      failures = failures.filter { $0.value.wait(now: now.monotonic) > 0 }
    }
    // With no room for another caller the limit over all of them still holds.
    if failures[caller] != nil || failures.count < ceilings.entries {
      failures[caller, default: RateLimiter(ceilings.failures)].take(now: now.monotonic)
    }
    allFailures.take(now: now.monotonic)
  }

  /// Charges one request and takes a place among those under way. Every success needs one `finish`.
  package mutating func admit(_ account: Account, now: Now) throws(BudgetRefusal) {
    try makeRoom(account, now: now)
    let sessionWait = sessionLimiters[account.session]?.wait(now: now.monotonic) ?? 0
    let peerWait = peers[account.peer]?.wait(now: now.monotonic) ?? 0
    let agentWait = agentLimiter.wait(now: now.monotonic)
    for (scope, wait) in [("session", sessionWait), ("peer", peerWait), ("agent", agentWait)] where wait > 0 {
      throw .rate(scope: scope, retryAfterSeconds: Int((wait + 999_999_999) / 1_000_000_000))
    }
    sessionLimiters[account.session]?.take(now: now.monotonic)
    peers[account.peer]?.take(now: now.monotonic)
    agentLimiter.take(now: now.monotonic)

    try check("requests", \.requests, \.requests, adding: 1, account, now)
    let concurrency = min(account.sessionAllowance.concurrency ?? .max, ceilings.sessionConcurrency)
    let tokenConcurrency = account.tokenAllowance.concurrency ?? .max
    let (token, session) = try ledgers(of: account)
    guard session.underWay < concurrency, token.underWay < tokenConcurrency,
      underWay < ceilings.agentConcurrency
    else { throw .concurrency(retryAfterSeconds: 1) }
    underWay += 1
    update(account) {
      $0.requests += 1
      $0.underWay += 1
    }
  }

  /// Gives back the place that `admit` took.
  package mutating func finish(_ account: Account) {
    underWay -= 1
    update(account) { $0.underWay -= 1 }
  }

  /// Bytes that the account may still use; the agent reads no more than that for it.
  package func remainingBytes(_ account: Account) -> Int64 {
    let session = account.sessionAllowance.bytes.map { $0 - (sessions[account.session]?.bytes ?? 0) } ?? .max
    let token = account.tokenAllowance.bytes.map { $0 - (tokens[account.token]?.bytes ?? 0) } ?? .max
    return max(0, min(session, token))
  }

  package mutating func charge(bytes: Int64, to account: Account, now: Now) throws(BudgetRefusal) {
    try check("bytes", \.bytes, \.bytes, adding: bytes, account, now)
    update(account) { $0.bytes += bytes }
  }

  /// Charges what has been used whether or not it was allowed for; later requests pay.
  package mutating func chargeWithoutLimit(bytes: Int64, to account: Account) {
    update(account) { $0.bytes += bytes }
  }

  /// Charges distinct objects, all or none. An object that was seen before costs nothing.
  package mutating func charge(
    objects: some Sequence<[UInt8]>, to account: Account, now: Now
  ) throws(BudgetRefusal) {
    let hashes = Set(objects.lazy.map(\.hashValue))
    let fresh = try requireRoom(hashes, account, now)
    if fresh > 0, rememberedObjects + fresh > ceilings.rememberedObjects {
      dropEnded(now)
      guard rememberedObjects + fresh <= ceilings.rememberedObjects else { throw .tableFull(retryAfterSeconds: 60) }
    }
    for hash in hashes {
      let next = UInt32(sessions[account.session]?.objects.count ?? 0)
      let number = sessions[account.session]?.objects[hash, default: next] ?? next
      sessions[account.session]?.objects[hash] = number
      tokens[account.token]?.seen.insert(number)
    }
  }

  /// How many of these objects are new to the session; refused where that is too many for it or for the token.
  private func requireRoom(_ hashes: Set<Int>, _ account: Account, _ now: Now) throws(BudgetRefusal) -> Int {
    let (token, session) = try ledgers(of: account)
    let known = hashes.compactMap { session.objects[$0] }
    let fresh = hashes.count - known.count
    let freshToToken = fresh + known.count { !token.seen.contains($0) }
    for (used, allowance, prefix, ends) in [
      (token.seen.count + freshToToken, account.tokenAllowance, "", account.tokenEnds),
      (session.objects.count + fresh, account.sessionAllowance, "session_", account.sessionEnds),
    ] where Int64(used) > min(allowance.objects ?? .max, ceilings.objects) {
      throw .exhausted(limit: prefix + "objects", retryAfterSeconds: Self.seconds(until: ends, now))
    }
    return fresh
  }

  /// The counters of an account. They are kept while one of its requests is under way; who comes later finds the door
  /// closed rather than the counters at nought.
  private func ledgers(of account: Account) throws(BudgetRefusal) -> (token: Ledger, session: Ledger) {
    guard let token = tokens[account.token], let session = sessions[account.session] else {
      throw .tableFull(retryAfterSeconds: 60)
    }
    return (token, session)
  }

  private var rememberedObjects: Int { sessions.values.reduce(0) { $0 + $1.objects.count } }

  /// Forgets sessions and tokens that can no longer be used.
  private mutating func dropEnded(_ now: Now) {
    for (key, ledger) in sessions where ledger.retainUntil < now.wall && ledger.underWay == 0 {
      sessions[key] = nil
      sessionLimiters[key] = nil
    }
    // A session is kept as long as its tokens, so that their numbers stay those of its objects.
    for (key, ledger) in tokens where ledger.retainUntil < now.wall && ledger.underWay == 0 { tokens[key] = nil }
  }

  private static func seconds(until end: Int64, _ now: Now) -> Int { Int(max(1, end - now.wall)) }

  private mutating func update(_ account: Account, _ change: (inout Ledger) -> Void) {
    if sessions[account.session] != nil { change(&sessions[account.session]!) }
    if tokens[account.token] != nil { change(&tokens[account.token]!) }
  }

  private func check(
    _ name: String, _ used: KeyPath<Ledger, Int64>, _ allowed: KeyPath<Allowance, Int64?>, adding more: Int64,
    _ account: Account, _ now: Now
  ) throws(BudgetRefusal) {
    let (token, session) = try ledgers(of: account)
    if let limit = account.tokenAllowance[keyPath: allowed], token[keyPath: used] + more > limit {
      throw .exhausted(limit: name, retryAfterSeconds: Self.seconds(until: account.tokenEnds, now))
    }
    if let limit = account.sessionAllowance[keyPath: allowed], session[keyPath: used] + more > limit {
      throw .exhausted(limit: "session_" + name, retryAfterSeconds: Self.seconds(until: account.sessionEnds, now))
    }
  }

  /// Makes entries for the account where there are none, dropping those that can no longer be used.
  private mutating func makeRoom(_ account: Account, now: Now) throws(BudgetRefusal) {
    let ends = max(account.sessionEnds, account.tokenEnds)
    if sessions[account.session] == nil {
      if sessions.count >= ceilings.entries { dropEnded(now) }
      guard sessions.count < ceilings.entries else { throw .tableFull(retryAfterSeconds: 60) }
      sessions[account.session] = Ledger(retainUntil: ends)
      sessionLimiters[account.session] = RateLimiter(ceilings.session)
    }
    sessions[account.session]!.retainUntil = max(sessions[account.session]!.retainUntil, ends)
    if tokens[account.token] == nil {
      if tokens.count >= ceilings.entries { dropEnded(now) }
      guard tokens.count < ceilings.entries else { throw .tableFull(retryAfterSeconds: 60) }
      tokens[account.token] = Ledger(retainUntil: account.tokenEnds)
    }
    if peers[account.peer] == nil {
      if peers.count >= ceilings.entries {
        for (key, limiter) in peers where limiter.isIdle(now: now.monotonic) { peers[key] = nil }
      }
      guard peers.count < ceilings.entries else { throw .tableFull(retryAfterSeconds: 60) }
      peers[account.peer] = RateLimiter(ceilings.peer)
    }
  }
}
