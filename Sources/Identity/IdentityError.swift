/// Why a credential cannot be used. Names the file that is at fault by its role; never carries its contents.
package enum IdentityError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The certificate chain is empty or not PEM certificates.
  case certificateInvalid
  /// The private key is not an unencrypted PEM private key of a kind that TLS can use.
  case privateKeyInvalid
  /// The private key does not belong to the first certificate of the chain.
  case privateKeyMismatch
  /// The trust bundle is empty or not PEM certificates.
  case trustBundleInvalid
  /// The certificate has no URI among its alternative names.
  case noSPIFFEID
  /// The certificate has more than one URI among its alternative names (X.509-SVID §2).
  case severalSPIFFEIDs
  case invalidSPIFFEID(SPIFFEID.Invalid)

  package var description: String {
    switch self {
    case .certificateInvalid: "the certificate file holds no usable PEM certificate chain"
    case .privateKeyInvalid: "the private key file holds no usable PEM private key"
    case .privateKeyMismatch: "the private key does not belong to the certificate"
    case .trustBundleInvalid: "the trust bundle file holds no usable PEM certificates"
    case .noSPIFFEID: "the certificate names no SPIFFE ID"
    case .severalSPIFFEIDs: "the certificate names more than one URI"
    case .invalidSPIFFEID(let reason): "the certificate's SPIFFE ID \(reason)"
    }
  }
}
