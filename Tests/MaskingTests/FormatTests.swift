import Testing

@testable import Masking

@Suite struct FormatTests {
  /// A body that fits each alphabet: made here, in use nowhere.
  private func body(_ format: TokenFormat) -> String {
    let letters: String =
      switch format.alphabet {
      case .alphanumeric, .word, .dotted, .wide: "q7Xb2Kf9Zt4Rm1Wc8Vp3Ls6Jd5Hn0Gy"
      case .hex: "3f9c0b7d1a2e8f6459cd07be"
      case .base32: "Q7XB2KF3ZT4RM5WC6VPLSJDHNGY"
      case .digits: "4829301756"
      }
    var result = ""
    while result.count < format.minimum + 4 { result += letters }
    return String(result.prefix(format.minimum + 4))
  }

  /// What has to stand before the fixed part.
  private func lead(_ format: TokenFormat) -> String {
    switch format.check {
    case .digitsBefore: "719229747"
    case .wordBefore: "q7Xb2Kf9Zt4Rm1"
    case .none, .crc32Base62, .crc32Hex, .mixed: ""
    }
  }

  /// The providers that must be known, each by a format of its own kind.
  @Test func everyNamedProviderHasAFormat() {
    let kinds = Set(TokenFormat.all.map(\.kind))
    for kind: SecretKind in [
      .aws, .gcp, .azure, .github, .gitlab, .slack, .stripe, .npm, .pypi, .docker, .vault, .twilio, .sendgrid, .openai,
      .anthropic, .digitalocean, .shopify, .grafana, .databricks, .hashicorp, .telegram, .discord,
    ] {
      #expect(kinds.contains(kind), "\(kind)")
    }
  }

  @Test func everyFormatIsFound() throws {
    let masker = try masker()
    for format in TokenFormat.all {
      let token = "\(lead(format))\(format.prefix)\(body(format))"
      let secret = format.keepsPrefix ? body(format) : token
      let shown = masker.shown("sent \(token) to it")
      #expect(!shown.contains(secret), "\(format.rule): \(shown)")
      #expect(shown.hasPrefix("sent "), "\(shown)")
      #expect(format.keepsPrefix || shown.hasPrefix("sent \u{2039}") && shown.hasSuffix("\u{203A} to it"), "\(shown)")
    }
  }

  @Test func wordsWithTheSameBeginningStay() throws {
    let masker = try masker()
    for line in [
      "risk-based-authentication-of-many-more-people", "task-ant-colony", "AKIAN is a name", "npm_config_registry",
      "sk-learn",
    ] {
      #expect(masker.shown(line) == line)
    }
  }

  @Test func checksumsAreToldFromLookalikes() throws {
    let masker = try masker()
    let body = bytes("q7Xb2Kf9Zt4Rm1Wc8Vp3Ls6Jd5Hn0G")
    var crc = Checksum.crc32(body.span, 0, body.count)
    let digits = bytes("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    var tail: [UInt8] = []
    for _ in 0..<6 {
      tail.insert(digits[Int(crc % 62)], at: 0)
      crc /= 62
    }
    var state = LineState()
    let right = masker.findings(line: bytes("ghp_") + body + tail, state: &state)
    #expect(right.map(\.rule) == ["github-token-checked"])
    let wrong = masker.findings(line: bytes("ghp_") + body + bytes("zzzzzz"), state: &state)
    #expect(wrong.map(\.rule) == ["github-token"])
  }

  @Test func crc32AgreesWithTheStandard() {
    // The check value of CRC-32/ISO-HDLC.
    let nine = bytes("123456789")
    #expect(Checksum.crc32(nine.span, 0, nine.count) == 0xCBF4_3926)
  }

  @Test func base64AgreesWithRFC4648() throws {
    for (plain, encoded) in [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ] {
      #expect(string(Base64.encode(bytes(plain))) == encoded)
      if !plain.isEmpty { #expect(Base64.decode(bytes(encoded).span, 0, encoded.utf8.count) == bytes(plain)) }
    }
  }

  @Test func formatsAreWellFormed() {
    for format in TokenFormat.all {
      #expect(format.minimum >= 10, "\(format.rule)")
      #expect(format.prefix.utf8CodeUnitCount >= (format.minimum >= 24 ? 2 : 3), "\(format.rule)")
    }
  }
}
