/// What words stand inside a value or a name: found together, in one pass.
struct ValueWords: OptionSet, Sendable {
  let rawValue: UInt32

  /// The value is masked already.
  static let redacted = ValueWords(rawValue: 1 << 0)
  /// The value asks for one.
  static let request = ValueWords(rawValue: 1 << 1)
  /// A word for a secret.
  static let label = ValueWords(rawValue: 1 << 2)
  /// Regular expressions, tags, format strings.
  static let pattern = ValueWords(rawValue: 1 << 3)
  /// The call around a literal looks something up by it.
  static let lookup = ValueWords(rawValue: 1 << 4)
  /// An attribute that holds a value.
  static let attribute = ValueWords(rawValue: 1 << 5)
  /// A name of digests.
  static let digest = ValueWords(rawValue: 1 << 6)
  /// A name of identifiers.
  static let identifier = ValueWords(rawValue: 1 << 7)
  /// A password that people choose although it speaks of itself.
  static let chosen = ValueWords(rawValue: 1 << 8)

  /// The words that stand in the range.
  static func find(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> ValueWords {
    let automaton = Self.automaton
    let masks = Self.masks
    let columns = automaton.columns.span
    let transitions = automaton.transitions.span
    let firstEnding = automaton.firstEnding
    var row: UInt32 = 0
    var found: UInt32 = 0
    var index = start
    while index < end {
      row = transitions[Int(row) + Int(columns[Int(bytes[index])])]
      if row >= firstEnding { found |= masks[Int(row - firstEnding) / automaton.columnCount] }
      index += 1
    }
    return ValueWords(rawValue: found)
  }

  private static let automaton = KeywordAutomaton(words: table.flatMap { $0.words.map { Array($0.utf8) } })

  /// For each ending row, the categories of all words that end there.
  private static let masks: [UInt32] = {
    let categories = table.flatMap { entry in entry.words.map { _ in entry.category.rawValue } }
    let rows = (automaton.transitions.count - Int(automaton.firstEnding)) / automaton.columnCount
    return (0..<rows).map { row in
      automaton.words(endingIn: automaton.firstEnding + UInt32(row * automaton.columnCount))
        .reduce(0) { $0 | categories[Int($1)] }
    }
  }()

  private static let table: [(category: ValueWords, words: [String])] = [
    (.redacted, ["xxxx", "****", "....", "redacted", "placeholder", "filtered]", "●●", "••", "masked"]),
    (
      .request,
      [
        "your", "example", "insert", "replace", "goes_here", "goeshere", "-here", "_here", "put_", "enter_", "fill",
        "-random-", "_random_",
      ]
    ),
    (
      .label,
      [
        "password", "passwd", "passwort", "secret", "token", "apikey", "api_key", "api-key", "api key", "credential",
        "pwd",
        "_pass", "userpass", "passphrase", "_key", "-key", "privatekey", "accesskey", "auth", "bearer", "cookie",
        "session",
        "keystore", "secretkey", "密码", "пароль",
      ]
    ),
    (
      .chosen,
      [
        "mysecret", "supersecret", "topsecret", "mypass", "secretpass", "verysecret", "mytoken", "changeme", "changeit",
        "letmein",
      ]
    ),
    (
      .pattern,
      [
        "[a-z", "[0-9", "[^", "\\w", "\\d", "\\s", ".*", ".+", "(?", "</", "/>", "<br", "{0}", "%s", "&nbsp;", "%d",
        "%v", "\"+", "+\"", "'+", "+'", "\" +", "' +", "+ '", "+ \"", "\" .", "' .", ". \"", "\" &",
      ]
    ),
    (
      .lookup,
      [
        "env", "get", "config", "conf", "find", "fetch", "param", "prompt", "input", "read", "load", "request",
        "header",
        "query", "args", "argv", "option", "setting", "resolve", "lookup", "require", "path", "file", "open", "format",
        "by_", "byid",
        "form", "body", "field", "column", "element", "translate", "gettext", "t(", "_(", "i18n", "props", "session",
        "cookie",
        "secretsmanager", "vault", "validat", "import", "select", "xpath", "store", "storage",
      ]
    ),
    (.attribute, ["value", "content", "default", "val"]),
    (
      .digest,
      [
        "sha", "commit", "digest", "revision", "checksum", "hash", "md5", "etag", "image", "integrity", "fingerprint",
        "trace",
        "span", "uuid", "guid", "build", "version", "tree", "parent", "object", "blob", "layer", "crc", "request",
        "correlation",
      ]
    ),
    (
      .identifier,
      [
        "trace", "span", "request", "correlation", "etag", "integrity", "digest", "checksum", "sha", "commit",
        "revision",
        "uuid", "guid", "version", "fingerprint", "cf-ray", "rid", "hostid", "operation", "job", "message", "msgid",
        "transaction", "event", "upload", "build", "image", "cursor", "continuation", "thumbprint", "public", "pub",
        "node",
        "peer", "resource", "document", "object", "account", "query", "plan", "container", "pod", "task", "execution",
        "thread", "class", "method", "content", "data", "body", "font", "src", "href", "url", "path", "file", "id",
        "ref",
        "link", "name",
      ]
    ),
  ]
}
