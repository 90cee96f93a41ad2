internal import NIOSSL

/// A certificate chain and its key, parsed from PEM.
struct TLSCredential {
  let chain: [NIOSSLCertificate]
  let key: NIOSSLPrivateKey

  init(certificateChainPEM: [UInt8], privateKeyPEM: [UInt8]) throws(IdentityError) {
    guard let chain = Self.certificates(certificateChainPEM) else { throw .certificateInvalid }
    self.chain = chain
    do {
      // Without a callback BoringSSL would ask the terminal for the passphrase of an encrypted key.
      key = try NIOSSLPrivateKey(bytes: privateKeyPEM, format: .pem) { answer in answer([UInt8]()) }
    } catch {
      throw .privateKeyInvalid
    }
  }

  static func trustBundle(_ pem: [UInt8]) throws(IdentityError) -> [NIOSSLCertificate] {
    guard let certificates = certificates(pem) else { throw .trustBundleInvalid }
    return certificates
  }

  /// BoringSSL compares the key with the first certificate when it takes both into a context. Everything else that the
  /// context takes was parsed before, so that a failure here is a mismatch.
  func checkMatch(in configuration: TLSConfiguration) throws(IdentityError) {
    do {
      _ = try NIOSSLContext(configuration: configuration)
    } catch {
      throw .privateKeyMismatch
    }
  }

  /// The certificates of a PEM text; nil where there is none or one of them is broken.
  private static func certificates(_ pem: [UInt8]) -> [NIOSSLCertificate]? {
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(pem)
      return certificates.isEmpty ? nil : certificates
    } catch {
      return nil
    }
  }
}
