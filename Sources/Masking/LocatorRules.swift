/// What of a URL may be shown under a name that says nothing about it: scheme, host, port, and a path
/// and query of short plain words. The user, and all else, is masked.
enum LocatorRules {
  /// - Returns: false if the value does not read as one URL or a list of them; then nothing is shown.
  static func scan(_ bytes: Span<UInt8>, into list: inout FindingList) -> Bool {
    var index = 0
    while index < bytes.count {
      guard let end = scanOne(bytes, index, into: &list) else { return false }
      index = end
      if index < bytes.count {
        guard bytes[index] == 0x2C || bytes[index] == 0x20 else { return false }
        index += 1
      }
    }
    return true
  }

  private static func scanOne(_ bytes: Span<UInt8>, _ start: Int, into list: inout FindingList) -> Int? {
    var index = start
    while index < bytes.count, ByteClass.isAlphanumeric(bytes[index]) || bytes[index] == 0x2B || bytes[index] == 0x3A,
      !(bytes[index] == 0x3A && index + 1 < bytes.count && bytes[index + 1] == 0x2F)
    {
      index += 1
    }
    guard index > start, index - start <= 32, index + 2 < bytes.count, bytes[index + 1] == 0x2F,
      bytes[index + 2] == 0x2F
    else { return nil }
    index += 3
    var end = index
    while end < bytes.count, bytes[end] != 0x20 { end += 1 }
    var authorityEnd = index
    while authorityEnd < end, bytes[authorityEnd] != 0x2F, bytes[authorityEnd] != 0x3F, bytes[authorityEnd] != 0x23 {
      authorityEnd += 1
    }
    var at: Int?
    for position in index..<end where bytes[position] == 0x40 { at = position }
    if let at {
      list.add(index, at, .urlUser, "locator-user")
      index = at + 1
      authorityEnd = max(authorityEnd, index)
      while authorityEnd < end, bytes[authorityEnd] != 0x2F, bytes[authorityEnd] != 0x3F, bytes[authorityEnd] != 0x23 {
        authorityEnd += 1
      }
    }
    for position in index..<authorityEnd {
      let byte = bytes[position]
      guard
        ByteClass.isAlphanumeric(byte) || byte == 0x2D || byte == 0x2E || byte == 0x3A || byte == 0x5F || byte == 0x5B
          || byte == 0x5D || byte == 0x2C
      else { return nil }
    }
    if hasRandomPart(bytes, index, authorityEnd) { list.add(index, authorityEnd, .urlPath, "locator-host") }
    var pathEnd = authorityEnd
    while pathEnd < end, bytes[pathEnd] != 0x3F, bytes[pathEnd] != 0x23 { pathEnd += 1 }
    if !isPlain(bytes, authorityEnd, pathEnd) { list.add(authorityEnd + 1, pathEnd, .urlPath, "locator-path") }
    if pathEnd + 1 < end { scanQuery(bytes, pathEnd + 1, end, into: &list) }
    return end
  }

  private static func scanQuery(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, into list: inout FindingList) {
    var index = start
    while index < end {
      let equals = ByteText.firstIndex(of: 0x3D, bytes, index, end)
      let next = min(ByteText.firstIndex(of: 0x26, bytes, index, end), end)
      if equals < next {
        let shape = TypedValue(bytes.extracting(equals + 1..<next))
        let isHarmless =
          shape == .boolean || shape == .keyword || shape == .empty || shape == .number && next - equals <= 6
        if !isHarmless { list.add(equals + 1, next, .urlQuery, "locator-query") }
      } else {
        list.add(index, next, .urlQuery, "locator-query")
      }
      index = next + 1
    }
  }

  /// Short parts that read as words or small numbers.
  private static func isPlain(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    end - start <= 64 && !hasRandomPart(bytes, start, end)
  }

  private static func hasRandomPart(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var partStart = start
    for index in start...end where index == end || !ByteClass.isAlphanumeric(bytes[index]) {
      let shape = ValueShape(bytes, partStart, index)
      if shape.length > 24 || shape.digits > 5 && shape.letters > 0
        || shape.digits > 2 && shape.letters > 2 && shape.steps > 2
      {
        return true
      }
      if shape.length >= 8, shape.letters > 4 {
        let (bits, pairs) = LetterPairs.cost(bytes, partStart, index)
        if pairs > 3, bits * 10 > pairs * 54 { return true }
      }
      if index < end, bytes[index] == 0x25 { return true }
      partStart = index + 1
    }
    return false
  }
}
