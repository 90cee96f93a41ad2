internal import API
internal import AuditLog
internal import Budgets
internal import Grants
internal import Linux
internal import Masking
internal import Tokens

/// A request that has been authenticated, found to be in the grant's actions, and charged. Views take it as their
/// proof of permission.
final class Request {
  let id: String
  let route: Route
  let token: VerifiedToken
  let account: Account
  let masker: @Sendable (Taint) -> Masker
  /// What it asked for, for the audit event; views fill in what they decode.
  var facts: AuditRequest { didSet { note(facts) } }
  var parameters: Parameters
  /// Presence tokens in the answer, by kind.
  var masked: [String: Int] = [:]
  /// Bytes of the target's content that were read for it.
  var bytesRead: Int64 = 0
  /// What the budget allows to read.
  let byteAllowance: Int64
  /// Seconds since 1970: until when token and client certificate are both good.
  let credentialsEnd: Int64
  private let budgets: BudgetKeeper
  /// Told what is asked for, so that it can be recorded where the worker never comes back.
  private let note: @Sendable (AuditRequest) -> Void

  init(
    id: String, route: Route, token: VerifiedToken, account: Account, facts: AuditRequest, parameters: Parameters,
    byteAllowance: Int64, credentialsEnd: Int64, budgets: BudgetKeeper,
    note: @escaping @Sendable (AuditRequest) -> Void = { _ in }, masker: @escaping @Sendable (Taint) -> Masker
  ) {
    self.id = id
    self.route = route
    self.token = token
    self.account = account
    self.facts = facts
    self.parameters = parameters
    self.byteAllowance = byteAllowance
    self.credentialsEnd = credentialsEnd
    self.budgets = budgets
    self.note = note
    self.masker = masker
  }

  var grant: AuthorizationDetail { token.detail }

  /// Charges distinct objects before anything of them is shown; `kind` keeps a file and a variable apart.
  func charge(_ kind: String, _ names: some Sequence<[UInt8]>) throws(Refusal) {
    try budgets.charge(objects: names.lazy.map { Array(kind.utf8) + [0] + $0 }, to: account)
  }

  func count(_ text: MaskedText) {
    for case .masked(let token) in text.segments { masked[token.kind.rawValue, default: 0] += 1 }
  }

  /// Seconds until the budget of bytes may be there again, for a caller who has none left.
  var bytesRetryAfter: Int { Int(max(1, token.expires - Clock.now().seconds)) }

  /// How long one follow may last, by the token and by its session.
  var followSeconds: Int64? {
    [grant.limits.followSeconds, grant.sessionLimits?.followSeconds].compactMap { $0 }.min()
  }

  /// The container asked for, or the only one; refused unless granted.
  func container(default name: String) throws(Refusal) -> String {
    let container = try parameters.text("container") ?? name
    facts.container = container
    guard grant.containers.matches(container) else { throw Refusal(.containerNotGranted) }
    return container
  }
}
