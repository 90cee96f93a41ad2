/// Scanning helpers over the text of /proc files. Nothing here trusts the text: numbers saturate, ends are checked.
enum Fields {
  /// The number that starts at `index`, and the index behind it. nil without a digit or on overflow.
  static func number(_ text: Span<UInt8>, at index: Int) -> (value: UInt64, end: Int)? {
    var value: UInt64 = 0
    var end = index
    while end < text.count, case let digit = text[end] &- 0x30, digit <= 9 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return nil }
      value = sum
      end += 1
    }
    return end > index ? (value, end) : nil
  }

  static func signedNumber(_ text: Span<UInt8>, at index: Int) -> (value: Int64, end: Int)? {
    let negative = index < text.count && text[index] == UInt8(ascii: "-")
    guard let (value, end) = number(text, at: index + (negative ? 1 : 0)), value <= UInt64(Int64.max) else {
      return nil
    }
    return (negative ? -Int64(value) : Int64(value), end)
  }

  static func hexadecimal(_ text: Span<UInt8>, in range: Range<Int>) -> UInt64? {
    guard !range.isEmpty, range.count <= 16 else { return nil }
    var value: UInt64 = 0
    for index in range {
      switch text[index] {
      case let byte where (0x30...0x39).contains(byte): value = value << 4 | UInt64(byte - 0x30)
      case let byte where (0x61...0x66).contains(byte): value = value << 4 | UInt64(byte - 0x61 + 10)
      case _: return nil
      }
    }
    return value
  }

  static func octal(_ text: Span<UInt8>, in range: Range<Int>) -> UInt32? {
    guard !range.isEmpty, range.count <= 10 else { return nil }
    var value: UInt32 = 0
    for index in range {
      guard (0x30...0x37).contains(text[index]) else { return nil }
      value = value << 3 | UInt32(text[index] - 0x30)
    }
    return value
  }

  static func array(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    for index in range { bytes.append(text[index]) }
    return bytes
  }

  /// Calls `body` with the range of each line, newline excluded.
  static func lines(_ text: Span<UInt8>, _ body: (Range<Int>) -> Void) {
    var start = 0
    for index in 0..<text.count where text[index] == 0x0A {
      body(start..<index)
      start = index + 1
    }
    if start < text.count { body(start..<text.count) }
  }

  /// The ranges between runs of spaces and tabs.
  static func words(_ text: Span<UInt8>, in range: Range<Int>) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var start: Int?
    for index in range {
      if text[index] == 0x20 || text[index] == 0x09 {
        if let from = start { words.append(from..<index) }
        start = nil
      } else if start == nil {
        start = index
      }
    }
    if let from = start { words.append(from..<range.upperBound) }
    return words
  }
}
