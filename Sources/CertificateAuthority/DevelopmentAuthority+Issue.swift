internal import Crypto
package import FoundationEssentials
internal import Glibc
package import Identity
internal import SwiftASN1
internal import X509

extension DevelopmentAuthority {
  /// A certificate for a broker or an agent, with a new key: its SPIFFE ID, and the names under which clients reach it.
  /// Good as a server and as a client.
  package func issueServer(
    spiffeID: SPIFFEID, dnsNames: [String], ipAddresses: [String], lifetime: Duration, now: Date
  ) throws(AuthorityError) -> IssuedCertificate {
    guard spiffeID.trustDomain == trustDomain else { throw .foreignTrustDomain }
    var names: [GeneralName] = [.uniformResourceIdentifier(spiffeID.description)]
    for name in dnsNames {
      guard Self.isDNSName(name) else { throw .dnsNameInvalid }
      names.append(.dnsName(name))
    }
    for address in ipAddresses {
      guard let octets = Self.octets(ofIPAddress: address) else { throw .ipAddressInvalid }
      names.append(.ipAddress(ASN1OctetString(contentBytes: octets[...])))
    }
    let key = P256.Signing.PrivateKey()
    let certificate = try sign(
      key.publicKey, subject: DistinguishedName(), names: names, usage: [.serverAuth, .clientAuth], now: now,
      notAfter: now.addingTimeInterval(lifetime.inSeconds))
    return IssuedCertificate(certificatePEM: certificate, privateKeyPEM: key.pemRepresentation + "\n")
  }

  /// A person's certificate, with a new key: `O` for each group and `CN` for the name, as Kubernetes reads them, and
  /// the SPIFFE ID `/user/<name>`. Good as a client only.
  package func issueUser(
    name: String, groups: [String], lifetime: Duration, now: Date
  ) throws(AuthorityError) -> IssuedCertificate {
    let id = try Self.spiffeID { () throws(SPIFFEID.Invalid) in
      try SPIFFEID.user(trustDomain: trustDomain, name: name)
    }
    guard Self.isName(name), groups.allSatisfy(Self.isName) else { throw .nameInvalid }
    let subject: DistinguishedName
    do {
      var parts: [RelativeDistinguishedName] = []
      for group in groups { parts.append(try OrganizationName(group).makeRDN()) }
      parts.append(try CommonName(name).makeRDN())
      subject = DistinguishedName(parts)
    } catch {
      throw .nameInvalid
    }
    let key = P256.Signing.PrivateKey()
    let certificate = try sign(
      key.publicKey, subject: subject, names: [.uniformResourceIdentifier(id.description)], usage: [.clientAuth],
      now: now, notAfter: now.addingTimeInterval(lifetime.inSeconds))
    return IssuedCertificate(certificatePEM: certificate, privateKeyPEM: key.pemRepresentation + "\n")
  }

  /// The session certificate for the key in a signing request: SPIFFE ID `/session/<sid>`, good as a client only,
  /// whatever subject, extensions and attributes the request has.
  /// - Parameters:
  ///   - csrPEM: PKCS #10 in PEM, at most 16 KiB, with a P-256 key, signed by that key.
  ///   - notAfter: the session's end; whole seconds count.
  /// - Returns: the certificate, PEM.
  package func signSession(
    csrPEM: String, sessionID: String, notAfter: Date, now: Date
  ) throws(AuthorityError) -> String {
    guard csrPEM.utf8.count <= 16 << 10 else { throw .requestInvalid }
    let request: CertificateSigningRequest
    do { request = try CertificateSigningRequest(pemEncoded: csrPEM) } catch { throw .requestInvalid }
    guard let key = P256.Signing.PublicKey(request.publicKey) else { throw .keyNotP256 }
    guard request.publicKey.isValidSignature(request.signature, for: request) else { throw .requestSignatureInvalid }
    let id = try Self.spiffeID { () throws(SPIFFEID.Invalid) in
      try SPIFFEID.session(trustDomain: trustDomain, id: sessionID)
    }
    return try sign(
      key, subject: DistinguishedName(), names: [.uniformResourceIdentifier(id.description)], usage: [.clientAuth],
      now: now, notAfter: notAfter)
  }

  private func sign(
    _ publicKey: P256.Signing.PublicKey, subject: DistinguishedName, names: [GeneralName],
    usage: [ExtendedKeyUsage.Usage], now: Date, notAfter: Date
  ) throws(AuthorityError) -> String {
    guard notAfter > now else { throw .lifetimeInvalid }
    guard notAfter <= notValidAfter else { throw .outlivesAuthority }
    do {
      let publicKey = Certificate.PublicKey(publicKey)
      let alternativeNames = SubjectAlternativeNames(names)
      let extensions = try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage(usage)
        SubjectKeyIdentifier(hash: publicKey)
        AuthorityKeyIdentifier(keyIdentifier: try certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
        // RFC 5280 §4.2.1.6: critical where the subject is empty.
        if subject.isEmpty { try Certificate.Extension(alternativeNames, critical: true) } else { alternativeNames }
      }
      let issued = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
        notValidBefore: now.addingTimeInterval(-Self.backdate), notValidAfter: notAfter,
        issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
        issuerPrivateKey: Certificate.PrivateKey(key))
      return try issued.serializeAsPEM().pemString + "\n"
    } catch {
      throw .signingFailed
    }
  }

  /// At most 64 characters (RFC 5280 appendix A, ub-organization-name and ub-common-name), none a control character.
  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.unicodeScalars.count <= 64
      && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  private static func isDNSName(_ text: String) -> Bool {
    let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return text.utf8.count <= 253
      && labels.allSatisfy { label in
        !label.isEmpty && label.count <= 63
          && label.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
              UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
              true
            case _: false
            }
          }
      }
  }

  private static func octets(ofIPAddress text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var octets = [UInt8](repeating: 0, count: count)
      // SAFETY: inet_pton(3) writes exactly 4 bytes for AF_INET and 16 for AF_INET6, the array's count, and keeps
      // neither pointer.
      if unsafe inet_pton(family, text, &octets) == 1 { return octets }
    }
    return nil
  }
}
