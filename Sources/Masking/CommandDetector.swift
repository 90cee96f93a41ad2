/// Finds the secret arguments of known programs, and of any program behind flags that name secrets.
enum CommandDetector {
  typealias Word = (start: Int, end: Int)

  /// A program's name inside a line: the words behind it, up to the end of the command.
  static func scanLine(_ bytes: Span<UInt8>, start: Int, end: Int, state: inout ScanState) {
    guard start >= state.commandsDone, end < bytes.count else { return }
    let isList = start > 0 && ByteClass.isQuote(bytes[end]) && bytes[start - 1] == bytes[end]
    guard isList || bytes[end] == 0x20 || bytes[end] == 0x09 else { return }
    if start > 0 {
      let before = bytes[start - 1]
      guard
        ByteClass.isSpace(before) || ByteClass.isQuote(before)
          || [0x2F, 0x28, 0x7C, 0x3B, 0x26, 0x24, 0x3D, 0x5B, 0x3E, 0x23, 0x7B, 0x40].contains(before)
      else { return }
    }
    // In a literal (`run("mysql -u root")`) the command ends where the literal does.
    let quote: UInt8? = start > 0 && ByteClass.isQuote(bytes[start - 1]) ? bytes[start - 1] : nil
    let limit = min(bytes.count, start + MaskingLimits.commandBytes)
    let words =
      isList ? splitList(bytes, start, end, limit) : split(bytes, start, limit, endingAt: quote)
    guard let last = words.last else { return }
    state.commandsDone = last.end
    guard let rule = CommandRule.rule(for: bytes, start, end) else { return }
    // In prose ("mysql is used …") no flag follows.
    guard
      words.dropFirst().contains(where: { bytes[$0.start] == 0x2D || bytes[$0.start] == 0x2F })
        || !rule.positional.isEmpty || rule.attachedPairs.contains(where: { $0.utf8CodeUnitCount == 0 })
    else { return }
    apply(rule, bytes, words, isLine: true, state: &state)
  }

  /// A whole argument list, one word for each argument.
  static func scanArguments(_ bytes: Span<UInt8>, _ words: [Word], state: inout ScanState) {
    for (index, word) in words.enumerated() {
      guard index < words.count, word.start < word.end else { continue }
      if bytes[word.start] == 0x2D { scanFlag(bytes, words, index, state: &state) }
      guard index < 64 else { continue }
      let base = baseName(bytes, word)
      if let rule = CommandRule.rule(for: bytes, base, word.end) {
        apply(rule, bytes, Array(words[index...]), isLine: false, state: &state)
      }
    }
  }

  /// `--name value`, whatever the program.
  private static func scanFlag(_ bytes: Span<UInt8>, _ words: [Word], _ index: Int, state: inout ScanState) {
    let word = words[index]
    guard index + 1 < words.count,
      ByteText.firstIndex(of: 0x3D, bytes, word.start, min(word.end, word.start + 128))
        >= min(word.end, word.start + 128)
    else { return }
    var start = word.start
    while start < word.end, bytes[start] == 0x2D { start += 1 }
    guard word.end - start > 1, word.end - start <= 64, NameClassifier.verdict(bytes, start, word.end) >= .token else {
      return
    }
    let value = words[index + 1]
    guard value.start < value.end, bytes[value.start] != 0x2D || value.end - value.start > 12 && start - word.start == 2
    else { return }
    let inner = unquoted(bytes, value)
    let shape = ValueShape(bytes, inner.start, inner.end)
    if ValueShape.isPath(bytes, inner.start, inner.end) || Plausibility.isLocator(bytes, inner.start, inner.end) {
      return
    }
    if state.mode == .balanced, shape.distinct == 1 || Plausibility.isPlaceholder(bytes, inner.start, inner.end, shape)
    {
      return
    }
    state.findings.add(inner.start, inner.end, .argument, "flag-value")
  }

