/// From the separator to the extent of the value.
extension KeyValueDetector {
  typealias Range = (start: Int, end: Int)

  /// After `=`: skips `==`, `=>`, `=~` and blanks.
  static func assigned(_ bytes: Span<UInt8>, _ at: Int, afterName: Int, state: inout ScanState) -> (
    range: Range, place: Candidate.Place
  )? {
    var value = at + 1
    while value < bytes.count, value - at < 3, bytes[value] == 0x3D || bytes[value] == 0x3E || bytes[value] == 0x7E {
      value += 1
    }
    let isTight = at == afterName && value == at + 1
    let first = skipBlanks(bytes, value)
    guard first < bytes.count else { return nil }
    if let range = literal(bytes, first, state: &state) { return (range, .quoted) }
    if first > value, isTight { return nil }  // `name= other`
    let end = bareEnd(bytes, first, state: &state)
    // `a = b = c`
    let after = skipBlanks(bytes, end)
    if after > end, after < bytes.count, bytes[after] == 0x3D { return nil }
    return ((first, end), isTight && first == value ? .tight : .spaced)
  }

  /// After `:`: a value, or a type with `= value` behind it.
  static func colon(_ bytes: Span<UInt8>, _ at: Int, isQuotedName: Bool, state: inout ScanState) -> (
    range: Range, place: Candidate.Place
  )? {
    let first = skipBlanks(bytes, at + 1)
    guard first < bytes.count else { return nil }
    if let range = literal(bytes, first, state: &state) { return (range, .quoted) }
    // `name: Type = "value"`
    var index = first
    let limit = min(bytes.count, first + 64)
    while index < limit, ByteClass.isWord(bytes[index]) || isTypeMark(bytes[index]) { index += 1 }
    let equals = skipBlanks(bytes, index)
    if index > first, equals < bytes.count, bytes[equals] == 0x3D,
      equals > index || equals + 1 < bytes.count && bytes[equals + 1] == 0x20
    {
      if let range = literal(bytes, skipBlanks(bytes, equals + 1), state: &state) { return (range, .quoted) }
      return nil
    }
    let end = bareEnd(bytes, first, state: &state)
    // A sentence after a colon is a message, unless its first word alone could be the value.
    if !isQuotedName, first > at + 1, isSentence(bytes, end) { return ((first, end), .prose) }
    return ((first, end), .colon)
  }

  @inline(__always) private static func isTypeMark(_ byte: UInt8) -> Bool {
    byte == 0x26 || byte == 0x3F || byte == 0x21 || byte == 0x3C || byte == 0x3E || byte == 0x5B || byte == 0x5D
      || byte == 0x2E || byte == 0x7C || byte == 0x2A || byte == 0x27
  }

  /// Whether two words or more follow the value at `end`.
  static func isSentence(_ bytes: Span<UInt8>, _ end: Int) -> Bool {
    var index = skipBlanks(bytes, end)
    guard index > end else { return false }
    let start = index
    while index < bytes.count, ByteClass.isLetter(bytes[index]) { index += 1 }
    return index - start >= 2
      && (index == bytes.count || bytes[index] == 0x20 || bytes[index] == 0x2E || bytes[index] == 0x2C)
  }

  /// A literal in quotes at `at`, behind string prefixes, brackets and wrapping calls.
  static func literal(_ bytes: Span<UInt8>, _ at: Int, state: inout ScanState) -> Range? {
    var index = at
    let limit = min(bytes.count, at + 40)
    // `new String(`, `Some(`, `b`, `@`, `[`, `String::from(`
    while index < limit {
      let byte = bytes[index]
      if ByteClass.isQuote(byte) || byte == 0x5C { break }
      if byte == 0x28 || byte == 0x5B || byte == 0x5D || byte == 0x40 || byte == 0x7B || byte == 0x24
        || ByteClass.isWord(byte) || byte == 0x2E || byte == 0x3A
      {
        index += 1
      } else if byte == 0x20, ByteText.matches(bytes, at, "new ") {
        index += 1
      } else {
        return nil
      }
    }
    guard index < bytes.count else { return nil }
    guard let open = openingQuote(bytes, index) else { return nil }
    if index > at + 1, !isWrapper(bytes, at, index) { return nil }
    let quote = bytes[open.at]
    var start = open.at + 1
    // Three quotes open a literal as one does.
    if start + 1 < bytes.count, bytes[start] == quote, bytes[start + 1] == quote, open.escapes == 0 { start += 2 }
    var end = state.nextQuote(quote, bytes, from: start)
    while end < bytes.count, open.escapes == 0, isEscaped(bytes, end, notBefore: start) {
      end = state.nextQuote(quote, bytes, from: end + 1)
    }
    if end == bytes.count {
      // No closing quote: the value is what follows, up to a blank.
      return (start, state.endOfToken(bytes, from: start))
    }
    if open.escapes > 0 {
      while end > start, bytes[end - 1] == 0x5C { end -= 1 }
    }
    return (start, end)
  }

