internal import Foundation  // String(contentsOfFile:), Date
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// The certificate and key that this command presents, and the authority that it trusts.
struct ClientIdentity: Sendable {
  let authority: [NIOSSLCertificate]
  let chain: [NIOSSLCertificate]
  let key: NIOSSLPrivateKey

  /// From PEM files. Fails early, and with the file's name, where a TLS handshake would fail later and without:
  /// unreadable files, and a session that has ended.
  init(authority: String, certificate: String, key: String, now: Date) throws(Failure) {
    self.authority = try Self.certificates(authority)
    chain = try Self.certificates(certificate)
    do {
      self.key = try NIOSSLPrivateKey(file: key, format: .pem)
    } catch {
      throw Self.unreadable(key)
    }
    let leaf: Certificate
    do {
      leaf = try Certificate(pemEncoded: try String(contentsOfFile: certificate, encoding: .utf8))
    } catch {
      throw Self.unreadable(certificate)
    }
    guard leaf.notValidAfter > now else {
      throw Failure(
        .refused, "the session ended at \(leaf.notValidAfter.formatted(.iso8601))",
        hint: "start a new one: 'sidelight dev down', then 'sidelight dev up' with the same --state")
    }
  }

  private static func certificates(_ path: String) throws(Failure) -> [NIOSSLCertificate] {
    do {
      return try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw unreadable(path)
    }
  }

  private static func unreadable(_ path: String) -> Failure {
    Failure(
      .state, "\(path) is missing, cannot be read, or is not PEM",
      hint: "run the command as the user who ran 'sidelight dev up'")
  }

  /// TLS 1.3, both sides with certificates. Whose the peer's is, `Transport` checks by its SPIFFE ID: a pod's address is
  /// known to nobody when its certificate is made (docs/decisions/0055).
  var tlsConfiguration: TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates(authority)
    configuration.certificateChain = chain.map { .certificate($0) }
    configuration.privateKey = .privateKey(key)
    return configuration
  }
}
