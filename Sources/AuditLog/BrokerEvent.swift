/// Written by the broker for every request, before its answer leaves, and when it starts or takes a policy.
package struct BrokerEvent: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// The broker is about to serve, under the policy named.
    case started = "broker_started"
    /// The broker goes on under another policy.
    case policyLoaded = "policy_loaded"
    case sessionCreated = "session_created"
    case sessionRead = "session_read"
    case sessionEnded = "session_ended"
    case tokenIssued = "token_issued"
    /// A public document was served: metadata, keys, health.
    case served = "served"
    case refused = "refused"
  }

  package var kind: Kind
  package var time: AuditTime
  package var eventID: String
  /// Nil for events that no request caused.
  package var requestID: String?
  /// The broker's issuer identifier.
  package var issuer: String
  package var subject: String?
  package var groups: [String]?
  package var session: String?
  package var grant: String?
  package var tokenID: String?
  package var peer: AuditPeer
  package var method: String?
  package var route: String?
  /// The agent that was asked for.
  package var agent: String?
  /// What a token allows.
  package var actions: [String]?
  /// The rules that decided.
  package var rules: [String]?
  /// Hexadecimal SHA-256 of the policy file in force.
  package var policyDigest: String?
  package var justification: String?
  package var ticket: String?
  /// RFC 3339: the end of the session or token.
  package var expires: String?
  package var status: Int?
  /// The `error` of the answer; nil where it is not a refusal.
  package var code: String?
  /// The reason in words for whoever reads the log; never a secret.
  package var reason: String?

  package init(_ kind: Kind, time: AuditTime, eventID: String, requestID: String? = nil, issuer: String) {
    self.kind = kind
    self.time = time
    self.eventID = eventID
    self.requestID = requestID
    self.issuer = issuer
    peer = AuditPeer()
  }

  /// One line of JSON, its newline included, of at most `AuditLine.maximumLength` bytes.
  package func line() -> [UInt8] {
    AuditLine.make(type: kind.rawValue, time: time, eventID: eventID, requestID: requestID) {
      $0.text("outcome", outcome?.rawValue, limit: .identifier)
      $0.number("status", status)
      $0.text("code", code, limit: .identifier)
      $0.text("reason", reason, limit: .text)
      $0.text("issuer", issuer, limit: .name)
      $0.text("subject", subject, limit: .name)
      $0.list("groups", groups, limit: .name)
      $0.text("session", session, limit: .identifier)
      $0.text("grant", grant, limit: .identifier)
      $0.text("jti", tokenID, limit: .identifier)
      peer.write(to: &$0)
      $0.text("method", method, limit: .identifier)
      $0.text("route", route, limit: .name)
      $0.text("agent", agent, limit: .name)
      $0.list("actions", actions, limit: .name)
      $0.list("rules", rules, limit: .name)
      $0.text("policy_sha256", policyDigest, limit: .identifier)
      $0.text("justification", justification, limit: .text)
      $0.text("ticket", ticket, limit: .identifier)
      $0.text("expires", expires, limit: .identifier)
    }
  }

  private var outcome: AuditOutcome? {
    switch kind {
    case .started, .policyLoaded: nil
    case .sessionCreated, .sessionRead, .sessionEnded, .tokenIssued, .served: .allowed
    case .refused: .refused
    }
  }
}
