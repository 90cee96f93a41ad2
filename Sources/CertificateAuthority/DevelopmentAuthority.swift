internal import Crypto
package import FoundationEssentials
internal import Identity
internal import SwiftASN1
internal import X509

/// A certificate and its private key, both PEM; the key is PKCS #8.
package struct IssuedCertificate: Sendable {
  package let certificatePEM: String
  /// A secret: for a file of mode 0600, never for a log.
  package let privateKeyPEM: String
}

/// A small certificate authority on P-256 that signs for one SPIFFE trust domain: servers, people, and sessions.
/// All of what it issues chains to its one self-signed certificate (path length 0). It keeps no list of what it issued.
package struct DevelopmentAuthority: Sendable {
  /// The authority's own certificate, the trust bundle of the trust domain.
  package let certificatePEM: String
  /// A secret.
  package let privateKeyPEM: String
  package let trustDomain: String
  /// The end of the authority's own certificate; nothing that it signs lives longer.
  package let notValidAfter: Date

  let certificate: Certificate
  let key: P256.Signing.PrivateKey

  /// How far before `now` a certificate begins, so that a clock a little behind accepts it.
  package static let backdate: TimeInterval = 60

  /// A new authority with a new key.
  package static func create(
    trustDomain: String, lifetime: Duration, now: Date
  ) throws(AuthorityError) -> DevelopmentAuthority {
    let id = try Self.spiffeID { () throws(SPIFFEID.Invalid) in try SPIFFEID("spiffe://\(trustDomain)") }
    let key = P256.Signing.PrivateKey()
    let certificate: Certificate
    do {
      let name = try DistinguishedName {
        OrganizationName("Sidelight")
        CommonName("Sidelight development authority")
      }
      let publicKey = Certificate.PublicKey(key.publicKey)
      let extensions = try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: publicKey)
        SubjectAlternativeNames([.uniformResourceIdentifier(id.description)])
      }
      certificate = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
        notValidBefore: now.addingTimeInterval(-backdate), notValidAfter: now.addingTimeInterval(lifetime.inSeconds),
        issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
        issuerPrivateKey: Certificate.PrivateKey(key))
    } catch {
      throw .signingFailed
    }
    guard certificate.notValidAfter > now else { throw .lifetimeInvalid }
    return try DevelopmentAuthority(certificate: certificate, key: key)
  }

  /// An authority from its files. Accepts only what `create` makes in kind: a P-256 CA certificate that names its
  /// trust domain, with its own key.
  package init(certificatePEM: String, privateKeyPEM: String) throws(AuthorityError) {
    let certificate: Certificate
    do { certificate = try Certificate(pemEncoded: certificatePEM) } catch { throw .certificateInvalid }
    let key: P256.Signing.PrivateKey
    do { key = try P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM) } catch { throw .privateKeyInvalid }
    try self.init(certificate: certificate, key: key)
  }

  private init(certificate: Certificate, key: P256.Signing.PrivateKey) throws(AuthorityError) {
    guard P256.Signing.PublicKey(certificate.publicKey) != nil else { throw .certificateInvalid }
    let names: SubjectAlternativeNames?
    let constraints: BasicConstraints?
    do {
      names = try certificate.extensions.subjectAlternativeNames
      constraints = try certificate.extensions.basicConstraints
      certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
    } catch {
      throw .certificateInvalid
    }
    guard case .isCertificateAuthority = constraints, let names, names.count == 1,
      case .uniformResourceIdentifier(let uri) = names[names.startIndex]
    else { throw .certificateInvalid }
    let id = try Self.spiffeID { () throws(SPIFFEID.Invalid) in try SPIFFEID(uri) }
    guard id.segments.isEmpty else { throw .certificateInvalid }
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else { throw .privateKeyMismatch }
    trustDomain = id.trustDomain
    privateKeyPEM = key.pemRepresentation + "\n"
    notValidAfter = certificate.notValidAfter
    self.certificate = certificate
    self.key = key
  }

  static func spiffeID(
    _ body: () throws(SPIFFEID.Invalid) -> SPIFFEID
  ) throws(AuthorityError) -> SPIFFEID {
    do throws(SPIFFEID.Invalid) {
      return try body()
    } catch {
      throw .spiffeIDInvalid(error)
    }
  }
}

extension Duration {
  /// Seconds, the fraction included.
  var inSeconds: TimeInterval {
    TimeInterval(components.seconds) + TimeInterval(components.attoseconds) / 1e18
  }
}