  private static func apply(
    _ rule: CommandRule, _ bytes: Span<UInt8>, _ words: [Word], isLine: Bool, state: inout ScanState
  ) {
    var isActive = rule.onlyAfter.isEmpty
    var positional: (left: Int, Bool)?
    var assignments = false
    if let free = rule.positional.first(where: { $0.after.utf8CodeUnitCount == 0 }) { positional = (free.index, true) }
    var index = 1
    while index < words.count {
      let word = unquoted(bytes, words[index])
      defer { index += 1 }
      guard word.start < word.end else { continue }
      if !isActive {
        isActive = ByteText.isOne(of: rule.onlyAfter, bytes, word.start, word.end)
      }
      if isActive, assignments, ByteText.firstIndex(of: 0x3D, bytes, word.start, word.end) < word.end {
        let equals = ByteText.firstIndex(of: 0x3D, bytes, word.start, word.end)
        add(bytes, (equals + 1, word.end), .argument, "assignment", isLine, &state)
      }
      if isActive, ByteText.isOne(of: rule.assignmentsAfter, bytes, word.start, word.end) { assignments = true }
      if let found = rule.positional.first(where: { exactly($0.after, bytes, word) }),
        isActive || rule.onlyAfter.isEmpty
      {
        positional = (found.index, true)
        continue
      }
      let isFlag = bytes[word.start] == 0x2D || bytes[word.start] == 0x2F && word.end - word.start > 1
      if !isFlag || word.end - word.start == 1, let wanted = positional {
        positional = wanted.left == 1 ? nil : (wanted.left - 1, true)
        if wanted.left == 1 { add(bytes, word, .argument, "positional", isLine, &state) }
      }
      guard isActive else { continue }
      if rule.separate.contains(where: { exactly($0, bytes, word) }) {
        if index + 1 < words.count, bytes[words[index + 1].start] != 0x2D || isLine == false {
          let value = unquoted(bytes, words[index + 1])
          add(bytes, afterPass(bytes, value), .argument, "flag-value", isLine, &state)
          index += 1
        }
        continue
      }
      if rule.pairs.contains(where: { exactly($0, bytes, word) }) {
        if index + 1 < words.count {
          addPair(bytes, unquoted(bytes, words[index + 1]), isLine, &state)
          index += 1
        }
        continue
      }
      if let flag = rule.attached.first(where: { begins($0, bytes, word) }) {
        // `--port` begins with no short flag.
        guard bytes[word.start + 1] != 0x2D || flag.utf8CodeUnitCount > 2 else { continue }
        let value = unquoted(bytes, (word.start + flag.utf8CodeUnitCount, word.end))
        add(bytes, value, .argument, "attached", isLine, &state)
        continue
      }
      if let flag = rule.attachedPairs.first(where: { begins($0, bytes, word) }) {
        if flag.utf8CodeUnitCount == 0, isFlag { continue }
        if flag.utf8CodeUnitCount == 2, bytes[word.start + 1] == 0x2D { continue }
        addPair(bytes, unquoted(bytes, (word.start + flag.utf8CodeUnitCount, word.end)), isLine, &state)
      }
    }
  }

  private static func exactly(_ flag: StaticString, _ bytes: Span<UInt8>, _ word: Word) -> Bool {
    flag.utf8CodeUnitCount > 0 && word.end - word.start == flag.utf8CodeUnitCount && begins(flag, bytes, word)
  }

  /// Flags are compared with their capitals: `-p` is not `-P`.
  private static func begins(_ flag: StaticString, _ bytes: Span<UInt8>, _ word: Word) -> Bool {
    guard word.end - word.start >= max(flag.utf8CodeUnitCount, 1),
      ByteText.matches(bytes, word.start, flag) || flag.description.utf8.contains(where: ByteClass.isUpper)
    else { return false }
    var index = word.start
    for byte in flag.description.utf8 {
      if bytes[index] != byte { return false }
      index += 1
    }
    return true
  }

  /// `pass:x`, `password:x` of openssl.
  private static func afterPass(_ bytes: Span<UInt8>, _ word: Word) -> Word {
    ByteText.matches(bytes, word.start, "pass:") ? (word.start + 5, word.end) : word
  }

