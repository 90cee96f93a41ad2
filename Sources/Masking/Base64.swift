/// Decoding of the standard and the URL-safe alphabets, padded or not.
enum Base64 {
  /// The decoded bytes of the range, or nil if it is not base64.
  static func decode(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8]? {
    var stop = end
    while stop > start, bytes[stop - 1] == 0x3D, end - stop < 2 { stop -= 1 }
    guard stop > start, (stop - start) % 4 != 1 else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity((stop - start) * 3 / 4)
    var buffer: UInt32 = 0
    var bits: UInt32 = 0
    for index in start..<stop {
      let value = values[Int(bytes[index])]
      guard value < 64 else { return nil }
      buffer = buffer << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        result.append(UInt8(truncatingIfNeeded: buffer >> bits))
      }
    }
    return result
  }

  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
      let one = UInt32(bytes[index]) << 16
      let two = index + 1 < bytes.count ? UInt32(bytes[index + 1]) << 8 : 0
      let three = index + 2 < bytes.count ? UInt32(bytes[index + 2]) : 0
      let group = one | two | three
      result.append(alphabet[Int(group >> 18)])
      result.append(alphabet[Int(group >> 12 & 63)])
      result.append(index + 1 < bytes.count ? alphabet[Int(group >> 6 & 63)] : 0x3D)
      result.append(index + 2 < bytes.count ? alphabet[Int(group & 63)] : 0x3D)
      index += 3
    }
    return result
  }

  /// Whether the range decodes to `user:password` in printable bytes.
  static func holdsPair(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard let decoded = decode(bytes, start, min(end, start + 1024)), decoded.count >= 3 else { return false }
    return decoded.contains(0x3A) && isPrintable(decoded)
  }

  /// Whether nearly everything is ASCII text.
  static func isPrintable(_ decoded: [UInt8]) -> Bool {
    var odd = 0
    for byte in decoded where byte < 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 || byte >= 0x7F { odd += 1 }
    return odd * 16 <= decoded.count
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static let values: [UInt8] = {
    var result = [UInt8](repeating: 255, count: 256)
    for (index, byte) in alphabet.enumerated() { result[Int(byte)] = UInt8(index) }
    result[0x2D] = 62
    result[0x5F] = 63
    return result
  }()
}
