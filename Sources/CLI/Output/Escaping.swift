internal import FoundationEssentials

/// Makes text that came from a target harmless and readable on a terminal.
///
/// Everything that could move the cursor, change colours, reorder or hide text becomes a visible escape: C0 controls,
/// DEL and C1 (`\n`, `\x1b`, `\u{9b}`), bidirectional controls (`\u{202e}`), zero-width and other invisible characters
/// (`\u{200b}`, `\u{feff}`), spaces that are not U+0020, line and paragraph separators, private use, unassigned, and
/// bytes that are not UTF-8 (`\xff`). A backslash stays as it is, so the result is for reading; `-o json` is exact.
enum Escaping {
  /// Most combining marks kept on one character; more would paint over the neighbouring lines.
  static let maximumCombiningMarks = 4

  /// `base64` is the original where the bytes were not valid UTF-8; invalid bytes are then shown as `\xNN`.
  static func visible(_ text: String, base64: String? = nil) -> String {
    escape(text, base64: base64, expandTabs: false)
  }

  /// The same for one line of a log: a tab becomes the spaces that a terminal would show for it.
  static func line(_ text: String, base64: String? = nil) -> String {
    escape(text, base64: base64, expandTabs: true)
  }

  /// The same JSON document with every dangerous character written as `\uXXXX`. Such characters can stand only inside
  /// strings of valid JSON, so the meaning does not change. Line feeds are kept: between values they are layout.
  static func json(_ document: String) -> String {
    guard document.unicodeScalars.contains(where: { isDangerous($0) && $0 != "\n" }) else { return document }
    var result = ""
    for scalar in document.unicodeScalars {
      guard isDangerous(scalar), scalar != "\n", scalar != "\t", scalar != "\r" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      for unit in String(scalar).utf16 { result += "\\u" + hexadecimal(UInt32(unit), width: 4) }
    }
    return result
  }

  private static func escape(_ text: String, base64: String?, expandTabs: Bool) -> String {
    var state = Builder(expandTabs: expandTabs)
    if let base64, let original = Data(base64Encoded: base64) {
      appendBytes(Array(original), to: &state)
    } else {
      for scalar in text.unicodeScalars { state.append(scalar) }
    }
    return state.result
  }

  private static func appendBytes(_ bytes: [UInt8], to state: inout Builder) {
    var index = 0
    while index < bytes.count {
      let length = sequenceLength(bytes[index])
      if index + length <= bytes.count,
        let valid = String(validating: bytes[index..<index + length], as: UTF8.self),
        let scalar = valid.unicodeScalars.first
      {
        state.append(scalar)
        index += length
      } else {
        state.appendEscape("\\x" + hexadecimal(UInt32(bytes[index]), width: 2))
        index += 1
      }
    }
  }

  private static func sequenceLength(_ lead: UInt8) -> Int {
    switch lead {
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    case _: 1
    }
  }

  /// Whether the character must never reach a terminal as it is.
  static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    let properties = scalar.properties
    if properties.isDefaultIgnorableCodePoint || scalar.value == 0x2800 { return true }
    switch properties.generalCategory {
    case .control, .format, .privateUse, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      return true
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation,
      .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
      .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
      return false
    @unknown default: return true
    }
  }

  static func hexadecimal(_ value: UInt32, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Keeps what the next character depends on: the column, for tabs, and the marks on the current character.
  private struct Builder {
    let expandTabs: Bool
    var result = ""
    private var column = 0
    /// Marks may follow only a character of the same text, and only so many.
    private var marksLeft = 0

    init(expandTabs: Bool) { self.expandTabs = expandTabs }

    mutating func append(_ scalar: Unicode.Scalar) {
      if scalar == "\t", expandTabs {
        let width = 8 - column % 8
        result += String(repeating: " ", count: width)
        column += width
        marksLeft = 0
      } else if Escaping.isDangerous(scalar) {
        appendEscape(Self.name(scalar))
      } else if DisplayWidth.isMark(scalar) {
        guard marksLeft > 0 else { return appendEscape(Self.name(scalar)) }
        marksLeft -= 1
        result.unicodeScalars.append(scalar)
      } else {
        result.unicodeScalars.append(scalar)
        column += DisplayWidth.of(scalar)
        marksLeft = Escaping.maximumCombiningMarks
      }
    }

    mutating func appendEscape(_ escape: String) {
      result += escape
      column += escape.utf8.count
      marksLeft = 0
    }

    private static func name(_ scalar: Unicode.Scalar) -> String {
      switch scalar {
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case _ where scalar.isASCII: "\\x" + Escaping.hexadecimal(scalar.value, width: 2)
      case _: "\\u{" + Escaping.hexadecimal(scalar.value, width: 1) + "}"
      }
    }
  }
}
