/// Checksums that providers put into their tokens.
enum Checksum {
  /// CRC-32 (IEEE 802.3, reflected), as zlib computes it.
  static func crc32(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for index in start..<end { crc = table[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc >> 8) }
    return ~crc
  }

  /// Whether the last six characters are the CRC-32 of `bytes[start..<end-6]` in base 62 (0-9, A-Z, a-z).
  static func endsInBase62CRC(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard end - start > 6 else { return false }
    var value: UInt64 = 0
    for index in end - 6..<end {
      let byte = bytes[index]
      let digit: UInt8
      if ByteClass.isDigit(byte) {
        digit = byte - 0x30
      } else if ByteClass.isUpper(byte) {
        digit = byte - 0x41 + 10
      } else if ByteClass.isLower(byte) {
        digit = byte - 0x61 + 36
      } else {
        return false
      }
      value = value * 62 + UInt64(digit)
    }
    return value == UInt64(crc32(bytes, start, end - 6))
  }

  /// Whether the last eight characters are the CRC-32 of what precedes them and a `_`, in hex.
  static func endsInHexCRC(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard end - start > 9, bytes[end - 9] == 0x5F else { return false }
    var value: UInt32 = 0
    for index in end - 8..<end {
      let byte = bytes[index]
      guard ByteClass.isHex(byte) else { return false }
      value = value << 4 | UInt32(ByteClass.isDigit(byte) ? byte - 0x30 : (byte | 0x20) - 0x61 + 10)
    }
    return value == crc32(bytes, start, end - 9)
  }

  private static let table: [UInt32] = (0..<256).map { index in
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    return value
  }
}
