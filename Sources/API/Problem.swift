package import StrictJSON

/// The body of every refusal: `application/problem+json` (RFC 9457). Says nothing that the grant may not know.
package struct Problem: Sendable, Equatable, Decodable {
  package static let contentType = "application/problem+json"
  package static let typePrefix = "https://sidelight.dev/problems/"

  package var code: String
  package var title: String
  package var status: Int
  /// What is wrong with this request in particular; of the request and the grant only, never of the target.
  package var detail: String?
  /// For `target_unreadable`: a typed reason such as `different_uid`.
  package var reason: String?
  /// For `budget_exhausted` and `rate_limited`: which limit.
  package var limit: String?
  /// Seconds after which the same request may be tried again.
  package var retryAfter: Int?
  package var requestID: String

  package init(
    _ code: ProblemCode, detail: String? = nil, reason: String? = nil, limit: String? = nil, retryAfter: Int? = nil,
    requestID: String
  ) {
    self.code = code.rawValue
    title = code.title
    status = code.status
    self.detail = detail
    self.reason = reason
    self.limit = limit
    self.retryAfter = retryAfter
    self.requestID = requestID
  }

  private enum CodingKeys: String, CodingKey {
    case code, title, status, detail, reason, limit
    case retryAfter = "retry_after"
    case requestID = "request_id"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("type", Self.typePrefix + code)
      $0.member("title", title)
      $0.member("status", status)
      $0.member("code", code)
      $0.member(optional: "detail", detail)
      $0.member(optional: "reason", reason)
      $0.member(optional: "limit", limit)
      $0.member(optional: "retry_after", retryAfter)
      $0.member("request_id", requestID)
    }
  }
}