  private static func add(
    _ bytes: Span<UInt8>, _ word: Word, _ kind: SecretKind, _ rule: String, _ isLine: Bool, _ state: inout ScanState
  ) {
    guard word.start < word.end else { return }
    let shape = ValueShape(bytes, word.start, word.end)
    if state.mode == .balanced || isLine {
      guard shape.distinct > 1 || shape.length == 1, !Plausibility.isPlaceholder(bytes, word.start, word.end, shape)
      else { return }
    }
    state.findings.add(word.start, word.end, kind, "command-" + rule)
  }

  /// The part behind the separator of `user:secret`.
  private static func addPair(_ bytes: Span<UInt8>, _ word: Word, _ isLine: Bool, _ state: inout ScanState) {
    guard word.start < word.end else { return }
    var index = word.start
    while index < word.end, ![0x3A, 0x2C, 0x25, 0x3D].contains(bytes[index]),
      bytes[index] != 0x2F || index == word.start
    { index += 1 }
    guard index + 1 < word.end else { return }
    // `scheme://` is the URL detector's.
    guard bytes[index + 1] != 0x2F else { return }
    add(bytes, (index + 1, word.end), .argument, "pair", isLine, &state)
  }

  static func baseName(_ bytes: Span<UInt8>, _ word: Word) -> Int {
    var start = word.end
    while start > word.start, bytes[start - 1] != 0x2F, bytes[start - 1] != 0x5C { start -= 1 }
    return start
  }

  private static func unquoted(_ bytes: Span<UInt8>, _ word: Word) -> Word {
    var (start, end) = word
    while start < end, bytes[start] == 0x5C { start += 1 }
    if start < end, ByteClass.isQuote(bytes[start]) {
      start += 1
      if end > start, ByteClass.isQuote(bytes[end - 1]) { end -= 1 }
      if end > start, bytes[end - 1] == 0x5C { end -= 1 }
    }
    return (min(start, end), end)
  }

  /// All words of a text as a shell splits them, operators included.
  static func splitAll(_ bytes: Span<UInt8>) -> [Word] {
    var words: [Word] = []
    var index = 0
    while index < bytes.count {
      let part = split(bytes, index, bytes.count, endingAt: nil)
      words += part
      index = max(index, part.last?.end ?? index)
      while index < bytes.count, ByteClass.isSpace(bytes[index]) { index += 1 }
      while index < bytes.count, [0x7C, 0x3B, 0x60, 0x26].contains(bytes[index]) { index += 1 }
    }
    return words
  }

  /// The words of a list in brackets, `"mysql", "-u", "root"`, from the one at `start` on.
  private static func splitList(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ limit: Int) -> [Word] {
    let quote = bytes[end]
    var words: [Word] = [(start, end)]
    var index = end + 1
    while index < limit {
      while index < limit, ByteClass.isSpace(bytes[index]) { index += 1 }
      guard index < limit, bytes[index] == 0x2C else { break }
      index += 1
      while index < limit, ByteClass.isSpace(bytes[index]) { index += 1 }
      guard index < limit, bytes[index] == quote else { break }
      let close = ByteText.firstIndex(of: quote, bytes, index + 1, limit)
      guard close < limit else { break }
      words.append((index + 1, close))
      index = close + 1
    }
    return words
  }

  /// Words as a shell splits them, up to `|`, `;`, `&&` or a closing quote.
  static func split(_ bytes: Span<UInt8>, _ from: Int, _ limit: Int, endingAt closing: UInt8?) -> [Word] {
    var words: [Word] = []
    var index = from
    while index < limit {
      while index < limit, ByteClass.isSpace(bytes[index]) { index += 1 }
      guard index < limit else { break }
      let start = index
      var quote: UInt8?
      scan: while index < limit {
        let byte = bytes[index]
        if let open = quote {
          if byte == open { quote = nil }
        } else if byte == closing {
          if index > start { words.append((start, index)) }
          return words
        } else if byte == 0x22 || byte == 0x27 {
          quote = byte
        } else if ByteClass.isSpace(byte) {
          break scan
        } else if byte == 0x7C || byte == 0x3B || byte == 0x60
          || byte == 0x26 && index + 1 < limit && bytes[index + 1] == 0x26
        {
          if index > start { words.append((start, index)) }
          return words
        }
        index += 1
      }
      words.append((start, index))
    }
    return words
  }
}
