/// Calls that take a user and a password, or end in one, by the names that libraries give them; and
/// the few statements and pipes that carry a password with no name for it.
enum CallDetector {
  /// What follows the word, and which of its literals is the secret.
  enum Form: Sendable {
    /// `f("user", "secret")`: the last literal of two or more.
    case lastOfTwo
    /// `f(payload, "secret", …)`: the argument at this place, if it is a literal.
    case argument(Int)
    /// `IDENTIFIED BY 'secret'`
    case next
    /// `SET PASSWORD FOR 'user'@'host' = 'secret'`
    case nextAfterEquals
    /// `echo "user:secret" | chpasswd`
    case echoBefore
    /// `"secret".toCharArray()`
    case literalBefore
  }

  static let words: [(String, Form)] = [
    ("getconnection(", .argument(2)), ("mysql_connect(", .argument(2)), ("mysqli_connect(", .argument(2)),
    ("mysqli(", .argument(2)), ("new pdo(", .argument(2)), ("ftp_login(", .argument(2)), ("plainauth(", .argument(2)),
    ("pg_connect(", .argument(2)), ("httpbasicauth(", .argument(1)), ("httpdigestauth(", .argument(1)),
    ("basicauth(", .argument(1)), ("basic_auth(", .argument(1)), ("networkcredential(", .argument(1)),
    ("usernamepasswordcredentials(", .argument(1)), ("passwordauthentication(", .argument(1)),
    ("createcredentialswithbasicauth(", .argument(1)), ("createuser(", .argument(1)), ("create_user(", .lastOfTwo),
    (".login(", .argument(1)), ("authenticate(", .argument(1)), ("usernamepasswordauthenticationtoken(", .argument(1)),
    ("credentials.basic(", .argument(1)), ("basicawscredentials(", .argument(1)),
    ("basicsessioncredentials(", .argument(1)),
    ("awsbasiccredentials.create(", .argument(1)), ("wifi.begin(", .argument(1)), ("add_user(", .argument(1)),
    ("adduser(", .argument(1)), ("staticcredentials(", .argument(1)), ("newstaticcredentials(", .argument(1)),
    ("usernamepassword(", .argument(1)), ("secretkeyspec(", .argument(0)), ("setsecret(", .argument(0)),
    ("jwt.sign(", .argument(1)), ("jwt.verify(", .argument(1)), ("jwt.encode(", .argument(1)),
    ("jwt.decode(", .argument(1)),
    ("createhmac(", .argument(1)), ("hmac256(", .argument(0)), ("hmac384(", .argument(0)), ("hmac512(", .argument(0)),
    ("cookieparser(", .argument(0)), ("check_password(", .argument(0)), ("checkpassword(", .argument(0)),
    ("fernet(", .argument(0)), ("mysqldb.connect(", .argument(2)), ("pymysql.connect(", .argument(2)),
    ("client.connect(", .argument(2)), (".tochararray", .literalBefore), ("auth=(", .lastOfTwo),
    ("auth = (", .lastOfTwo), ("auth: [", .lastOfTwo),
    ("identified by ", .next), ("identified by password ", .next), ("identified with mysql_native_password by ", .next),
    ("identified with caching_sha2_password by ", .next), ("identified by values ", .next),
    ("set password for ", .nextAfterEquals),
    ("requirepass ", .next), ("masterauth ", .next), ("snmp-server community ", .next), ("rocommunity ", .next),
    ("rwcommunity ", .next), ("tacacs-server key ", .next), ("radius-server key ", .next), ("isakmp key ", .next),
    ("key-string ", .next), ("ascii-text ", .next), ("ascii-key ", .next), ("authentication-key ", .next),
    ("encrypted-password ", .next), ("wpa-psk ", .next), ("password 7 ", .next), ("password 5 ", .next),
    ("password 0 ", .next),
    ("secret 5 ", .next), ("secret 0 ", .next), ("secret 8 ", .next), ("secret 9 ", .next), ("key 7 ", .next),
    ("key 6 ", .next),
    ("auth plain ", .next), ("convertto-securestring ", .next), (" /rp ", .next), ("md5 7 ", .next),
    ("authpriv sha ", .next), ("chpasswd", .echoBefore), ("passwd --stdin", .echoBefore),
    ("sudo -s ", .echoBefore), ("password-stdin", .echoBefore),
  ]

  static func scan(_ bytes: Span<UInt8>, start: Int, end: Int, form: Form, state: inout ScanState) {
    guard start >= state.callsDone else { return }
    switch form {
    case .lastOfTwo: scanCall(bytes, end, wanted: nil, state: &state)
    case .argument(let place): scanCall(bytes, end, wanted: place, state: &state)
    case .next: scanNext(bytes, end, state: &state)
    case .nextAfterEquals:
      let equals = ByteText.firstIndex(of: 0x3D, bytes, end, min(bytes.count, end + 256))
      if equals < min(bytes.count, end + 256) { scanNext(bytes, equals + 1, state: &state) }
    case .echoBefore: scanEcho(bytes, start, state: &state)
    case .literalBefore: scanBefore(bytes, start, state: &state)
    }
  }

