/// A strict parser for JSON text (RFC 8259) from a source that is not trusted: linear time, bounded depth and size,
/// no duplicate names, no trailing text, no byte-order mark, UTF-8 checked, no lone surrogates.
package struct JSONParser: ~Copyable {
  package struct Limits: Sendable {
    package var bytes: Int
    package var depth: Int
    package init(bytes: Int = 1 << 20, depth: Int = 16) {
      self.bytes = bytes
      self.depth = depth
    }
  }

  private let text: [UInt8]
  private let limits: Limits
  private var position = 0

  private init(text: [UInt8], limits: Limits) {
    self.text = text
    self.limits = limits
  }

  package static func parse(_ text: [UInt8], limits: Limits = Limits()) throws(JSONError) -> JSONValue {
    guard text.count <= limits.bytes else { throw .tooLarge(limit: limits.bytes) }
    var parser = JSONParser(text: text, limits: limits)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == text.count else { throw .syntax(offset: parser.position, expected: "the end of the text") }
    return value
  }

  package static func parse(_ text: String, limits: Limits = Limits()) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
  }

  private var current: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipSpace()
    switch current {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case .some(let byte) where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): return try number()
    case _: throw .syntax(offset: position, expected: "a value")
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for byte in word.description.utf8 {
      guard current == byte else { throw .syntax(offset: position, expected: word.description) }
      position += 1
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    guard depth <= limits.depth else { throw .tooDeep(limit: limits.depth) }
    position += 1
    var object = JSONObject()
    var seen: Set<String> = []
    skipSpace()
    if current == UInt8(ascii: "}") {
      position += 1
      return .object(object)
    }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw .syntax(offset: position, expected: "a member name") }
      let name = try string()
      guard seen.insert(name).inserted else { throw .duplicateMember(name) }
      skipSpace()
      guard current == UInt8(ascii: ":") else { throw .syntax(offset: position, expected: "':'") }
      position += 1
      object.append(name, try value(depth: depth))
      skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
      } else if current == UInt8(ascii: "}") {
        position += 1
        return .object(object)
      } else {
        throw .syntax(offset: position, expected: "',' or '}'")
      }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    guard depth <= limits.depth else { throw .tooDeep(limit: limits.depth) }
    position += 1
    var items: [JSONValue] = []
    skipSpace()
    if current == UInt8(ascii: "]") {
      position += 1
      return .array(items)
    }
    while true {
      items.append(try value(depth: depth))
      skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
      } else if current == UInt8(ascii: "]") {
        position += 1
        return .array(items)
      } else {
        throw .syntax(offset: position, expected: "',' or ']'")
      }
    }
  }

  private mutating func digits() throws(JSONError) {
    let start = position
    while let byte = current, byte >= 0x30, byte <= 0x39 { position += 1 }
    guard position > start else { throw .syntax(offset: position, expected: "a digit") }
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    if current == UInt8(ascii: "-") { position += 1 }
    if current == UInt8(ascii: "0") { position += 1 } else { try digits() }
    var integral = true
    if current == UInt8(ascii: ".") {
      integral = false
      position += 1
      try digits()
    }
    if let byte = current, byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      integral = false
      position += 1
      if let sign = current, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let word = String(decoding: text[start..<position], as: UTF8.self)
    if integral, let number = Int64(word) { return .integer(number) }
    if integral, let number = UInt64(word) { return .unsigned(number) }
    guard let number = Double(word), number.isFinite else {
      throw .syntax(offset: start, expected: "a number that fits 64 bits")
    }
    return .double(number)
  }

  private mutating func string() throws(JSONError) -> String {
    let start = position
    position += 1
    var bytes: [UInt8] = []
    while let byte = current {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw .syntax(offset: start, expected: "valid UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      case 0x00..<0x20: throw .syntax(offset: position - 1, expected: "an escaped control character")
      case _: bytes.append(byte)
      }
    }
    throw .syntax(offset: position, expected: "the end of the string")
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(JSONError) {
    guard let byte = current else { throw .syntax(offset: position, expected: "an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code) {
        guard position + 1 < text.count, text[position] == UInt8(ascii: "\\"), text[position + 1] == UInt8(ascii: "u")
        else { throw .syntax(offset: position, expected: "the second half of a surrogate pair") }
        position += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else {
          throw .syntax(offset: position, expected: "the second half of a surrogate pair")
        }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw .syntax(offset: position, expected: "a Unicode scalar")
      }
      bytes.append(contentsOf: String(Character(scalar)).utf8)
    case _: throw .syntax(offset: position - 1, expected: "a known escape")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw .syntax(offset: position, expected: "four hexadecimal digits")
      }
      code = code << 4 + UInt32(digit)
      position += 1
    }
    return code
  }
}
