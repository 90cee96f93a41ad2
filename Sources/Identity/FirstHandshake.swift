package import NIOSSL

/// The beginning of a handshake that nobody answers. BoringSSL does some things once in the life of a process, when it
/// first needs random bytes: a process that is about to give up the calls for them lets it need some before.
package enum FirstHandshake {
  /// For a channel to nobody; sends a ClientHello as soon as that is active. Trusts no certificate.
  package static func handler() throws -> NIOSSLClientHandler {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    configuration.trustRoots = .certificates([])
    return try NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: nil)
  }
}
