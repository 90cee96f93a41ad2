import CertificateAuthority
import Foundation
import Identity
import NIOSSL
import Testing

struct DevelopmentAuthorityTests {
  static let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))

  static func authority(lifetime: Duration = .seconds(86_400)) throws -> DevelopmentAuthority {
    try DevelopmentAuthority.create(trustDomain: "td.example", lifetime: lifetime, now: now)
  }

  static func verified(_ authority: DevelopmentAuthority, _ pem: String, purpose: String, _ more: String = "") throws
    -> String
  {
    let openssl = try OpenSSL()
    try openssl.write("ca.pem", authority.certificatePEM)
    try openssl.write("x.pem", pem)
    try openssl.run("verify -x509_strict -CAfile ca.pem -purpose \(purpose)\(more) x.pem")
    return try openssl.run("x509 -in x.pem -noout -text")
  }

  static func spiffeID(_ pem: String) throws -> String {
    try SPIFFEID(certificate: try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)).description
  }

  @Test func authorityIsOne() throws {
    let authority = try Self.authority()
    #expect(authority.trustDomain == "td.example")
    #expect(authority.notValidAfter == Self.now.addingTimeInterval(86_400))
    let text = try Self.verified(authority, authority.certificatePEM, purpose: "any")
    #expect(text.contains("CA:TRUE, pathlen:0"))
    #expect(text.contains("Certificate Sign, CRL Sign"))
    #expect(text.contains("URI:spiffe://td.example"))
    #expect(text.contains("Subject Key Identifier"))
    let again = try DevelopmentAuthority(
      certificatePEM: authority.certificatePEM, privateKeyPEM: authority.privateKeyPEM)
    #expect(again.trustDomain == authority.trustDomain)
    #expect(again.certificatePEM == authority.certificatePEM)
  }

  @Test func serverCertificate() throws {
    let authority = try Self.authority()
    let id = try SPIFFEID.agent(trustDomain: "td.example", namespace: "n", uid: "u")
    let issued = try authority.issueServer(
      spiffeID: id, dnsNames: ["localhost", "a-1.example"], ipAddresses: ["127.0.0.1", "::1"],
      lifetime: .seconds(3600), now: Self.now)
    #expect(try Self.spiffeID(issued.certificatePEM) == id.description)
    for purpose in ["sslserver", "sslclient"] {
      for name in [" -verify_ip 127.0.0.1", " -verify_ip ::1", " -verify_hostname localhost"] {
        let text = try Self.verified(authority, issued.certificatePEM, purpose: purpose, name)
        #expect(text.contains("CA:FALSE"))
        #expect(text.contains("Authority Key Identifier"))
      }
    }
    _ = try TLSServer.configuration(
      certificateChainPEM: Array(issued.certificatePEM.utf8), privateKeyPEM: Array(issued.privateKeyPEM.utf8),
      trustBundlePEM: Array(authority.certificatePEM.utf8))
    func error(_ id: SPIFFEID, dns: [String] = [], ip: [String] = [], lifetime: Duration = .seconds(1))
      -> AuthorityError?
    {
      do throws(AuthorityError) {
        _ = try authority.issueServer(
          spiffeID: id, dnsNames: dns, ipAddresses: ip, lifetime: lifetime, now: Self.now)
        return nil
      } catch { return error }
    }
    #expect(error(try SPIFFEID("spiffe://other/x")) == .foreignTrustDomain)
    #expect(error(id, dns: ["a b"]) == .dnsNameInvalid)
    #expect(error(id, dns: [""]) == .dnsNameInvalid)
    #expect(error(id, ip: ["127.0.0.256"]) == .ipAddressInvalid)
    #expect(error(id, ip: ["127.0.0.1\n"]) == .ipAddressInvalid)
    #expect(error(id, lifetime: .seconds(0)) == .lifetimeInvalid)
    #expect(error(id, lifetime: .seconds(86_401)) == .outlivesAuthority)
    #expect(error(id, lifetime: .seconds(86_400)) == nil)
  }

  @Test func userCertificate() throws {
    let authority = try Self.authority()
    let issued = try authority.issueUser(
      name: "ada", groups: ["oncall", "team:größe"], lifetime: .seconds(60), now: Self.now)
    let text = try Self.verified(authority, issued.certificatePEM, purpose: "sslclient")
    #expect(text.contains("O = oncall"))
    #expect(text.contains("CN = ada"))
    #expect(try Self.spiffeID(issued.certificatePEM) == "spiffe://td.example/user/ada")
    #expect(throws: AuthorityError.spiffeIDInvalid(.path)) {
      try authority.issueUser(name: "a/b/", groups: [], lifetime: .seconds(60), now: Self.now)
    }
    #expect(throws: AuthorityError.nameInvalid) {
      try authority.issueUser(name: "ada", groups: ["a\nb"], lifetime: .seconds(60), now: Self.now)
    }
    #expect(throws: AuthorityError.nameInvalid) {
      try authority.issueUser(
        name: "ada", groups: [String(repeating: "g", count: 65)], lifetime: .seconds(60), now: Self.now)
    }
  }

  @Test func sessionCertificate() throws {
    let authority = try Self.authority()
    let request = try CertificateRequest.make()
    let pem = try authority.signSession(
      csrPEM: request.csrPEM, sessionID: "s1", notAfter: Self.now.addingTimeInterval(100), now: Self.now)
    let text = try Self.verified(authority, pem, purpose: "sslclient")
    #expect(text.contains("CA:FALSE"))
    #expect(!text.contains("Server Authentication"))
    #expect(try Self.spiffeID(pem) == "spiffe://td.example/session/s1")
    let certificate = try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)
    #expect(certificate.notValidAfter == Int(Self.now.timeIntervalSince1970) + 100)
    #expect(certificate.notValidBefore == Int(Self.now.timeIntervalSince1970) - 60)
    _ = try TLSClient.configuration(
      certificateChainPEM: Array(pem.utf8), privateKeyPEM: Array(request.privateKeyPEM.utf8),
      trustBundlePEM: Array(authority.certificatePEM.utf8))
    #expect(throws: AuthorityError.outlivesAuthority) {
      try authority.signSession(
        csrPEM: request.csrPEM, sessionID: "s1", notAfter: Self.now.addingTimeInterval(86_401), now: Self.now)
    }
    #expect(throws: AuthorityError.lifetimeInvalid) {
      try authority.signSession(csrPEM: request.csrPEM, sessionID: "s1", notAfter: Self.now, now: Self.now)
    }
    #expect(throws: AuthorityError.spiffeIDInvalid(.path)) {
      try authority.signSession(
        csrPEM: request.csrPEM, sessionID: "../user/ada", notAfter: Self.now.addingTimeInterval(1), now: Self.now)
    }
  }

  @Test func requestsAreNotBelieved() throws {
    let authority = try Self.authority()
    let openssl = try OpenSSL()
    func sign(_ csr: String) throws(AuthorityError) -> String {
      try authority.signSession(
        csrPEM: csr, sessionID: "s1", notAfter: Self.now.addingTimeInterval(100), now: Self.now)
    }
    func request(_ name: String, _ key: String, _ more: String = "") throws -> String {
      try openssl.run(
        "req -new -newkey \(key) -nodes -keyout \(name).key -out \(name).csr -subj /O=admins/CN=root\(more)")
      return String(decoding: try openssl.read("\(name).csr"), as: UTF8.self)
    }
    // What the request asks for beside its key is left out.
    let greedy = try request(
      "greedy", "ec -pkeyopt ec_paramgen_curve:P-256",
      " -addext basicConstraints=critical,CA:TRUE -addext subjectAltName=URI:spiffe://td.example/user/root,DNS:broker")
    let text = try Self.verified(authority, try sign(greedy), purpose: "sslclient")
    #expect(text.contains("CA:FALSE"))
    #expect(!text.contains("admins"))
    #expect(!text.contains("DNS:"))
    #expect(!text.contains("user/root"))

    #expect(throws: AuthorityError.keyNotP256) { try sign(try request("rsa", "rsa:2048")) }
    #expect(throws: AuthorityError.keyNotP256) { try sign(try request("p384", "ec -pkeyopt ec_paramgen_curve:P-384")) }
    #expect(throws: AuthorityError.keyNotP256) { try sign(try request("ed", "ed25519")) }
    #expect(throws: AuthorityError.requestInvalid) { try sign("") }
    #expect(throws: AuthorityError.requestInvalid) { try sign(authority.certificatePEM) }
    #expect(throws: AuthorityError.requestInvalid) { try sign(String(repeating: "x", count: 20_000)) }
    // A request with one byte of its subject changed is signed by nobody.
    try openssl.run("req -in greedy.csr -outform DER -out greedy.der")
    var der = try openssl.read("greedy.der")
    let place = try #require(der.firstRange(of: Array("admins".utf8)))
    der[place.lowerBound] = UInt8(ascii: "b")
    try Data(der).write(to: openssl.folder.appending(path: "forged.der"))
    try openssl.run("req -inform DER -in forged.der -out forged.csr")
    let forged = String(decoding: try openssl.read("forged.csr"), as: UTF8.self)
    #expect(throws: AuthorityError.requestSignatureInvalid) { try sign(forged) }
  }

  @Test func otherFilesAreNoAuthority() throws {
    let authority = try Self.authority()
    let other = try Self.authority()
    func error(_ certificate: String, _ key: String) -> AuthorityError? {
      do throws(AuthorityError) {
        _ = try DevelopmentAuthority(certificatePEM: certificate, privateKeyPEM: key)
        return nil
      } catch { return error }
    }
    let leaf = try authority.issueUser(name: "ada", groups: [], lifetime: .seconds(60), now: Self.now)
    #expect(error(leaf.certificatePEM, leaf.privateKeyPEM) == .certificateInvalid)
    #expect(error(authority.certificatePEM, other.privateKeyPEM) == .privateKeyMismatch)
    #expect(error("", authority.privateKeyPEM) == .certificateInvalid)
    #expect(error(authority.certificatePEM, "") == .privateKeyInvalid)
    #expect(throws: AuthorityError.spiffeIDInvalid(.trustDomain)) {
      try DevelopmentAuthority.create(trustDomain: "A B", lifetime: .seconds(1), now: Self.now)
    }
    #expect(throws: AuthorityError.lifetimeInvalid) {
      try DevelopmentAuthority.create(trustDomain: "td", lifetime: .seconds(0), now: Self.now)
    }
  }

  @Test func foreignAuthorityIsNotTrusted() throws {
    let authority = try Self.authority()
    let other = try Self.authority()
    let leaf = try other.issueUser(name: "ada", groups: [], lifetime: .seconds(60), now: Self.now)
    let openssl = try OpenSSL()
    try openssl.write("ca.pem", authority.certificatePEM)
    try openssl.write("x.pem", leaf.certificatePEM)
    try openssl.run("verify -CAfile ca.pem x.pem", succeeds: false)
  }
}
