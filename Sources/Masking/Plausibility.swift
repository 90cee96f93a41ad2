/// A value that stands beside a name.
struct Candidate {
  enum Place: Sendable {
    /// A literal in quotes.
    case quoted
    /// `name=value` without blanks.
    case tight
    /// `name = value`.
    case spaced
    /// `name: value`.
    case colon
    /// `--name value`.
    case flag
    /// Between tags.
    case markup
    /// `name value` or `name is value` in a sentence.
    case prose
  }

  var start: Int
  var end: Int
  var place: Place
  var verdict: NameVerdict
  /// The name's own range; empty where there is none.
  var nameStart = 0
  var nameEnd = 0
  /// The name is a number-like secret (`pin`, `otp`).
  var acceptsDigits = false
}

/// Tells values that a person would call secret from code, placeholders, labels and prose that stand
/// in the same places. Used in balanced mode; strict mode asks only `isTrivial`.
struct Plausibility {
  private static let longest = 128

  /// Whether the line around the value reads as program text.
  var lineIsCode: Bool
  /// The value stands in a literal of that text, and is no variable.
  var isInsideLiteral = false
  /// A user or a login stands on the line, so that `pass` is a password and no outcome of a test.
  var mentionsUser = false

  func accepts(_ bytes: Span<UInt8>, _ candidate: Candidate) -> Bool {
    let (start, end) = (candidate.start, candidate.end)
    if end - start > Self.longest, candidate.place != .quoted, candidate.place != .markup {
      // Nothing this long is a name, a placeholder or a label; what remains is code or a secret.
      if candidate.verdict == .weak {
        return ValueShape(bytes, start, start + 32).looksRandom(bytes, start, start + 32)
      }
      let head = ValueShape(bytes, start, start + 32)
      return !Self.isCodeReference(bytes, start, start + 32, head)
    }
    let shape = ValueShape(bytes, start, end)
    if candidate.place == .prose, shape.digits == 0, shape.length < 12, shape.steps < 2 { return false }
    if Self.isTrivial(bytes, start, end, shape) { return false }
    if Self.isPlaceholder(bytes, start, end, shape) { return false }
    if candidate.verdict == .weak { return acceptsWeak(bytes, candidate, shape) }
    switch candidate.place {
    case .quoted: return acceptsQuoted(bytes, candidate, shape)
    case .markup: return acceptsQuoted(bytes, candidate, shape)
    case .tight, .spaced, .colon, .flag: return acceptsBare(bytes, candidate, shape)
    case .prose: return acceptsProse(bytes, candidate, shape)
    }
  }

  /// Values that say nothing: empty words, masks, single bytes.
  static func isTrivial(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    if end - start < 3 { return true }
    if shape.distinct == 1 { return true }
    if shape.distinct <= 2, shape.letters == 0, shape.digits == 0 { return true }
    var last = end
    while last > start, end - last < 3, !ByteClass.isAlphanumeric(bytes[last - 1]) { last -= 1 }
    return end - start <= 24 && (emptyWords.contains(bytes, start, end) || emptyWords.contains(bytes, start, last))
  }

