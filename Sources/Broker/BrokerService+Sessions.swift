internal import API
internal import AuditLog
internal import CertificateAuthority
internal import FoundationEssentials
internal import Grants
internal import Identity
internal import Policy
internal import StrictJSON

extension BrokerService {
  /// `POST /v1/sessions`: asks the policy, certifies the session's key, and notes the grant.
  func createSession(_ request: IncomingRequest, _ event: inout BrokerEvent) async throws(Refusal) -> Recorded {
    let now = event.time.seconds
    let principal = try authenticator.authenticate(
      PresentedCredentials(certificate: request.peer.presented), now: now)
    event.subject = principal.subject
    event.groups = principal.groups
    let asked = try Self.sessionRequest(try request.body(ofType: "application/json"))
    event.agent = asked.agent
    event.justification = asked.justification
    event.policyDigest = policy.digest
    guard let entry = configuration.targets[asked.agent] else {
      // The same words as where no rule is about the target: what exists is not for everybody to know.
      throw Refusal(.accessDenied, Reason.noRule.description, log: "the agent is not a known target")
    }
    var template = event
    template.kind = .sessionCreated
    template.status = 201
    let draft = template
    return try await store.transaction { transaction in
      let open = try transaction.openSessions(of: principal.subject, at: now)
      let permit = try self.permit(principal, entry.target, asked, open: open, now: now)
      return try self.open(permit, for: principal, asked, entry, draft, in: transaction)
    }
  }

  private func permit(
    _ principal: Principal, _ target: Target, _ asked: SessionRequest, open: [String: Int64], now: Int64
  ) throws(Refusal) -> Permit {
    let request = AccessRequest(
      subject: principal.subject, sources: principal.sources, multiFactor: principal.multiFactor, target: target,
      justification: asked.justification, openSessions: open)
    switch policy.policy.evaluate(request, at: now) {
    case .permit(let permit): return permit
    case .deny(let denial): throw Refusal(.accessDenied, denial.description, rule: denial.rule)
    }
  }

  /// Within the transaction that counted the open sessions, so that two requests at once cannot both be the last.
  private func open(
    _ permit: Permit, for principal: Principal, _ asked: SessionRequest, _ entry: BrokerConfiguration.TargetEntry,
    _ draft: BrokerEvent, in transaction: StoreTransaction
  ) throws -> Recorded {
    let now = draft.time.seconds
    let expires = min(permit.notAfter, Int64(authority.notValidAfter.timeIntervalSince1970.rounded(.down)))
    let id = RandomID.make()
    let certificate: String
    do throws(AuthorityError) {
      certificate = try authority.signSession(
        csrPEM: asked.csr, sessionID: id, notAfter: Date(timeIntervalSince1970: TimeInterval(expires)),
        now: Date(timeIntervalSince1970: TimeInterval(now)))
    } catch {
      throw Self.refusal(of: error)
    }
    var details = JSONWriter()
    details.array { for detail in permit.details { detail.write(to: &$0) } }
    let session = StoredSession(
      id: id, grant: RandomID.make(), subject: principal.subject, agent: asked.agent, rules: permit.rules,
      details: details.text, thumbprint: try PeerCertificate.thumbprint(ofPEM: certificate), created: now,
      expires: expires, idle: permit.idle, lastTokenExpires: now, ended: nil, policyDigest: policy.digest)
    try transaction.insert(session, justification: asked.justification, ticket: permit.ticket)
    var event = draft
    event.session = id
    event.grant = session.grant
    event.rules = permit.rules
    event.ticket = permit.ticket
    event.actions = Array(Set(permit.details.flatMap { $0.actions.map(\.rawValue) })).sorted()
    event.expires = AuditTime.rfc3339(seconds: expires)
    let answer = SessionAnswer(
      sessionID: id, certificate: certificate, expires: AuditTime.rfc3339(seconds: expires), agentURL: entry.url,
      rules: permit.rules)
    return try audit.record(event, answer: try Answer.encoding(answer, status: 201))
  }

