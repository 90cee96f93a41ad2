internal import Grants
internal import StrictJSON

/// What an access token says (RFC 9068 §2.2, RFC 8705 §3.1, RFC 9396 §9.1). Times are seconds since 1970.
struct AccessToken: Sendable {
  let issuer: String
  let subject: String
  let audience: String
  let issuedAt: Int64
  let expires: Int64
  let id: String
  let session: String
  let grant: String
  /// SHA-256 of the client certificate's DER, base64url.
  let thumbprint: String
  let detail: AuthorizationDetail

  static let clientID = "sidelight-cli"
  /// Longest lifetime, in seconds.
  static let maximumLifetime: Int64 = 300
  /// Longest token that agents take, in bytes.
  static let maximumLength = 8192

  /// The compact form (RFC 7515 §7.1).
  func serialized(signedBy key: SigningKey) throws -> String {
    var header = JSONWriter()
    header.object {
      $0.member("alg", "EdDSA")
      $0.member("typ", "at+jwt")
      $0.member("kid", key.keyID)
    }
    let content = "\(Base64URL.encode(header.bytes)).\(Base64URL.encode(claims))"
    return "\(content).\(Base64URL.encode(try key.signature(of: Array(content.utf8))))"
  }

  private var claims: [UInt8] {
    var writer = JSONWriter(reserving: 1024)
    writer.object {
      $0.member("iss", issuer)
      $0.member("sub", subject)
      $0.member("client_id", Self.clientID)
      $0.member("aud", audience)
      $0.member("exp", expires)
      $0.member("iat", issuedAt)
      $0.member("jti", id)
      $0.member("sid", session)
      $0.member("gid", grant)
      $0.member(object: "cnf") { $0.member("x5t#S256", thumbprint) }
      $0.member(array: "authorization_details") { detail.write(to: &$0) }
    }
    return writer.bytes
  }
}
