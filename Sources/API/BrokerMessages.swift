/// What the CLI and the broker say to each other, as JSON. The token endpoint follows RFC 6749 §5.1 and §5.2.

/// `POST /v1/sessions`
package struct SessionRequest: Sendable, Equatable, Codable {
  /// PKCS #10, PEM. Its subject and extensions are ignored; only its key is certified.
  package var csr: String
  /// The agent's SPIFFE ID, which becomes the audience of the session's tokens.
  package var agent: String
  package var justification: String?

  package init(csr: String, agent: String, justification: String? = nil) {
    self.csr = csr
    self.agent = agent
    self.justification = justification
  }
}

/// The answer, 201.
package struct SessionAnswer: Sendable, Equatable, Codable {
  package var sessionID: String
  /// The client certificate and its issuer, PEM. Lives as long as the session.
  package var certificate: String
  /// RFC 3339.
  package var expires: String
  /// The agent's address, where the broker knows it.
  package var agentURL: String?
  /// The rules that grant it.
  package var rules: [String]

  package init(sessionID: String, certificate: String, expires: String, agentURL: String?, rules: [String]) {
    self.sessionID = sessionID
    self.certificate = certificate
    self.expires = expires
    self.agentURL = agentURL
    self.rules = rules
  }

  private enum CodingKeys: String, CodingKey {
    case certificate, expires, rules
    case sessionID = "session_id"
    case agentURL = "agent_url"
  }
}

/// `POST /token`, `application/x-www-form-urlencoded`: `grant_type=client_credentials`, `resource` (the agent's SPIFFE
/// ID, RFC 8707), optionally `authorization_details` (a JSON array of one, RFC 9396) to ask for less than the policy
/// grants, and `expires_in` in seconds to ask for less time. The client is authenticated by the session certificate.
package struct TokenAnswer: Sendable, Equatable, Codable {
  package var accessToken: String
  /// `Bearer`; the token is bound to the certificate all the same (RFC 8705 §3).
  package var tokenType: String
  /// Seconds.
  package var expiresIn: Int

  package init(accessToken: String, tokenType: String, expiresIn: Int) {
    self.accessToken = accessToken
    self.tokenType = tokenType
    self.expiresIn = expiresIn
  }

  private enum CodingKeys: String, CodingKey {
    case accessToken = "access_token"
    case tokenType = "token_type"
    case expiresIn = "expires_in"
  }
}

/// Every refusal of the broker; `error` is RFC 6749 §5.2's at the token endpoint, and of the same style elsewhere.
package struct BrokerError: Sendable, Equatable, Codable, Error {
  package var error: String
  package var errorDescription: String
  /// The policy rule that decided, or what would be needed.
  package var rule: String?

  package init(error: String, errorDescription: String, rule: String? = nil) {
    self.error = error
    self.errorDescription = errorDescription
    self.rule = rule
  }

  private enum CodingKeys: String, CodingKey {
    case error, rule
    case errorDescription = "error_description"
  }
}
