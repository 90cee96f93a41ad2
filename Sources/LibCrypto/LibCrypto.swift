internal import COpenSSL
internal import Glibc

/// libcrypto's primitives, as this agent needs them. Everything works on byte arrays in memory.
package enum LibCrypto {
  package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: StaticString
    package var description: String { "libcrypto: \(operation) failed" }
    package static func == (a: Failure, b: Failure) -> Bool { a.operation.description == b.operation.description }
  }

  /// Loads what is loaded lazily (providers, algorithms), without reading a configuration file.
  /// Call once before the sandbox closes; with TZ set, so that nothing looks for a time zone.
  package static func prepare() throws(Failure) {
    guard OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil) == 1 else {
      throw Failure(operation: "OPENSSL_init_crypto")
    }
    let key = try random(32)
    _ = try hmacSHA256(key: key, [])
    _ = try open(seal([0], key: key, context: []), key: key, context: [])
    // Any 32 bytes are accepted as a public key here; the signature is wrong, which is a plain false.
    _ = verifyEd25519(signature: [UInt8](repeating: 0, count: 64), message: [0], publicKey: key)
    _ = try sha256([])
  }

  /// At most 256 bytes of the kernel's generator (getrandom(2)): no state of one is in this process's memory.
  package static func random(_ count: Int) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // SAFETY: getentropy(3) writes exactly `count` bytes into the array.
    guard unsafe getentropy(&bytes, count) == 0 else { throw Failure(operation: "getentropy") }
    return bytes
  }

  package static func sha256(_ message: [UInt8]) throws(Failure) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var size = 0
    // SAFETY: the digest has room for SHA-256's 32 bytes; the message is only read.
    guard unsafe EVP_Q_digest(nil, "SHA256", nil, message, message.count, &digest, &size) == 1, size == 32 else {
      throw Failure(operation: "SHA256")
    }
    return digest
  }

  package static func hmacSHA256(key: [UInt8], _ message: [UInt8]) throws(Failure) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var size = 0
    // SAFETY: key and message are only read; the digest has room for 32 bytes, and its size is given.
    let result = unsafe EVP_Q_mac(
      nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count, &digest, digest.count, &size)
    guard unsafe result != nil, size == 32 else { throw Failure(operation: "HMAC") }
    return digest
  }

  /// HMAC-SHA-256 of a message that comes in pieces.
  @safe package struct RunningHMAC: ~Copyable {
    // Unique to this value, freed in deinit.
    private let context: OpaquePointer
    private static var failure: Failure { Failure(operation: "HMAC") }

    package init(key: [UInt8]) throws(Failure) {
      guard let made = unsafe HMAC_CTX_new() else { throw Self.failure }
      // SAFETY: the context copies the key.
      guard unsafe HMAC_Init_ex(made, key, Int32(key.count), EVP_sha256(), nil) == 1 else {
        unsafe HMAC_CTX_free(made)
        throw Self.failure
      }
      unsafe context = made
    }

    deinit { unsafe HMAC_CTX_free(context) }

    package mutating func update(_ bytes: [UInt8]) throws(Failure) {
      // SAFETY: the bytes are only read.
      guard unsafe HMAC_Update(context, bytes, bytes.count) == 1 else { throw Self.failure }
    }

    package consuming func digest() throws(Failure) -> [UInt8] {
      var digest = [UInt8](repeating: 0, count: 32)
      var size: UInt32 = 0
      // SAFETY: SHA-256 writes 32 bytes, for which there is room.
      guard unsafe HMAC_Final(context, &digest, &size) == 1, size == 32 else { throw Self.failure }
      return digest
    }
  }

  /// Whether `signature` is the Ed25519 signature (RFC 8032) of `message`. A malformed key or signature is a no.
  package static func verifyEd25519(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
    guard signature.count == 64, publicKey.count == 32 else { return false }
    // SAFETY: the key object and the context are freed on every path; inputs are only read.
    guard let key = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count) else {
      return false
    }
    defer { unsafe EVP_PKEY_free(key) }
    guard let context = unsafe EVP_MD_CTX_new() else { return false }
    defer { unsafe EVP_MD_CTX_free(context) }
    guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
    return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }

  /// AES-256-GCM with a random nonce: nonce, ciphertext, tag. `context` is authenticated with it.
  package static func seal(_ plain: [UInt8], key: [UInt8], context associated: [UInt8]) throws(Failure) -> [UInt8] {
    let failure = Failure(operation: "AES-256-GCM")
    let nonce = try random(12)
    // SAFETY: the context is freed on every path; the output has room for the plain text and, apart, the tag.
    guard let context = unsafe EVP_CIPHER_CTX_new() else { throw failure }
    defer { unsafe EVP_CIPHER_CTX_free(context) }
    var out = [UInt8](repeating: 0, count: plain.count + 16)
    var tag = [UInt8](repeating: 0, count: 16)
    var count: Int32 = 0
    guard key.count == 32, unsafe EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
      unsafe EVP_EncryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1,
      unsafe EVP_EncryptUpdate(context, &out, &count, plain, Int32(plain.count)) == 1
    else { throw failure }
    var last: Int32 = 0
    var rest = [UInt8](repeating: 0, count: 16)
    guard unsafe EVP_EncryptFinal_ex(context, &rest, &last) == 1,
      unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
    else { throw failure }
    return nonce + out[..<Int(count)] + tag
  }

  /// The plain text, or a failure where the sealed bytes, the key or the context are not the ones that made it.
  package static func open(_ sealed: [UInt8], key: [UInt8], context associated: [UInt8]) throws(Failure) -> [UInt8] {
    let failure = Failure(operation: "AES-256-GCM")
    guard sealed.count >= 28, key.count == 32 else { throw failure }
    let nonce = Array(sealed[..<12])
    let cipher = Array(sealed[12..<(sealed.count - 16)])
    var tag = Array(sealed[(sealed.count - 16)...])
    // SAFETY: as in `seal`.
    guard let context = unsafe EVP_CIPHER_CTX_new() else { throw failure }
    defer { unsafe EVP_CIPHER_CTX_free(context) }
    var out = [UInt8](repeating: 0, count: cipher.count + 16)
    var rest = [UInt8](repeating: 0, count: 16)
    var count: Int32 = 0
    var last: Int32 = 0
    guard unsafe EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
      unsafe EVP_DecryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1,
      unsafe EVP_DecryptUpdate(context, &out, &count, cipher, Int32(cipher.count)) == 1,
      unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1,
      unsafe EVP_DecryptFinal_ex(context, &rest, &last) == 1
    else { throw failure }
    return Array(out[..<Int(count)])
  }
}
