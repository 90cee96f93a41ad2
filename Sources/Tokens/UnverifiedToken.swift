internal import LibCrypto

/// A compact JWS (RFC 7515 §3.1) cut into its parts. Nothing in it is believed yet.
package struct UnverifiedToken: Sendable {
  /// Largest token taken, in bytes.
  package static let maximumSize = 8192

  let header: [UInt8]
  let payload: [UInt8]
  let signature: [UInt8]
  /// What is signed: the first two parts as they came.
  let signed: [UInt8]

  package init(_ text: String) throws(TokenError) {
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.maximumSize else { throw .tooLarge }
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .invalid("not three parts") }
    guard let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
      let signature = Base64URL.decode(parts[2])
    else { throw .invalid("not base64url") }
    self.header = header
    self.payload = payload
    self.signature = signature
    signed = Array(bytes[..<(parts[1].endIndex)])
  }
}
