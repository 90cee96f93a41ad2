import Identity
import NIOSSL
import Testing

struct TLSConfigurationTests {
  @Test func serverRules() throws {
    let openssl = try OpenSSL()
    let pem = try openssl.selfSigned("a", alternativeNames: "URI:spiffe://td/a")
    let key = try openssl.read("a.key")
    let configuration = try TLSServer.configuration(
      certificateChainPEM: pem, privateKeyPEM: key, trustBundlePEM: pem)
    #expect(configuration.minimumTLSVersion == .tlsv13)
    #expect(configuration.maximumTLSVersion == .tlsv13)
    #expect(configuration.curves?.first == .x25519_MLKEM768)
    #expect(configuration.applicationProtocols == ["http/1.1"])
    #expect(configuration.certificateVerification == .noHostnameVerification)
    #expect(configuration.trustRoots == .certificates(try NIOSSLCertificate.fromPEMBytes(pem)))
    let optional = try TLSServer.configurationWithOptionalClient(
      certificateChainPEM: pem, privateKeyPEM: key, trustBundlePEM: pem)
    #expect(optional.certificateVerification == .optionalVerification)
    #expect(optional.minimumTLSVersion == .tlsv13)
    let client = try TLSClient.configuration(certificateChainPEM: pem, privateKeyPEM: key, trustBundlePEM: pem)
    #expect(client.certificateVerification == .fullVerification)
    #expect(client.curves?.first == .x25519_MLKEM768)
    #expect(try TLSClient.anonymousConfiguration(trustBundlePEM: pem).certificateChain.isEmpty)
  }

  @Test func namesTheFileAtFault() throws {
    let openssl = try OpenSSL()
    let pem = try openssl.selfSigned("a", alternativeNames: "URI:spiffe://td/a")
    let key = try openssl.read("a.key")
    _ = try openssl.selfSigned("b", alternativeNames: nil)
    let otherKey = try openssl.read("b.key")
    try openssl.run("pkey -in a.key -aes-256-cbc -passout pass:secret -out encrypted.key")
    let encrypted = try openssl.read("encrypted.key")
    let broken = Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
    func error(_ chain: [UInt8], _ key: [UInt8], _ bundle: [UInt8]) -> IdentityError? {
      do throws(IdentityError) {
        _ = try TLSServer.configuration(certificateChainPEM: chain, privateKeyPEM: key, trustBundlePEM: bundle)
        return nil
      } catch { return error }
    }
    #expect(error(pem, key, pem) == nil)
    #expect(error(pem + pem, key, pem + pem) == nil)
    #expect(error([], key, pem) == .certificateInvalid)
    #expect(error(broken, key, pem) == .certificateInvalid)
    #expect(error(pem + broken, key, pem) == .certificateInvalid)
    #expect(error(key, key, pem) == .certificateInvalid)
    #expect(error(pem, [], pem) == .privateKeyInvalid)
    #expect(error(pem, pem, pem) == .privateKeyInvalid)
    #expect(error(pem, encrypted, pem) == .privateKeyInvalid)
    #expect(error(pem, otherKey, pem) == .privateKeyMismatch)
    #expect(error(pem, key, []) == .trustBundleInvalid)
    #expect(error(pem, key, broken) == .trustBundleInvalid)
    #expect(error(pem, key, Array("nothing".utf8)) == .trustBundleInvalid)
    #expect(throws: IdentityError.privateKeyMismatch) {
      try TLSClient.configuration(certificateChainPEM: pem, privateKeyPEM: otherKey, trustBundlePEM: pem)
    }
  }
}
