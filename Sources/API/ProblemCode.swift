/// Every reason for which a request can fail, as the client sees it (RFC 9457). The raw value is the stable code; it
/// never changes its meaning. `docs/problems.md` and the OpenAPI file list the same codes; a test compares them.
package enum ProblemCode: String, Sendable, CaseIterable {
  // 400: the request itself
  case malformedRequest = "malformed_request"
  case invalidParameter = "invalid_parameter"
  case requestTimeout = "request_timeout"
  case bodyNotAllowed = "body_not_allowed"
  case headTooLarge = "head_too_large"
  case noSuchRoute = "no_such_route"
  case methodNotAllowed = "method_not_allowed"
  // 401: who
  case certificateExpired = "certificate_expired"
  case certificateUnsuitable = "certificate_unsuitable"
  case tokenMissing = "token_missing"
  case tokenTooLarge = "token_too_large"
  case tokenInvalid = "token_invalid"
  case tokenExpired = "token_expired"
  case tokenNotYetValid = "token_not_yet_valid"
  case tokenLifetimeTooLong = "token_lifetime_too_long"
  case tokenBeforeStart = "token_before_start"
  case tokenWrongIssuer = "token_wrong_issuer"
  case tokenWrongAudience = "token_wrong_audience"
  case tokenWrongCertificate = "token_wrong_certificate"
  case tokenWrongSession = "token_wrong_session"
  case tokenDetailsInvalid = "token_details_invalid"
  // 403: what
  case actionNotGranted = "action_not_granted"
  case containerNotGranted = "container_not_granted"
  case processNotGranted = "process_not_granted"
  case nameNotGranted = "name_not_granted"
  case pathNotGranted = "path_not_granted"
  case logNotGranted = "log_not_granted"
  // 404, 410, 422: the target, as far as the grant may know
  case containerNotFound = "container_not_found"
  case processNotFound = "process_not_found"
  case processGone = "process_gone"
  case fileNotFound = "file_not_found"
  case logNotFound = "log_not_found"
  case notADirectory = "not_a_directory"
  case notARegularFile = "not_a_regular_file"
  case hardLinked = "hard_linked"
  case fileTooSmall = "file_too_small"
  case fileTooLarge = "file_too_large"
  case fileChanged = "file_changed"
  case pathRefused = "path_refused"
  case targetUnreadable = "target_unreadable"
  // 429: too much
  case rateLimited = "rate_limited"
  case budgetExhausted = "budget_exhausted"
  case tooManyConcurrent = "too_many_concurrent"
  // 5xx: this agent
  case auditUnavailable = "audit_unavailable"
  case overloaded = "overloaded"
  case targetUnresponsive = "target_unresponsive"
  case internalError = "internal_error"

  package var status: Int {
    switch self {
    case .malformedRequest, .invalidParameter: 400
    case .requestTimeout: 408
    case .bodyNotAllowed: 413
    case .headTooLarge: 431
    case .noSuchRoute, .containerNotFound, .processNotFound, .fileNotFound, .logNotFound: 404
    case .methodNotAllowed: 405
    case .certificateExpired, .certificateUnsuitable, .tokenMissing, .tokenTooLarge, .tokenInvalid, .tokenExpired,
      .tokenNotYetValid, .tokenLifetimeTooLong, .tokenBeforeStart, .tokenWrongIssuer, .tokenWrongAudience,
      .tokenWrongCertificate, .tokenWrongSession, .tokenDetailsInvalid:
      401
    case .actionNotGranted, .containerNotGranted, .processNotGranted, .nameNotGranted, .pathNotGranted, .logNotGranted:
      403
    case .fileChanged: 409
    case .processGone: 410
    case .notADirectory, .notARegularFile, .hardLinked, .fileTooSmall, .fileTooLarge, .pathRefused, .targetUnreadable:
      422
    case .rateLimited, .budgetExhausted, .tooManyConcurrent: 429
    case .internalError: 500
    case .auditUnavailable, .overloaded: 503
    case .targetUnresponsive: 504
    }
  }

  /// One line for a person; the same for every occurrence of the code.
  package var title: String {
    switch self {
    case .malformedRequest: "The request is not valid HTTP."
    case .invalidParameter: "A parameter is missing, unknown, repeated, or out of range."
    case .requestTimeout: "The request was not complete in time."
    case .bodyNotAllowed: "This route takes no request body."
    case .headTooLarge: "The request head is over 16 KiB or has more than 64 fields."
    case .noSuchRoute: "There is no such route."
    case .methodNotAllowed: "The route does not take this method."
    case .certificateExpired: "The client certificate is no longer valid."
    case .certificateUnsuitable: "The client certificate names no SPIFFE ID, or more than one."
    case .tokenMissing: "An access token is required."
    case .tokenTooLarge: "The access token is over 8 KiB."
    case .tokenInvalid: "The access token is not one that this agent's broker issued."
    case .tokenExpired: "The access token has expired."
    case .tokenNotYetValid: "The access token is not valid yet."
    case .tokenLifetimeTooLong: "The access token lives longer than 300 seconds."
    case .tokenBeforeStart: "The access token was issued before this agent started; ask for a new one."
    case .tokenWrongIssuer: "The access token comes from another issuer."
    case .tokenWrongAudience: "The access token is for another agent."
    case .tokenWrongCertificate: "The access token is bound to another client certificate."
    case .tokenWrongSession: "The client certificate belongs to another session or actor than the access token."
    case .tokenDetailsInvalid: "The access token's authorization details are not understood."
    case .actionNotGranted: "The grant does not include this action."
    case .containerNotGranted: "The grant does not include this container."
    case .processNotGranted: "The grant does not include this process."
    case .nameNotGranted: "The grant does not include this variable name."
    case .pathNotGranted: "The grant does not include this path, or the path leads outside it."
    case .logNotGranted: "The grant does not include this log source."
    case .containerNotFound: "There is no such container in this agent's scope."
    case .processNotFound: "There is no such process in this agent's scope."
    case .processGone: "The process has ended; its number may belong to another process now."
    case .fileNotFound: "There is no such file in the container."
    case .logNotFound: "There is no such log source, or it has no file yet."
    case .notADirectory: "The path is not a directory."
    case .notARegularFile: "The path is not a regular file."
    case .hardLinked: "The file has other names, which the grant is not known to include."
    case .fileTooSmall: "The file is too short for a digest that nobody could guess its content by."
    case .fileTooLarge: "The file is larger than this agent reads for a digest."
    case .fileChanged: "The file changed while it was read."
    case .pathRefused: "The path enters a file system that this agent never touches, or has too many links."
    case .targetUnreadable: "The kernel does not let this agent read that; see `reason`."
    case .rateLimited: "Too many requests in a short time."
    case .budgetExhausted: "The grant's budget is used up; see `limit`."
    case .tooManyConcurrent: "Too many requests are under way."
    case .auditUnavailable: "The request cannot be recorded, so it is not served."
    case .overloaded: "The agent is at its limit."
    case .targetUnresponsive: "The target did not answer in time."
    case .internalError: "The agent failed; the request id leads to the reason in its log."
    }
  }
}
