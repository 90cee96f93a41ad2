/// What a name says about the value beside it.
enum NameVerdict: Int, Sendable, Comparable {
  /// Nothing.
  case plain
  /// Might be secret: the value has to look the part.
  case weak
  /// A key or token: values that are made by machines.
  case token
  /// A secret, which a person may have chosen.
  case secret
  /// `pass`, `pw`: a password, or the outcome of a test.
  case shortPassword
  /// A password.
  case password

  static func < (one: NameVerdict, other: NameVerdict) -> Bool { one.rawValue < other.rawValue }
}

/// Reads names by their segments: `DB_PASS`, `dbPassword`, `PGPASSWORD`, `secret-key-base`.
enum NameClassifier {
  /// Whether no policy and no wildcard may show the value of a variable with this name.
  static func isNeverShown(_ name: [UInt8]) -> Bool {
    let text = name.span
    let segments = NameSegments(text, 0, text.count)
    for index in 0..<segments.count {
      let part = segments.parts[index]
      let role = NameVocabulary.role(of: part.hash)
      if role.contains(.harmless) { continue }
      if !role.isDisjoint(with: [.password, .shortPassword, .secret, .neverWord]) { return true }
      if neverStems.contains(where: { contains(text, part.start, part.end, $0) }) { return true }
      if endsWith(text, part.start, part.end, "key") { return true }
    }
    return false
  }

  /// What the name in `bytes[start..<end]` says in running text.
  static func verdict(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> NameVerdict {
    let segments = NameSegments(bytes, start, end)
    var best = NameVerdict.plain
    var core = -1
    for index in 0..<segments.count {
      let verdict = coreVerdict(bytes, segments, index)
      if verdict != .plain, verdict >= best {
        best = verdict
        core = isSplitPassword(bytes, segments, index) ? index + 1 : index
      }
    }
    guard core >= 0 else { return .plain }
    var unknown = 0
    for index in 0..<segments.count where index != core {
      let role = NameVocabulary.role(of: segments.parts[index].hash)
      if index < core {
        // `output.elasticsearch.password`: what the path goes through says nothing of where it ends.
        if hasDot(bytes, segments.parts[index].end, segments.parts[core].start) { continue }
        if role.contains(.aboutBefore), role.isDisjoint(with: [.keyQualifier]) { return .plain }
      } else if role.contains(.aboutAfter), role.isDisjoint(with: [.neutral, .secret, .password]) {
        return .plain
      } else if isWord(bytes, segments.parts[index], "id") {
        // `private_key_id` says which key it is.
        if isWord(bytes, segments.parts[core], "key") { return .plain }
        return followsSecretOnly(bytes, segments, core) ? best : .weak
      } else if role.isDisjoint(with: [.neutral, .keyQualifier, .secret, .password, .weak, .key]) {
        unknown += 1
      }
    }
    if unknown > 1, best == .token || best == .secret { return .weak }
    return best
  }

  static func verdict(_ name: [UInt8]) -> NameVerdict { verdict(name.span, 0, name.count) }

  private static func coreVerdict(_ bytes: Span<UInt8>, _ segments: NameSegments, _ index: Int) -> NameVerdict {
    let part = segments.parts[index]
    let role = NameVocabulary.role(of: part.hash)
    if role.contains(.harmless) { return .plain }
    if role.contains(.password) { return .password }
    if isSplitPassword(bytes, segments, index) { return .password }
    if role.contains(.shortPassword) { return segments.count > 1 ? .password : .shortPassword }
    if role.contains(.secret) {
      return NameVocabulary.isChosen(part.hash) || endsWith(bytes, part.start, part.end, "secret") ? .secret : .token
    }
    if role.contains(.key) {
      guard index > 0 else { return .weak }
      let before = NameVocabulary.role(of: segments.parts[index - 1].hash)
      guard before.contains(.keyQualifier) else { return .weak }
      return isWord(bytes, segments.parts[index - 1], "secret") ? .secret : .token
    }
    if role.contains(.weak) {
      // `accountSid`: the identifier of a thing, and no session.
      let isThing =
        index > 0 && isWord(bytes, part, "sid")
        && things.contains { isWord(bytes, segments.parts[index - 1], $0) }
      return isThing ? .plain : .weak
    }
    if role.isEmpty || role == .neutral { return gluedVerdict(bytes, part) }
    return .plain
  }

  private static func hasDot(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    ByteText.firstIndex(of: 0x2E, bytes, start, end) < end
  }

  /// `passWord`, `pass_phrase`: one word in two parts.
  private static func isSplitPassword(_ bytes: Span<UInt8>, _ segments: NameSegments, _ index: Int) -> Bool {
    index + 1 < segments.count && isWord(bytes, segments.parts[index], "pass")
      && passEndings.contains { isWord(bytes, segments.parts[index + 1], $0) }
  }

  private static let passEndings: [StaticString] = ["word", "words", "phrase", "wd", "code"]
  private static let things: [StaticString] = [
    "account", "message", "service", "call", "chat", "conference", "recording", "application", "app", "flow",
    "workspace", "channel", "task", "user", "process",
  ]

  /// Words run together: `myappdbpassword`, `XSECRET`, `githubtoken`.
  private static func gluedVerdict(_ bytes: Span<UInt8>, _ part: NameSegment) -> NameVerdict {
    guard part.end - part.start > 4 else { return .plain }
    for ending in passwordEndings
    where endsWith(bytes, part.start, part.end, ending) { return .password }
    if endsWith(bytes, part.start, part.end, "secret") { return .secret }
    for ending in tokenEndings
    where endsWith(bytes, part.start, part.end, ending) { return .token }
    if contains(bytes, part.start, part.end, "password") { return .password }
    if endsWith(bytes, part.start, part.end, "key") || endsWith(bytes, part.start, part.end, "sessid") { return .weak }
    return .plain
  }

  /// `secret_id` is a secret; `token_id` and `key_id` are mostly not.
  private static func followsSecretOnly(_ bytes: Span<UInt8>, _ segments: NameSegments, _ core: Int) -> Bool {
    isWord(bytes, segments.parts[core], "secret")
  }

  private static func isWord(_ bytes: Span<UInt8>, _ part: NameSegment, _ word: StaticString) -> Bool {
    part.end - part.start == word.utf8CodeUnitCount && endsWith(bytes, part.start, part.end, word)
  }

  private static func endsWith(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ word: StaticString) -> Bool {
    ByteText.matches(bytes, end - word.utf8CodeUnitCount, word, notBefore: start)
  }

  private static func contains(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard end - start >= length else { return false }
    for at in start...(end - length) where ByteText.matches(bytes, at, word, notBefore: start) { return true }
    return false
  }

  private static let passwordEndings: [StaticString] = ["password", "passwd", "passphrase", "passwort", "pwd"]
  private static let tokenEndings: [StaticString] = [
    "token", "apikey", "secretkey", "accesskey", "privatekey", "credentials",
  ]

  private static let neverStems: [StaticString] = [
    "pass", "pwd", "secret", "token", "cred", "private", "salt", "nonce", "signature", "cookie", "session", "jwt",
    "bearer", "dsn", "webhook", "mnemonic", "apikey", "auth", "connstr", "connectionstring", "license",
  ]
}
