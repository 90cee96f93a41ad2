import Grants
import Identity
import LibCrypto
import StrictJSON

@testable import Tokens

extension FuzzTarget {
  static let identity: [FuzzTarget] = [
    FuzzTarget("token", longest: 9000) { input in
      let text = String(decoding: input, as: UTF8.self)
      guard let token = try? UnverifiedToken(text) else { return }
      guard let verified = try? exampleVerifier().verify(token, from: examplePeer, now: exampleTime) else { return }
      // Only a token that the example key has signed gets here; its claims are the ones that were asked for.
      try require(verified.expires + TokenVerifier.skew > exampleTime, "an expired token")
      try require(examplePeer.spiffeID.hasSuffix("/session/\(verified.session)"), "another session's token")
    },
    FuzzTarget("token-claims", longest: 9000) { input in
      guard let claims = try? Claims(input) else { return }
      try require(claims.expires - claims.issued < .max && claims.expires + TokenVerifier.skew > 0, "times overflow")
      for name in [claims.tokenID, claims.session, claims.grant] {
        try require(name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "an identifier that is not printable")
      }
    },
    FuzzTarget("key-set") { input in
      _ = try? KeySet(json: input)
    },
    FuzzTarget("spiffe-id") { input in
      guard let id = try? SPIFFEID(bytes: input) else { return }
      try require(Array(id.description.utf8) == input, "two texts of one identity")
    },
    FuzzTarget("base64url") { input in
      if let decoded = Base64URL.decode(input) {
        try require(Array(Base64URL.encode(decoded).utf8) == input, "two texts of the same bytes")
      }
      try require(Base64URL.decode(Base64URL.encode(input).utf8) == input, "bytes do not come back")
    },
  ]

  /// The key of RFC 8037, appendix A, whose private half is printed there.
  private static func exampleVerifier() throws -> TokenVerifier {
    let keys = #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
    return TokenVerifier(
      keys: try KeySet(json: Array(keys.utf8)), issuer: "https://broker.sidelight.example",
      audience: "spiffe://prod.example/ns/payments/agent/5f0c", trustDomain: "prod.example", started: exampleTime - 1000
    )
  }

  private static let exampleTime: Int64 = 1_764_000_100
  private static let examplePeer = Peer(
    thumbprint: "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2", spiffeID: "spiffe://prod.example/session/s-1")
}
