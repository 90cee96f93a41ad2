internal import API

/// Why a request is refused: a code and a sentence for the caller, the reason for the log.
struct Refusal: Error, Sendable {
  enum Code: String, Sendable, CaseIterable {
    // RFC 6749 §5.2, RFC 8707 §2, RFC 9396 §5
    case invalidRequest = "invalid_request"
    case invalidClient = "invalid_client"
    case invalidGrant = "invalid_grant"
    case invalidTarget = "invalid_target"
    case unauthorizedClient = "unauthorized_client"
    case unsupportedGrantType = "unsupported_grant_type"
    case invalidScope = "invalid_scope"
    case invalidAuthorizationDetails = "invalid_authorization_details"
    // RFC 6749 §4.1.2.1
    case accessDenied = "access_denied"
    case serverError = "server_error"
    case temporarilyUnavailable = "temporarily_unavailable"
    // Of HTTP
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case contentTooLarge = "content_too_large"
    case unsupportedMediaType = "unsupported_media_type"

    var status: Int {
      switch self {
      case .invalidRequest, .invalidGrant, .invalidTarget, .unauthorizedClient, .unsupportedGrantType, .invalidScope,
        .invalidAuthorizationDetails:
        400
      case .invalidClient: 401
      case .accessDenied: 403
      case .notFound: 404
      case .methodNotAllowed: 405
      case .contentTooLarge: 413
      case .unsupportedMediaType: 415
      case .serverError: 500
      case .temporarilyUnavailable: 503
      }
    }
  }

  let code: Code
  let description: String
  /// The policy rule that decided.
  let rule: String?
  /// For the log; the description where nil.
  let reason: String?
  /// The methods that a path takes (RFC 9110 §10.2.1), where the method is what is wrong.
  let allow: String?

  init(_ code: Code, _ description: String, rule: String? = nil, log reason: String? = nil, allow: String? = nil) {
    self.code = code
    self.description = description
    self.rule = rule
    self.reason = reason
    self.allow = allow
  }

  /// The broker itself failed; what failed is for the log alone.
  static func failure(_ error: any Error) -> Refusal {
    Refusal(.serverError, "the broker failed; its log has the reason", log: String(describing: error))
  }

  var body: BrokerError {
    BrokerError(error: code.rawValue, errorDescription: description, rule: rule)
  }
}
