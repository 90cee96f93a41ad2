import Crypto
import Foundation
import LibCrypto
import Testing

/// Against published vectors, and against another implementation.
struct LibCryptoTests {
  static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  @Test func preparesMoreThanOnce() throws {
    try LibCrypto.prepare()
    try LibCrypto.prepare()
  }

  @Test func sha256() throws {
    #expect(
      try LibCrypto.sha256([]) == Self.bytes("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    #expect(
      try LibCrypto.sha256(Array("abc".utf8))
        == Self.bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    var random = SplitMix(state: 61)
    for count in [1, 55, 56, 63, 64, 65, 1000, 70_000] {
      let message = random.bytes(count)
      #expect(try LibCrypto.sha256(message) == Array(SHA256.hash(data: message)))
    }
  }

  @Test func hmac() throws {
    // RFC 4231, test cases 1, 2 and 6.
    #expect(
      try LibCrypto.hmacSHA256(key: [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8))
        == Self.bytes("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"))
    #expect(
      try LibCrypto.hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        == Self.bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    #expect(
      try LibCrypto.hmacSHA256(
        key: [UInt8](repeating: 0xAA, count: 131),
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        == Self.bytes("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))
    var random = SplitMix(state: 62)
    for (key, message) in [(1, 0), (32, 0), (32, 1), (64, 64), (65, 1000), (0, 10), (0, 0)] {
      let (key, message) = (random.bytes(key), random.bytes(message))
      #expect(
        try LibCrypto.hmacSHA256(key: key, message)
          == Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))))
    }
  }

  @Test(arguments: [
    // RFC 8032 §7.1, tests 1 to 3: public key, message, signature.
    (
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ),
    (
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
    (
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ),
  ])
  func ed25519Vectors(_ key: String, _ message: String, _ signature: String) {
    let (key, message, signature) = (Self.bytes(key), Self.bytes(message), Self.bytes(signature))
    #expect(LibCrypto.verifyEd25519(signature: signature, message: message, publicKey: key))
    #expect(!LibCrypto.verifyEd25519(signature: signature, message: message + [0], publicKey: key))
  }

  @Test func everyFlippedBitIsSeen() throws {
    let signer = Curve25519.Signing.PrivateKey()
    let key = Array(signer.publicKey.rawRepresentation)
    let message = Array("a message".utf8)
    let signature = Array(try signer.signature(for: message))
    #expect(LibCrypto.verifyEd25519(signature: signature, message: message, publicKey: key))
    for (index, bit) in (0..<64).flatMap({ index in (0..<8).map { (index, $0) } }) {
      var changed = signature
      changed[index] ^= 1 << UInt8(bit)
      #expect(!LibCrypto.verifyEd25519(signature: changed, message: message, publicKey: key))
      if index < key.count {
        var other = key
        other[index] ^= 1 << UInt8(bit)
        #expect(!LibCrypto.verifyEd25519(signature: signature, message: message, publicKey: other))
      }
      if index < message.count {
        var other = message
        other[index] ^= 1 << UInt8(bit)
        #expect(!LibCrypto.verifyEd25519(signature: signature, message: other, publicKey: key))
      }
    }
  }

  /// RFC 8032 §5.1.7: s must be below the order of the group, or a signature could be altered into another valid one.
  @Test func aSignatureCannotBeShifted() throws {
    let signer = Curve25519.Signing.PrivateKey()
    let message = Array("a message".utf8)
    var signature = Array(try signer.signature(for: message))
    let order = Array(Self.bytes("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed").reversed())
    var carry = 0
    for index in 0..<32 {
      let sum = Int(signature[32 + index]) + Int(order[index]) + carry
      signature[32 + index] = UInt8(sum & 255)
      carry = sum >> 8
    }
    #expect(
      !LibCrypto.verifyEd25519(
        signature: signature, message: message, publicKey: Array(signer.publicKey.rawRepresentation)))
  }

  @Test func sizesThatAreWrongAreANo() throws {
    let signer = Curve25519.Signing.PrivateKey()
    let key = Array(signer.publicKey.rawRepresentation)
    let signature = Array(try signer.signature(for: [1]))
    for cut in [0, 1, 31, 63] {
      #expect(!LibCrypto.verifyEd25519(signature: Array(signature[..<cut]), message: [1], publicKey: key))
      #expect(!LibCrypto.verifyEd25519(signature: signature, message: [1], publicKey: Array(key[..<min(cut, 31)])))
    }
    #expect(!LibCrypto.verifyEd25519(signature: signature + [0], message: [1], publicKey: key))
    #expect(!LibCrypto.verifyEd25519(signature: signature, message: [1], publicKey: key + [0]))
    #expect(
      !LibCrypto.verifyEd25519(signature: signature, message: [1], publicKey: [UInt8](repeating: 0xFF, count: 32)))
  }

  @Test func sealedIsOpenedByAnotherImplementation() throws {
    var random = SplitMix(state: 63)
    let key = random.bytes(32)
    for count in [0, 1, 15, 16, 17, 32, 1000] {
      let (plain, context) = (random.bytes(count), random.bytes(count % 7))
      let sealed = try LibCrypto.seal(plain, key: key, context: context)
      #expect(sealed.count == 12 + count + 16)
      let box = try AES.GCM.SealedBox(combined: sealed)
      #expect(Array(try AES.GCM.open(box, using: SymmetricKey(data: key), authenticating: context)) == plain)
      #expect(try LibCrypto.open(sealed, key: key, context: context) == plain)
    }
  }

  @Test func whatWasTamperedWithIsNotOpened() throws {
    let key = try LibCrypto.random(32)
    let sealed = try LibCrypto.seal(Array("thirty-two bytes of a log cursor".utf8), key: key, context: [1, 2])
    for index in sealed.indices {
      var changed = sealed
      changed[index] ^= 1
      #expect(throws: LibCrypto.Failure.self) { try LibCrypto.open(changed, key: key, context: [1, 2]) }
      #expect(throws: LibCrypto.Failure.self) {
        try LibCrypto.open(Array(sealed[..<index]), key: key, context: [1, 2])
      }
    }
    #expect(throws: LibCrypto.Failure.self) { try LibCrypto.open(sealed + [0], key: key, context: [1, 2]) }
    #expect(throws: LibCrypto.Failure.self) { try LibCrypto.open(sealed, key: key, context: [1, 3]) }
    #expect(throws: LibCrypto.Failure.self) { try LibCrypto.open(sealed, key: key, context: []) }
    #expect(throws: LibCrypto.Failure.self) {
      try LibCrypto.open(sealed, key: try LibCrypto.random(32), context: [1, 2])
    }
    for size in [0, 16, 31, 33] {
      let wrong = [UInt8](repeating: 0, count: size)
      #expect(throws: LibCrypto.Failure.self) { try LibCrypto.open(sealed, key: wrong, context: [1, 2]) }
      #expect(throws: LibCrypto.Failure.self) { try LibCrypto.seal([1], key: wrong, context: []) }
    }
  }

  @Test func noncesDoNotRepeat() throws {
    let key = try LibCrypto.random(32)
    var nonces: Set<[UInt8]> = []
    for _ in 0..<2000 { nonces.insert(Array(try LibCrypto.seal([], key: key, context: [])[..<12])) }
    #expect(nonces.count == 2000)
    #expect(try LibCrypto.random(32) != LibCrypto.random(32))
    #expect(try LibCrypto.random(0).isEmpty)
  }
}

struct Base64URLTests {
  static func reference(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  @Test func agreesWithAnotherEncoder() {
    var random = SplitMix(state: 64)
    for count in 0..<300 {
      let bytes = random.bytes(count)
      let text = Base64URL.encode(bytes)
      #expect(text == Self.reference(bytes))
      #expect(Base64URL.decode(text.utf8) == bytes)
    }
  }

  @Test(arguments: [
    "A", "AAAAA", "AA=", "AA==", "AAA=", "=", "A+AA", "A/AA", "AA AA", "AAAA\n", " AAAA", "AA.A", "AAA\u{0}", "ÄAA",
    // Stray bits behind the last byte.
    "AB", "A_", "AAB", "AAD", "_-9",
  ])
  func refuses(_ text: String) {
    #expect(Base64URL.decode(text.utf8) == nil)
  }

  /// One text for each value: two texts that are accepted never mean the same bytes.
  @Test func decodingHasOneForm() {
    var random = SplitMix(state: 65)
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/".utf8)
    var accepted = 0
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...7, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
      guard let bytes = Base64URL.decode(text) else { continue }
      accepted += 1
      #expect(Array(Base64URL.encode(bytes).utf8) == text)
    }
    #expect(accepted > 1000)
  }
}
