import Crypto
import StrictJSON
import Testing
import Tokens

struct KeySetTests {
  static let point = Minter.base64([UInt8](repeating: 7, count: 32))
  static let good = #"{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"\#(point)"}"#

  static func set(_ keys: String...) throws(JSONError) -> KeySet {
    try KeySet(json: Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
  }

  @Test func otherKindsArePassedOver() throws {
    _ = try Self.set(
      #"{"kty":"EC","crv":"P-256","kid":"e","x":"AA","y":"AA"}"#, #"{"kty":"RSA","kid":"r","n":"AA","e":"AQAB"}"#,
      #"{"kty":"OKP","crv":"X25519","kid":"x","x":"AA"}"#, Self.good)
  }

  @Test(arguments: [
    // Nothing to verify with.
    "[]", "[{\"kty\":\"EC\"}]",
    "[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"use\":\"enc\",\"x\":\"\(point)\"}]",
    // Not a key set.
    "{}", "null", "\"x\"", "[1]", "[null]",
    // A key that is none.
    #"[{"kty":"OKP","crv":"Ed25519","x":"\#(point)"}]"#, #"[{"kty":"OKP","crv":"Ed25519","kid":"","x":"\#(point)"}]"#,
    #"[{"kty":"OKP","crv":"Ed25519","kid":7,"x":"\#(point)"}]"#, #"[{"kty":"OKP","crv":"Ed25519","kid":"k"}]"#,
    #"[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"AAAA"}]"#,
    #"[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(point)="}]"#,
    #"[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(point)AA"}]"#,
    // Somebody mounted the private one.
    #"[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(point)","d":"\#(point)"}]"#,
    // Two keys of one name.
    "[\(good),\(good)]",
  ])
  func refuses(_ keys: String) {
    #expect(throws: JSONError.self) { try KeySet(json: Array("{\"keys\":\(keys)}".utf8)) }
  }

  @Test(arguments: ["", "[]", "{}", "{\"keys\":[\(good)]}x", "{\"keys\":[\(good)],\"keys\":[\(good)]}"])
  func refusesOtherTexts(_ text: String) {
    #expect(throws: JSONError.self) { try KeySet(json: Array(text.utf8)) }
  }

  @Test func theNumberOfKeysIsLimited() throws {
    func keys(_ count: Int) -> String {
      (0..<count).map { #"{"kty":"OKP","crv":"Ed25519","kid":"k\#($0)","x":"\#(Self.point)"}"# }.joined(separator: ",")
    }
    #expect(throws: Never.self) { try Self.set(keys(16)) }
    #expect(throws: JSONError.self) { try Self.set(keys(17)) }
  }

  /// Rotation: tokens of both keys are good while both are published.
  @Test func severalKeys() throws {
    let (old, new) = (Minter(), Minter())
    func key(_ minter: Minter, _ name: String) -> String {
      #"{"kty":"OKP","crv":"Ed25519","kid":"\#(name)","x":"\#(Minter.base64(minter.key.publicKey.rawRepresentation))"}"#
    }
    let verifier = TokenVerifier(
      keys: try Self.set(key(old, "old"), key(new, "new")), issuer: Minter.issuer, audience: Minter.audience,
      trustDomain: Minter.trustDomain, started: Minter.started)
    func verify(_ minter: Minter, _ name: String) throws -> VerifiedToken {
      let text = try minter.token(header: #"{"typ":"at+jwt","alg":"EdDSA","kid":"\#(name)"}"#)
      return try verifier.verify(try UnverifiedToken(text), from: Minter.sessionPeer, now: Minter.now)
    }
    #expect(throws: Never.self) { try verify(old, "old") }
    #expect(throws: Never.self) { try verify(new, "new") }
    #expect(throws: TokenError.invalid("the signature does not hold")) { try verify(old, "new") }
    #expect(throws: TokenError.invalid("the signature does not hold")) { try verify(new, "old") }
  }
}
