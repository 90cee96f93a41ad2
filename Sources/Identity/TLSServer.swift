package import NIOSSL

/// The TLS configurations of the servers: TLS 1.3 only, X25519MLKEM768 first, ALPN `http/1.1`, and clients checked
/// against the given bundle by BoringSSL's own chain validation. Nothing here reads a file or the system's trust store.
package enum TLSServer {
  /// For a server that speaks to nobody without a certificate: the agent and the gateway.
  ///
  /// A resumed or long connection can outlive the client's certificate: the caller checks `notValidAfter` of the peer
  /// again on each request.
  /// - Parameters:
  ///   - certificateChainPEM: the server's certificate first, then intermediates.
  ///   - privateKeyPEM: the key of that certificate, not encrypted.
  ///   - trustBundlePEM: the roots that clients must chain to.
  package static func configuration(
    certificateChainPEM: [UInt8], privateKeyPEM: [UInt8], trustBundlePEM: [UInt8]
  ) throws(IdentityError) -> TLSConfiguration {
    try configuration(
      TLSCredential(certificateChainPEM: certificateChainPEM, privateKeyPEM: privateKeyPEM),
      trustBundlePEM: trustBundlePEM, verification: .noHostnameVerification)
  }

  /// For the broker, some of whose routes are public: a client may stay anonymous, but a certificate that it presents
  /// must be valid. Each route that needs a caller refuses one who presented none.
  package static func configurationWithOptionalClient(
    certificateChainPEM: [UInt8], privateKeyPEM: [UInt8], trustBundlePEM: [UInt8]
  ) throws(IdentityError) -> TLSConfiguration {
    try configuration(
      TLSCredential(certificateChainPEM: certificateChainPEM, privateKeyPEM: privateKeyPEM),
      trustBundlePEM: trustBundlePEM, verification: .optionalVerification)
  }

  private static func configuration(
    _ credential: TLSCredential, trustBundlePEM: [UInt8], verification: CertificateVerification
  ) throws(IdentityError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: credential.chain.map { .certificate($0) }, privateKey: .privateKey(credential.key))
    configuration.certificateVerification = verification
    configuration.trustRoots = .certificates(try TLSCredential.trustBundle(trustBundlePEM))
    TLSRules.apply(to: &configuration)
    try credential.checkMatch(in: configuration)
    return configuration
  }
}

/// The TLS configurations of the clients, under the same rules. The server's address must be named by its certificate;
/// a caller that expects a certain SPIFFE ID checks it on top.
package enum TLSClient {
  package static func configuration(
    certificateChainPEM: [UInt8], privateKeyPEM: [UInt8], trustBundlePEM: [UInt8]
  ) throws(IdentityError) -> TLSConfiguration {
    let credential = try TLSCredential(certificateChainPEM: certificateChainPEM, privateKeyPEM: privateKeyPEM)
    var configuration = try anonymousConfiguration(trustBundlePEM: trustBundlePEM)
    configuration.certificateChain = credential.chain.map { .certificate($0) }
    configuration.privateKey = .privateKey(credential.key)
    try credential.checkMatch(in: configuration)
    return configuration
  }

  /// Presents no certificate.
  package static func anonymousConfiguration(trustBundlePEM: [UInt8]) throws(IdentityError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .fullVerification
    configuration.trustRoots = .certificates(try TLSCredential.trustBundle(trustBundlePEM))
    TLSRules.apply(to: &configuration)
    return configuration
  }
}

/// What every connection of the project obeys.
private enum TLSRules {
  static func apply(to configuration: inout TLSConfiguration) {
    configuration.minimumTLSVersion = .tlsv13
    configuration.maximumTLSVersion = .tlsv13
    configuration.curves = [.x25519_MLKEM768, .x25519, .secp256r1]
    configuration.applicationProtocols = ["http/1.1"]
    configuration.renegotiationSupport = .none
  }
}