  private static func openingQuote(_ bytes: Span<UInt8>, _ at: Int) -> (at: Int, escapes: Int)? {
    var index = at
    while index < bytes.count, bytes[index] == 0x5C, index - at < 8 { index += 1 }
    guard index < bytes.count, ByteClass.isQuote(bytes[index]) else { return nil }
    return (index, index - at)
  }

  private static func isEscaped(_ bytes: Span<UInt8>, _ at: Int, notBefore: Int) -> Bool {
    var index = at
    while index > notBefore, bytes[index - 1] == 0x5C, at - index < 16 { index -= 1 }
    return (at - index) % 2 == 1
  }

  /// What stands before the quote makes a value of the literal, and does not look one up.
  private static func isWrapper(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    if end - start <= 2 { return true }
    let last = bytes[end - 1]
    guard last == 0x28 || last == 0x5B || last == 0x7B || last == 0x20 else { return false }
    // `config["x"]` looks up, `[]byte("x")` converts.
    return last != 0x5B && !ValueWords.find(bytes, start, end).contains(.lookup)
  }

  /// `value="x"` or the like, after the attribute that holds the name.
  static func attribute(_ bytes: Span<UInt8>, _ at: Int, state: inout ScanState) -> Range? {
    var index = at
    let limit = min(bytes.count, at + 64)
    while index < limit, bytes[index] != 0x3D, bytes[index] != 0x3E { index += 1 }
    guard index < limit else { return nil }
    if bytes[index] == 0x3E { return nil }
    guard ValueWords.find(bytes, at, index).contains(.attribute) else { return nil }
    return literal(bytes, skipBlanks(bytes, index + 1), state: &state)
  }

  /// After the tag that closes a name: the content of the next element.
  static func propertyList(_ bytes: Span<UInt8>, _ at: Int, state: inout ScanState) -> Range? {
    let limit = min(bytes.count, at + 64)
    var index = ByteText.firstIndex(of: 0x3E, bytes, at, limit) + 1
    while index < limit, ByteClass.isSpace(bytes[index]) { index += 1 }
    guard index < limit, bytes[index] == 0x3C else { return nil }
    for tag: StaticString in ["<string>", "<value>", "<data>", "<param-value>"]
    where ByteText.matches(bytes, index, tag) {
      let start = index + tag.utf8CodeUnitCount
      return (start, state.nextTag(bytes, from: start))
    }
    return nil
  }

  /// After the `>` of a tag that is, or names, the secret.
  static func markup(_ bytes: Span<UInt8>, _ start: Int, _ at: Int, isQuotedName: Bool, state: inout ScanState)
    -> Range?
  {
    if !isQuotedName {
      var open = start
      while open > 0, start - open < 32, bytes[open - 1] == 0x3A || ByteClass.isWord(bytes[open - 1]) { open -= 1 }
      guard open > 0, bytes[open - 1] == 0x3C else { return nil }
    }
    let end = state.nextTag(bytes, from: at + 1)
    guard end + 1 < bytes.count, bytes[end + 1] == 0x2F || bytes[end + 1] == 0x21 else { return nil }
    var first = at + 1
    var last = end
    while first < last, ByteClass.isSpace(bytes[first]) { first += 1 }
    while last > first, ByteClass.isSpace(bytes[last - 1]) { last -= 1 }
    return first < last ? (first, last) : nil
  }

