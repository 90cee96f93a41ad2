/// Finds values by the names beside them: `name=value`, `"name": "value"`, `<name>value</name>`,
/// `f("name", "value")`, `setName("value")`, `--name value`, `name is value`.
///
/// Called at each word that a name of a secret may contain; every position is dealt with once.
enum KeyValueDetector {
  /// - Parameters:
  ///   - hit: where a word of interest begins; - hitEnd: and ends.
  static func scan(_ bytes: Span<UInt8>, hit: Int, hitEnd: Int, state: inout ScanState) {
    guard hit >= state.namesDone else { return }
    var start = hit
    let reach = max(state.namesDone, hit - MaskingLimits.identifierReach)
    while start > reach, isName(bytes[start - 1]) { start -= 1 }
    var end = hitEnd
    let limit = min(bytes.count, hitEnd + MaskingLimits.identifierReach)
    while end < limit, isName(bytes[end]) { end += 1 }
    // Dots, dashes and colons at the edges belong to the text around the name.
    while end > hitEnd, bytes[end - 1] == 0x2D || bytes[end - 1] == 0x2E { end -= 1 }
    var dashes = 0
    while start < hit, bytes[start] == 0x2D || bytes[start] == 0x2E {
      if bytes[start] == 0x2D { dashes += 1 }
      start += 1
    }
    state.namesDone = end
    let verdict = NameClassifier.verdict(bytes, start, end)
    guard verdict != .plain else { return }
    guard var candidate = locate(bytes, start, end, dashes: dashes, verdict: verdict, state: &state) else { return }
    guard candidate.start < candidate.end else { return }
    if state.isCrowded(valueEnd: candidate.end) {
      // So many names in one value (`key=key=key=…`) would each be asked about all that is left of it.
      state.findings.add(candidate.start, candidate.end, .name, "crowded-value")
      state.namesDone = candidate.end
      return
    }
    // A value without an end in sight under a short name (`auth:auth:…`) is no header.
    let isEndless = end - start < 8 && candidate.end - candidate.start > 1024 && candidate.place != .quoted
    if verdict == .weak, !isEndless,
      let done = HeaderDetector.scan(bytes, nameStart: start, nameEnd: end, candidate, state: &state)
    {
      state.namesDone = max(end, done)
      return
    }
    candidate.acceptsDigits = isDigitSecret(bytes, start, end)
    if state.mode == .strict || state.isStructured {
      if candidate.place == .prose || candidate.verdict == .weak {
        guard Plausibility(lineIsCode: state.lineIsCode(bytes)).accepts(bytes, candidate) else {
          return state.rejected(valueEnd: candidate.end)
        }
      } else {
        let end = min(candidate.end, candidate.start + 64)
        if Plausibility.isTrivial(bytes, candidate.start, end, ValueShape(bytes, candidate.start, end)) {
          return state.rejected(valueEnd: candidate.end)
        }
      }
    } else {
      let isCode = state.lineIsCode(bytes)
      let isInside = isCode && candidate.place != .quoted && state.isInsideLiteral(bytes, start)
      let mentionsUser = verdict == .shortPassword && state.mentionsUser(bytes)
      let plausibility = Plausibility(lineIsCode: isCode, isInsideLiteral: isInside, mentionsUser: mentionsUser)
      guard plausibility.accepts(bytes, candidate) else { return state.rejected(valueEnd: candidate.end) }
    }
    state.findings.add(candidate.start, candidate.end, kind(of: verdict), "name-value")
    state.namesDone = max(end, candidate.end)
    if let fallback = fallback(bytes, after: candidate, state: &state) {
      // `name: somewhere.name || "value"`: the literal is the secret, whatever stands before it.
      state.findings.add(fallback.start, fallback.end, kind(of: verdict), "fallback-value")
      state.namesDone = fallback.end
    }
  }

  /// The literal behind `||`, `??`, `?:` or `or` after an unquoted value.
  private static func fallback(
    _ bytes: Span<UInt8>, after candidate: Candidate, state: inout ScanState
  ) -> (start: Int, end: Int)? {
    guard candidate.place != .quoted, candidate.place != .markup else { return nil }
    let at = skipBlanks(bytes, candidate.end)
    for word: StaticString in ["||", "??", "?:", "or "] where ByteText.matches(bytes, at, word) {
      let first = skipBlanks(bytes, at + word.utf8CodeUnitCount)
      guard first < bytes.count, ByteClass.isQuote(bytes[first]),
        let range = literal(bytes, first, state: &state), range.end - range.start > 2
      else { return nil }
      return range
    }
    return nil
  }

  static func kind(of verdict: NameVerdict) -> SecretKind {
    switch verdict {
    case .plain, .weak: .name
    case .token, .secret: .token
    case .shortPassword, .password: .password
    }
  }

  @inline(__always) private static func isName(_ byte: UInt8) -> Bool {
    ByteClass.isWord(byte) || byte == 0x2D || byte == 0x2E || byte >= 0x80
  }

  private static func isDigitSecret(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    digitSecrets.contains(bytes, start, end)
  }

  private static let digitSecrets = WordSet("pin otp pincode pin_code pin-code otp_code otpcode totp cvv cvc passcode")

  // MARK: From the name to the value

