internal import Grants
internal import LibCrypto
internal import StrictJSON

/// The caller as TLS saw it.
package struct Peer: Sendable, Equatable {
  /// SHA-256 of the leaf certificate's DER, base64url: `x5t#S256` (RFC 8705 §3.1).
  package var thumbprint: String
  package var spiffeID: String

  package init(thumbprint: String, spiffeID: String) {
    self.thumbprint = thumbprint
    self.spiffeID = spiffeID
  }
}

/// Verifies access tokens (RFC 9068) offline, in a fixed order; nothing in the payload is believed before the signature.
package struct TokenVerifier: Sendable {
  /// `exp − iat`, in seconds.
  package static let maximumLifetime: Int64 = 300
  /// How far the broker's clock may be from ours, in seconds.
  package static let skew: Int64 = 30

  private let keys: KeySet
  private let issuer: String
  private let audience: String
  private let trustDomain: String
  private let started: Int64

  /// `started`: the second in which this agent began, since 1970. Tokens issued in it or before are refused, so that a
  /// restart renews no budget.
  package init(keys: KeySet, issuer: String, audience: String, trustDomain: String, started: Int64) {
    self.keys = keys
    self.issuer = issuer
    self.audience = audience
    self.trustDomain = trustDomain
    self.started = started
  }

  /// `now` is in seconds since 1970.
  package func verify(
    _ token: UnverifiedToken, from peer: Peer, now: Int64
  ) throws(TokenError) -> VerifiedToken {
    try checkSignature(token)
    let claims = try Claims(token.payload)
    guard claims.expires + Self.skew > now else { throw .expired }
    guard (claims.notBefore ?? claims.issued) <= now + Self.skew, claims.issued <= now + Self.skew else {
      throw .notYetValid
    }
    guard claims.expires - claims.issued <= Self.maximumLifetime, claims.expires > claims.issued else {
      throw .lifetimeTooLong
    }
    guard claims.issued > started else { throw .beforeStart }
    guard claims.issuer == issuer else { throw .wrongIssuer }
    guard claims.audience == audience else { throw .wrongAudience }
    guard claims.thumbprint == peer.thumbprint else { throw .wrongCertificate }
    if let actor = claims.actor {
      guard actor == peer.spiffeID else { throw .wrongSession("the actor is not the caller") }
    } else {
      guard peer.spiffeID == "spiffe://\(trustDomain)/session/\(claims.session)" else {
        throw .wrongSession("the certificate is not this session's")
      }
    }
    let detail: AuthorizationDetail
    do throws(JSONError) {
      detail = try AuthorizationDetail(json: claims.detail, at: "authorization_details[0]")
    } catch {
      throw .detailsInvalid(error.description)
    }
    return .afterAllChecks(
      subject: claims.subject, actor: claims.actor, session: claims.session, grant: claims.grant,
      tokenID: claims.tokenID, expires: claims.expires, detail: detail)
  }

  private func checkSignature(_ token: UnverifiedToken) throws(TokenError) {
    let header: JSONObject
    do throws(JSONError) {
      let value = try JSONParser.parse(token.header, limits: .init(bytes: 1024, depth: 2))
      guard case .object(let object) = value else { throw .wrongType(path: "header", expected: "an object") }
      header = object
    } catch {
      // Without the error's text: it may name a member, and nobody has signed this yet.
      throw .invalid("the header is not a JSON object")
    }
    for member in header.members where !["typ", "alg", "kid"].contains(member.name) {
      throw .invalid("unexpected header parameter")
    }
    guard header["typ"]?.string == "at+jwt" else { throw .invalid("typ is not at+jwt") }
    // The algorithm is ours and never taken from the token; a token that names another is refused.
    guard header["alg"]?.string == "EdDSA" else { throw .invalid("alg is not EdDSA") }
    guard let id = header["kid"]?.string, let key = keys.publicKey(id) else { throw .invalid("kid is not known") }
    guard LibCrypto.verifyEd25519(signature: token.signature, message: token.signed, publicKey: key) else {
      throw .invalid("the signature does not hold")
    }
  }
}
