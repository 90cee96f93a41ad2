internal import AuditLog
internal import CertificateAuthority
internal import FoundationEssentials
internal import Identity
internal import Logging
internal import Policy

/// The broker without its network: takes a request, gives an answer that has been recorded.
struct BrokerService: Sendable {
  let configuration: BrokerConfiguration
  let policy: PolicyFile
  let authority: DevelopmentAuthority
  let signingKey: SigningKey
  let authenticator: any Authenticator
  let store: Store
  let audit: AuditSink
  let clock: BrokerClock
  let logger: Logger

  /// Answers a request. Whatever happens, an event is written before this returns an answer; where that cannot be
  /// done, the answer is that nothing is served.
  func respond(to request: IncomingRequest) async -> Recorded {
    var event = BrokerEvent(
      .refused, time: clock.now(), eventID: RandomID.make(), requestID: request.id, issuer: configuration.issuer)
    event.method = request.method
    event.peer = request.peer.auditPeer
    do throws(Refusal) {
      return try await route(request, &event)
    } catch {
      event.kind = .refused
      event.time = clock.now()
      event.status = error.code.status
      event.code = error.code.rawValue
      event.reason = error.reason ?? error.description
      if event.rules == nil { event.rules = error.rule.map { [$0] } }
      if error.code == .serverError {
        logger.error("request failed", metadata: ["request_id": "\(request.id)", "reason": "\(event.reason ?? "")"])
      }
      return record(event, .refusal(error))
    }
  }

  private func route(_ request: IncomingRequest, _ event: inout BrokerEvent) async throws(Refusal) -> Recorded {
    let now = event.time.seconds
    let route: Route
    switch Route.match(method: request.method, path: request.path) {
    case .route(let match): route = match
    case .otherMethod(let allowed):
      throw Refusal(.methodNotAllowed, "this path takes \(allowed)", allow: allowed)
    case .none: throw Refusal(.notFound, "there is no such route")
    }
    event.route = route.pattern
    guard !request.hasQuery else { throw Refusal(.invalidRequest, "no route takes a query") }
    switch request.body {
    case .complete(let bytes):
      if route.bodyLimit == nil, !bytes.isEmpty { throw Refusal(.invalidRequest, "this route takes no body") }
    case .tooLarge: throw Refusal(.contentTooLarge, "the body is larger than \(IncomingRequest.bodyLimit) bytes")
    }
    try request.peer.check(at: now)

    switch route {
    case .metadata: return serve(.document(metadata), &event)
    case .keys: return serve(.document(signingKey.keySet), &event)
    case .health:
      try await store.check()
      return serve(.json(status: 200, Array("{\"status\":\"ok\"}".utf8)), &event)
    case .createSession: return try await createSession(request, &event)
    case .readSession(let id): return try await readSession(id, request, &event)
    case .endSession(let id): return try await endSession(id, request, &event)
    case .token: return try await issueToken(request, &event)
    }
  }

  private func serve(_ answer: Answer, _ event: inout BrokerEvent) -> Recorded {
    event.kind = .served
    event.status = answer.status
    return record(event, answer)
  }

  /// Writes the event, or gives the answer that says that it could not.
  func record(_ event: BrokerEvent, _ answer: Answer) -> Recorded {
    do throws(AuditError) {
      return try audit.record(event, answer: answer)
    } catch {
      logger.critical("audit event lost", metadata: ["reason": "\(error)"])
      return AuditSink.unavailable
    }
  }
}

/// A request as the network read it.
struct IncomingRequest: Sendable {
  enum Body: Sendable {
    case complete([UInt8])
    case tooLarge
  }

  /// Most bytes of any body.
  static let bodyLimit = 64 << 10

  let id: String
  let method: String
  /// Without the query.
  let path: String
  let hasQuery: Bool
  /// Without parameters, lower case.
  let contentType: String?
  let body: Body
  let peer: Peer

  /// The body, of the one type that the route takes.
  func body(ofType type: String) throws(Refusal) -> [UInt8] {
    guard contentType == type else { throw Refusal(.unsupportedMediaType, "the body must be \(type)") }
    switch body {
    case .complete(let bytes): return bytes
    case .tooLarge: throw Refusal(.contentTooLarge, "the body is too large")
    }
  }
}

/// The other end of a connection, as the TLS layer knows it.
struct Peer: Sendable {
  enum Certificate: Sendable {
    case none
    case valid(PeerCertificate)
    /// The chain is valid, but the certificate names nobody that we know how to name.
    case unsuitable(PeerCertificate.Invalid)
  }

  let certificate: Certificate
  let address: String?

  var presented: PeerCertificate? {
    switch certificate {
    case .valid(let certificate): certificate
    case .none, .unsuitable: nil
    }
  }

  var auditPeer: AuditPeer {
    AuditPeer(spiffeID: presented?.spiffeID.description, thumbprint: presented?.thumbprint, address: address)
  }

  /// Again on each request, since a connection or a resumed TLS session may outlive the certificate.
  /// - Parameter now: seconds since 1970.
  func check(at now: Int64) throws(Refusal) {
    switch certificate {
    case .none: return
    case .valid(let certificate):
      guard now <= certificate.notValidAfter else {
        throw Refusal(.invalidClient, "the client certificate is no longer valid")
      }
    case .unsuitable(let reason):
      throw Refusal(.invalidClient, "the client certificate is unsuitable", log: "\(reason)")
    }
  }
}