  private static func scanCall(
    _ bytes: Span<UInt8>, _ from: Int, wanted: Int?, state: inout ScanState
  ) {
    var literals = 0
    var last: (start: Int, end: Int)?
    var index = from
    var depth = 0
    var commas = 0
    let limit = min(bytes.count, from + 1024)
    while index < limit {
      let byte = bytes[index]
      if ByteClass.isQuote(byte) {
        let close = state.nextQuote(byte, bytes, from: index + 1)
        guard close < limit else { break }
        literals += 1
        if wanted == nil || wanted == commas && (depth == 0 || depth == 1 && isConversion(bytes, index)) {
          last = (index + 1, close)
        }
        index = close
      } else if byte == 0x28 || byte == 0x7B || byte == 0x5B {
        depth += 1
      } else if byte == 0x29 || byte == 0x7D || byte == 0x5D {
        if depth == 0 { break }
        depth -= 1
      } else if byte == 0x2C, depth == 0 {
        commas += 1
        if wanted == nil { last = nil }
      }
      index += 1
    }
    state.callsDone = index
    guard let last, wanted != nil || commas >= 1 || literals >= 2 else { return }
    let candidate = Candidate(start: last.start, end: last.end, place: .quoted, verdict: .password)
    guard last.start < last.end, Plausibility(lineIsCode: true).accepts(bytes, candidate) else { return }
    state.findings.add(last.start, last.end, .password, "call-argument")
  }

  /// `Some("x")`, `String("x")`: the literal all the same.
  private static func isConversion(_ bytes: Span<UInt8>, _ quote: Int) -> Bool {
    ByteText.matches(bytes, quote - 5, "some(") || ByteText.matches(bytes, quote - 7, "string(")
  }

  private static func scanNext(_ bytes: Span<UInt8>, _ from: Int, state: inout ScanState) {
    var index = KeyValueDetector.skipBlanks(bytes, from)
    if ByteText.matches(bytes, index, "password ") { index = KeyValueDetector.skipBlanks(bytes, index + 9) }
    guard index < bytes.count else { return }
    // The kind of encryption in a router's configuration.
    if index + 1 < bytes.count, ByteClass.isDigit(bytes[index]), bytes[index + 1] == 0x20 {
      index = KeyValueDetector.skipBlanks(bytes, index + 1)
    }
    guard index < bytes.count else { return }
    var end = index
    if ByteClass.isQuote(bytes[index]) {
      index += 1
      end = state.nextQuote(bytes[index - 1], bytes, from: index)
    } else {
      while end < bytes.count, !ByteClass.isSpace(bytes[end]), bytes[end] != 0x3B, bytes[end] != 0x22 { end += 1 }
    }
    guard end - index >= 2 else { return }
    let shape = ValueShape(bytes, index, end)
    guard shape.spaces == 0, !Plausibility.isTrivial(bytes, index, end, shape),
      !Plausibility.isPlaceholder(bytes, index, end, shape),
      !Plausibility.stateWords.contains(bytes, index, end), !Plausibility.isCodeReference(bytes, index, end, shape)
    else { return }
    state.findings.add(index, end, .password, "statement")
    state.callsDone = end
  }

  /// The literal that ends right before `at`.
  private static func scanBefore(_ bytes: Span<UInt8>, _ at: Int, state: inout ScanState) {
    guard at > 1, ByteClass.isQuote(bytes[at - 1]) else { return }
    let quote = bytes[at - 1]
    var first = at - 1
    while first > 0, at - first < 256, bytes[first - 1] != quote { first -= 1 }
    guard first > 0, bytes[first - 1] == quote, first < at - 1 else { return }
    let candidate = Candidate(start: first, end: at - 1, place: .quoted, verdict: .password)
    guard Plausibility(lineIsCode: true).accepts(bytes, candidate) else { return }
    state.findings.add(first, at - 1, .password, "literal-of-characters")
  }

  private static func scanEcho(_ bytes: Span<UInt8>, _ at: Int, state: inout ScanState) {
    var pipe = at
    let done = state.callsDone
    state.callsDone = at + 1
    while pipe > done, at - pipe < 64, bytes[pipe - 1] != 0x7C { pipe -= 1 }
    guard pipe > done, bytes[pipe - 1] == 0x7C else { return }
    var end = pipe - 1
    while end > done, ByteClass.isSpace(bytes[end - 1]) || ByteClass.isQuote(bytes[end - 1]) { end -= 1 }
    var start = end
    while start > done, end - start < 128, !ByteClass.isSpace(bytes[start - 1]), !ByteClass.isQuote(bytes[start - 1]) {
      start -= 1
    }
    guard end - start >= 3 else { return }
    let colon = ByteText.firstIndex(of: 0x3A, bytes, start, end)
    if ByteText.matches(bytes, at, "chpasswd"), colon + 1 < end { start = colon + 1 }
    let shape = ValueShape(bytes, start, end)
    guard !Plausibility.isTrivial(bytes, start, end, shape), !Plausibility.isPlaceholder(bytes, start, end, shape),
      !Plausibility.isCodeReference(bytes, start, end, shape)
    else { return }
    state.findings.add(start, end, .password, "piped-password")
  }
}
