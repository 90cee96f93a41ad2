internal import Identity
internal import Linux
internal import NIOSSL
internal import Privsep

/// The endpoint's certificate, key and trust bundle. They are read through the opener at the start, and looked at again
/// when somebody connects, at most every ten seconds: an agent that nobody asks anything runs no timer.
final class ServerCredentials {
  /// For the next handshake.
  private(set) var context: NIOSSLContext

  private let opener: OpenerClient
  private var certificate: [UInt8]
  private var trustBundle: [UInt8]
  private var nextLook: UInt64

  /// Between two looks, in nanoseconds.
  private static let interval: UInt64 = 10_000_000_000

  /// The opener's word to end came while it was asked for a file.
  var openerAsksToEnd: Bool { opener.isAskedToEnd }

  init(from opener: OpenerClient) throws {
    self.opener = opener
    certificate = try Self.content(.certificate, "tls.crt", opener)
    trustBundle = try Self.content(.trustBundle, "ca.crt", opener)
    context = try Self.context(certificate, trustBundle, opener)
    nextLook = Clock.monotonic() + Self.interval
  }

  enum Renewal {
    case unchanged
    case renewed
    /// What is there now cannot be used; the credentials from before stay.
    case failed(String)
  }

  /// Reads the files again where they are due. The key is read only if the certificate or the bundle has changed: a new
  /// key has a new certificate. Files that are exchanged one after the other may not match for a moment; they are read
  /// again at the next look.
  func renew(now: UInt64) -> Renewal {
    guard now >= nextLook else { return .unchanged }
    nextLook = now + Self.interval
    do {
      let certificate = try Self.content(.certificate, "tls.crt", opener)
      let trustBundle = try Self.content(.trustBundle, "ca.crt", opener)
      guard certificate != self.certificate || trustBundle != self.trustBundle else { return .unchanged }
      context = try Self.context(certificate, trustBundle, opener)
      self.certificate = certificate
      self.trustBundle = trustBundle
      return .renewed
    } catch {
      return .failed("\(error)")
    }
  }

  private static func context(
    _ certificate: [UInt8], _ trustBundle: [UInt8], _ opener: OpenerClient
  ) throws -> NIOSSLContext {
    try NIOSSLContext(
      configuration: TLSServer.configuration(
        certificateChainPEM: certificate, privateKeyPEM: content(.privateKey, "tls.key", opener),
        trustBundlePEM: trustBundle))
  }

  private static func content(
    _ file: AgentFile, _ name: String, _ opener: OpenerClient
  ) throws(Endpoint.Failure) -> [UInt8] {
    do throws(SystemError) {
      let opened = try opener.open(file)
      var bytes: [UInt8] = []
      while try opened.read(into: &bytes, count: 16384) > 0 {
        if bytes.count > file.limit { throw SystemError("read", Errno.tooLarge) }
      }
      return bytes
    } catch {
      throw Endpoint.Failure("\(name) cannot be read (\(error))")
    }
  }
}