  /// Templates and texts that ask for a value.
  static func isPlaceholder(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    let first = bytes[start]
    let second = end - start > 1 ? bytes[start + 1] : 0
    let last = bytes[end - 1]
    if first == 0x3C, last == 0x3E || ByteClass.isLetter(second) && shape.others == 1 { return true }
    let words = ValueWords.find(bytes, start, stopOfHead(start, end))
    if ByteClass.isQuote(first) || words.contains(.pattern) && hasConcatenation(bytes, start, end) {
      return true
    }
    if first == 0x28, shape.digits == 0, ByteClass.isLetter(second) { return true }
    if isVersionRange(bytes, start, end) { return true }
    if first == 0x5B, last == 0x5D, shape.digits == 0 { return true }
    if first == 0x2A, last == 0x2A { return true }
    if first == 0x7B, last == 0x7D || second == 0x24 { return true }
    if first == 0x25, last == 0x25, end - start > 2 { return true }
    if first == 0x40, last == 0x40, end - start > 2 { return true }
    if first == 0x23, last == 0x23, end - start > 2 { return true }
    if first == 0x5F, last == 0x5F, second == 0x5F { return true }
    if hasTemplate(bytes, start, end) { return true }
    if end - start > 3, last == 0x2E, bytes[end - 2] == 0x2E, bytes[end - 3] == 0x2E { return true }
    if end - start > 3, last == 0xA6, bytes[end - 2] == 0x80, bytes[end - 3] == 0xE2 { return true }
    if shape.length <= 64 {
      if words.contains(.redacted) { return true }
      // `DB_PASSWORD`, `MY_API_KEY`: a name in capitals stands for a value.
      if words.contains(.label), shape.lowers == 0, shape.spaces == 0, shape.uppers > 3,
        shape.digits == 0 || shape.digits == 1 && shape.others > 0,
        shape.letters + shape.digits + shape.others == shape.length,
        isConstantName(bytes, start, end)
      {
        return true
      }
      if words.contains(.request), shape.digits <= 2, ValueShape.isWordlike(bytes, start, end) { return true }
      if ByteText.matches(bytes, start, "your"), !isLetterAt(bytes, start + 4, end) { return true }
    }
    return false
  }

  private static let plainNames = WordSet("password passwd token")

  private static func stopOfHead(_ start: Int, _ end: Int) -> Int { min(end, start + 64) }

  /// `" + name + "`: the literal ends and begins again.
  private static func hasConcatenation(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    for index in start..<stopOfHead(start, end) where ByteClass.isQuote(bytes[index]) { return true }
    return false
  }

  private static func isConstantName(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var underscores = 0
    for index in start..<end {
      if bytes[index] == 0x5F { underscores += 1 } else if !ByteClass.isAlphanumeric(bytes[index]) { return false }
    }
    return underscores > 0 || plainNames.contains(bytes, start, end)
  }

