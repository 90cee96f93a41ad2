internal import Budgets
internal import Grants
internal import Linux
internal import Synchronization
internal import Tokens

/// The agent's one budget book, behind a lock, on the real clocks.
final class BudgetKeeper: Sendable {
  private let book: Mutex<BudgetBook>

  init(ceilings: Ceilings) { book = Mutex(BudgetBook(ceilings: ceilings)) }

  private static var now: BudgetBook.Now {
    BudgetBook.Now(monotonic: Clock.monotonic(), wall: Clock.now().seconds)
  }

  static func account(for token: VerifiedToken, caller: Caller) -> Account {
    let limits = token.detail.limits
    let session = token.detail.sessionLimits ?? limits
    // A person's session ends with its certificate; how long a gateway's lasts is not known here, so that its
    // counters are kept for half a day after the last token.
    let ends = token.actor == nil ? max(caller.notAfter, token.expires) : token.expires + 43200
    return Account(
      // A space stands in none of the identifiers (`Claims`), so that no two accounts share a key.
      session: "\(token.session) \(token.grant)", token: "\(token.session) \(token.tokenID)",
      peer: caller.peer.spiffeID,
      sessionAllowance: Allowance(
        requests: session.requests, bytes: session.bytes, objects: session.objects, concurrency: session.concurrency),
      tokenAllowance: Allowance(
        requests: limits.requests, bytes: limits.bytes, objects: limits.objects, concurrency: limits.concurrency),
      tokenEnds: token.expires + TokenVerifier.skew, sessionEnds: ends)
  }

  /// Refuses a caller whose last tries to authenticate have failed too often.
  func requireTrust(in caller: Caller) throws(Refusal) {
    try refusing { book throws(BudgetRefusal) in
      try book.requireTrust(in: caller.peer.thumbprint, now: Self.now)
    }
  }

  func noteFailure(of caller: Caller) {
    book.withLock { $0.noteFailure(of: caller.peer.thumbprint, now: Self.now) }
  }

  func admit(_ account: Account) throws(Refusal) {
    try refusing { book throws(BudgetRefusal) in try book.admit(account, now: Self.now) }
  }

  func finish(_ account: Account) { book.withLock { $0.finish(account) } }

  func remainingBytes(_ account: Account) -> Int64 { book.withLock { $0.remainingBytes(account) } }

  func charge(bytes: Int64, to account: Account) throws(Refusal) {
    try refusing { book throws(BudgetRefusal) in try book.charge(bytes: bytes, to: account, now: Self.now) }
  }

  func chargeWithoutLimit(bytes: Int64, to account: Account) {
    book.withLock { $0.chargeWithoutLimit(bytes: bytes, to: account) }
  }

  func charge(objects: some Sequence<[UInt8]>, to account: Account) throws(Refusal) {
    try refusing { book throws(BudgetRefusal) in try book.charge(objects: objects, to: account, now: Self.now) }
  }

  private func refusing(_ body: (inout BudgetBook) throws(BudgetRefusal) -> Void) throws(Refusal) {
    let refusal: BudgetRefusal? = book.withLock {
      do throws(BudgetRefusal) {
        try body(&$0)
        return nil
      } catch {
        return error
      }
    }
    if let refusal { throw Refusal(refusal) }
  }
}
