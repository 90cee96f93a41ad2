import Crypto
import Foundation
import Grants
import Testing
import Tokens

struct TokenVerifierTests {
  let minter = Minter()

  func refusal(_ text: String, from peer: Peer = Minter.sessionPeer, now: Int64 = Minter.now) -> TokenError? {
    do throws(TokenError) {
      _ = try minter.verify(text, from: peer, now: now)
      return nil
    } catch {
      return error
    }
  }

  func refusal(_ changes: [String: String?], from peer: Peer = Minter.sessionPeer, now: Int64 = Minter.now) throws
    -> TokenError?
  {
    refusal(try minter.token(payload: Minter.payload(changes)), from: peer, now: now)
  }

  @Test func aGoodTokenOfASession() throws {
    let token = try minter.verify(try minter.token())
    #expect(token.subject == "oidc:user-7f3")
    #expect(token.actor == nil)
    #expect((token.session, token.grant, token.tokenID) == ("s-1", "g-1", "t-1"))
    #expect(token.expires == Minter.now + 200)
    #expect(token.detail.actions == [.processesList])
    #expect(token.detail.limits == Limits(requests: 5))
  }

  @Test func aGoodTokenOfAGateway() throws {
    let text = try minter.token(
      payload: Minter.payload(["act": "{\"sub\":\"\(Minter.gateway.spiffeID)\"}"]))
    #expect(try minter.verify(text, from: Minter.gateway).actor == Minter.gateway.spiffeID)
  }

  // MARK: Before the signature