  private static func locate(
    _ bytes: Span<UInt8>, _ start: Int, _ end: Int, dashes: Int, verdict: NameVerdict, state: inout ScanState
  ) -> Candidate? {
    var at = end
    let count = bytes.count
    func candidate(_ range: (start: Int, end: Int), _ place: Candidate.Place) -> Candidate {
      Candidate(start: range.start, end: range.end, place: place, verdict: verdict, nameStart: start, nameEnd: end)
    }

    // The quote, bracket or C array suffix that closes the name.
    var escapes = 0
    while at < count, bytes[at] == 0x5C, escapes < 4 {
      at += 1
      escapes += 1
    }
    var isQuotedName = false
    if at < count, ByteClass.isQuote(bytes[at]) {
      isQuotedName = true
      at += 1
    } else {
      at = end
    }
    if at < count, bytes[at] == 0x5B {
      var close = at + 1
      while close < count, close - at < 12, ByteClass.isWord(bytes[close]) { close += 1 }
      if close < count, bytes[close] == 0x5D { at = close + 1 }
    }
    if isQuotedName {
      while at < count, bytes[at] == 0x5D || bytes[at] == 0x29 { at += 1 }
    } else if at < count,
      bytes[at] == 0x5D || bytes[at] == 0x3F || bytes[at] == 0x7D
        || bytes[at] == 0x29 && at + 1 < count && bytes[at + 1] == 0x3A
    {
      at += 1
    }
    let afterName = at
    at = skipBlanks(bytes, at)
    guard at < count else { return nil }

    let next = at + 1 < count ? bytes[at + 1] : 0
    if next == 0x3D,
      bytes[at] == 0x2B || bytes[at] == 0x3F || bytes[at] == 0x7C || bytes[at] == 0x21 || bytes[at] == 0x2E
    {
      // += ?= |= != .=
      return assigned(bytes, at + 1, afterName: afterName, state: &state).map { candidate($0.range, $0.place) }
    }
    switch bytes[at] {
    case 0x3D:  // =
      return assigned(bytes, at, afterName: afterName, state: &state).map { candidate($0.range, $0.place) }
    case 0x3A:  // :
      if !isQuotedName, isExpansion(bytes, start, at) {
        return expansionDefault(bytes, at).map { candidate($0, .tight) }
      }
      if at + 1 < count, bytes[at + 1] == 0x3A { return nil }
      if at + 1 < count, bytes[at + 1] == 0x3D {
        return assigned(bytes, at + 1, afterName: afterName, state: &state).map { candidate($0.range, $0.place) }
      }
      return colon(bytes, at, isQuotedName: isQuotedName, state: &state).map { candidate($0.range, $0.place) }
    case 0x3F, 0x7C:  // `?: "x"`, `?? "x"`, `|| "x"` after a look-up
      guard isQuotedName || at + 1 < count && bytes[at + 1] == bytes[at] else { return nil }
      var value = at
      while value < count, bytes[value] == 0x3F || bytes[value] == 0x7C || bytes[value] == 0x3A { value += 1 }
      return literal(bytes, skipBlanks(bytes, value), state: &state).map { candidate($0, .quoted) }
    case 0x2C where isQuotedName:  // "name", "value"
      return literal(bytes, skipBlanks(bytes, at + 1), state: &state).map { candidate($0, .quoted) }
    case 0x2C where start > 0 && bytes[start - 1] == 0x7B:  // {name, <<"value">>}
      var value = skipBlanks(bytes, at + 1)
      while value < count, bytes[value] == 0x3C { value += 1 }
      return literal(bytes, value, state: &state).map { candidate($0, .quoted) }
    case 0x28 where !isQuotedName && at == end:  // setName("value")
      guard !ByteText.matches(bytes, start, "get"), !ByteText.matches(bytes, start, "is"),
        !ByteText.matches(bytes, start, "has")
      else { return nil }
      // `password.encode("utf-8")` calls something else.
      var member = end
      while member > start, bytes[member - 1] != 0x2E { member -= 1 }
      if member > start, NameClassifier.verdict(bytes, member, end) == .plain { return nil }
      if ByteText.matches(bytes, end - 11, "credentials", notBefore: start) {
        // `credentials("user", "secret")`
        CallDetector.scan(bytes, start: start, end: at + 1, form: .lastOfTwo, state: &state)
        return nil
      }
      return literal(bytes, skipBlanks(bytes, at + 1), state: &state).map { candidate($0, .quoted) }
    case 0x7B where !isQuotedName && at == end:  // name{"value"}
      return literal(bytes, at + 1, state: &state).map { candidate($0, .quoted) }
    case 0x3C where next == 0x2F:  // <key>name</key><string>value</string>
      return propertyList(bytes, at, state: &state).map { candidate($0, .markup) }
    case 0x3E:  // <name>value< and name="password">value<
      return markup(bytes, start, at, isQuotedName: isQuotedName, state: &state).map { candidate($0, .markup) }
    default:
      break
    }
    if isQuotedName, at > afterName, let range = attribute(bytes, at, state: &state) {
      return candidate(range, .quoted)
    }
    guard at > afterName else { return nil }
    if dashes > 0, !isQuotedName {
      let end = bareEnd(bytes, at, state: &state)
      if ByteClass.isQuote(bytes[at]) { return literal(bytes, at, state: &state).map { candidate($0, .flag) } }
      // `--password options`: a text about the flag.
      if ValueShape(bytes, at, end).isLettersOnly, isSentence(bytes, end) { return nil }
      return bytes[at] == 0x2D ? nil : candidate((at, end), .flag)
    }
    if ByteClass.isQuote(bytes[at]), !isQuotedName, verdict != .shortPassword {
      return literal(bytes, at, state: &state).map { candidate($0, .quoted) }
    }
    guard let found = prose(bytes, at, isPassword: verdict >= .shortPassword, state: &state) else { return nil }
    var answer = candidate(found.range, found.place)
    if found.isPair { answer.verdict = .password }
    return answer
  }

  static func skipBlanks(_ bytes: Span<UInt8>, _ from: Int) -> Int {
    var index = from
    let limit = min(bytes.count, from + 64)
    while index < limit, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    return index
  }
}
