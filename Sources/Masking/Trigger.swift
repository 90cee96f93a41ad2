/// What a word found by the automaton sets off.
enum Trigger: Sendable {
  /// Part of a name that may speak of a secret.
  case name
  /// `://`
  case url
  /// `-----BEGIN`
  case armor
  /// A word that a credential follows (`Bearer `).
  case scheme
  /// `$2b$` and other beginnings of password hashes.
  case hash
  /// The name of a program whose arguments may be secret.
  case command
  /// A call or statement that carries a password.
  case callee(CallDetector.Form)
  /// `@`
  case address
  /// The beginning of a token format; an index into `TokenFormat.all`.
  case format(Int)
}

/// The automaton over every trigger.
enum Triggers {
  static let automaton = KeywordAutomaton(words: words.map { Array($0.0.utf8) })
  static let actions: [Trigger] = words.map { $0.1 }
  static let lengths: [Int] = words.map { $0.0.utf8.count }

  /// Lower case; formats are compared with their capitals afterwards.
  private static let words: [(String, Trigger)] = {
    var result: [(String, Trigger)] = []
    for stem in nameStems { result.append((stem, .name)) }
    result.append(("://", .url))
    result.append(("-----begin", .armor))
    for scheme in ["bearer ", "basic "] { result.append((scheme, .scheme)) }
    for hash in PasswordHashDetector.beginnings { result.append((hash, .hash)) }
    for program in CommandRule.programNames { result.append((program, .command)) }
    for (word, form) in CallDetector.words { result.append((word, .callee(form))) }
    result.append(("@", .address))
    for (index, format) in TokenFormat.all.enumerated() {
      result.append((format.prefix.description.lowercased(), .format(index)))
    }
    return result
  }()

  private static let nameStems = [
    "pass", "pwd", "psw", "secret", "token", "key", "cred", "auth", "salt", "nonce", "seed", "pepper", "signature",
    "sig",
    "cookie", "sess", "jwt", "bearer", "otp", "pin", "cvv", "mnemonic", "webhook", "licen", "psk", "dsn", "connstr",
    "connectionstring", "connection_string", "xsrf", "csrf", "sid", "community", "kennwort", "contrase", "senha",
    "parol",
    "geheim", "wachtwoord", "heslo", "haslo", "mdp", "clave", "sas", "hmac", "upw", "pw", "login", "crypt", "code",
    "lozin", "hash", "пароль", "密码",
  ]
}
