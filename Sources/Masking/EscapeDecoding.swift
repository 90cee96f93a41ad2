/// Undoes one layer of escaping, so that a secret is found however it was escaped: percent signs,
/// JSON and shell backslashes, `'\''`, XML entities. Keeps where each byte came from.
struct EscapeDecoding {
  enum Layer: Sendable, CaseIterable {
    /// As of paths, where `+` is itself.
    case percent
    /// As of forms: `+` is a space.
    case form
    case backslash
    /// `'\\''` and `'"'"'`, which stand for one quote inside a shell's quotes, where a backslash is itself.
    case shell
    case entity
  }

  private(set) var bytes: [UInt8] = []
  /// For each decoded byte its first source byte, and one more for the end.
  private(set) var origins: [Int32] = []

  /// Nil if the text holds nothing of that layer.
  init?(_ text: Span<UInt8>, layer: Layer) {
    let mark: UInt8 =
      switch layer {
      case .percent: 0x25
      case .form: 0x2B
      case .backslash: 0x5C
      case .shell: 0x27
      case .entity: 0x26
      }
    let first = ByteText.firstIndex(of: mark, text, 0, text.count)
    guard first < text.count else { return nil }
    bytes.reserveCapacity(text.count)
    origins.reserveCapacity(text.count + 1)
    var index = 0
    while index < text.count {
      let start = index
      switch layer {
      case .percent: index = percent(text, index, plus: 0x2B)
      case .form: index = percent(text, index, plus: 0x20)
      case .backslash: index = backslash(text, index)
      case .shell: index = shell(text, index)
      case .entity: index = entity(text, index)
      }
      while origins.count < bytes.count { origins.append(Int32(start)) }
    }
    origins.append(Int32(text.count))
  }

  /// A JSON string's content; nil if nothing in it is escaped.
  init?(json text: Span<UInt8>) { self.init(text, layer: .backslash) }

  private mutating func percent(_ text: Span<UInt8>, _ at: Int, plus: UInt8) -> Int {
    if text[at] == 0x25, at + 2 < text.count, let high = Self.hex(text[at + 1]), let low = Self.hex(text[at + 2]) {
      bytes.append(high << 4 | low)
      return at + 3
    }
    bytes.append(text[at] == 0x2B ? plus : text[at])
    return at + 1
  }

  private mutating func shell(_ text: Span<UInt8>, _ at: Int) -> Int {
    if text[at] == 0x27, ByteText.matches(text, at, "'\\''") || ByteText.matches(text, at, "'\"'\"'") {
      bytes.append(0x27)
      return at + (text[at + 1] == 0x5C ? 4 : 5)
    }
    bytes.append(text[at])
    return at + 1
  }

  private mutating func backslash(_ text: Span<UInt8>, _ at: Int) -> Int {
    guard text[at] == 0x5C, at + 1 < text.count else {
      bytes.append(text[at])
      return at + 1
    }
    let next = text[at + 1]
    switch next {
    case 0x6E: bytes.append(0x0A)
    case 0x72: bytes.append(0x0D)
    case 0x74: bytes.append(0x09)
    case 0x62: bytes.append(0x08)
    case 0x66: bytes.append(0x0C)
    case 0x30...0x37:
      // One to three octal digits, as in $'…' of a shell.
      var (value, end) = (UInt32(0), at + 1)
      while end < text.count, end < at + 4, (0x30...0x37).contains(text[end]), value < 32 {
        value = value << 3 | UInt32(text[end] - 0x30)
        end += 1
      }
      bytes.append(UInt8(truncatingIfNeeded: value))
      return end
    case 0x78:
      guard at + 3 < text.count, let high = Self.hex(text[at + 2]), let low = Self.hex(text[at + 3]) else {
        bytes.append(next)
        return at + 2
      }
      bytes.append(high << 4 | low)
      return at + 4
    case 0x75:
      guard let unit = Self.unit(text, at + 2) else {
        bytes.append(next)
        return at + 2
      }
      if unit & 0xFC00 == 0xD800, at + 7 < text.count, text[at + 6] == 0x5C, text[at + 7] == 0x75,
        let low = Self.unit(text, at + 8), low & 0xFC00 == 0xDC00
      {
        append(0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF))
        return at + 12
      }
      append(unit)
      return at + 6
    default: bytes.append(next)
    }
    return at + 2
  }

  private mutating func entity(_ text: Span<UInt8>, _ at: Int) -> Int {
    guard text[at] == 0x26 else {
      bytes.append(text[at])
      return at + 1
    }
    if let (value, end) = Self.numericEntity(text, at) {
      append(value)
      return end
    }
    let named: [(StaticString, UInt8)] = [
      ("&amp;", 0x26), ("&lt;", 0x3C), ("&gt;", 0x3E), ("&quot;", 0x22), ("&apos;", 0x27),
    ]
    for (word, byte) in named where ByteText.matches(text, at, word) {
      bytes.append(byte)
      return at + word.utf8CodeUnitCount
    }
    bytes.append(text[at])
    return at + 1
  }

  /// `&#43;` and `&#x2B;`, with at most six digits after zeros, of which there may be four.
  private static func numericEntity(_ text: Span<UInt8>, _ at: Int) -> (value: UInt32, end: Int)? {
    guard at + 3 < text.count, text[at + 1] == 0x23 else { return nil }
    let isHex = text[at + 2] | 0x20 == 0x78
    let first = at + (isHex ? 3 : 2)
    var (index, value) = (first, UInt32(0))
    while index < text.count, index - first < 10, value <= 0x10FFFF, let digit = hex(text[index]), isHex || digit < 10 {
      value = value * (isHex ? 16 : 10) + UInt32(digit)
      index += 1
    }
    guard index > first, index < text.count, text[index] == 0x3B, value <= 0x10FFFF else { return nil }
    return (value, index + 1)
  }

  private mutating func append(_ value: UInt32) {
    guard let scalar = Unicode.Scalar(value) else { return bytes.append(0x3F) }
    bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [0x3F])
  }

  private static func unit(_ text: Span<UInt8>, _ at: Int) -> UInt32? {
    guard at + 3 < text.count else { return nil }
    var value: UInt32 = 0
    for offset in 0..<4 {
      guard let digit = hex(text[at + offset]) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    if ByteClass.isDigit(byte) { return byte - 0x30 }
    return ByteClass.isHex(byte) ? (byte | 0x20) - 0x61 + 10 : nil
  }
}