  /// End of an unquoted value: at a blank, or where the notation around it goes on.
  static func bareEnd(_ bytes: Span<UInt8>, _ from: Int, state: inout ScanState) -> Int {
    var end: Int
    if from > state.valueMemo.from, from < state.valueMemo.end {
      end = state.valueMemo.end
    } else {
      end = nextPair(bytes, from, state.endOfToken(bytes, from: from), isCode: state.lineIsCode(bytes))
      state.valueMemo = (from, end)
    }
    while end > from + 1, isClosing(bytes[end - 1], bytes, from, end) { end -= 1 }
    return end
  }

  /// The first separator that another pair, or the end of a literal, follows.
  private static func nextPair(_ bytes: Span<UInt8>, _ from: Int, _ stop: Int, isCode: Bool) -> Int {
    let limit = min(stop, from + ValueShape.reach)
    var index = from
    var depth = 0
    while index < limit {
      switch bytes[index] {
      case 0x28: depth += 1
      case 0x29:
        if isCode, depth == 0 { return index }
        depth -= 1
      case 0x22, 0x60: return index  // a quote opened before the name closes here
      case 0x26, 0x3B, 0x2C, 0x7C: if isPairAhead(bytes, index + 1, stop) { return index }  // & ; , |
      case 0x5C: if index + 1 < stop, ByteClass.isQuote(bytes[index + 1]) || bytes[index + 1] == 0x6E { return index }
      case 0x3C: if index > from { return index }
      default: break
      }
      index += 1
    }
    return stop
  }

  private static func isClosing(_ byte: UInt8, _ bytes: Span<UInt8>, _ from: Int, _ end: Int) -> Bool {
    switch byte {
    case 0x2C, 0x3B, 0x22, 0x27, 0x60: true
    case 0x29: !hasByte(0x28, bytes, from, end)
    case 0x5D: !hasByte(0x5B, bytes, from, end)
    case 0x7D: !hasByte(0x7B, bytes, from, end)
    default: false
    }
  }

  private static func hasByte(_ byte: UInt8, _ bytes: Span<UInt8>, _ from: Int, _ end: Int) -> Bool {
    let stop = min(end, from + ValueShape.reach)
    return ByteText.firstIndex(of: byte, bytes, from, stop) < stop
  }

  /// Whether `word=` or `word:` stands at `at`.
  private static func isPairAhead(_ bytes: Span<UInt8>, _ at: Int, _ stop: Int) -> Bool {
    var index = at
    let limit = min(stop, at + 32)
    while index < limit,
      ByteClass.isWord(bytes[index]) || bytes[index] == 0x2D || bytes[index] == 0x2E || bytes[index] == 0x22
        || bytes[index] == 0x20
    { index += 1 }
    return index > at && index < limit && (bytes[index] == 0x3D || bytes[index] == 0x3A)
  }

  /// Whether the name ending at `at` is what a shell or a framework expands: `${name:…`.
  static func isExpansion(_ bytes: Span<UInt8>, _ start: Int, _ at: Int) -> Bool {
    var open = start
    while open > 0, start - open < 64, ByteClass.isWord(bytes[open - 1]) || bytes[open - 1] == 0x2E { open -= 1 }
    return open > 1 && bytes[open - 1] == 0x7B && bytes[open - 2] == 0x24
  }

  /// `${name:-value}`, `${name:=value}`, `${name:value}`; nil for `${name:?message}` and `${name:+other}`.
  static func expansionDefault(_ bytes: Span<UInt8>, _ at: Int) -> Range? {
    var first = at + 1
    guard first < bytes.count, bytes[first] != 0x3F, bytes[first] != 0x2B else { return nil }
    if bytes[first] == 0x2D || bytes[first] == 0x3D { first += 1 }
    let limit = min(bytes.count, first + ValueShape.reach)
    let last = ByteText.firstIndex(of: 0x7D, bytes, first, limit)
    return last < limit && last > first ? (first, last) : nil
  }

  /// The second of two literals with `/`, `:` or `and` between: a user and a password.
  static func secondOfPair(_ bytes: Span<UInt8>, after end: Int, state: inout ScanState) -> Range? {
    var index = skipBlanks(bytes, end + 1)
    guard index < bytes.count else { return nil }
    if bytes[index] == 0x2F || bytes[index] == 0x3A {
      index += 1
    } else if ByteText.matches(bytes, index, "and ") || ByteText.matches(bytes, index, "with ") {
      index = ByteText.firstIndex(of: 0x20, bytes, index, bytes.count)
    } else {
      return nil
    }
    index = skipBlanks(bytes, index)
    guard index < bytes.count, ByteClass.isQuote(bytes[index]) else { return nil }
    return literal(bytes, index, state: &state)
  }

