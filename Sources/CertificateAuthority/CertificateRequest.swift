internal import Crypto
internal import SwiftASN1
internal import X509

/// A signing request with the key that it is for.
package struct CertificateRequest: Sendable {
  /// PKCS #10, PEM, with an empty subject: who the key belongs to is for the authority to say.
  package let csrPEM: String
  /// PKCS #8, PEM. A secret.
  package let privateKeyPEM: String

  /// A request for a new P-256 key.
  package static func make() throws(AuthorityError) -> CertificateRequest {
    let key = P256.Signing.PrivateKey()
    do {
      let request = try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName(), privateKey: Certificate.PrivateKey(key),
        attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .ecdsaWithSHA256)
      return CertificateRequest(
        csrPEM: try request.serializeAsPEM().pemString + "\n", privateKeyPEM: key.pemRepresentation + "\n")
    } catch {
      throw .signingFailed
    }
  }
}
