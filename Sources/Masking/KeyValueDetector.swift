/// Finds `name=value`, `name: value` and user information in URLs.
enum KeyValueDetector {
  static func scan(_ bytes: [UInt8], into list: inout FindingList) {
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: ":"), index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "/"),
        bytes[index + 2] == UInt8(ascii: "/")
      {
        index = scanAuthority(bytes, from: index + 3, into: &list)
      } else if byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") {
        index = scanValue(bytes, separator: index, into: &list)
      } else {
        index += 1
      }
    }
  }

  private static func scanAuthority(_ bytes: [UInt8], from start: Int, into list: inout FindingList) -> Int {
    var index = start
    var at: Int?
    while index < bytes.count, !ByteClass.isSpace(bytes[index]), !ByteClass.isQuote(bytes[index]),
      bytes[index] != UInt8(ascii: "/")
    {
      if bytes[index] == UInt8(ascii: "@") { at = index }
      index += 1
    }
    if let at { list.add(start, at, .urlPassword, "url-userinfo") }
    return index
  }

  private static func scanValue(_ bytes: [UInt8], separator: Int, into list: inout FindingList) -> Int {
    var nameEnd = separator
    while nameEnd > 0, bytes[nameEnd - 1] == 0x20 || ByteClass.isQuote(bytes[nameEnd - 1]) { nameEnd -= 1 }
    var nameStart = nameEnd
    let reach = max(0, nameEnd - MaskingLimits.identifierReach)
    while nameStart > reach, ByteClass.isWord(bytes[nameStart - 1]) || bytes[nameStart - 1] == 0x2D { nameStart -= 1 }
    guard nameStart < nameEnd, NameClassifier.verdict(Array(bytes[nameStart..<nameEnd])) != .plain else {
      return separator + 1
    }
    var start = separator + 1
    while start < bytes.count, bytes[start] == 0x20 || bytes[start] == UInt8(ascii: "=") { start += 1 }
    guard start < bytes.count else { return start }
    let quote = ByteClass.isQuote(bytes[start]) ? bytes[start] : nil
    if quote != nil { start += 1 }
    var end = start
    while end < bytes.count {
      if let quote { if bytes[end] == quote { break } } else if ByteClass.isSpace(bytes[end]) { break }
      end += 1
    }
    list.add(start, end, .name, "name-value")
    return end
  }
}
