/// Why a message between the agent's processes is refused. The receiver ends: a peer that errs is not to be trusted.
package enum FrameError: Error, Sendable, Equatable, CustomStringConvertible {
  case truncated
  case trailingBytes
  case unknownKind(UInt8)
  case tooLarge(kind: String, size: Int, limit: Int)
  case wrongDirection(kind: String)
  case invalidField(String)

  package var description: String {
    switch self {
    case .truncated: "a frame ends early"
    case .trailingBytes: "a frame has bytes behind its last field"
    case .unknownKind(let kind): "frame kind \(kind) is unknown"
    case .tooLarge(let kind, let size, let limit): "a \(kind) frame of \(size) bytes is over its limit of \(limit)"
    case .wrongDirection(let kind): "a \(kind) frame came from the wrong side"
    case .invalidField(let field): "the field \(field) is not valid"
    }
  }
}

/// Appends fields to a message: little-endian integers, byte strings with a 32-bit count.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func integer<Integer: FixedWidthInteger>(_ value: Integer) {
    var rest = value.littleEndian
    for _ in 0..<(Integer.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest = Integer.bitWidth > 8 ? rest >> 8 : 0
    }
  }

  mutating func string(_ value: [UInt8]) {
    integer(UInt32(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func string(_ value: String) { string(Array(value.utf8)) }

  mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }
}

/// Takes fields from a message that is not trusted.
struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) throws(FrameError) -> Integer {
    let size = Integer.bitWidth / 8
    guard bytes.endIndex - position >= size else { throw .truncated }
    var value: Integer = 0
    for index in (0..<size).reversed() {
      value = Integer.bitWidth > 8 ? value << 8 : 0
      value |= Integer(truncatingIfNeeded: bytes[position + index])
    }
    position += size
    return value
  }

  mutating func string(limit: Int, _ field: String) throws(FrameError) -> [UInt8] {
    let count = Int(try integer(UInt32.self))
    guard count <= limit else { throw .invalidField(field) }
    guard bytes.endIndex - position >= count else { throw .truncated }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  mutating func text(limit: Int, _ field: String) throws(FrameError) -> String {
    guard let text = String(validating: try string(limit: limit, field), as: UTF8.self) else {
      throw .invalidField(field)
    }
    return text
  }

  mutating func flag(_ field: String) throws(FrameError) -> Bool {
    switch try integer(UInt8.self) {
    case 0: return false
    case 1: return true
    case _: throw .invalidField(field)
    }
  }

  func finish() throws(FrameError) {
    if position != bytes.endIndex { throw .trailingBytes }
  }
}
