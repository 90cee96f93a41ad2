/// Names and values that formats put on lines of their own: `- name: DB_PASSWORD` and `value: …` of a
/// manifest, `<key>…</key>` and `<string>…</string>` of a property list.
enum PendingName {
  /// What the line's name says, if the line is nothing but a name whose value stands on the next.
  static func verdict(_ bytes: Span<UInt8>) -> NameVerdict {
    guard bytes.count <= 512 else { return .plain }
    var start = skip(bytes, 0)
    if start < bytes.count, bytes[start] == 0x2D || bytes[start] == 0x7B { start = skip(bytes, start + 1) }
    for opening in openings where ByteText.matches(bytes, start, opening) {
      var nameStart = start + opening.utf8CodeUnitCount
      while nameStart < bytes.count, bytes[nameStart] == 0x20 || ByteClass.isQuote(bytes[nameStart]) { nameStart += 1 }
      var nameEnd = nameStart
      while nameEnd < bytes.count, ByteClass.isWord(bytes[nameEnd]) || bytes[nameEnd] == 0x2D || bytes[nameEnd] == 0x2E
      { nameEnd += 1 }
      guard nameEnd > nameStart, isRest(bytes, nameEnd) else { return .plain }
      let verdict = NameClassifier.verdict(bytes, nameStart, nameEnd)
      return verdict >= .token ? verdict : .plain
    }
    return .plain
  }

  /// The value on this line, given that the last one was only its name.
  static func value(_ bytes: Span<UInt8>) -> (start: Int, end: Int)? {
    let start = skip(bytes, 0)
    for opening in values where ByteText.matches(bytes, start, opening) {
      var first = start + opening.utf8CodeUnitCount
      while first < bytes.count, bytes[first] == 0x20 { first += 1 }
      var last = bytes.count
      if opening.utf8CodeUnitCount > 0, bytes[start] == 0x3C {
        last = ByteText.firstIndex(of: 0x3C, bytes, first, bytes.count)
      } else {
        while last > first, ByteClass.isSpace(bytes[last - 1]) || bytes[last - 1] == 0x2C || bytes[last - 1] == 0x7D {
          last -= 1
        }
        if first < last, ByteClass.isQuote(bytes[first]) {
          let quote = bytes[first]
          first += 1
          if last > first, bytes[last - 1] == quote { last -= 1 }
        }
      }
      guard first < last else { return nil }
      let shape = ValueShape(bytes, first, last)
      return Plausibility.isTrivial(bytes, first, last, shape) || Plausibility.isPlaceholder(bytes, first, last, shape)
        ? nil : (first, last)
    }
    return nil
  }

  private static let openings: [StaticString] = [
    "name:", "\"name\":", "key:", "\"key\":", "<key>", "<name>", "<param-name>",
  ]
  private static let values: [StaticString] = ["value:", "\"value\":", "<string>", "<value>", "<param-value>"]

  private static func skip(_ bytes: Span<UInt8>, _ from: Int) -> Int {
    var index = from
    while index < bytes.count, ByteClass.isSpace(bytes[index]) { index += 1 }
    return index
  }

  /// Only punctuation or a closing tag is left.
  private static func isRest(_ bytes: Span<UInt8>, _ from: Int) -> Bool {
    var index = from
    while index < bytes.count,
      ByteClass.isQuote(bytes[index]) || bytes[index] == 0x2C || ByteClass.isSpace(bytes[index])
    { index += 1 }
    return index == bytes.count || bytes[index] == 0x3C && index + 1 < bytes.count && bytes[index + 1] == 0x2F
  }
}
