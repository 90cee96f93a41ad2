import Identity
import NIOSSL
import Testing

struct SPIFFEIDTests {
  @Test(
    arguments: [
      ("spiffe://td", "td", []),
      ("spiffe://prod.example/ns/payments/agent/5f0c", "prod.example", ["ns", "payments", "agent", "5f0c"]),
      ("spiffe://a_b-c.1/A.B-c_9", "a_b-c.1", ["A.B-c_9"]),
      ("spiffe://td/...", "td", ["..."]),
    ] as [(String, String, [String])])
  func reads(text: String, trustDomain: String, segments: [String]) throws {
    let id = try SPIFFEID(text)
    #expect(id.trustDomain == trustDomain)
    #expect(id.segments == segments)
    #expect(id.description == text)
    #expect(try SPIFFEID(id.description) == id)
  }

  @Test(arguments: [
    ("", SPIFFEID.Invalid.scheme), ("spiffe:/td", .scheme), ("https://td/a", .scheme), ("SPIFFE://td/a", .scheme),
    (" spiffe://td", .scheme), ("spiffe://", .trustDomain), ("spiffe:///a", .trustDomain),
    ("spiffe://TD/a", .trustDomain), ("spiffe://td:1/a", .trustDomain), ("spiffe://u@td/a", .trustDomain),
    ("spiffe://td%61/a", .trustDomain), ("spiffe://td?x", .trustDomain), ("spiffe://td#x", .trustDomain),
    ("spiffe://té/a", .trustDomain), ("spiffe://td/", .path), ("spiffe://td/a/", .path), ("spiffe://td//a", .path),
    ("spiffe://td/.", .path), ("spiffe://td/a/../b", .path), ("spiffe://td/a b", .path), ("spiffe://td/a%2e", .path),
    ("spiffe://td/a?b", .path), ("spiffe://td/a#b", .path), ("spiffe://td/a\u{0}", .path), ("spiffe://td/é", .path),
    ("spiffe://" + String(repeating: "a", count: 256), .trustDomain),
    ("spiffe://td/" + String(repeating: "a", count: 2037), .tooLong),
  ])
  func refuses(text: String, reason: SPIFFEID.Invalid) {
    #expect(throws: reason) { try SPIFFEID(text) }
  }

  @Test func takesTheLongest() throws {
    let text = "spiffe://td/" + String(repeating: "a", count: 2036)
    #expect(text.utf8.count == SPIFFEID.maximumLength)
    #expect(try SPIFFEID(text).segments.count == 1)
    #expect(
      try SPIFFEID("spiffe://" + String(repeating: "a", count: 255)).trustDomain.utf8.count
        == SPIFFEID.maximumTrustDomainLength)
  }

  @Test func knowsItsShapes() throws {
    let agent = try SPIFFEID.agent(trustDomain: "td", namespace: "n", uid: "u")
    #expect(agent.description == "spiffe://td/ns/n/agent/u")
    #expect(agent.agent?.namespace == "n")
    #expect(agent.agent?.uid == "u")
    #expect(agent.sessionID == nil)
    let session = try SPIFFEID.session(trustDomain: "td", id: "s-1_x")
    #expect(session.description == "spiffe://td/session/s-1_x")
    #expect(session.sessionID == "s-1_x")
    #expect(session.userName == nil)
    #expect(try SPIFFEID.user(trustDomain: "td", name: "ada").userName == "ada")
    #expect(try SPIFFEID("spiffe://td/session/a/b").sessionID == nil)
    #expect(try SPIFFEID("spiffe://td/ns/n/agents/u").agent == nil)
    #expect(throws: SPIFFEID.Invalid.path) { try SPIFFEID.session(trustDomain: "td", id: "a/b/") }
    #expect(throws: SPIFFEID.Invalid.path) { try SPIFFEID.agent(trustDomain: "td", namespace: "..", uid: "u") }
  }

  /// Whatever the bytes, the answer is a value or an error, and a value says its own text.
  @Test func randomBytes() throws {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("spiffe://td.-_aZ09/%:@?#\u{0}é".utf8)
    for _ in 0..<20_000 {
      var bytes = Bool.random(using: &random) ? Array("spiffe://".utf8) : []
      for _ in 0..<Int.random(in: 0...30, using: &random) { bytes.append(alphabet.randomElement(using: &random) ?? 0) }
      if let id = try? SPIFFEID(bytes: bytes) { #expect(Array(id.description.utf8) == bytes) }
    }
  }
}

struct CertificateSPIFFEIDTests {
  static func id(_ alternativeNames: String?) throws -> SPIFFEID {
    let openssl = try OpenSSL()
    let pem = try openssl.selfSigned("x", alternativeNames: alternativeNames)
    return try SPIFFEID(certificate: try #require(try NIOSSLCertificate.fromPEMBytes(pem).first))
  }

  @Test func takesTheOneURI() throws {
    #expect(try Self.id("URI:spiffe://td/a").description == "spiffe://td/a")
    #expect(try Self.id("DNS:a.example,IP:127.0.0.1,URI:spiffe://td/a,email:a@b.example").segments == ["a"])
  }

  @Test func refusesNoneAndSeveral() throws {
    #expect(throws: IdentityError.noSPIFFEID) { try Self.id(nil) }
    #expect(throws: IdentityError.noSPIFFEID) { try Self.id("DNS:spiffe.example") }
    #expect(throws: IdentityError.severalSPIFFEIDs) { try Self.id("URI:spiffe://td/a,URI:spiffe://td/b") }
    #expect(throws: IdentityError.severalSPIFFEIDs) { try Self.id("URI:spiffe://td/a,URI:https://td/") }
    #expect(throws: IdentityError.invalidSPIFFEID(.scheme)) { try Self.id("URI:https://td/") }
    #expect(throws: IdentityError.invalidSPIFFEID(.path)) { try Self.id("URI:spiffe://td/") }
  }
}
