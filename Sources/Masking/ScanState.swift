/// What one scan carries: its settings, its findings, and memos that keep it linear.
struct ScanState {
  var findings = FindingList()
  let mode: LogMode
  /// Levels of decoding around the bytes in hand.
  let depth: Int
  /// The bytes come from an environment or an argument list rather than a log.
  let isStructured: Bool
  /// Position up to which names have been dealt with.
  var namesDone = 0
  /// Position up to which URLs have been dealt with.
  var urlsDone = 0
  /// Position up to which armoured blocks have been dealt with.
  var armorDone = 0
  /// Position up to which commands have been dealt with.
  var commandsDone = 0
  /// Position up to which password hashes have been dealt with.
  var hashesDone = 0
  /// Position up to which tokens of `formatIdentity` have been dealt with.
  var formatDone = 0
  var formatIdentity = -1
  /// Position up to which calls and statements have been dealt with.
  var callsDone = 0
  /// Position up to which addresses have been dealt with.
  var addressesDone = 0
  /// A block that begins here and does not end here.
  /// Provisional: only key material on the next line makes it one.
  var openBlock: (kind: SecretKind, isProvisional: Bool)?
  private static let userWords: [StaticString] = ["user", "login", "email", "host"]
  private var code: Bool?
  private var userMentioned: Bool?
  private var literalDone = 0
  private var literalQuote: UInt8?
  private var crowd = (end: -1, count: 0)
  private var tokenStart = 0
  private var tokenStop = -1
  /// For each quote and for `<`: asked from where, and found where. Nothing stands between.
  private var memos: InlineArray<4, (from: Int, found: Int)> = InlineArray(repeating: (0, -1))

  init(mode: LogMode, depth: Int = 0, isStructured: Bool = false) {
    self.mode = mode
    self.depth = depth
    self.isStructured = isStructured
  }

  /// Whether the line reads as program text; found out once.
  mutating func lineIsCode(_ bytes: Span<UInt8>) -> Bool {
    if let code { return code }
    let answer = !isStructured && CodeShape.isCode(bytes)
    code = answer
    return answer
  }

  /// Whether the line (its first 4096 bytes) speaks of a user or a login; found out once.
  mutating func mentionsUser(_ bytes: Span<UInt8>) -> Bool {
    if let userMentioned { return userMentioned }
    let answer = ByteText.containsOne(of: Self.userWords, bytes, 0, min(bytes.count, 4096))
    userMentioned = answer
    return answer
  }

  /// Whether `at` stands between quotes; asked in rising order it costs one pass.
  mutating func isInsideLiteral(_ bytes: Span<UInt8>, _ at: Int) -> Bool {
    while literalDone < at {
      let byte = bytes[literalDone]
      if byte == 0x5C {
        literalDone += 1
      } else if let open = literalQuote {
        if byte == open { literalQuote = nil }
      } else if byte == 0x22 || byte == 0x60
        || byte == 0x27 && (literalDone == 0 || !ByteClass.isAlphanumeric(bytes[literalDone - 1]))
      {
        literalQuote = byte
      }
      literalDone += 1
    }
    return literalQuote != nil
  }

  /// The end of the run without blanks that holds `from`; asked in rising order it costs one pass.
  mutating func endOfToken(_ bytes: Span<UInt8>, from: Int) -> Int {
    if from >= tokenStart, from < tokenStop { return tokenStop }
    var index = from
    while index < bytes.count, !ByteClass.isSpace(bytes[index]) { index += 1 }
    tokenStart = from
    tokenStop = index
    return index
  }

  /// Notes that what ends at `valueEnd` was looked at and is not the value of a secret.
  mutating func rejected(valueEnd: Int) {
    crowd = crowd.end == valueEnd ? (valueEnd, crowd.count + 1) : (valueEnd, 1)
  }

  /// Whether so many names in a row have been refused one and the same end of a value that no more are asked about.
  func isCrowded(valueEnd: Int) -> Bool { crowd.end == valueEnd && crowd.count >= MaskingLimits.namesInOneValue }

  /// Where the unquoted value that holds `from` ends, as far as it has been found out.
  var valueMemo: (from: Int, end: Int) = (0, -1)

  /// The first `quote` at or after `from`, or the end; likewise one pass in all for each quote.
  mutating func nextQuote(_ quote: UInt8, _ bytes: Span<UInt8>, from: Int) -> Int {
    next(quote, memo: quote == 0x22 ? 0 : quote == 0x27 ? 1 : 2, bytes, from)
  }

  /// The first `<` at or after `from`, or the end.
  mutating func nextTag(_ bytes: Span<UInt8>, from: Int) -> Int {
    next(0x3C, memo: 3, bytes, from)
  }

  private mutating func next(_ byte: UInt8, memo: Int, _ bytes: Span<UInt8>, _ from: Int) -> Int {
    if from >= memos[memo].from, from <= memos[memo].found { return memos[memo].found }
    let found = ByteText.firstIndex(of: byte, bytes, from, bytes.count)
    memos[memo] = (from, found)
    return found
  }
}

/// Whether a line is program text: then an unquoted word is a variable and not a value.
enum CodeShape {
  static func isCode(_ bytes: Span<UInt8>) -> Bool {
    var end = min(bytes.count, 4096)
    while end > 0, ByteClass.isSpace(bytes[end - 1]) { end -= 1 }
    var start = 0
    while start < end, ByteClass.isSpace(bytes[start]) { start += 1 }
    guard end - start > 2 else { return false }
    let last = bytes[end - 1]
    if last == 0x3B || last == 0x7B || last == 0x28 { return true }  // ; { (
    for word in openings where ByteText.matches(bytes, start, word) { return true }
    var parentheses = false
    for index in start..<end - 1 {
      let (one, two) = (bytes[index], bytes[index + 1])
      // `f(`, `)` before a separator, `=>`, `->`, `::`, `==`
      if one == 0x28, index > start, ByteClass.isWord(bytes[index - 1]) { parentheses = true }
      if parentheses, one == 0x29 || two == 0x29 { return true }
      if one == 0x3D, two == 0x3D || two == 0x3E { return true }
      if one == 0x2D, two == 0x3E, index > start, ByteClass.isAlphanumeric(bytes[index - 1]) { return true }
      if one == 0x3A, two == 0x3A, index > start, ByteClass.isAlphanumeric(bytes[index - 1]) { return true }
      if one == 0x3A, two == 0x3D { return true }
    }
    return parentheses && last == 0x2C
  }

  private static let openings: [StaticString] = [
    "def ", "func ", "fn ", "function ", "return ", "if ", "if(", "elif ", "else ", "for ", "while ", "switch ",
    "case ",
    "public ", "private ", "protected ", "internal ", "static ", "final ", "const ", "let ", "var ", "val ", "class ",
    "struct ", "interface ", "import ", "from ", "package ", "use ", "using ", "namespace ", "self.", "this.",
    "assert ",
    "raise ", "throw ", "print(", "console.", "//", "/*", "* ", "@", "#define ", "#include", "typedef ", "extern ",
    "auto ",
    "override ", "async ", "await ", "yield ", "lambda ", "try ", "except ", "catch ", "with ", "string ", "char ",
    "int ",
  ]
}
