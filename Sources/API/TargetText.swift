package import StrictJSON

/// Text that came from the target and was masked before it got here. `base64` is present where the bytes were not
/// valid UTF-8; `text` then has U+FFFD in their place.
package struct TargetText: Sendable, Equatable {
  package var text: String
  package var base64: String?

  package init(text: String, base64: String? = nil) {
    self.text = text
    self.base64 = base64
  }

  package init(bytes: [UInt8]) {
    if let valid = String(validating: bytes, as: UTF8.self) {
      text = valid
      base64 = nil
    } else {
      text = String(decoding: bytes, as: UTF8.self)
      base64 = Base64.encode(bytes)
    }
  }
}

extension JSONWriter {
  /// Writes `name` and, where needed, `name_base64`.
  package mutating func member(_ name: String, _ value: TargetText) {
    member(name, value.text)
    member(optional: name + "_base64", value.base64)
  }
}

/// RFC 4648 base64 with padding, encoding only.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  package static func encode(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
      let first = bytes[index]
      let second = index + 1 < bytes.count ? bytes[index + 1] : 0
      let third = index + 2 < bytes.count ? bytes[index + 2] : 0
      out.append(alphabet[Int(first >> 2)])
      out.append(alphabet[Int((first & 3) << 4 | second >> 4)])
      out.append(index + 1 < bytes.count ? alphabet[Int((second & 15) << 2 | third >> 6)] : UInt8(ascii: "="))
      out.append(index + 2 < bytes.count ? alphabet[Int(third & 63)] : UInt8(ascii: "="))
      index += 3
    }
    return String(decoding: out, as: UTF8.self)
  }
}
