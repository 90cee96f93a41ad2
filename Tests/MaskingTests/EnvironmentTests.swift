import Testing

@testable import Masking

@Suite struct EnvironmentTests {
  @Test(arguments: [
    "DB_PASS", "dbPassword", "PGPASSWORD", "NEO4J_AUTH", "SECRET_KEY_BASE", "AWS_SECRET_ACCESS_KEY", "TOKEN",
    "githubToken",
    "API_KEY", "APIKEY", "REDIS_PW", "SESSION_SECRET", "JWT", "SENTRY_DSN", "WORDPRESS_NONCE_SALT",
    "STATE_ENCRYPTION_KEY",
    "MY_PIN", "OTP", "BASIC_AUTH", "CREDENTIALS", "PRIVATE_PEM", "SLACK_WEBHOOK", "COOKIE_NAME_SEED", "MNEMONIC",
    "LICENSE_KEY",
    "OTEL_EXPORTER_OTLP_HEADERS", "JAVA_OPTS", "ZEND_LICENSE_ORDER", "passphrase", "X-Api-Key",
  ])
  func namesOfSecretsAreNeverShown(_ name: String) throws {
    #expect(NameClassifier.isNeverShown(bytes(name)))
    #expect(throws: (any Error).self) { try MaskingRules(safeNames: [name]) }
    #expect(
      try masker(safe: name.hasPrefix("X") ? [] : ["APP_*"]).variable(name: bytes(name), value: bytes("value one"))
        .maskedCount > 0)
  }

  @Test(arguments: [
    "KEYCLOAK_HOST", "AUTHOR", "MONKEY_MODE", "COMPASS", "KEYBOARD", "PASSENGER_COUNT", "SIDEBAR", "SPINNER",
    "OPTION_COUNT",
  ])
  func lookalikesAreNotNeverShown(_ name: String) {
    #expect(!NameClassifier.isNeverShown(bytes(name)))
  }

  @Test func prefixesAreGuarded() throws {
    let masker = try masker(safe: ["ACME_*", "BUILD_SHA"])
    #expect(masker.shown("ACME_COLOUR", "very blue") == "very blue")
    #expect(
      masker.shown("BUILD_SHA", "3f786850e387550fdab836ed7e6dc881de23001b")
        == "3f786850e387550fdab836ed7e6dc881de23001b")
    #expect(masker.shown("ACME_TOKEN", "very blue").hasPrefix("\u{2039}name:"))
    #expect(masker.shown("ACME_COLOUR", "postgres://a:kx83jd02@h/x").contains("\u{2039}url-password"))
  }

  @Test func rulesThatAskTooMuchAreRefused() {
    #expect(throws: MaskingRulesError.malformedName("*")) { try MaskingRules(safeNames: ["*"]) }
    #expect(throws: MaskingRulesError.unguardedPrefix("AB*")) { try MaskingRules(safeNames: ["AB*"]) }
    #expect(throws: MaskingRulesError.unguardedPrefix("ACME*")) { try MaskingRules(safeNames: ["ACME*"]) }
    #expect(throws: MaskingRulesError.malformedName("A B")) { try MaskingRules(safeNames: ["A B"]) }
    #expect(throws: MaskingRulesError.malformedName("A*_B*")) { try MaskingRules(safeNames: ["A*_B*"]) }
    #expect(throws: MaskingRulesError.secretName("DB_PASSWORD")) { try MaskingRules(safeNames: ["DB_PASSWORD"]) }
    #expect(throws: MaskingRulesError.secretName("TOKEN_*")) { try MaskingRules(safeNames: ["TOKEN_*"]) }
    #expect(throws: MaskingRulesError.tooManyNames(5000)) {
      try MaskingRules(safeNames: Array(repeating: "A", count: 5000))
    }
  }

  @Test func oddNamesAreMalformed() throws {
    let masker = try masker()
    for name in ["", "A B", "BASH_FUNC_x%%", "\u{1B}[31m", "1A", String(repeating: "A", count: 300)] {
      #expect(masker.variable(name: bytes(name), value: bytes("x1")).whole?.kind == .malformed)
    }
  }

  @Test func aboutASecretIsNotASecret() throws {
    let masker = try masker()
    #expect(masker.shown("DB_PASSWORD_FILE", "/run/secrets/db-password") == "/run/secrets/db-password")
    #expect(masker.shown("DB_PASSWORD_FILE", "kx83jd02").hasPrefix("\u{2039}"))
    #expect(masker.shown("SESSION_TIMEOUT", "3600") == "3600")
    #expect(masker.shown("MYSQL_ALLOW_EMPTY_PASSWORD", "yes") == "yes")
    #expect(masker.shown("MYSQL_ALLOW_EMPTY_PASSWORD", "kx83jd02").hasPrefix("\u{2039}"))
  }

  @Test func locatorsShowHostAndDatabase() throws {
    let masker = try masker()
    let shown = masker.shown("DATABASE_URL", "postgres://app:kx83jd02@db.internal:5432/orders?sslmode=true&x=kx83jd02Q")
    #expect(shown.hasPrefix("postgres://\u{2039}url-user:"))
    #expect(shown.contains("@db.internal:5432/orders?sslmode=true&x=\u{2039}url-query:"))
    #expect(!shown.contains("kx83jd02"))
    #expect(!masker.shown("CALLBACK_URL", "https://h.example.org/hook/a8Kd02Jf93Lq71Zx").contains("a8Kd02Jf93Lq71Zx"))
  }

  /// 615 names come from the documentation of public images; these are the plainly harmless ones of
  /// them, each with a value such as it takes.
  @Test func harmlessSettingsStayReadable() throws {
    let masker = try masker()
    let lines = try Corpus.lines("harmless-env.txt")
    var shown = 0
    for line in lines {
      let equals = try #require(line.firstIndex(of: 0x3D))
      if masker.variable(name: Array(line[..<equals]), value: Array(line[(equals + 1)...])).maskedCount == 0 {
        shown += 1
      }
    }
    #expect(lines.count > 500)
    #expect(Double(shown) >= 0.84 * Double(lines.count), "\(shown) of \(lines.count)")
  }
}
