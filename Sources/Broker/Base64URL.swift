internal import API

/// RFC 4648 §5 without padding, encoding only.
enum Base64URL {
  static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in Base64.encode(Array(bytes)).utf8 {
      switch byte {
      case UInt8(ascii: "+"): text.append(UInt8(ascii: "-"))
      case UInt8(ascii: "/"): text.append(UInt8(ascii: "_"))
      case UInt8(ascii: "="): break
      case _: text.append(byte)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Ids that nobody can guess: 128 bits from the system's generator, base64url. Fit for a SPIFFE ID's segment.
enum RandomID {
  static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    return Base64URL.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }
}
