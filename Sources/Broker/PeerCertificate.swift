internal import Crypto
internal import FoundationEssentials
internal import Identity
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// A client's certificate, whose chain the TLS layer has validated.
struct PeerCertificate: Sendable {
  let spiffeID: SPIFFEID
  /// SHA-256 of the DER, base64url (RFC 8705 §3.1).
  let thumbprint: String
  /// Seconds since 1970.
  let notValidAfter: Int64
  /// `CN` of the subject; nil where there is none or more than one.
  let commonName: String?
  /// Each `O` of the subject.
  let organizations: [String]

  enum Invalid: Error, Sendable, CustomStringConvertible {
    case identity(IdentityError)
    case unreadable

    var description: String {
      switch self {
      case .identity(let error): error.description
      case .unreadable: "the certificate cannot be read"
      }
    }
  }

  init(_ certificate: NIOSSLCertificate) throws(Invalid) {
    do throws(IdentityError) {
      spiffeID = try SPIFFEID(certificate: certificate)
    } catch {
      throw .identity(error)
    }
    do {
      let der = try certificate.toDERBytes()
      thumbprint = Self.thumbprint(ofDER: der)
      let parsed = try Certificate(derEncoded: der)
      notValidAfter = Int64(parsed.notValidAfter.timeIntervalSince1970.rounded(.down))
      var names: [String] = []
      var organizations: [String] = []
      for attribute in parsed.subject.joined() {
        guard let text = String(attribute.value) else { continue }
        if attribute.type == .RDNAttributeType.commonName { names.append(text) }
        if attribute.type == .RDNAttributeType.organizationName { organizations.append(text) }
      }
      commonName = names.count == 1 ? names[0] : nil
      self.organizations = organizations
    } catch {
      throw .unreadable
    }
  }

  static func thumbprint(ofDER der: [UInt8]) -> String { Base64URL.encode(SHA256.hash(data: der)) }

  /// - Parameter pem: one certificate.
  static func thumbprint(ofPEM pem: String) throws -> String {
    thumbprint(ofDER: try PEMDocument(pemString: pem).derBytes)
  }
}
