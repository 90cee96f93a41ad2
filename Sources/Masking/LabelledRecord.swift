/// One line of a labelled corpus: `{"kind":"env|log|argv","text":"…","secrets":[[start,end],…]}`.
package struct LabelledRecord: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// `NAME=VALUE`, measured in strict mode.
    case env
    /// Lines of a log, measured in balanced mode.
    case log
    /// A command line, its arguments divided by NULs or as a shell would, measured in balanced mode.
    case argv
  }

  package var kind: Kind
  package var text: [UInt8]
  /// Offsets in UTF-8 bytes, in the order of the file.
  package var secrets: [Range<Int>]

  package init(kind: Kind, text: [UInt8], secrets: [Range<Int>]) {
    self.kind = kind
    self.text = text
    self.secrets = secrets
  }

  /// Nil if the line is not such a record. Keys beside the three (a source, a note) are skipped.
  package init?(json line: [UInt8]) {
    var reader = Reader(bytes: line)
    var kind: Kind?
    var text: [UInt8]?
    var secrets: [Range<Int>] = []
    guard reader.take(0x7B) else { return nil }
    if !reader.take(0x7D) {
      repeat {
        guard let key = reader.string(), reader.take(0x3A) else { return nil }
        switch String(decoding: key, as: UTF8.self) {
        case "kind":
          guard let value = reader.string() else { return nil }
          kind = Kind(rawValue: String(decoding: value, as: UTF8.self))
        case "text":
          guard let value = reader.string() else { return nil }
          text = value
        case "secrets":
          guard let ranges = reader.ranges() else { return nil }
          secrets = ranges
        default:
          guard reader.skipScalar() else { return nil }
        }
      } while reader.take(0x2C)
      guard reader.take(0x7D) else { return nil }
    }
    guard reader.isAtEnd, let kind, let text else { return nil }
    guard secrets.allSatisfy({ $0.upperBound <= text.count }) else { return nil }
    self.init(kind: kind, text: text, secrets: secrets)
  }
}

/// As much of JSON as a record needs.
private struct Reader {
  let bytes: [UInt8]
  var index = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return index == bytes.count
    }
  }

  private mutating func skipBlanks() {
    while index < bytes.count, ByteClass.isSpace(bytes[index]) { index += 1 }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    skipBlanks()
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  mutating func string() -> [UInt8]? {
    guard take(0x22) else { return nil }
    let start = index
    while index < bytes.count, bytes[index] != 0x22 { index += bytes[index] == 0x5C ? 2 : 1 }
    guard index < bytes.count else { return nil }
    let raw = Array(bytes[start..<index])
    index += 1
    return EscapeDecoding(json: raw.span)?.bytes ?? raw
  }

  private mutating func number() -> Int? {
    skipBlanks()
    let start = index
    while index < bytes.count, ByteClass.isDigit(bytes[index]), index - start < 12 { index += 1 }
    return index > start ? Int(String(decoding: bytes[start..<index], as: UTF8.self)) : nil
  }

  mutating func ranges() -> [Range<Int>]? {
    guard take(0x5B) else { return nil }
    var result: [Range<Int>] = []
    if take(0x5D) { return result }
    repeat {
      guard take(0x5B), let start = number(), take(0x2C), let end = number(), take(0x5D), start <= end else {
        return nil
      }
      result.append(start..<end)
    } while take(0x2C)
    return take(0x5D) ? result : nil
  }

  mutating func skipScalar() -> Bool {
    skipBlanks()
    if index < bytes.count, bytes[index] == 0x22 { return string() != nil }
    let start = index
    while index < bytes.count, ByteClass.isAlphanumeric(bytes[index]) || bytes[index] == 0x2D || bytes[index] == 0x2E {
      index += 1
    }
    return index > start
  }
}
