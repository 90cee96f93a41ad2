internal import CertificateAuthority
internal import Crypto
internal import FoundationEssentials
internal import Identity

/// The keys and certificates of an installation. Authority and signing key are made once and kept; the certificates
/// are new each time, as the addresses are.
struct TrustMaterial: Sendable {
  static let trustDomain = "sidelight.local"
  static let namespace = "dev"
  /// The group of the policy that the user's certificate names.
  static let group = "developers"
  private static let authorityLifetime = Duration.seconds(365 * 86_400)
  private static let serverLifetime = Duration.seconds(30 * 86_400)

  let authority: DevelopmentAuthority
  let agentID: SPIFFEID
  let brokerID: SPIFFEID
  let broker: IssuedCertificate
  let agent: IssuedCertificate
  let user: IssuedCertificate

  /// Takes what is in `ca/` of the folder, or makes it.
  init(directory: StateDirectory, now: Date) throws(Failure) {
    authority = try Self.authority(directory, now: now)
    guard authority.notValidAfter > now.addingTimeInterval(31 * 86_400) else {
      throw Failure(
        .state, "the certificate authority in \(directory.file("ca")) has run out or is about to",
        hint: "make a new installation in another folder")
    }
    var random = SystemRandomNumberGenerator()
    let identifier = (0..<4).map { _ in
      Escaping.hexadecimal(UInt32.random(in: 0...UInt32.max, using: &random), width: 8)
    }
    .joined()
    do {
      agentID = try SPIFFEID("spiffe://\(Self.trustDomain)/ns/\(Self.namespace)/agent/\(identifier)")
      brokerID = try SPIFFEID("spiffe://\(Self.trustDomain)/ns/\(Self.namespace)/broker")
      broker = try authority.issueServer(
        spiffeID: brokerID, dnsNames: ["localhost"], ipAddresses: [Installer.address], lifetime: Self.serverLifetime,
        now: now)
      agent = try authority.issueServer(
        spiffeID: agentID, dnsNames: ["localhost"], ipAddresses: [Installer.address], lifetime: Self.serverLifetime,
        now: now)
      user = try authority.issueUser(name: "developer", groups: [Self.group], lifetime: Self.serverLifetime, now: now)
    } catch {
      throw Failure(.internalError, "a certificate cannot be issued: \(error)")
    }
  }

  /// Reads, or makes and writes, `ca/ca.crt` and `ca/ca.key`.
  private static func authority(_ directory: StateDirectory, now: Date) throws(Failure) -> DevelopmentAuthority {
    try directory.makeFolder("ca", mode: 0o755)
    let stored = directory.has("ca/ca.key")
    let authority: DevelopmentAuthority
    do {
      authority =
        stored
        ? try DevelopmentAuthority(
          certificatePEM: try directory.readText("ca/ca.crt"), privateKeyPEM: try directory.readText("ca/ca.key"))
        : try DevelopmentAuthority.create(trustDomain: trustDomain, lifetime: authorityLifetime, now: now)
    } catch let error as AuthorityError {
      throw Failure(.state, "the certificate authority in \(directory.file("ca")): \(error)")
    } catch {
      throw Failure(.state, "the certificate authority in \(directory.file("ca")) cannot be read")
    }
    if !stored {
      try directory.write(authority.certificatePEM, to: "ca/ca.crt", mode: 0o644)
      try directory.write(authority.privateKeyPEM, to: "ca/ca.key", mode: 0o600)
    }
    return authority
  }
}
