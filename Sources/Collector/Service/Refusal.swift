internal import API
internal import Budgets
internal import Linux
internal import ProcFS
internal import Tokens

/// Why a request is not served. The client sees the code and the details; the log sees the reason; nobody a secret.
struct Refusal: Error, Sendable {
  var code: ProblemCode
  /// Of the request and the grant only, never of the target.
  var detail: String?
  /// A typed reason of the API, such as `different_uid`.
  var reason: String?
  var limit: String?
  var retryAfter: Int?
  /// One process does not answer; others would.
  var isOfProcess = false
  /// For the log and the audit event.
  var log: String

  init(
    _ code: ProblemCode, detail: String? = nil, reason: String? = nil, limit: String? = nil, retryAfter: Int? = nil,
    log: String? = nil
  ) {
    self.code = code
    self.detail = detail
    self.reason = reason
    self.limit = limit
    self.retryAfter = retryAfter
    self.log = log ?? detail ?? reason ?? code.rawValue
  }

  init(_ error: BudgetRefusal) {
    switch error {
    case .rate(let scope, let seconds):
      self.init(.rateLimited, limit: scope, retryAfter: seconds, log: "rate of \(scope)")
    case .exhausted(let limit, let seconds):
      self.init(.budgetExhausted, limit: limit, retryAfter: seconds, log: "budget of \(limit)")
    case .concurrency(let seconds): self.init(.tooManyConcurrent, limit: "concurrency", retryAfter: seconds)
    case .tableFull(let seconds): self.init(.overloaded, retryAfter: seconds, log: "budget table full")
    }
  }

  init(_ error: TokenError) {
    let code: ProblemCode =
      switch error {
      case .tooLarge: .tokenTooLarge
      case .invalid: .tokenInvalid
      case .expired: .tokenExpired
      case .notYetValid: .tokenNotYetValid
      case .lifetimeTooLong: .tokenLifetimeTooLong
      case .beforeStart: .tokenBeforeStart
      case .wrongIssuer: .tokenWrongIssuer
      case .wrongAudience: .tokenWrongAudience
      case .wrongCertificate: .tokenWrongCertificate
      case .wrongSession: .tokenWrongSession
      case .detailsInvalid: .tokenDetailsInvalid
      }
    self.init(code, log: error.description)
  }

  /// A walk that stopped at a place that the grant includes.
  init(walk failure: PathWalk.Failure) {
    switch failure.cause {
    case .notFound: self.init(.fileNotFound)
    case .notADirectory: self.init(.notADirectory)
    case .refusedFileSystem, .tooManyLinks: self.init(.pathRefused)
    case .system(let error) where error.number == Errno.accessDenied || error.number == Errno.notPermitted:
      self.init(.targetUnreadable, reason: "denied", log: error.description)
    case .system(let error): self.init(process: ProcFSError(error))
    }
  }

  /// An error while a process was read.
  init(process error: ProcFSError) {
    switch error {
    case .gone: self.init(.processGone)
    case .denied: self.init(.targetUnreadable, reason: "denied")
    case .system(let error) where error.number == Errno.timedOut:
      self.init(.targetUnresponsive, log: error.description)
    case .system(let error) where error.number == Errno.tooManyReferences || error.number == Errno.tooManyOpen:
      self.init(.overloaded, retryAfter: 1, log: error.description)
    case .system, .malformed: self.init(.internalError, log: error.description)
    }
  }
}
