internal import API

/// The path and query of a request, decoded (RFC 3986). Strict: whatever is not understood is refused.
struct RequestTarget: Sendable, Equatable {
  /// Percent-decoded path segments.
  var segments: [[UInt8]]
  var parameters: [(name: String, value: [UInt8])]

  static let maximumParameters = 64

  init(_ text: String) throws(Refusal) {
    let bytes = Array(text.utf8)
    guard bytes.first == UInt8(ascii: "/"), bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Refusal(.malformedRequest, detail: "the request target is not an absolute path in ASCII")
    }
    let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
    guard !bytes.contains(UInt8(ascii: "#")) else {
      throw Refusal(.malformedRequest, detail: "the request target has a fragment")
    }
    segments = []
    for segment in bytes[1..<mark].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      segments.append(try Self.decode(segment, plusIsSpace: false))
    }
    parameters = []
    guard mark < bytes.endIndex else { return }
    for pair in bytes[(mark + 1)...].split(separator: UInt8(ascii: "&")) {
      guard parameters.count < Self.maximumParameters else {
        throw Refusal(.invalidParameter, detail: "more than \(Self.maximumParameters) parameters")
      }
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      let name = try Self.decode(pair[..<equals], plusIsSpace: true)
      let value = equals < pair.endIndex ? try Self.decode(pair[(equals + 1)...], plusIsSpace: true) : []
      parameters.append((String(decoding: name, as: UTF8.self), value))
    }
  }

  static func == (a: RequestTarget, b: RequestTarget) -> Bool {
    a.segments == b.segments && a.parameters.elementsEqual(b.parameters) { $0.name == $1.name && $0.value == $1.value }
  }

  private static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) throws(Refusal) -> [UInt8] {
    var out: [UInt8] = []
    var index = text.startIndex
    while index < text.endIndex {
      switch text[index] {
      case UInt8(ascii: "%"):
        guard index + 2 < text.endIndex, let high = digit(text[index + 1]), let low = digit(text[index + 2]) else {
          throw Refusal(.malformedRequest, detail: "a percent-encoding is not complete")
        }
        out.append(high << 4 | low)
        index += 3
      case UInt8(ascii: "+") where plusIsSpace:
        out.append(0x20)
        index += 1
      case let byte:
        out.append(byte)
        index += 1
      }
    }
    guard !out.contains(0) else { throw Refusal(.malformedRequest, detail: "the request target holds a NUL") }
    return out
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    case _: nil
    }
  }
}

/// Takes a route's parameters by name and refuses the ones that nobody took.
struct Parameters: Sendable {
  private var rest: [(name: String, value: [UInt8])]

  init(_ parameters: [(name: String, value: [UInt8])]) { rest = parameters }

  /// All values of a parameter that may be repeated.
  mutating func all(_ name: String) -> [[UInt8]] {
    let values = rest.filter { $0.name == name }.map(\.value)
    rest.removeAll { $0.name == name }
    return values
  }

  mutating func optional(_ name: String) throws(Refusal) -> [UInt8]? {
    let values = all(name)
    guard values.count <= 1 else { throw Refusal(.invalidParameter, detail: "\(name) is given twice") }
    return values.first
  }

  mutating func required(_ name: String) throws(Refusal) -> [UInt8] {
    guard let value = try optional(name) else { throw Refusal(.invalidParameter, detail: "\(name) is required") }
    return value
  }

  mutating func text(_ name: String) throws(Refusal) -> String? {
    guard let value = try optional(name) else { return nil }
    guard let text = String(validating: value, as: UTF8.self), !text.isEmpty else {
      throw Refusal(.invalidParameter, detail: "\(name) must be text in UTF-8")
    }
    return text
  }

  mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(Refusal) -> Int? {
    guard let value = try optional(name) else { return nil }
    guard value.count <= 12, value.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(String(decoding: value, as: UTF8.self)), range.contains(number)
    else {
      throw Refusal(
        .invalidParameter, detail: "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  mutating func flag(_ name: String) throws(Refusal) -> Bool {
    switch try optional(name).map({ String(decoding: $0, as: UTF8.self) }) {
    case nil, "false": return false
    case "true", "": return true
    case _: throw Refusal(.invalidParameter, detail: "\(name) must be true or false")
    }
  }

  func finish() throws(Refusal) {
    if let unknown = rest.first {
      throw Refusal(
        .invalidParameter,
        detail: "unknown parameter \(unknown.name.unicodeScalars.prefix(40).map { $0.escaped(asASCII: true) }.joined())"
      )
    }
  }
}