  @Test(arguments: [
    #"{"typ":"at+jwt","alg":"none","kid":"k1"}"#, #"{"typ":"at+jwt","alg":"None","kid":"k1"}"#,
    #"{"typ":"at+jwt","alg":"","kid":"k1"}"#, #"{"typ":"at+jwt","alg":null,"kid":"k1"}"#,
    #"{"typ":"at+jwt","kid":"k1"}"#,
    #"{"typ":"at+jwt","alg":"ES256","kid":"k1"}"#, #"{"typ":"at+jwt","alg":"eddsa","kid":"k1"}"#,
    #"{"typ":"at+jwt","alg":"Ed25519","kid":"k1"}"#, #"{"typ":"at+jwt","alg":["EdDSA"],"kid":"k1"}"#,
    #"{"typ":"JWT","alg":"EdDSA","kid":"k1"}"#, #"{"typ":"jwt","alg":"EdDSA","kid":"k1"}"#,
    #"{"typ":"application/at+jwt","alg":"EdDSA","kid":"k1"}"#, #"{"typ":"AT+JWT","alg":"EdDSA","kid":"k1"}"#,
    #"{"alg":"EdDSA","kid":"k1"}"#, #"{"typ":"at+jwt","alg":"EdDSA"}"#, #"{"typ":"at+jwt","alg":"EdDSA","kid":"k2"}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":""}"#, #"{"typ":"at+jwt","alg":"EdDSA","kid":"../k1"}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"K1"}"#, #"{"typ":"at+jwt","alg":"EdDSA","kid":["k1"]}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","crit":["exp"]}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","crit":[]}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","jwk":{"kty":"OKP"}}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","jku":"https://evil.example"}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","x5c":["AA"]}"#, #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","x5u":"a"}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","b64":false}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","zip":"DEF"}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","cty":"JWT"}"#, #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","":1}"#,
    #"{"typ":"at+jwt","alg":"none","alg":"EdDSA","kid":"k1"}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k2","kid":"k1"}"#,
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1"} "# + "x", #"["at+jwt","EdDSA","k1"]"#, "null", "", "{}", "\u{FEFF}{}",
    #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1"},"#, #"{'typ':'at+jwt'}"#,
  ])
  func headersThatAreRefused(_ header: String) throws {
    // Properly signed, so that the header alone is at fault.
    let error = refusal(try minter.token(header: header))
    guard case .invalid = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aHeaderMayHaveSpaceAndAnyOrder() throws {
    #expect(refusal(try minter.token(header: "{ \"kid\" : \"k1\",\n\"alg\":\"EdDSA\", \"typ\":\"at+jwt\" }")) == nil)
  }

  /// RFC 8725 §2.1: the public key as the secret of a MAC.
  @Test func theKeyIsNoSecretOfAMAC() throws {
    for name in ["HS256", "EdDSA"] {
      let signed =
        Minter.base64("{\"typ\":\"at+jwt\",\"alg\":\"\(name)\",\"kid\":\"k1\"}".utf8) + "."
        + Minter.base64(Minter.payload().utf8)
      for secret in [minter.key.publicKey.rawRepresentation, Data(minter.keySetText.utf8)] {
        let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: secret))
        for signature in [Array(code), Array(code) + Array(code)] {
          guard case .invalid = refusal(signed + "." + Minter.base64(signature)) else {
            Issue.record("accepted, or refused late")
            return
          }
        }
      }
    }
  }

  @Test func noSignature() throws {
    for header in [Minter.header, #"{"typ":"at+jwt","alg":"none","kid":"k1"}"#] {
      let signed = Minter.base64(header.utf8) + "." + Minter.base64(Minter.payload().utf8)
      for text in [signed, signed + ".", signed + "." + Minter.base64([UInt8](repeating: 0, count: 64))] {
        guard case .invalid = refusal(text) else {
          Issue.record("accepted: \(text)")
          return
        }
      }
    }
  }

  @Test func anotherKeyWithTheSameName() throws {
    #expect(refusal(try Minter().token()) == .invalid("the signature does not hold"))
  }

  /// Changed anywhere by one byte: refused, and believed in nothing.
  @Test func oneFlippedByteAnywhere() throws {
    let text = Array(try minter.token().utf8)
    for index in text.indices {
      for mask in [1, 2, 0x20, 0x80] as [UInt8] {
        var changed = text
        changed[index] ^= mask
        guard let string = String(validating: changed, as: UTF8.self) else { continue }
        guard case .invalid = refusal(string) else {
          Issue.record("byte \(index) with \(mask)")
          return
        }
      }
      var shorter = text
      shorter.remove(at: index)
      guard case .invalid = refusal(String(decoding: shorter, as: UTF8.self)) else {
        Issue.record("without byte \(index)")
        return
      }
    }
  }

  /// The payload changed and encoded again, under the old signature.
  @Test func aChangedPayloadUnderTheOldSignature() throws {
    let parts = try minter.token().split(separator: ".")
    let payload = Minter.payload(["gid": "\"g-2\""])
    #expect(
      refusal("\(parts[0]).\(Minter.base64(payload.utf8)).\(parts[2])") == .invalid("the signature does not hold"))
    #expect(refusal("\(parts[1]).\(parts[0]).\(parts[2])") != nil)
  }

  @Test func theFormIsStrict() throws {
    let token = try minter.token()
    let parts = token.split(separator: ".").map(String.init)
    let bad = [
      "", ".", "..", "...", token + ".", "." + token, token + ".AA", token + " ", " " + token, token + "\n",
      token + "=", parts[0] + "=." + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + "==." + parts[2],
      parts[0] + ".." + parts[1] + "." + parts[2], parts[0] + "." + parts[1], token.replacing(".", with: ","),
      "Bearer " + token, token + "\0",
      // JWE has five parts.
      "a.b.c.d.e",
    ]
    for text in bad {
      guard case .invalid = refusal(text) else {
        Issue.record("accepted: \(text.debugDescription)")
        return
      }
    }
  }

  /// The last character of 64 bytes has four spare bits: only one text of sixteen is the signature.
  @Test func theSignatureHasOneText() throws {
    let token = try minter.token()
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    let accepted = alphabet.filter { refusal(String(token.dropLast()) + String($0)) == nil }
    #expect(accepted == String(token.suffix(1)))
  }

  @Test func theSizeIsLimited() throws {
    func token(_ padding: Int) throws -> String {
      try minter.token(payload: Minter.payload(["pad": "\"\(String(repeating: "a", count: padding))\""]))
    }
    let base = try token(0).utf8.count
    // Four characters for three bytes.
    let room = (8192 - base) / 4 * 3
    #expect(try token(room).utf8.count <= 8192)
    #expect(refusal(try token(room)) == nil)
    #expect(refusal(try token(room + 8)) == .tooLarge)
    #expect(refusal(String(repeating: "a", count: 8193)) == .tooLarge)
    guard case .invalid = refusal(String(repeating: "a", count: 8192)) else {
      Issue.record("not refused as invalid")
      return
    }
    #expect(refusal(String(repeating: ".", count: 100_000)) == .tooLarge)
  }

  /// Text of an attacker does not get into the log.
  @Test func refusalsBeforeTheSignatureQuoteNothing() throws {
    for header in [
      #"{"typ":"at+jwt","alg":"EdDSA","kid":"FORGED"}"#, #"{"FORGED":1,"FORGED":2}"#, #"{"typ":"FORGED"}"#,
      #"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","FORGED":1}"#, "FORGED",
    ] {
      let error = try #require(refusal(try minter.token(header: header)))
      #expect(!error.description.contains("FORGED"), "\(error)")
    }
  }

  // MARK: Times

  @Test func expiry() throws {
    let text = try minter.token()
    let expires = Minter.now + 200
    #expect(refusal(text, now: expires - 1) == nil)
    #expect(refusal(text, now: expires + 29) == nil)
    #expect(refusal(text, now: expires + 30) == .expired)
    #expect(refusal(text, now: expires + 3600) == .expired)
  }

  @Test func notBefore() throws {
    let text = try minter.token()
    let issued = Minter.now - 100
    #expect(refusal(text, now: issued - 30) == nil)
    #expect(refusal(text, now: issued - 31) == .notYetValid)
    let later: [String: String?] = ["nbf": "\(Minter.now + 31)"]
    #expect(try refusal(later) == .notYetValid)
    #expect(try refusal(later, now: Minter.now + 1) == nil)
    // An early nbf does not make up for a late iat.
    #expect(try refusal(["nbf": "0", "iat": "\(Minter.now + 31)"]) == .notYetValid)
  }

  @Test func lifetime() throws {
    func times(_ issued: Int64, _ expires: Int64) -> [String: String?] { ["iat": "\(issued)", "exp": "\(expires)"] }
    #expect(try refusal(times(Minter.now, Minter.now + 300)) == nil)
    #expect(try refusal(times(Minter.now, Minter.now + 301)) == .lifetimeTooLong)
    #expect(try refusal(times(Minter.now, Minter.now + 1_000_000)) == .lifetimeTooLong)
    #expect(try refusal(times(Minter.now + 5, Minter.now + 5)) == .lifetimeTooLong)
    #expect(try refusal(times(Minter.now + 5, Minter.now)) == .lifetimeTooLong)
  }

  @Test func beforeTheAgentStarted() throws {
    func times(_ issued: Int64) -> [String: String?] { ["iat": "\(issued)", "exp": "\(issued + 200)"] }
    #expect(try refusal(times(Minter.started + 1), now: Minter.started + 50) == nil)
    // The very second of the start too: whether before or after cannot be told.
    #expect(try refusal(times(Minter.started), now: Minter.started + 50) == .beforeStart)
    #expect(try refusal(times(Minter.started - 1), now: Minter.started + 50) == .beforeStart)
  }

  @Test(arguments: [
    "\"1764000100\"", "1764000100.0", "1764000100.5", "1.7641e9", "-1", "null", "true", "[1764000100]",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "100000000001", "1e999",
  ])
  func timesThatAreNoTimes(_ text: String) throws {
    for name in ["exp", "iat", "nbf"] { #expect(try refusal([name: text]) != nil, "\(name)") }
  }

  @Test(arguments: ["exp", "iat", "iss", "sub", "aud", "jti", "sid", "gid", "cnf", "authorization_details"])
  func everyClaimIsRequired(_ name: String) throws {
    #expect(try refusal([name: nil]) != nil)
    #expect(try refusal([name: "null"]) != nil)
    #expect(try refusal([name: "[]"]) != nil)
    #expect(try refusal([name: "{}"]) != nil)
  }

  // MARK: Who

  @Test(arguments: [
    "\"https://broker.sidelight.example/\"", "\"HTTPS://broker.sidelight.example\"", "\"https://evil.example\"", "\"\"",
    "\"https://broker.sidelight.example\\u0000\"",
  ])
  func issuers(_ text: String) throws {
    #expect(try refusal(["iss": text]) == .wrongIssuer)
  }

  @Test(arguments: [
    "\"spiffe://prod.example/ns/payments/agent/5f0d\"", "\"spiffe://prod.example/ns/payments/agent/5f0c/\"", "\"\"",
    "\"spiffe://Prod.example/ns/payments/agent/5f0c\"", "\"*\"", "\"spiffe://prod.example/ns/payments/agent\"",
  ])
  func audiences(_ text: String) throws {
    #expect(try refusal(["aud": text]) == .wrongAudience)
  }

  /// One agent, one audience: a list of them is not taken, even with this agent in it.
  @Test func anAudienceIsNoList() throws {
    #expect(try refusal(["aud": "[\"\(Minter.audience)\"]"]) != nil)
    #expect(try refusal(["aud": "[\"\(Minter.audience)\",\"other\"]"]) != nil)
  }

  @Test func boundToACertificate() throws {
    let text = try minter.token()
    for other in [
      "", "x", Minter.thumbprint + "A", String(Minter.thumbprint.dropLast()), Minter.thumbprint.lowercased(),
    ] {
      let peer = Peer(thumbprint: other, spiffeID: Minter.sessionPeer.spiffeID)
      #expect(refusal(text, from: peer) == .wrongCertificate)
    }
    #expect(try refusal(["cnf": "{\"x5t#S256\":\"other\"}"]) == .wrongCertificate)
    // Other confirmation methods do not replace it.
    #expect(try refusal(["cnf": "{\"jkt\":\"\(Minter.thumbprint)\"}"]) != nil)
    #expect(try refusal(["cnf": "{\"x5t\":\"\(Minter.thumbprint)\"}"]) != nil)
    #expect(try refusal(["cnf": "{\"x5t#S256\":null}"]) != nil)
    #expect(try refusal(["cnf": "{\"x5t#S256\":[\"\(Minter.thumbprint)\"]}"]) != nil)
  }

  /// A person's token works from the certificate of its own session only.
  @Test(arguments: [
    "spiffe://prod.example/session/s-2", "spiffe://prod.example/session/s-1/", "spiffe://prod.example/session/S-1",
    "spiffe://other.example/session/s-1", "spiffe://prod.example/ns/sidelight/sa/gateway", "", "s-1",
    "spiffe://prod.example/session/", "spiffe://prod.example//session/s-1",
  ])
  func sessionsOfOthers(_ spiffeID: String) throws {
    let peer = Peer(thumbprint: Minter.thumbprint, spiffeID: spiffeID)
    guard case .wrongSession = refusal(try minter.token(), from: peer) else {
      Issue.record("accepted, or refused for another reason")
      return
    }
  }

  /// With an actor the caller is the actor: neither another gateway, nor the person, nor a session certificate.
  @Test func actors() throws {
    let actor: [String: String?] = ["act": "{\"sub\":\"\(Minter.gateway.spiffeID)\"}"]
    #expect(try refusal(actor, from: Minter.gateway) == nil)
    for spiffeID in [
      Minter.sessionPeer.spiffeID, "spiffe://prod.example/ns/sidelight/sa/gateway2", "", "oidc:user-7f3",
    ] {
      guard case .wrongSession = try refusal(actor, from: Peer(thumbprint: Minter.thumbprint, spiffeID: spiffeID))
      else {
        Issue.record("accepted from \(spiffeID)")
        return
      }
    }
    // Without `act` a gateway is no person.
    guard case .wrongSession = refusal(try minter.token(), from: Minter.gateway) else {
      Issue.record("accepted")
      return
    }
  }

  @Test(arguments: [
    "null", "\"spiffe://prod.example/ns/sidelight/sa/gateway\"", "{}", "[]", "{\"sub\":null}", "{\"sub\":1}",
  ])
  func actorsThatAreNone(_ text: String) throws {
    #expect(try refusal(["act": text], from: Minter.gateway) != nil)
    #expect(try refusal(["act": text], from: Minter.sessionPeer) != nil)
  }

  @Test(arguments: ["sid", "jti", "gid"])
  func identifiersArePlain(_ name: String) throws {
    for text in [
      "\"\"", "\"a b\"", "\"a\\n\"", "\"\\u0000\"", "\"é\"", "\"\(String(repeating: "a", count: 129))\"", "7",
    ] {
      #expect(try refusal([name: text]) != nil, "\(text)")
    }
    if name != "sid" {
      #expect(try refusal([name: "\"\(String(repeating: "a", count: 128))\""]) == nil)
    }
  }

  // MARK: What

  @Test(arguments: [
    "[]", "[\(Minter.detail),\(Minter.detail)]", "{}", "[null]", "[[]]",
    #"[{"type":"other","actions":[]}]"#, #"[{"type":"sidelight","actions":["files.write"]}]"#,
    #"[{"type":"sidelight","actions":[],"unknown":1}]"#, #"[{"actions":[]}]"#, #"[{"type":"sidelight"}]"#,
    #"[{"type":"sidelight","actions":[],"paths":["/a**"]}]"#, #"[{"type":"sidelight","actions":[],"limits":{"x":1}}]"#,
    #"[{"type":"sidelight","actions":[],"actions":["files.stat"]}]"#,
    #"[{"type":"sidelight","actions":[]},{"type":"other"}]"#,
  ])
  func details(_ text: String) throws {
    guard case .detailsInvalid = try refusal(["authorization_details": text]) else {
      Issue.record("accepted, or refused for another reason")
      return
    }
  }

  /// A claim given twice is one of two stories.
  @Test(arguments: ["exp", "aud", "sub", "sid", "authorization_details", "cnf"])
  func duplicateClaims(_ name: String) throws {
    let value = try #require(Minter.claims.first { $0.0 == name }?.1)
    let rest = String(Minter.payload().dropFirst())
    let escapedName = "\\u00\(String(name.utf8.first!, radix: 16))" + String(name.dropFirst())
    for twice in [
      "{\"\(name)\":\(value),\(rest)", "{\"\(name)\":1,\(rest)", "{\"\(escapedName)\":\(value),\(rest)",
    ] {
      #expect(refusal(try minter.token(payload: twice)) != nil)
    }
  }

  @Test(arguments: ["", "null", "[]", "\"x\"", "{", "{}x", "\u{FEFF}{}"])
  func payloadsThatAreNone(_ payload: String) throws {
    #expect(refusal(try minter.token(payload: payload)) != nil)
  }

  @Test func aPayloadThatIsNotUTF8() throws {
    let payload = Array(Minter.payload().utf8.dropLast()) + Array(",\"x\":\"".utf8) + [0xFF] + Array("\"}".utf8)
    let signed = Minter.base64(Minter.header.utf8) + "." + Minter.base64(payload)
    #expect(refusal(signed + "." + Minter.base64(try minter.key.signature(for: Data(signed.utf8)))) != nil)
  }

  @Test func deepPayloads() throws {
    #expect(try refusal(["x": String(repeating: "[", count: 500) + String(repeating: "]", count: 500)]) != nil)
  }

  /// Where several things are wrong the first of the fixed order is told.
  @Test func theOrderOfChecks() throws {
    var wrong: [String: String?] = [
      "exp": "\(Minter.started - 500)", "iat": "\(Minter.started - 2000)", "iss": "\"x\"", "aud": "\"x\"",
      "cnf": "{\"x5t#S256\":\"x\"}", "sid": "\"other\"", "authorization_details": "[{\"type\":\"other\"}]",
    ]
    #expect(try refusal(wrong) == .expired)
    wrong["exp"] = "\(Minter.now + 500)"
    #expect(try refusal(wrong) == .lifetimeTooLong)
    wrong["exp"] = "\(Minter.now + 200)"
    wrong["iat"] = "\(Minter.now + 100)"
    #expect(try refusal(wrong) == .notYetValid)
    wrong["iat"] = "\(Minter.now - 50)"
    #expect(try refusal(wrong) == .wrongIssuer)
    wrong["iss"] = nil
    #expect(try refusal(wrong) == .wrongAudience)
    wrong["aud"] = nil
    #expect(try refusal(wrong) == .wrongCertificate)
    wrong["cnf"] = nil
    #expect(try refusal(wrong) == .wrongSession("the certificate is not this session's"))
    wrong["sid"] = nil
    guard case .detailsInvalid = try refusal(wrong) else {
      Issue.record("accepted")
      return
    }
    // And before all of them the signature.
    guard case .invalid = refusal(try Minter().token(payload: Minter.payload(["exp": "1"]))) else {
      Issue.record("the payload was believed before the signature")
      return
    }
  }

  @Test func randomTextNeverCrashes() throws {
    var random = SplitMix(state: 71)
    let token = Array(try minter.token().utf8)
    for _ in 0..<3000 {
      var text = token
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if text != token { #expect(refusal(String(decoding: text, as: UTF8.self)) != nil) }
      #expect(refusal(String(decoding: random.bytes(40), as: UTF8.self)) != nil)
    }
  }
}