  private static func sessionRequest(_ body: [UInt8]) throws(Refusal) -> SessionRequest {
    do throws(JSONError) {
      var reader = try JSONReader(try JSONParser.parse(body, limits: .init(bytes: 64 << 10, depth: 4)), at: "request")
      let request = SessionRequest(
        csr: try reader.string("csr"), agent: try reader.string("agent"),
        justification: try reader.optionalString("justification"))
      try reader.finish()
      return request
    } catch {
      throw Refusal(.invalidRequest, error.description)
    }
  }

  /// Whose fault it is that nothing was signed: the caller's, or the authority's.
  private static func refusal(of error: AuthorityError) -> Refusal {
    switch error {
    case .requestInvalid, .requestSignatureInvalid, .keyNotP256: Refusal(.invalidRequest, error.description)
    case .certificateInvalid, .privateKeyInvalid, .privateKeyMismatch, .spiffeIDInvalid, .foreignTrustDomain,
      .nameInvalid, .ipAddressInvalid, .dnsNameInvalid, .lifetimeInvalid, .outlivesAuthority, .signingFailed:
      .failure(error)
    }
  }

  /// `GET /v1/sessions/{id}`, for the session itself and for the person whose it is.
  func readSession(
    _ id: String, _ request: IncomingRequest, _ event: inout BrokerEvent
  ) async throws(Refusal) -> Recorded {
    let session = try await ownSession(id, request, &event)
    event.kind = .sessionRead
    event.status = 200
    var writer = JSONWriter(reserving: 2048)
    writer.object {
      $0.member("session_id", session.id)
      $0.member("grant_id", session.grant)
      $0.member("subject", session.subject)
      $0.member("agent", session.agent)
      $0.member(optional: "agent_url", configuration.targets[session.agent]?.url)
      $0.member("state", session.state(at: event.time.seconds).name)
      $0.member("created", AuditTime.rfc3339(seconds: session.created))
      $0.member("expires", AuditTime.rfc3339(seconds: session.expires))
      $0.member(optional: "ended", session.ended.map { AuditTime.rfc3339(seconds: $0) })
      $0.member("rules", session.rules)
    }
    return record(event, .json(status: 200, writer.bytes))
  }

  /// `DELETE /v1/sessions/{id}`, for the same callers. Ending a session that has ended is no error.
  func endSession(
    _ id: String, _ request: IncomingRequest, _ event: inout BrokerEvent
  ) async throws(Refusal) -> Recorded {
    let session = try await ownSession(id, request, &event)
    event.kind = .sessionEnded
    event.status = 204
    let draft = event
    return try await store.transaction { transaction in
      try transaction.endSession(id: session.id, at: draft.time.seconds)
      return try audit.record(draft, answer: .noContent)
    }
  }

  /// The session that the caller may see: its own, by certificate, or one of the person's own. To everybody else it
  /// does not exist.
  private func ownSession(
    _ id: String, _ request: IncomingRequest, _ event: inout BrokerEvent
  ) async throws(Refusal) -> StoredSession {
    guard let certificate = request.peer.presented else {
      throw Refusal(.invalidClient, "a client certificate is required")
    }
    event.session = id
    var subject: String?
    if certificate.spiffeID.sessionID == nil {
      let principal = try authenticator.authenticate(
        PresentedCredentials(certificate: certificate), now: event.time.seconds)
      event.subject = principal.subject
      subject = principal.subject
    }
    let missing = "there is no such session"
    guard let session = try await store.session(id: id) else { throw Refusal(.notFound, missing) }
    let owned =
      subject.map { $0 == session.subject }
      ?? (certificate.isSession(id, of: configuration.trustDomain) && certificate.thumbprint == session.thumbprint)
    guard owned else { throw Refusal(.notFound, missing, log: "the session belongs to somebody else") }
    event.subject = session.subject
    event.grant = session.grant
    event.agent = session.agent
    event.rules = session.rules
    return session
  }
}

extension PeerCertificate {
  func isSession(_ id: String, of trustDomain: String) -> Bool {
    spiffeID.trustDomain == trustDomain && spiffeID.sessionID == id
  }
}

extension StoredSession.State {
  /// As it stands in answers.
  var name: String {
    switch self {
    case .open: "open"
    case .ended: "ended"
    case .expired: "expired"
    case .idle: "idle"
    }
  }
}