  private static func isLetterAt(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> Bool {
    at < end && ByteClass.isLower(bytes[at])
  }

  /// `${x}`, `$(x)`, `#{x}`, `{{x}}`, `%(x)s`, `%s`, `{0}`, `{}` and a `$x` that is all of the value.
  private static func hasTemplate(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    let stop = min(end, start + ValueShape.reach)
    var index = start
    while index + 1 < stop {
      let (one, two) = (bytes[index], bytes[index + 1])
      if one == 0x24 || one == 0x23, two == 0x7B { return true }
      if one == 0x24, two == 0x28 { return true }
      if one == 0x7B, two == 0x7B || two == 0x25 || two == 0x7D { return true }
      if one == 0x25, two == 0x28 || two == 0x7B { return true }
      if one == 0x25, end - start <= 3 { return true }
      if one == 0x3C, two == 0x25 || two == 0x3F { return true }
      index += 1
    }
    guard bytes[start] == 0x24, end - start > 1 else { return false }
    var at = start + 1
    while at < stop, ByteClass.isWord(bytes[at]) || bytes[at] == 0x2D && bytes[at - 1] != 0x24 { at += 1 }
    if at == end { return ByteClass.isLetter(bytes[start + 1]) || bytes[start + 1] == 0x5F || end - start == 2 }
    // `$config['x']`, `$this->x`, `$env:X`, `$x.y`
    return at > start + 1 && !ByteClass.isDigit(bytes[start + 1])
      && (bytes[at] == 0x5B || bytes[at] == 0x3A || bytes[at] == 0x2E
        || (bytes[at] == 0x2D && at + 1 < end && bytes[at + 1] == 0x3E))
  }

  private func acceptsWeak(_ bytes: Span<UInt8>, _ candidate: Candidate, _ shape: ValueShape) -> Bool {
    let (start, end) = (candidate.start, candidate.end)
    if candidate.acceptsDigits, shape.isNumber {
      return shape.length >= 4 && shape.length <= 8 && candidate.place != .prose
    }
    if candidate.place == .prose { return false }
    if shape.spaces > 0 || ValueShape.isUUID(bytes, start, end) || ValueShape.isPath(bytes, start, end) { return false }
    let isLiteral = candidate.place == .quoted || candidate.place == .markup
    guard shape.length >= (isLiteral ? 8 : 10), shape.letters > 1, isLiteral || shape.digits > 0 else { return false }
    if Self.isCodeReference(bytes, start, end, shape) || beginsWithWord(bytes, start, end) { return false }
    if isLiteral, shape.isHexOnly { return shape.length >= 12 && shape.digits > 0 }
    if shape.digits > 0 { return shape.looksRandom(bytes, start, end) }
    // Letters alone have to be no word at all.
    let (bits, pairs) = LetterPairs.cost(bytes, start, end)
    return shape.isLettersOnly && shape.length >= 10 && bits * 10 > pairs * 54
  }

  /// `node-modules-3f2a…`, `user:42`: a word and a separator first.
  private func beginsWithWord(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var index = start
    while index < end, ByteClass.isLetter(bytes[index]) { index += 1 }
    guard index - start >= 3, index < end, !ByteClass.isAlphanumeric(bytes[index]) else { return false }
    return ValueShape.isWordlike(bytes, start, index)
  }

  private func acceptsQuoted(_ bytes: Span<UInt8>, _ candidate: Candidate, _ shape: ValueShape) -> Bool {
    let (start, end) = (candidate.start, candidate.end)
    if shape.spaces > 0 { return acceptsSpaced(bytes, candidate, shape) }
    if ValueShape.isPath(bytes, start, end) || Self.isLocator(bytes, start, end) { return false }
    if Self.isLabel(bytes, candidate, shape) || Self.isMarkupOrPattern(bytes, start, end, shape) { return false }
    if candidate.verdict >= .shortPassword {
      if shape.isNumber { return shape.length >= 3 }
      if shape.isLettersOnly || shape.digits == 0 && shape.letters > 0 {
        // A sentence's single word, a dotted property name, a constant.
        if isDottedName(bytes, start, end, shape) { return false }
        if candidate.verdict == .shortPassword, !mentionsUser, shape.isLettersOnly,
          ValueShape.isWordlike(bytes, start, end)
        {
          return false
        }
        return !Self.stateWords.contains(bytes, start, end)
      }
      return shape.letters + shape.digits > 0 || shape.distinct > 3
    }
    if shape.isNumber { return shape.length >= 8 }
    if Self.isDate(bytes, start, end, shape) || isDottedName(bytes, start, end, shape) { return false }
    if candidate.verdict == .secret {
      return shape.letters + shape.digits >= 4 && !Self.stateWords.contains(bytes, start, end)
    }
    if shape.digits == 0 {
      guard shape.letters >= 8 else { return false }
      if !ValueShape.isWordlike(bytes, start, end) || shape.length >= 16 && shape.steps > 4 { return true }
      // Many letters in one run, of which few follow each other in words.
      let (bits, pairs) = LetterPairs.cost(bytes, start, end)
      return shape.isLettersOnly && shape.uppers == 0 && shape.length >= 12 && bits * 10 > pairs * 41
    }
    return shape.length >= 6 && !(shape.length <= 10 && ByteText.matches(bytes, start, "0x"))
  }

  /// A literal with blanks in it: prose, unless there are few blanks and little of it reads as words.
  private func acceptsSpaced(_ bytes: Span<UInt8>, _ candidate: Candidate, _ shape: ValueShape) -> Bool {
    guard candidate.verdict >= .token, shape.spaces <= 3, shape.length >= 6 else { return false }
    if shape.digits == 0 {
      // Two words that a person chose, if the name says that it is a secret and they say nothing of one.
      guard candidate.verdict == .secret, shape.spaces == 1, shape.uppers == 0, shape.others == 0 else { return false }
      return ValueWords.find(bytes, candidate.start, candidate.end).isDisjoint(with: [.label, .request, .redacted])
    }
    return shape.steps * 5 >= shape.letters + shape.digits
      || !ValueShape.isWordlike(bytes, candidate.start, candidate.end)
  }

  private func acceptsBare(_ bytes: Span<UInt8>, _ candidate: Candidate, _ shape: ValueShape) -> Bool {
    let (start, end) = (candidate.start, candidate.end)
    if Self.isCodeReference(bytes, start, end, shape) { return false }
    if ValueShape.isPath(bytes, start, end) || Self.isLocator(bytes, start, end) { return false }
    if candidate.end < bytes.count, bytes[candidate.end] == 0x3C, candidate.place == .colon || lineIsCode {
      return false
    }
    if Self.isLabel(bytes, candidate, shape) || Self.stateWords.contains(bytes, start, end) { return false }
    if isDottedName(bytes, start, end, shape) { return false }
    // `/^…/`, `,name`: an expression of some language.
    if bytes[start] == 0x2C || end - start > 2 && bytes[start] == 0x2F && bytes[start + 1] == 0x5E { return false }
    var wordlike: Bool { ValueShape.isWordlike(bytes, start, end) }
    let lineIsCode = lineIsCode && !isInsideLiteral
    let isIdentifier =
      shape.others == underscores(bytes, start, end) && shape.letters > 0 && !ByteClass.isDigit(bytes[start])
    if lineIsCode, isIdentifier, candidate.place != .flag {
      // An unquoted name in program text is a variable.
      return false
    }
    if candidate.verdict >= .shortPassword {
      if shape.isNumber { return shape.length >= 3 && candidate.verdict == .password }
      if isIdentifier, shape.digits == 0, shape.others > 0, candidate.place != .tight, candidate.place != .flag {
        return false
      }
      if isIdentifier, candidate.verdict == .shortPassword, shape.digits == 0 { return false }
      return shape.letters + shape.digits >= 3 || shape.distinct > 3
    }
    if shape.isNumber { return shape.length >= 9 && candidate.place != .prose }
    if Self.isDate(bytes, start, end, shape) { return false }
    if shape.digits == 0 {
      if candidate.verdict == .secret, candidate.place == .tight, !lineIsCode { return shape.letters >= 4 }
      if candidate.place == .tight || candidate.place == .flag, shape.length >= 8, shape.others > 0 || !wordlike {
        return true
      }
      return shape.letters >= 10 && !wordlike
    }
    guard shape.length >= 6 else { return false }
    if isIdentifier, shape.digits <= 2, shape.steps <= 2, wordlike {
      return candidate.place == .tight && shape.length >= 8 && !lineIsCode
    }
    return true
  }

  private func acceptsProse(_ bytes: Span<UInt8>, _ candidate: Candidate, _ shape: ValueShape) -> Bool {
    let (start, end) = (candidate.start, candidate.end)
    guard candidate.verdict != .shortPassword, shape.length >= 6, !Self.isCodeReference(bytes, start, end, shape),
      !lineIsCode
    else { return false }
    if Self.isLabel(bytes, candidate, shape) || Self.isLocator(bytes, start, end) { return false }
    if ValueShape.isPath(bytes, start, end) || ValueShape.isUUID(bytes, start, end) { return false }
    if Self.isDate(bytes, start, end, shape) || shape.isNumber { return false }
    if shape.looksRandom(bytes, start, end) { return true }
    guard candidate.verdict >= .shortPassword else { return false }
    if shape.digits == 0 {
      // Capitals where no word has them.
      return shape.letters >= 8 && shape.steps >= 2 && !ValueShape.isWordlike(bytes, start, end)
    }
    return shape.digits > 0 && shape.letters > 0 && (shape.others > 0 || shape.uppers > 0 && shape.lowers > 0)
      && shape.steps > 0
  }

  private func underscores(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var count = 0
    for index in start..<min(end, start + ValueShape.reach) where bytes[index] == 0x5F { count += 1 }
    return count
  }
}
