import Budgets
import Testing

struct BudgetBookTests {
  static let none = Allowance(requests: nil, bytes: nil, objects: nil, concurrency: nil)
  static let wall: Int64 = 1_700_000_000

  static func account(
    _ session: String = "s", token: String = "t", peer: String = "p", sessionLimit: Allowance = none,
    tokenLimit: Allowance = none, tokenEnds: Int64 = wall + 300, sessionEnds: Int64 = wall + 1800
  ) -> Account {
    Account(
      session: session, token: token, peer: peer, sessionAllowance: sessionLimit, tokenAllowance: tokenLimit,
      tokenEnds: tokenEnds, sessionEnds: sessionEnds)
  }

  /// Instants so far apart that no rate is in the way.
  static func now(_ seconds: Int64 = 0) -> BudgetBook.Now {
    .init(monotonic: UInt64(seconds + 1000) * 1_000_000_000, wall: wall + seconds)
  }

  static let fast: Ceilings = {
    var ceilings = Ceilings()
    ceilings.session = .init(perSecond: 100_000, burst: 100_000)
    ceilings.peer = ceilings.session
    ceilings.agent = ceilings.session
    return ceilings
  }()

  static func object(_ number: Int) -> [UInt8] { Array("object \(number)".utf8) }

  @Test func requestsOfATokenRunOut() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let account = Self.account(tokenLimit: Allowance(requests: 3, bytes: nil, objects: nil, concurrency: nil))
    for _ in 0..<3 {
      try book.admit(account, now: Self.now())
      book.finish(account)
    }
    #expect(throws: BudgetRefusal.exhausted(limit: "requests", retryAfterSeconds: 290)) {
      try book.admit(account, now: Self.now(10))
    }
    #expect(throws: Never.self, "another token of the session has its own count") {
      try book.admit(Self.account(token: "t2", tokenLimit: account.tokenAllowance), now: Self.now(10))
    }
  }

  @Test func countersSurviveANewTokenOfTheSession() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let session = Allowance(requests: 4, bytes: 100, objects: 2, concurrency: nil)
    let token = Allowance(requests: 3, bytes: 80, objects: 2, concurrency: nil)
    let first = Self.account(token: "t1", sessionLimit: session, tokenLimit: token)
    let second = Self.account(token: "t2", sessionLimit: session, tokenLimit: token)
    for _ in 0..<3 {
      try book.admit(first, now: Self.now())
      book.finish(first)
    }
    try book.admit(second, now: Self.now())
    #expect(throws: BudgetRefusal.exhausted(limit: "session_requests", retryAfterSeconds: 1800)) {
      try book.admit(second, now: Self.now())
    }
    try book.charge(bytes: 70, to: first, now: Self.now())
    #expect(book.remainingBytes(first) == 10)
    #expect(book.remainingBytes(second) == 30)
    #expect(throws: BudgetRefusal.exhausted(limit: "session_bytes", retryAfterSeconds: 1800)) {
      try book.charge(bytes: 31, to: second, now: Self.now())
    }
    try book.charge(bytes: 30, to: second, now: Self.now())
    #expect(book.remainingBytes(second) == 0)
    try book.charge(objects: [Self.object(1), Self.object(2)], to: first, now: Self.now())
    #expect(throws: BudgetRefusal.exhausted(limit: "session_objects", retryAfterSeconds: 1800)) {
      try book.charge(objects: [Self.object(3)], to: second, now: Self.now())
    }
  }

  /// One session's use is nobody else's.
  @Test func sessionsAreApart() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let allowance = Allowance(requests: 1, bytes: 10, objects: 1, concurrency: 1)
    for name in ["a", "b", "c"] {
      let account = Self.account(name, token: name, sessionLimit: allowance, tokenLimit: allowance)
      try book.admit(account, now: Self.now())
      try book.charge(bytes: 10, to: account, now: Self.now())
      try book.charge(objects: [Self.object(1)], to: account, now: Self.now())
    }
  }

  @Test func aRefusedChargeChargesNothing() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let allowance = Allowance(requests: nil, bytes: 100, objects: 3, concurrency: nil)
    let account = Self.account(sessionLimit: allowance, tokenLimit: allowance)
    try book.admit(account, now: Self.now())
    #expect(throws: BudgetRefusal.self) { try book.charge(bytes: 101, to: account, now: Self.now()) }
    #expect(book.remainingBytes(account) == 100)
    #expect(throws: BudgetRefusal.self) {
      try book.charge(objects: (0..<4).map(Self.object), to: account, now: Self.now())
    }
    try book.charge(objects: (10..<13).map(Self.object), to: account, now: Self.now())
  }

  @Test func distinctObjectsCountOnce() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let account = Self.account(tokenLimit: Allowance(requests: nil, bytes: nil, objects: 10, concurrency: nil))
    try book.admit(account, now: Self.now())
    for _ in 0..<100 {
      try book.charge(objects: (0..<10).map(Self.object) + (0..<10).map(Self.object), to: account, now: Self.now())
    }
    #expect(throws: BudgetRefusal.exhausted(limit: "objects", retryAfterSeconds: 300)) {
      try book.charge(objects: [Self.object(3), Self.object(10)], to: account, now: Self.now())
    }
    try book.charge(objects: [Self.object(3)], to: account, now: Self.now())
    try book.charge(objects: [], to: account, now: Self.now())
  }

  /// The agent's own ceiling holds where the token has no limit, or a greater one.
  @Test func theCeilingOfObjectsHolds() throws {
    var ceilings = Self.fast
    ceilings.objects = 5
    var book = BudgetBook(ceilings: ceilings)
    let account = Self.account(tokenLimit: Allowance(requests: nil, bytes: nil, objects: 1000, concurrency: nil))
    try book.admit(account, now: Self.now())
    try book.charge(objects: (0..<5).map(Self.object), to: account, now: Self.now())
    #expect(throws: BudgetRefusal.self) { try book.charge(objects: [Self.object(5)], to: account, now: Self.now()) }
  }

  /// Against a plain count of everything.
  @Test func objectsAgreeWithASet() throws {
    var random = SplitMix(state: 51)
    var book = BudgetBook(ceilings: Self.fast)
    let account = Self.account(tokenLimit: Allowance(requests: nil, bytes: nil, objects: 60, concurrency: nil))
    try book.admit(account, now: Self.now())
    var known: Set<Int> = []
    var refused = 0
    for _ in 0..<400 {
      let batch = (0..<Int.random(in: 0...5, using: &random)).map { _ in Int.random(in: 0..<100, using: &random) }
      let fits = known.union(batch).count <= 60
      do throws(BudgetRefusal) {
        try book.charge(objects: batch.map(Self.object), to: account, now: Self.now())
        #expect(fits)
        known.formUnion(batch)
      } catch {
        #expect(!fits)
        refused += 1
      }
    }
    #expect(refused > 10 && known.count > 50)
  }

  @Test func bytesThatWereReadAnywayAreOwed() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let account = Self.account(tokenLimit: Allowance(requests: nil, bytes: 100, objects: nil, concurrency: nil))
    try book.admit(account, now: Self.now())
    book.chargeWithoutLimit(bytes: 250, to: account)
    #expect(book.remainingBytes(account) == 0)
    #expect(throws: BudgetRefusal.self) { try book.charge(bytes: 1, to: account, now: Self.now()) }
  }

  @Test func withoutALimitBytesAreNotLimited() throws {
    var book = BudgetBook(ceilings: Self.fast)
    try book.admit(Self.account(), now: Self.now())
    #expect(book.remainingBytes(Self.account()) == .max)
    try book.charge(bytes: 1 << 40, to: Self.account(), now: Self.now())
  }

  @Test func concurrencyOfTheToken() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let account = Self.account(tokenLimit: Allowance(requests: nil, bytes: nil, objects: nil, concurrency: 2))
    try book.admit(account, now: Self.now())
    try book.admit(account, now: Self.now())
    #expect(throws: BudgetRefusal.concurrency(retryAfterSeconds: 1)) { try book.admit(account, now: Self.now()) }
    book.finish(account)
    try book.admit(account, now: Self.now())
    #expect(throws: BudgetRefusal.concurrency(retryAfterSeconds: 1)) { try book.admit(account, now: Self.now()) }
  }

  /// What other tokens of the session have under way does not count against this one's own limit.
  @Test func concurrencyOfATokenIsItsOwn() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let session = Allowance(requests: nil, bytes: nil, objects: nil, concurrency: 3)
    let narrow = Allowance(requests: nil, bytes: nil, objects: nil, concurrency: 1)
    try book.admit(Self.account(token: "wide", sessionLimit: session, tokenLimit: session), now: Self.now())
    try book.admit(Self.account(token: "narrow", sessionLimit: session, tokenLimit: narrow), now: Self.now())
    #expect(throws: BudgetRefusal.concurrency(retryAfterSeconds: 1)) {
      try book.admit(Self.account(token: "narrow", sessionLimit: session, tokenLimit: narrow), now: Self.now())
    }
    try book.admit(Self.account(token: "wide", sessionLimit: session, tokenLimit: session), now: Self.now())
    #expect(throws: BudgetRefusal.concurrency(retryAfterSeconds: 1), "the session's three are under way") {
      try book.admit(Self.account(token: "wide", sessionLimit: session, tokenLimit: session), now: Self.now())
    }
  }

  @Test func concurrencyOfTheSessionAndOfTheAgent() throws {
    var ceilings = Self.fast
    ceilings.sessionConcurrency = 3
    ceilings.agentConcurrency = 5
    var book = BudgetBook(ceilings: ceilings)
    for index in 0..<3 { try book.admit(Self.account("a", token: "t\(index)"), now: Self.now()) }
    #expect(throws: BudgetRefusal.concurrency(retryAfterSeconds: 1)) {
      try book.admit(Self.account("a", token: "t9"), now: Self.now())
    }
    for index in 0..<2 { try book.admit(Self.account("b", token: "u\(index)"), now: Self.now()) }
    #expect(throws: BudgetRefusal.concurrency(retryAfterSeconds: 1)) {
      try book.admit(Self.account("c", token: "v"), now: Self.now())
    }
    book.finish(Self.account("a", token: "t0"))
    try book.admit(Self.account("c", token: "v"), now: Self.now())
  }

  /// A request refused for concurrency is not counted as one.
  @Test func refusalsForConcurrencyUseUpNoRequests() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let account = Self.account(tokenLimit: Allowance(requests: 3, bytes: nil, objects: nil, concurrency: 1))
    try book.admit(account, now: Self.now())
    for _ in 0..<10 { #expect(throws: BudgetRefusal.self) { try book.admit(account, now: Self.now()) } }
    for _ in 0..<2 {
      book.finish(account)
      try book.admit(account, now: Self.now())
    }
    book.finish(account)
    #expect(throws: BudgetRefusal.exhausted(limit: "requests", retryAfterSeconds: 300)) {
      try book.admit(account, now: Self.now())
    }
  }

  @Test func ratesOfSessionPeerAndAgent() throws {
    var ceilings = Ceilings()
    ceilings.session = .init(perSecond: 1, burst: 2)
    ceilings.peer = .init(perSecond: 1, burst: 3)
    ceilings.agent = .init(perSecond: 1, burst: 4)
    var book = BudgetBook(ceilings: ceilings)
    func take(_ session: String, _ peer: String) throws(BudgetRefusal) {
      let account = Self.account(session, token: session, peer: peer)
      try book.admit(account, now: Self.now())
      book.finish(account)
    }
    try take("a", "p")
    try take("a", "p")
    #expect(throws: BudgetRefusal.rate(scope: "session", retryAfterSeconds: 1)) { try take("a", "p") }
    try take("b", "p")
    #expect(throws: BudgetRefusal.rate(scope: "peer", retryAfterSeconds: 1)) { try take("b", "p") }
    try take("b", "q")
    #expect(throws: BudgetRefusal.rate(scope: "agent", retryAfterSeconds: 1)) { try take("c", "r") }
  }

  /// RFC 9110: whole seconds, and coming back then must help.
  @Test func retryAfterIsAtLeastASecondAndEnough() throws {
    var random = SplitMix(state: 52)
    var ceilings = Ceilings()
    ceilings.session = .init(perSecond: 3, burst: 2)
    ceilings.agent = .init(perSecond: 1, burst: 50)
    var book = BudgetBook(ceilings: ceilings)
    var monotonic: UInt64 = 77
    var refusals = 0
    for _ in 0..<2000 {
      monotonic += UInt64.random(in: 0...400_000_000, using: &random)
      do throws(BudgetRefusal) {
        try book.admit(Self.account(), now: .init(monotonic: monotonic, wall: Self.wall))
        book.finish(Self.account())
      } catch {
        guard case .rate(_, let seconds) = error else {
          Issue.record("\(error)")
          return
        }
        refusals += 1
        #expect(seconds >= 1)
        var later = book
        let then = monotonic + UInt64(seconds) * 1_000_000_000
        #expect(throws: Never.self) {
          try later.admit(Self.account(), now: .init(monotonic: then, wall: Self.wall))
        }
      }
    }
    #expect(refusals > 100)
  }

  @Test func retryAfterOfAnEndedTokenIsStillASecond() throws {
    var book = BudgetBook(ceilings: Self.fast)
    let account = Self.account(
      tokenLimit: Allowance(requests: 0, bytes: 0, objects: 0, concurrency: nil), tokenEnds: Self.wall - 50)
    #expect(throws: BudgetRefusal.exhausted(limit: "requests", retryAfterSeconds: 1)) {
      try book.admit(account, now: Self.now())
    }
  }

  @Test func aFullTableNeverForgetsLiveCounters() throws {
    var ceilings = Self.fast
    ceilings.entries = 4
    ceilings.agentConcurrency = 1000
    var book = BudgetBook(ceilings: ceilings)
    let allowance = Allowance(requests: 1, bytes: nil, objects: nil, concurrency: nil)
    func account(_ name: String, ends: Int64 = 100) -> Account {
      Self.account(
        name, token: name, peer: "p", sessionLimit: allowance, tokenLimit: allowance, tokenEnds: Self.wall + ends,
        sessionEnds: Self.wall + ends)
    }
    for name in ["a", "b", "c", "d"] {
      try book.admit(account(name), now: Self.now())
      book.finish(account(name))
    }
    for index in 0..<20 {
      #expect(throws: BudgetRefusal.tableFull(retryAfterSeconds: 60)) {
        try book.admit(account("x\(index)"), now: Self.now(50))
      }
    }
    // Their counters still stand.
    for name in ["a", "b", "c", "d"] {
      #expect(throws: BudgetRefusal.exhausted(limit: "requests", retryAfterSeconds: 1)) {
        try book.admit(account(name), now: Self.now(100))
      }
    }
    // Ended ones make room.
    try book.admit(account("x", ends: 1000), now: Self.now(101))
  }

  /// New tokens of one session take nothing more for the same objects; another session's do.
  @Test func rememberedObjectsAreBounded() throws {
    var ceilings = Self.fast
    ceilings.rememberedObjects = 40
    var book = BudgetBook(ceilings: ceilings)
    func charge(_ session: String, token: String = "t", _ numbers: Range<Int>, at seconds: Int64) throws {
      let account = Self.account(
        session, token: session + token, tokenEnds: Self.wall + seconds + 10, sessionEnds: Self.wall + seconds + 10)
      try book.admit(account, now: Self.now(seconds))
      defer { book.finish(account) }
      try book.charge(objects: numbers.map(Self.object), to: account, now: Self.now(seconds))
    }
    for token in 0..<100 { try charge("a", token: "\(token)", 0..<30, at: 0) }
    try charge("b", 0..<10, at: 0)
    #expect(throws: BudgetRefusal.tableFull(retryAfterSeconds: 60)) { try charge("c", 0..<1, at: 0) }
    // What is remembered already costs nothing, and what has ended makes room.
    try charge("b", 0..<10, at: 0)
    try charge("c", 0..<40, at: 11)
    #expect(throws: BudgetRefusal.tableFull(retryAfterSeconds: 60)) { try charge("c", 40..<41, at: 11) }
  }

  /// What is under way is kept, however long ago its token ended.
  @Test func whatIsUnderWayIsKept() throws {
    var ceilings = Self.fast
    ceilings.entries = 1
    var book = BudgetBook(ceilings: ceilings)
    let old = Self.account(
      "old", token: "old", tokenLimit: Allowance(requests: nil, bytes: 10, objects: nil, concurrency: nil))
    try book.admit(old, now: Self.now())
    let new = Self.account("new", token: "new", tokenEnds: Self.wall + 99_999, sessionEnds: Self.wall + 99_999)
    #expect(throws: BudgetRefusal.tableFull(retryAfterSeconds: 60)) { try book.admit(new, now: Self.now(10_000)) }
    try book.charge(bytes: 10, to: old, now: Self.now(10_000))
    #expect(throws: BudgetRefusal.self) { try book.charge(bytes: 1, to: old, now: Self.now(10_000)) }
    book.finish(old)
    try book.admit(new, now: Self.now(10_000))
  }

  /// A charge that comes when the account has been forgotten is refused, and nothing else.
  @Test func aChargeThatComesTooLate() throws {
    var ceilings = Self.fast
    ceilings.entries = 1
    var book = BudgetBook(ceilings: ceilings)
    let old = Self.account("old", token: "old")
    try book.admit(old, now: Self.now())
    book.finish(old)
    try book.admit(Self.account("new", token: "new", tokenEnds: .max, sessionEnds: .max), now: Self.now(10_000))
    #expect(throws: BudgetRefusal.self) { try book.charge(bytes: 1, to: old, now: Self.now(10_000)) }
    #expect(throws: BudgetRefusal.self) { try book.charge(objects: [Self.object(1)], to: old, now: Self.now(10_000)) }
    book.chargeWithoutLimit(bytes: 1, to: old)
  }

  /// A peer that has used up its burst does not get a new one by waiting until it is forgotten.
  @Test func aPeerIsNotForgottenBeforeItsBurstIsBack() throws {
    var ceilings = Self.fast
    ceilings.entries = 2
    ceilings.peer = .init(perSecond: 1, burst: 600)
    var book = BudgetBook(ceilings: ceilings)
    func account(_ peer: String) -> Account {
      Self.account(peer, token: peer, peer: peer, tokenEnds: Self.wall + 9999, sessionEnds: Self.wall + 9999)
    }
    for _ in 0..<600 {
      try book.admit(account("greedy"), now: Self.now())
      book.finish(account("greedy"))
    }
    #expect(throws: BudgetRefusal.self) { try book.admit(account("greedy"), now: Self.now()) }
    let other = account("other")
    try book.admit(other, now: Self.now())
    book.finish(other)
    // The table is full; somebody new comes after a minute and a half.
    var third = account("greedy")
    third.peer = "third"
    do throws(BudgetRefusal) {
      try book.admit(third, now: Self.now(90))
      book.finish(third)
    } catch {}
    var admitted = 0
    for _ in 0..<600 {
      do throws(BudgetRefusal) {
        try book.admit(account("greedy"), now: Self.now(91))
        book.finish(account("greedy"))
        admitted += 1
      } catch {}
    }
    #expect(admitted <= 91)
  }

  /// Random use by random accounts against plain counts: nothing is ever granted beyond a limit.
  @Test func nothingIsGrantedBeyondALimit() throws {
    struct Use {
      var requests: Int64 = 0
      var bytes: Int64 = 0
      var underWay: Int64 = 0
    }
    var random = SplitMix(state: 53)
    var book = BudgetBook(ceilings: Self.fast)
    let sessionAllowance = Allowance(requests: 40, bytes: 2000, objects: nil, concurrency: 4)
    let tokenAllowance = Allowance(requests: 15, bytes: 900, objects: nil, concurrency: 3)
    var sessions: [String: Use] = [:]
    var tokens: [String: Use] = [:]
    var underWay: [Account] = []
    for _ in 0..<3000 {
      let session = "s\(Int.random(in: 0..<3, using: &random))"
      let token = session + "t\(Int.random(in: 0..<4, using: &random))"
      let account = Self.account(session, token: token, sessionLimit: sessionAllowance, tokenLimit: tokenAllowance)
      switch Int.random(in: 0..<3, using: &random) {
      case 0:
        do throws(BudgetRefusal) {
          try book.admit(account, now: Self.now())
          underWay.append(account)
          sessions[session, default: Use()].requests += 1
          sessions[session, default: Use()].underWay += 1
          tokens[token, default: Use()].requests += 1
          tokens[token, default: Use()].underWay += 1
        } catch {}
      case 1 where !underWay.isEmpty:
        let done = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
        book.finish(done)
        sessions[done.session]?.underWay -= 1
        tokens[done.token]?.underWay -= 1
      case _:
        guard let busy = underWay.randomElement(using: &random) else { continue }
        let bytes = Int64.random(in: 0...100, using: &random)
        do throws(BudgetRefusal) {
          try book.charge(bytes: bytes, to: busy, now: Self.now())
          sessions[busy.session]?.bytes += bytes
          tokens[busy.token]?.bytes += bytes
        } catch {}
        let left = min(2000 - (sessions[busy.session]?.bytes ?? 0), 900 - (tokens[busy.token]?.bytes ?? 0))
        #expect(book.remainingBytes(busy) == left)
      }
      #expect(sessions.values.allSatisfy { $0.requests <= 40 && $0.bytes <= 2000 && $0.underWay <= 4 })
      #expect(tokens.values.allSatisfy { $0.requests <= 15 && $0.bytes <= 900 && $0.underWay <= 3 })
    }
    #expect(sessions.values.contains { $0.requests == 40 })
  }
}
