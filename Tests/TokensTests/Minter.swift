import Crypto
import Foundation
import StrictJSON
import Tokens

/// Makes tokens with an implementation that is not ours, good ones and bad ones, from the text of their parts.
struct Minter {
  static let now: Int64 = 1_764_000_100
  static let started: Int64 = 1_763_990_000
  static let issuer = "https://broker.sidelight.example"
  static let audience = "spiffe://prod.example/ns/payments/agent/5f0c"
  static let trustDomain = "prod.example"
  static let thumbprint = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"
  static let sessionPeer = Peer(thumbprint: thumbprint, spiffeID: "spiffe://prod.example/session/s-1")
  static let gateway = Peer(thumbprint: thumbprint, spiffeID: "spiffe://prod.example/ns/sidelight/sa/gateway")

  static let detail =
    #"{"type":"sidelight","containers":["app"],"processes":["**"],"actions":["processes.list"],"limits":{"requests":5}}"#

  /// The members of a good payload, in order, as JSON text.
  static let claims: [(String, String)] = [
    ("iss", "\"\(issuer)\""), ("sub", "\"oidc:user-7f3\""), ("client_id", "\"cli\""), ("aud", "\"\(audience)\""),
    ("exp", "\(now + 200)"), ("iat", "\(now - 100)"), ("jti", "\"t-1\""), ("sid", "\"s-1\""), ("gid", "\"g-1\""),
    ("cnf", "{\"x5t#S256\":\"\(thumbprint)\"}"), ("authorization_details", "[\(detail)]"),
  ]

  static let header = #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1"}"#

  let key = Curve25519.Signing.PrivateKey()

  var keySet: KeySet {
    get throws { try KeySet(json: Array(keySetText.utf8)) }
  }

  var keySetText: String {
    #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","use":"sig","x":"\#(Self.base64(key.publicKey.rawRepresentation))"}]}"#
  }

  var verifier: TokenVerifier {
    get throws {
      TokenVerifier(
        keys: try keySet, issuer: Self.issuer, audience: Self.audience, trustDomain: Self.trustDomain,
        started: Self.started)
    }
  }

  static func base64(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// A payload with members replaced, added or (nil) left out.
  static func payload(_ changes: [String: String?] = [:]) -> String {
    var members = claims.compactMap { name, value in
      changes[name].map { $0.map { (name, $0) } } ?? (name, value)
    }
    for (name, value) in changes.sorted(by: { $0.key < $1.key }) where !claims.contains(where: { $0.0 == name }) {
      if let value { members.append((name, value)) }
    }
    return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  func token(header: String = Self.header, payload: String = Self.payload()) throws -> String {
    let signed = Self.base64(header.utf8) + "." + Self.base64(payload.utf8)
    return signed + "." + Self.base64(try key.signature(for: Data(signed.utf8)))
  }

  func verify(_ text: String, from peer: Peer = sessionPeer, now: Int64 = now) throws(TokenError) -> VerifiedToken {
    let verifier: TokenVerifier
    do { verifier = try self.verifier } catch { throw .invalid("the test's own key set") }
    return try verifier.verify(try UnverifiedToken(text), from: peer, now: now)
  }
}
