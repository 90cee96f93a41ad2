/// Percent-encoding (RFC 3986 §2.1): every byte that is not unreserved is encoded, so a value can contain anything.
enum Percent {
  static func encode(_ text: String) -> String {
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.append(byte)
      case _:
        result.append(UInt8(ascii: "%"))
        result.append(digit(byte >> 4))
        result.append(digit(byte & 15))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `name=value&…` in the order given, without the pairs that have no value; serves a query and, because a space is
  /// `%20` in both, an `application/x-www-form-urlencoded` body.
  static func pairs(_ pairs: [(name: String, value: String?)]) -> String {
    pairs.compactMap { pair in pair.value.map { "\(encode(pair.name))=\(encode($0))" } }.joined(separator: "&")
  }

  private static func digit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
  }
}
