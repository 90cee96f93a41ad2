internal import API
internal import AuditLog
internal import FoundationEssentials
internal import Grants
internal import Identity
internal import Policy
internal import StrictJSON

extension BrokerService {
  /// What is asked for at the token endpoint.
  private struct TokenRequest: Sendable {
    let resource: String
    let detail: AuthorizationDetail?
    /// Seconds.
    let lifetime: Int64
  }

  /// `POST /token` (RFC 6749 §4.4, RFC 8705, RFC 8707, RFC 9396): an access token for the session whose certificate
  /// the caller presents, for no longer than the session and the certificate live.
  func issueToken(_ request: IncomingRequest, _ event: inout BrokerEvent) async throws(Refusal) -> Recorded {
    guard let certificate = request.peer.presented else {
      throw Refusal(.invalidClient, "a session certificate is required")
    }
    guard certificate.spiffeID.trustDomain == configuration.trustDomain else {
      throw Refusal(.invalidClient, "the certificate belongs to another trust domain")
    }
    guard let id = certificate.spiffeID.sessionID else {
      throw Refusal(
        .unauthorizedClient, "tokens are issued to sessions; open one with your user certificate",
        log: "the certificate is not a session's")
    }
    event.session = id
    let asked = try Self.tokenRequest(try request.body(ofType: "application/x-www-form-urlencoded"))
    event.agent = asked.resource
    var template = event
    template.kind = .tokenIssued
    template.status = 200
    let draft = template
    return try await store.transaction { transaction in
      guard let session = try transaction.session(id: id), session.thumbprint == certificate.thumbprint else {
        throw Refusal(.invalidClient, "the session is not known")
      }
      return try self.issue(asked, to: session, certificate, draft, in: transaction)
    }
  }

  private func issue(
    _ asked: TokenRequest, to session: StoredSession, _ certificate: PeerCertificate, _ draft: BrokerEvent,
    in transaction: StoreTransaction
  ) throws -> Recorded {
    let now = draft.time.seconds
    switch session.state(at: now) {
    case .open: break
    case .ended: throw Refusal(.invalidGrant, "the session has been ended")
    case .expired: throw Refusal(.invalidGrant, "the session has expired")
    case .idle: throw Refusal(.invalidGrant, "the session was idle for too long")
    }
    guard asked.resource == session.agent else {
      throw Refusal(.invalidTarget, "resource is not the session's agent")
    }
    let token = AccessToken(
      issuer: configuration.issuer, subject: session.subject, audience: session.agent, issuedAt: now,
      expires: min(now + asked.lifetime, session.expires, certificate.notValidAfter), id: RandomID.make(),
      session: session.id, grant: session.grant, thumbprint: certificate.thumbprint,
      detail: try Self.detail(of: session, narrowedTo: asked.detail))
    guard token.expires > now else { throw Refusal(.invalidGrant, "the session has expired") }
    let text = try token.serialized(signedBy: signingKey)
    guard text.utf8.count <= AccessToken.maximumLength else {
      throw Refusal(
        .invalidAuthorizationDetails, "the token would be over \(AccessToken.maximumLength) bytes; ask for less")
    }
    try transaction.insertToken(id: token.id, session: session.id, issued: now, expires: token.expires)
    var event = draft
    event.subject = session.subject
    event.grant = session.grant
    event.tokenID = token.id
    event.rules = session.rules
    event.actions = token.detail.actions.map(\.rawValue).sorted()
    event.expires = AuditTime.rfc3339(seconds: token.expires)
    return try audit.record(event, answer: .json(status: 200, Self.answer(text, token, now: now)))
  }

  /// RFC 6749 §5.1; what was granted comes beside the token (RFC 9396 §7), since it may be less than what the policy has.
  private static func answer(_ text: String, _ token: AccessToken, now: Int64) -> [UInt8] {
    var writer = JSONWriter(reserving: text.utf8.count + 1024)
    writer.object {
      $0.member("access_token", text)
      $0.member("token_type", "Bearer")
      $0.member("expires_in", token.expires - now)
      $0.member(array: "authorization_details") { token.detail.write(to: &$0) }
    }
    return writer.bytes
  }

  private static func detail(
    of session: StoredSession, narrowedTo asked: AuthorizationDetail?
  ) throws(Refusal) -> AuthorizationDetail {
    var granted: [AuthorizationDetail] = []
    do throws(JSONError) {
      for item in try JSONParser.parse(session.details).array ?? [] {
        granted.append(try AuthorizationDetail(json: item, at: "grant"))
      }
    } catch {
      throw .failure(error)
    }
    guard let first = granted.first else { throw .failure(JSONError.missing(path: "grant")) }
    guard let asked else { return first }
    do throws(OverAsking) {
      return try granted.narrowed(to: asked)
    } catch {
      throw Refusal(.invalidAuthorizationDetails, error.description, rule: session.rules.first)
    }
  }

  private static func tokenRequest(_ body: [UInt8]) throws(Refusal) -> TokenRequest {
    let form: FormBody
    do throws(FormBody.Invalid) {
      form = try FormBody(body)
    } catch {
      throw Refusal(.invalidRequest, error.description)
    }
    guard let grantType = form["grant_type"] else { throw Refusal(.invalidRequest, "grant_type is missing") }
    guard grantType == "client_credentials" else {
      throw Refusal(.unsupportedGrantType, "grant_type must be client_credentials")
    }
    if let client = form["client_id"], client != AccessToken.clientID {
      throw Refusal(.invalidClient, "client_id is not known")
    }
    guard form["scope"] == nil else { throw Refusal(.invalidScope, "ask with authorization_details, not with scope") }
    guard let resource = form["resource"] else { throw Refusal(.invalidTarget, "resource is missing") }
    return TokenRequest(
      resource: resource, detail: try form["authorization_details"].map(Self.requestedDetail),
      lifetime: try lifetime(form["expires_in"]))
  }

  private static func lifetime(_ text: String?) throws(Refusal) -> Int64 {
    guard let text else { return AccessToken.maximumLifetime }
    guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let seconds = Int64(text),
      (1...AccessToken.maximumLifetime).contains(seconds)
    else {
      throw Refusal(.invalidRequest, "expires_in must be from 1 to \(AccessToken.maximumLifetime) seconds")
    }
    return seconds
  }

  private static func requestedDetail(_ text: String) throws(Refusal) -> AuthorizationDetail {
    do throws(JSONError) {
      let value = try JSONParser.parse(text, limits: .init(bytes: 16 << 10, depth: 5))
      guard case .array(let items) = value, items.count == 1 else {
        throw .wrongType(path: "authorization_details", expected: "an array of one object")
      }
      return try AuthorizationDetail(json: items[0], at: "authorization_details[0]")
    } catch {
      throw Refusal(.invalidAuthorizationDetails, error.description)
    }
  }
}
