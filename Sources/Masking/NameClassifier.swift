/// What a name says about the value beside it.
enum NameVerdict: Int, Sendable, Comparable {
  /// Nothing.
  case plain
  /// Might be secret: the value has to look the part.
  case weak
  /// A key, token or secret.
  case secret
  /// A password.
  case password

  static func < (one: NameVerdict, other: NameVerdict) -> Bool { one.rawValue < other.rawValue }
}

/// Reads names by their segments: `DB_PASS`, `dbPassword`, `PGPASSWORD`, `secret-key-base`.
enum NameClassifier {
  /// Whether no policy and no wildcard may show the value of a variable with this name.
  static func isNeverShown(_ name: [UInt8]) -> Bool {
    let folded = name.map(ByteClass.lower)
    return neverStems.contains { contains(folded, $0) } && !harmlessWords.contains { folded == Array($0.utf8) }
  }

  /// What `name` says in running text.
  static func verdict(_ name: [UInt8]) -> NameVerdict {
    let folded = name.map(ByteClass.lower)
    if contains(folded, "pass") || contains(folded, "pwd") { return .password }
    return isNeverShown(name) ? .secret : .plain
  }

  private static func contains(_ text: [UInt8], _ stem: StaticString) -> Bool {
    let needle = Array(stem.description.utf8)
    guard text.count >= needle.count else { return false }
    for start in 0...(text.count - needle.count) where text[start..<start + needle.count].elementsEqual(needle) {
      return true
    }
    return false
  }

  private static let harmlessWords = ["pwd", "oldpwd"]

  private static let neverStems: [StaticString] = [
    "pass", "pwd", "secret", "token", "key", "cred", "auth", "cert", "private", "salt", "nonce", "signature",
    "cookie", "session", "jwt", "bearer", "dsn", "conn", "webhook", "license", "seed", "mnemonic", "otp", "pin",
    "sid", "headers", "opts", "options", "args", "code", "psk", "hash",
  ]
}
