internal import Crypto
internal import FoundationEssentials
internal import StrictJSON
internal import SwiftASN1

/// The Ed25519 key that signs access tokens (RFC 8037), with the id under which its public half is published.
struct SigningKey: Sendable {
  /// RFC 7638 thumbprint of the public key, base64url.
  let keyID: String
  private let key: Curve25519.Signing.PrivateKey

  /// PKCS #8 for Ed25519 without attributes (RFC 8410 §7): everything before the 32 bytes of the key.
  private static let prefix: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]

  struct Invalid: Error, Sendable, CustomStringConvertible {
    let description = "holds no Ed25519 private key as PKCS #8 in PEM"
  }

  init(pem: [UInt8]) throws(Invalid) {
    do {
      let der = try PEMDocument(pemString: String(decoding: pem, as: UTF8.self)).derBytes
      guard der.starts(with: Self.prefix), der.count == Self.prefix.count + 32 else { throw Invalid() }
      self.init(key: try Curve25519.Signing.PrivateKey(rawRepresentation: der.dropFirst(Self.prefix.count)))
    } catch {
      throw Invalid()
    }
  }

  private init(key: Curve25519.Signing.PrivateKey) {
    self.key = key
    // RFC 7638 §3.2 with RFC 8037 §2: the required members, in lexicographic order.
    var canonical = JSONWriter()
    canonical.object {
      $0.member("crv", "Ed25519")
      $0.member("kty", "OKP")
      $0.member("x", Base64URL.encode(key.publicKey.rawRepresentation))
    }
    keyID = Base64URL.encode(SHA256.hash(data: canonical.bytes))
  }

  /// A new key as PKCS #8 in PEM: a secret.
  static func makePEM() -> String {
    let key = Curve25519.Signing.PrivateKey()
    return PEMDocument(type: "PRIVATE KEY", derBytes: prefix + key.rawRepresentation).pemString + "\n"
  }

  func signature(of bytes: [UInt8]) throws -> [UInt8] {
    [UInt8](try key.signature(for: bytes))
  }

  /// The key set that verifiers pin (RFC 7517), with this key alone.
  var keySet: [UInt8] {
    var writer = JSONWriter()
    writer.object {
      $0.member(array: "keys") {
        $0.object {
          $0.member("kty", "OKP")
          $0.member("crv", "Ed25519")
          $0.member("x", Base64URL.encode(key.publicKey.rawRepresentation))
          $0.member("kid", keyID)
          $0.member("alg", "EdDSA")
          $0.member("use", "sig")
        }
      }
    }
    return writer.bytes
  }
}
