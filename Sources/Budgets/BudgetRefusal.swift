/// Why a request is too much.
package enum BudgetRefusal: Error, Sendable, Equatable {
  /// Too fast, for the named scope: `session`, `peer` or `agent`.
  case rate(scope: String, retryAfterSeconds: Int)
  /// `limit` is a name of `Grants.Limits`, with `session_` before it where it is the session's.
  case exhausted(limit: String, retryAfterSeconds: Int)
  case concurrency(retryAfterSeconds: Int)
  /// The agent's tables are full; live counters are never dropped to make room.
  case tableFull(retryAfterSeconds: Int)
}
