import Testing

@testable import Masking

/// Lines of many kinds of software; the secret is what stands between « and ».
@Suite struct LineTests {
  /// Names, places and notations that public code and documents taught.
  @Test(arguments: [
    "spring.redis.redisPassWord: «kx83jd02»", "      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-«Q4tPplCZea»}",
    "%% {default_pass, <<\"«kx83jd02»\">>},", "**Contraseña por defecto = `«ea5h9oql»`**",
    "The default username and password are \"admin\" / \"«Walnut39»\".", "Default login is `app` / `«kx83jd02»`",
    "test: [\"CMD\", \"mysqladmin\", \"ping\", \"-u\", \"root\", \"-p«kx83jd02»\"]",
    "keyStore.load(stream, \"«p6sg1rsne»\".toCharArray());", "Algorithm a = Algorithm.HMAC256(\"«pepper62560»\");",
    "assert user.check_password(\"«ZBdaVV73»\")", "db = MySQLdb.connect(\"db-1\", \"root\", \"«Tulip4507»\", \"app\")",
    "bot = TelegramBot('«7192297474:AAbPkJ3ae6dHruwjdWT9w239FFrB4J6LuJH»')", "The admin password is «_nqDDMhxFx»",
    "-E output.elasticsearch.password=«walnut57861»",
  ])
  func whatPublicCodeTaughtIsMasked(_ line: String) throws {
    let parts = line.split(separator: "«", maxSplits: 1, omittingEmptySubsequences: false)
    let rest = parts[1].split(separator: "»", maxSplits: 1, omittingEmptySubsequences: false)
    let secret = bytes(String(rest[0]))
    let text = bytes(String(parts[0])) + secret + bytes(String(rest[1]))
    var state = LineState()
    let findings = try masker(.balanced).findings(line: text, state: &state)
    let start = bytes(String(parts[0])).count
    #expect(
      findings.contains { $0.start <= start && $0.end >= start + secret.count }, "\(line): \(findings)")
    #expect(findings.allSatisfy { $0.end - $0.start <= secret.count + 2 }, "\(line): \(findings)")
  }

  @Test(arguments: [
    "      FRIGATE_PASSWORD: ${FRIGATE_PASSWORD:?You must define a password}", "(using password: YES).",
    "const PASS_RE =/^(?=.*\\d)(?=.*[a-z]).{8,}$/;", "    \"password\": {$gt: \"\"}",
    "const SESSION_KEY = \"app.session.v5\";",
    "const accountSid = 'AC3ee99fe5c9c66ef61b1b80493f55506c';", "PASSWORD_HASHERS = ['django.hashers.PBKDF2Hasher']",
    "    \"private_key_id\": \"f296598e34abf60022faf2b45974aa9f4be2a916\",",
  ])
  func whatPublicCodeTaughtIsShown(_ line: String) throws {
    #expect(try masker(.balanced).shown(line) == line)
  }

  @Test(arguments: [
    "password = \"«hunter2»\"", "  password: «S3cr3tPa55»", "DB_PASSWORD=«password»", "export X_TOKEN='«a81bc9d2e»'",
    #"{"user":"bob","password":"«p4ss, word»","n":1}"#, #"{\"password\":\"«abc123def»\"}"#,
    "<password>«foo123»</password>",
    #"<entry key="password">«foo123»</entry>"#, #"<property name="password" value="«foo123»"/>"#,
    "<key>API_SECRET</key><string>«kx83jd02»</string>", "define('DB_PASSWORD', '«kx83jd»');",
    "$config['db_password'] = '«kx83jd»';", "os.environ.get(\"PASSWORD\", \"«kx83jd»\")", "setPassword(\"«kx83jd9»\");",
    "password := \"«uebdkh5c8»\"", "var secret = []byte(\"«zep3HYR720»\")",
    "val apiKey: String = \"«8f14e45fceea167a»\"",
    "CREATE USER bob IDENTIFIED BY '«kx83jd»'", "ALTER USER bob WITH PASSWORD '«kx83jd»';",
    "SET PASSWORD FOR 'bob'@'%' = '«kx83jd»';", "username bob password 7 «0822455D0A16»", "requirepass «kx83jd»",
    "machine h login bob password «kx83jd»", "Authorization: Bearer «abcdef0123456789»",
    "Proxy-Authorization: Basic «Ym9iOmh1bnRlcjI=»",
    "Cookie: theme=dark; sid=«ab12cd34ef56»", "Set-Cookie: session=«ab12cd34ef56»; Path=/; HttpOnly",
    "GET /cb?code=«a1B2x3D4z5F6»&state=x HTTP/1.1", "Server=db;User Id=sa;Password=«Str0ng!Pass»;Encrypt=true",
    "bob:«s3cr3tPw»@tcp(db:3306)/app", "DriverManager.getConnection(url, \"bob\", \"«kx83jd»\")",
    "new NetworkCredential(\"bob\", \"«kx83jd»\")", "mysql -u root -p«kx83jd» app", "curl -u bob:«kx83jd» https://h/",
    "sshpass -p '«kx83jd»' ssh h", "echo 'bob:«kx83jd»' | chpasswd", "password for bob: «XyZ123ab»",
    "bob:«$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234»", "secretKey = \"«secret»\"",
  ])
  func theSecretIsCoveredAndTheRestShown(_ marked: String) throws {
    let (line, secret) = try Self.taken(apart: marked)
    var state = LineState()
    let findings = try masker().findings(line: bytes(line), state: &state)
    let covering = findings.filter { $0.start <= secret.lowerBound && $0.end >= secret.upperBound }
    #expect(covering.count == 1, "\(findings)")
    #expect(findings.count == 1, "\(findings)")
    #expect(covering.allSatisfy { $0.start == secret.lowerBound }, "\(findings)")
  }

  @Test(arguments: [
    "password = getpass.getpass()", "password = os.environ[\"PASSWORD\"]", "self.password = password",
    "password: ${DB_PASSWORD}",
    "token: <your token here>", "password: string;", "password: Option<String>,",
    "const token = req.headers.authorization;",
    "max_tokens=4096 tokens used: 512", "password reset requested for user 5",
    "Invalid password: must contain 8 characters",
    "ERROR: duplicate key value violates unique constraint \"users_pkey\"",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "image: nginx@sha256:6926dd802f40e5e7257fded83e0d8030039642e4e10c4a98a6478e9c6fe06153",
    "key=user:123 monkey=banana",
    "traceId=4bf92f3577b34da6a3ce929d0e0e4736 spanId=00f067aa0ba902b7",
    "request 9b2e6c1a-3a5f-4a1f-9a53-2f4c6a1d7b11 authenticated user bob",
    "\"integrity\": \"sha512-T8ZpQ2mN4bV7cX1yL0aR5sD9fG3hJ6kPqW8eU2iO1tYvB4nM7zQ0xC5lK9jH3gF6dS1aP8oI7uY2tR4eW9qA==\"",
    "if (password.equals(confirmPassword)) {", "'password' => 'required|min:8|confirmed',",
    "<input type=\"password\" name=\"password\">",
    "-----BEGIN CERTIFICATE-----", "if x.startswith('-----BEGIN RSA PRIVATE KEY-----'):", "PASS: TestLogin (0.02s)",
    "\"pass\": \"green\",",
    "token_type=Bearer expires_in=3600", "secretName: tls-wildcard", "git@github.com:acme/app.git",
    "mailto:bob@example.org", "1.2.3 -> 1.2.4",
    "Authorization: Bearer $TOKEN", "passwordResetUrl = \"/reset\"", "password_hash algorithm changed",
    "private static final String PASSWORD_KEY = \"password\";",
  ])
  func whatIsNoSecretStays(_ line: String) throws {
    #expect(try masker().shown(line) == line)
  }

  @Test func urlsKeepWhatIsUseful() throws {
    let shown = try masker().shown("postgres://bob:s3cr3tPw99@db.example.org:5432/app?sslmode=require&password=Zt7kQ2")
    #expect(shown.hasPrefix("postgres://bob:\u{2039}url-password:8-15:"))
    #expect(shown.contains("@db.example.org:5432/app?sslmode=require&password=\u{2039}url-query:1-7:-\u{203A}"))
  }

  @Test func blocksAreMaskedOverManyLines() throws {
    let masker = try masker()
    var state = LineState()
    let body = "MIIEpAIBAAKCAQEA75jYky7x2EjedaAfGljRAnf0BBr4y9PcyDTJDcHokmJYv6Ie"
    let lines = [
      "before", "-----BEGIN RSA PRIVATE KEY-----", body, "", "short==", "-----END RSA PRIVATE KEY----- after", "later",
    ]
    let shown = lines.map { string(masker.line(bytes($0), state: &state).rendered()) }
    #expect(shown[0] == "before")
    for index in 1...4 where !lines[index].isEmpty { #expect(shown[index].hasPrefix("\u{2039}pem:"), "\(shown)") }
    #expect(shown[5].hasPrefix("\u{2039}pem:") && shown[5].hasSuffix(" after"))
    #expect(shown[6] == "later")
    #expect(!state.isInsideBlock)
  }

  @Test func aBlockWithoutAnEndEnds() throws {
    let masker = try masker()
    var state = LineState()
    _ = masker.line(bytes("-----BEGIN OPENSSH PRIVATE KEY-----"), state: &state)
    for _ in 0..<MaskingLimits.blockLines { _ = masker.line(bytes("nothing"), state: &state) }
    #expect(string(masker.line(bytes("nothing"), state: &state).rendered()) == "nothing")
  }

  @Test func valuesOnLinesOfTheirOwn() throws {
    let masker = try masker()
    var state = LineState()
    _ = masker.line(bytes("        - name: DB_PASSWORD"), state: &state)
    #expect(
      string(masker.line(bytes("          value: \"kx83jd02\""), state: &state).rendered()).contains(
        "\u{2039}name:8-15"))
    #expect(string(masker.line(bytes("          value: \"kx83jd02\""), state: &state).rendered()).contains("kx83jd02"))
  }

  @Test func base64IsLookedInto() throws {
    let inner = Base64.encode(bytes("{\"auths\":{\"r.example.org\":{\"password\":\"kx83jd02\"}}}"))
    #expect(try masker().shown("blob \(string(inner))").hasPrefix("blob \u{2039}encoded:"))
    let twice = Base64.encode(inner)
    #expect(try masker().shown("blob \(string(twice))").hasPrefix("blob \u{2039}encoded:"))
    let harmless = Base64.encode(bytes("the quick brown fox sat on the mat and ate"))
    #expect(try masker().shown("blob \(string(harmless))") == "blob \(string(harmless))")
  }

  static func taken(apart marked: String) throws -> (line: String, secret: Range<Int>) {
    let parts = marked.split(omittingEmptySubsequences: false) { $0 == "«" || $0 == "»" }
    try #require(parts.count == 3)
    let start = parts[0].utf8.count
    return (parts.joined(), start..<start + parts[1].utf8.count)
  }
}