  /// `password by default = "x"`, in any language: a separator and a literal behind up to three words.
  private static func afterWords(_ bytes: Span<UInt8>, _ at: Int, state: inout ScanState) -> Range? {
    var index = at
    for _ in 0..<3 {
      let start = index
      while index < bytes.count, index - start < 24, ByteClass.isLetter(bytes[index]) || bytes[index] >= 0x80 {
        index += 1
      }
      guard index > start, index < bytes.count else { return nil }
      index = skipBlanks(bytes, index)
      guard index < bytes.count else { return nil }
      if bytes[index] == 0x3D || bytes[index] == 0x3A {
        let first = skipBlanks(bytes, index + 1)
        guard first < bytes.count, ByteClass.isQuote(bytes[first]) else { return nil }
        return literal(bytes, first, state: &state)
      }
    }
    return nil
  }

  /// `password is x`, `password for bob: x`, `password set to x`, `password x`.
  static func prose(_ bytes: Span<UInt8>, _ at: Int, isPassword: Bool, state: inout ScanState) -> (
    range: Range, place: Candidate.Place, isPair: Bool
  )? {
    var index = at
    var words = 0
    while words < 6, index < bytes.count {
      let wordStart = index
      while index < bytes.count, index - wordStart < 40, !ByteClass.isSpace(bytes[index]), bytes[index] != 0x3A,
        bytes[index] != 0x3D
      {
        index += 1
      }
      guard index > wordStart else { return nil }
      let isEnd = index == bytes.count
      if !isEnd, bytes[index] == 0x3A || bytes[index] == 0x3D {
        // `… for bob: x`
        guard words > 0, index + 1 < bytes.count, bytes[index + 1] == 0x20 else { return nil }
        let first = skipBlanks(bytes, index + 1)
        guard first < bytes.count else { return nil }
        if let range = literal(bytes, first, state: &state) {
          if let second = secondOfPair(bytes, after: range.end, state: &state) { return (second, .quoted, true) }
          return (range, .prose, false)
        }
        return ((first, bareEnd(bytes, first, state: &state)), .prose, false)
      }
      let isLink = linkingWords.contains(bytes, wordStart, index)
      // A single digit is the kind of hash in router configurations.
      let isKind = index - wordStart == 1 && ByteClass.isDigit(bytes[wordStart])
      let next = skipBlanks(bytes, index)
      if words == 0, !isLink, !isKind {
        // `username x password y`, `machine h login u password p`: configuration, not prose.
        if configurationWords.contains(bytes, 0, firstWordEnd(bytes)) {
          return ((wordStart, bareEnd(bytes, wordStart, state: &state)), .flag, false)
        }
        if isPassword, let range = afterWords(bytes, wordStart, state: &state) { return (range, .quoted, false) }
        return ((wordStart, bareEnd(bytes, wordStart, state: &state)), .prose, false)
      }
      if isLink || isKind {
        guard next < bytes.count else { return nil }
        if ByteClass.isQuote(bytes[next]) {
          guard let range = literal(bytes, next, state: &state) else { return nil }
          if let second = secondOfPair(bytes, after: range.end, state: &state) { return (second, .quoted, true) }
          return (range, .prose, false)
        }
        if isKind || valueWords.contains(bytes, wordStart, index) {
          let end = bareEnd(bytes, next, state: &state)
          if !linkingWords.contains(bytes, next, end) { return ((next, end), .prose, false) }
        }
      }
      index = next
      words += 1
    }
    return nil
  }

  private static func firstWordEnd(_ bytes: Span<UInt8>) -> Int {
    var index = 0
    while index < bytes.count, index < 16, ByteClass.isLetter(bytes[index]) { index += 1 }
    return index
  }

  private static let configurationWords = WordSet("username machine neighbor login user")
  private static let linkingWords = WordSet(
    "is was are be es est ist set to for of the a new now will has been changed reset updated generated using with user account from by as value string admin root"
  )
  private static let valueWords = WordSet("is was are to be using with by as es est ist")
}
