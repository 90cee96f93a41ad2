package import Identity

/// Why the authority did not sign. Never carries key material or the text that was refused.
package enum AuthorityError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The authority's own certificate is not one: broken PEM, not a CA, not P-256, or without a trust domain.
  case certificateInvalid
  /// The authority's private key is not an unencrypted P-256 PEM key.
  case privateKeyInvalid
  /// The private key does not belong to the authority's certificate.
  case privateKeyMismatch
  /// The signing request is not PKCS #10 in PEM, or too large.
  case requestInvalid
  /// The signing request is not signed by the key that it names (RFC 2986 §3).
  case requestSignatureInvalid
  /// The signing request's key is not on P-256.
  case keyNotP256
  /// A name does not fit a SPIFFE ID.
  case spiffeIDInvalid(SPIFFEID.Invalid)
  /// The SPIFFE ID belongs to another trust domain than the authority.
  case foreignTrustDomain
  /// A group or person's name is empty, longer than 64 characters, or has control characters.
  case nameInvalid
  case ipAddressInvalid
  case dnsNameInvalid
  /// The certificate would be valid for no time at all.
  case lifetimeInvalid
  /// The certificate would outlive the authority's own.
  case outlivesAuthority
  /// Encoding or signing failed inside the library.
  case signingFailed

  package var description: String {
    switch self {
    case .certificateInvalid: "the authority's certificate is not a P-256 CA certificate with a SPIFFE trust domain"
    case .privateKeyInvalid: "the authority's private key is not an unencrypted P-256 PEM key"
    case .privateKeyMismatch: "the authority's private key does not belong to its certificate"
    case .requestInvalid: "the certificate signing request is not PKCS #10 in PEM"
    case .requestSignatureInvalid: "the certificate signing request is not signed by its own key"
    case .keyNotP256: "the certificate signing request's key is not on P-256"
    case .spiffeIDInvalid(let reason): "the SPIFFE ID \(reason)"
    case .foreignTrustDomain: "the SPIFFE ID belongs to another trust domain"
    case .nameInvalid: "a name is empty, longer than 64 characters, or has control characters"
    case .ipAddressInvalid: "an IP address is not one"
    case .dnsNameInvalid: "a DNS name is not one"
    case .lifetimeInvalid: "the certificate would end before it begins"
    case .outlivesAuthority: "the certificate would outlive the authority"
    case .signingFailed: "the certificate could not be encoded or signed"
    }
  }
}
