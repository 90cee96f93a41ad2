/// How many columns of a terminal a text takes: East Asian wide characters and emoji take two, marks none.
enum DisplayWidth {
  static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + of($1) }
  }

  static func of(_ scalar: Unicode.Scalar) -> Int {
    if scalar.isASCII { return 1 }
    if isMark(scalar) { return 0 }
    if scalar.properties.isEmojiPresentation { return 2 }
    return wide.contains { $0.contains(scalar.value) } ? 2 : 1
  }

  /// Whether the character is drawn onto the one before it.
  static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    guard !scalar.isASCII else { return false }
    let category = scalar.properties.generalCategory
    return category == .nonspacingMark || category == .enclosingMark
  }

  /// The longest beginning of `text` that fits `columns`, with `…` in the last column where something was cut.
  static func cut(_ text: String, to columns: Int) -> String {
    guard columns > 0, of(text) > columns else { return text }
    var result = String.UnicodeScalarView()
    var width = 0
    for scalar in text.unicodeScalars {
      let next = width + of(scalar)
      guard next < columns else { break }
      result.append(scalar)
      width = next
    }
    return String(result) + "…"
  }

  /// UAX #11, the blocks whose characters are wide as a whole.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
    0x1F200...0x1F2FF, 0x20000...0x3FFFD,
  ]
}
