internal import API
internal import FoundationEssentials
internal import Grants
internal import NIOHTTP1
internal import StrictJSON

/// What to ask the broker's token endpoint for (RFC 6749 §4.4 with RFC 8707 and RFC 9396). Without `detail` the token
/// has all that the policy grants; a list that `detail` leaves empty stays as granted.
struct TokenRequest: Sendable, Equatable {
  /// The agent's SPIFFE ID.
  var resource: String
  var detail: AuthorizationDetail?
  /// Seconds.
  var lifetime: Int?

  init(resource: String, detail: AuthorizationDetail? = nil, lifetime: Int? = nil) {
    self.resource = resource
    self.detail = detail
    self.lifetime = lifetime
  }

  /// `application/x-www-form-urlencoded`.
  var form: String {
    Percent.pairs([
      ("grant_type", "client_credentials"), ("resource", resource), ("authorization_details", detailsText),
      ("expires_in", lifetime.map { "\($0)" }),
    ])
  }

  private var detailsText: String? {
    guard let detail else { return nil }
    var writer = JSONWriter()
    writer.array { detail.write(to: &$0) }
    return writer.text
  }
}

/// The broker, as far as this command needs it.
struct BrokerClient: Sendable {
  private let transport: Transport

  init(_ installation: Installation, identity: ClientIdentity) {
    transport = Transport(
      baseURL: installation.brokerURL, peer: "the broker", spiffeID: installation.broker, identity: identity)
  }

  init(_ transport: Transport) { self.transport = transport }

  func shutdown() async throws { try await transport.shutdown() }

  /// `POST /token`: the answer, and its text.
  func token(_ request: TokenRequest) async throws(Failure) -> (answer: TokenAnswer, text: [UInt8]) {
    let response = try await transport.send(
      Transport.Request(
        method: .POST, target: "/token",
        body: ("application/x-www-form-urlencoded", Array(request.form.utf8))))
    return (try decode(TokenAnswer.self, from: response, expecting: 200), response.body)
  }

  /// `POST /v1/sessions`, authenticated by whatever certificate the transport presents.
  func session(_ request: SessionRequest) async throws(Failure) -> SessionAnswer {
    let body: Data
    do {
      body = try JSONEncoder().encode(request)
    } catch {
      throw Failure(.internalError, "the session request cannot be encoded: \(error)")
    }
    let response = try await transport.send(
      Transport.Request(method: .POST, target: "/v1/sessions", body: ("application/json", Array(body))))
    return try decode(SessionAnswer.self, from: response, expecting: 201)
  }

  /// `GET /jwks.json`: the token keys (RFC 7517 §5), as text.
  func keySet() async throws(Failure) -> String {
    let response = try await transport.send(Transport.Request(target: "/jwks.json"))
    guard response.status == 200 else {
      throw Failure(Failure.status(response.status), "the broker does not publish its keys: \(response.status)")
    }
    return String(decoding: response.body, as: UTF8.self)
  }

  private func decode<Answer: Decodable>(
    _ type: Answer.Type, from response: Transport.Response, expecting status: Int
  ) throws(Failure) -> Answer {
    guard response.status == status else {
      guard let error = Decoding.optional(BrokerError.self, response.body) else {
        throw Failure(
          Failure.status(response.status), "the broker answered \(response.status) without saying why",
          hint: "the broker's log has the reason")
      }
      throw Failure(error, httpStatus: response.status)
    }
    return try Decoding.required(type, response.body, from: "the broker")
  }
}

/// JSON from agent and broker into the wire types.
enum Decoding {
  static func required<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], from peer: String
  ) throws(Failure) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw Failure(
        .internalError, "the answer of \(peer) is not understood: \(error)",
        hint: "compare the versions of agent, broker and this command")
    }
  }

  /// For a body that may be something else, such as a proxy's error page.
  static func optional<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      return nil
    }
  }
}
