/// Turns a strong value into a short name for it, under a key that this module never sees.
///
/// The caller hands in a keyed HMAC-SHA256, with a key derived for one grant. Masking decides whether
/// a value may have a fingerprint at all: a weak one could be found by trying guesses.
package struct Fingerprinter: Sendable {
  private let hmac: @Sendable (_ value: [UInt8]) -> [UInt8]

  /// - Parameter hmac: HMAC-SHA256 of the value under the grant's key; must return 32 bytes, and
  ///   fewer than 8 mean no fingerprint.
  package init(_ hmac: @escaping @Sendable (_ value: [UInt8]) -> [UInt8]) { self.hmac = hmac }

  /// The first 64 bits of the HMAC as 16 hex digits, or nil for a value that is short or weak.
  func fingerprint(of value: [UInt8]) -> String? {
    guard Strength.isStrong(value) else { return nil }
    let digest = hmac(value)
    guard digest.count >= 8 else { return nil }
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in digest.prefix(8) {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
