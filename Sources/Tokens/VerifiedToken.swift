package import Grants

/// The claims of a token that has passed every check. Only `TokenVerifier` makes one; whatever needs permission takes
/// it as an argument.
package struct VerifiedToken: Sendable, Equatable {
  package let subject: String
  /// The gateway that acts for the subject (RFC 8693); nil in a person's own session.
  package let actor: String?
  package let session: String
  package let grant: String
  package let tokenID: String
  /// Seconds since 1970.
  package let expires: Int64
  package let detail: AuthorizationDetail

  fileprivate init(
    subject: String, actor: String?, session: String, grant: String, tokenID: String, expires: Int64,
    detail: AuthorizationDetail
  ) {
    self.subject = subject
    self.actor = actor
    self.session = session
    self.grant = grant
    self.tokenID = tokenID
    self.expires = expires
    self.detail = detail
  }
}

extension VerifiedToken {
  /// Called by the verifier in this module after its last check; lives here because the initialiser is file-private.
  static func afterAllChecks(
    subject: String, actor: String?, session: String, grant: String, tokenID: String, expires: Int64,
    detail: AuthorizationDetail
  ) -> VerifiedToken {
    VerifiedToken(
      subject: subject, actor: actor, session: session, grant: grant, tokenID: tokenID, expires: expires,
      detail: detail)
  }
}
