/// Writes JSON text into one byte array, without intermediate values. Commas are its own business.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.object { $0.member("pid", 1); $0.member("name", "init") }
/// ```
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init() {}

  package init(reserving capacity: Int) {
    bytes.reserveCapacity(capacity)
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  package mutating func object<E>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
    try body(&self)
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  package mutating func array<E>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
    try body(&self)
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  package mutating func name(_ name: String) {
    separate()
    quote(name.utf8)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func string(_ value: String) {
    separate()
    quote(value.utf8)
  }

  /// Bytes that are not valid UTF-8 are replaced by U+FFFD.
  package mutating func string(lossy value: [UInt8]) {
    separate()
    if let text = String(validating: value, as: UTF8.self) {
      quote(text.utf8)
    } else {
      quote(String(decoding: value, as: UTF8.self).utf8)
    }
  }

  package mutating func integer(_ value: some BinaryInteger) {
    separate()
    bytes.append(contentsOf: String(value).utf8)
  }

  package mutating func bool(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  package mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let flag): bool(flag)
    case .integer(let number): integer(number)
    case .unsigned(let number): integer(number)
    case .double(let number):
      separate()
      bytes.append(contentsOf: "\(number)".utf8)
    case .string(let text): string(text)
    case .array(let items): array { for item in items { $0.value(item) } }
    case .object(let object): writeMembers(of: object)
    }
  }

  private mutating func writeMembers(of object: JSONObject) {
    self.object {
      for member in object.members {
        $0.name(member.name)
        $0.value(member.value)
      }
    }
  }

  private mutating func quote(_ text: some Sequence<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
      case 0x09: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
      case 0x0D: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
      case 0x00..<0x20, 0x7F:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Self.hexadecimal(byte >> 4))
        bytes.append(Self.hexadecimal(byte & 0xF))
      case _: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }
}

extension JSONWriter {
  package mutating func member(_ name: String, _ value: String) {
    self.name(name)
    string(value)
  }
  package mutating func member(_ name: String, _ value: Bool) {
    self.name(name)
    bool(value)
  }
  package mutating func member(_ name: String, _ value: some BinaryInteger) {
    self.name(name)
    integer(value)
  }
  package mutating func member(_ name: String, _ values: [String]) {
    self.name(name)
    array { for value in values { $0.string(value) } }
  }
  /// Leaves the member out where the value is nil.
  package mutating func member(optional name: String, _ value: String?) {
    if let value { member(name, value) }
  }
  package mutating func member(optional name: String, _ value: (some BinaryInteger)?) {
    if let value { member(name, value) }
  }
  package mutating func member<E>(object name: String, _ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    self.name(name)
    try object(body)
  }
  package mutating func member<E>(array name: String, _ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    self.name(name)
    try array(body)
  }
}
