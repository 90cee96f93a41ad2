/// The parameters of an `application/x-www-form-urlencoded` body, as RFC 6749 §3.2 wants them: each at most once,
/// empty ones as if absent.
struct FormBody: Sendable {
  private var parameters: [String: String] = [:]

  struct Invalid: Error, Sendable, Equatable {
    let description: String
  }

  init(_ bytes: [UInt8]) throws(Invalid) {
    for pair in bytes.split(separator: UInt8(ascii: "&")) {
      let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = try Self.decode(halves[0])
      let value = halves.count == 2 ? try Self.decode(halves[1]) : ""
      guard parameters.updateValue(value, forKey: name) == nil else {
        throw Invalid(description: "a parameter is repeated")
      }
    }
  }

  subscript(name: String) -> String? {
    guard let value = parameters[name], !value.isEmpty else { return nil }
    return value
  }

  private static func decode(_ bytes: ArraySlice<UInt8>) throws(Invalid) -> String {
    var result: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): result.append(0x20)
      case UInt8(ascii: "%"):
        guard let high = hexadecimal(rest.popFirst()), let low = hexadecimal(rest.popFirst()) else {
          throw Invalid(description: "the body is not a form: a broken percent-encoding")
        }
        result.append(high << 4 | low)
      case _: result.append(byte)
      }
    }
    guard let text = String(validating: result, as: UTF8.self) else {
      throw Invalid(description: "the body is not a form: not UTF-8")
    }
    return text
  }

  private static func hexadecimal(_ byte: UInt8?) -> UInt8? {
    switch byte {
    case .some(let byte) where (0x30...0x39).contains(byte): byte - 0x30
    case .some(let byte) where (0x41...0x46).contains(byte): byte - 0x41 + 10
    case .some(let byte) where (0x61...0x66).contains(byte): byte - 0x61 + 10
    case .some, nil: nil
    }
  }
}
