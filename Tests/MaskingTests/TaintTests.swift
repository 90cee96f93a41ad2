import Testing

@testable import Masking

@Suite struct TaintTests {
  private static let secret = "kX8'3j\"d0\\2mN/+q7&zé"

  private static func percent(_ text: String) -> String {
    text.utf8.map { ByteClass.isAlphanumeric($0) ? String(UnicodeScalar($0)) : "%" + hex([$0]).uppercased() }.joined()
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let digits = Array("0123456789abcdef")
      return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
    }.joined()
  }

  /// A name is cut at 15 bytes: the beginning of a secret in it is known as one, at its start and at its end.
  @Test func beginnings() {
    var taint = Taint()
    taint.insert(name: Array("API_TOKEN".utf8), value: Array("q8Zr1LmN5xT7vB2c-9".utf8), rules: .builtIn)
    func start(_ name: String) -> Int? { taint.beginning(atEndOf: Array(name.utf8)) }
    #expect(start("q8Zr1LmN5xT7vB2") == 0 && start("q8Zr1LmN") == 0)
    #expect(start("q8Zr1Lm") == nil, "seven bytes may be chance")
    #expect(start("worker-q8Zr1LmN") == 7 && start("wo-q8Zr1LmN5xT7") == 3)
    #expect(start("worker-q8Zr1Lm") == nil, "a name that was not cut ends as it is")
    #expect(start("q8Zr1LmN5xT7vB2c-9") == nil, "all of it is found by masking itself")
    #expect(start("") == nil && start("q8Zr1LmX") == nil && Taint().beginning(atEndOf: Array("q8Zr1LmN".utf8)) == nil)
  }

  @Test func recursInEveryEncoding() throws {
    let masker = try masker(environment: [("DB_PASSWORD", Self.secret)])
    let plain = bytes(Self.secret)
    var forms = [
      Self.secret, Self.hex(plain), Self.hex(plain).uppercased(), Self.percent(Self.secret),
      Self.percent(Self.secret).lowercased(),
      Self.secret.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\").split(
        separator: "\"", omittingEmptySubsequences: false
      ).joined(separator: "\\\""),
      Self.secret.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"),
      Self.secret.split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;"),
    ]
    forms.append(plain.map { "\\" + String(repeating: "0", count: $0 < 64 ? 1 : 0) + String($0, radix: 8) }.joined())
    for (prefix, radix, upper) in [("&#", 10, false), ("&#x", 16, false), ("&#x", 16, true), ("&#X00", 16, true)] {
      func entity(_ scalar: Unicode.Scalar) -> String {
        prefix + String(scalar.value, radix: radix, uppercase: upper) + ";"
      }
      forms.append(Self.secret.unicodeScalars.map(entity).joined())
      // As most encoders do it.
      forms.append(
        Self.secret.unicodeScalars.map { $0.properties.isAlphabetic && $0.isASCII ? String($0) : entity($0) }.joined())
    }
    for before in 0..<3 {
      let encoded = Base64.encode(bytes(String(repeating: "x", count: before)) + plain + bytes("tail"))
      forms.append(string(encoded))
      forms.append(string(encoded.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }))
    }
    // Percent signs in lower case stand for the same bytes, but letters must keep their case.
    forms.remove(at: 4)
    for form in forms {
      let shown = masker.shown("saw [\(form)] here")
      #expect(shown.hasPrefix("saw [\u{2039}recurring:") && shown.hasSuffix("\u{203A}] here"), "\(form) -> \(shown)")
    }
  }

  @Test func recursInArgumentsPathsAndVariables() throws {
    let masker = try masker(environment: [("DB_PASSWORD", "kx83jd02mn")])
    #expect(masker.shown(["app", "xkx83jd02mnx"])[1].contains("\u{2039}recurring"))
    #expect(string(masker.text(bytes("/data/kx83jd02mn/f")).rendered()).hasPrefix("/data/\u{2039}recurring"))
    #expect(masker.shown("LANG", "kx83jd02mn").hasPrefix("\u{2039}recurring"))
  }

  @Test func theSameSecretHasTheSameFingerprint() throws {
    let masker = try masker(environment: [("DB_PASSWORD", "kx83jd02mn")])
    let one = try #require(masker.variable(name: bytes("DB_PASSWORD"), value: bytes("kx83jd02mn")).whole)
    var state = LineState()
    let line = masker.line(bytes("saw kx83jd02mn"), state: &state)
    let two = line.segments.compactMap { segment -> PresenceToken? in
      switch segment {
      case .text: nil
      case .masked(let token): token
      }
    }
    #expect(one.fingerprint != nil)
    #expect(two.map(\.fingerprint) == [one.fingerprint])
  }

  @Test func onlyStrongSecretsTaint() throws {
    var taint = Taint()
    let rules = MaskingRules.builtIn
    for (name, value) in [
      ("DB_PASSWORD", "password"), ("DB_PASSWORD", "abc"), ("DB_PASSWORD", "aaaaaaaaaaaa"), ("DB_PASSWORD", "12345678"),
      ("NODE_ENV", "production"), ("COLOUR", "kx83jd02mn"), ("DB_PASSWORD", ""),
    ] {
      taint.insert(name: bytes(name), value: bytes(value), rules: rules)
    }
    #expect(taint.isEmpty)
    taint.insert(name: bytes("DATABASE_URL"), value: bytes("postgres://app:kx83jd02mn@db/x"), rules: rules)
    #expect(taint.pieces == [bytes("kx83jd02mn")])
  }

  /// What is no name for a shell is one for a container's runtime.
  @Test(arguments: [
    "2FA_SECRET", "1PASSWORD_TOKEN", "app/password", "db password", String(repeating: "X", count: 300) + "_SECRET",
  ])
  func namesThatAreNone(_ name: String) throws {
    let masker = try masker(environment: [(name, "kx83jd-Vortex-blanket")])
    #expect(masker.shown("with kx83jd-Vortex-blanket").hasPrefix("with \u{2039}recurring"))
  }

  @Test(arguments: [
    ("DB_PASSWORD", "\"kx11jd-Vortex-blanket\"", "kx11jd-Vortex-blanket"),
    ("DB_PASSWORD", "'kx11jd-Vortex-blanket'", "kx11jd-Vortex-blanket"),
    ("DB_PASSWORD", " umber-Fjord-1112-kite ", "umber-Fjord-1112-kite"),
    ("DB_PASSWORD", "tern+Gully fen-5531", "tern+Gully%20fen-5531"),
    ("DB_PASSWORD", "kelp+fjord=marsh-77kite", "kelp+fjord%3Dmarsh-77kite"),
    ("DB_PASSWORD", "kelp+fjord=marsh-77kite", "kelp%2Bfjord%3Dmarsh-77kite"),
    ("DB_PASSWORD", "kelp fjord=marsh-77kite", "kelp+fjord%3Dmarsh-77kite"),
    ("DB_URL", "postgres://u:pa%40ss-Fjord-22kz@db.internal/x", "pa@ss-Fjord-22kz"),
    ("DB_PASSWORD", "kelp fjord marsh-77kite", "kelp+fjord+marsh-77kite"),
    ("DB_PASSWORD", "kelp\\\"fjord-77kite", "kelp\"fjord-77kite"),
    ("DB_PASSWORD", "\"kelp\\\"fjord-77kite\"", "kelp\"fjord-77kite"),
    ("DB_PASSWORD", "'kelp%40fjord-77kite'", "kelp@fjord-77kite"),
  ])
  func recursAsProgramsUseIt(name: String, value: String, text: String) throws {
    let masker = try masker(environment: [(name, value)])
    let shown = masker.shown("login \(text) ok")
    #expect(shown.hasPrefix("login") && shown.hasSuffix("ok") && shown.contains("\u{2039}"), "\(shown)")
    #expect(!shown.contains(text.prefix(5)) && !shown.contains(text.suffix(5)), "\(shown)")
  }

  @Test(arguments: [512, 513, 519, 520, 1024, 1029, 1536])
  func longValuesRecurToTheLastByte(count: Int) throws {
    var state: UInt64 = 88
    let value = String(
      decoding: (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Array("abcdefghijkmnpqrstuvwxyzABCDEFGH23456789".utf8)[Int(state >> 33) % 40]
      }, as: UTF8.self)
    let shown = try masker(environment: [("DB_PASSWORD", value)]).shown("login \(value)")
    #expect(shown.hasSuffix("\u{203A}") && !shown.contains(value.suffix(4)), "\(shown)")
  }

  @Test func valuesOfManyLinesRecurLineByLine() throws {
    let lines = ["Zt7kQ2mN4bV7cX1yL0aR5sD9fG3hJ6kP", "qW8eU2iO1tYvB4nM7zQ0xC5lK9jH3gF6"]
    let masker = try masker(environment: [("TLS_KEY", lines.joined(separator: "\n"))])
    for line in lines { #expect(masker.shown("| \(line) |").hasPrefix("| \u{2039}recurring")) }
  }

  /// A key of a service account, as most write it into one line, takes its size of the budget and not twice that.
  @Test(arguments: ["\n", "\\n", "\"\\n\""], ["", "Ab=="])
  func keysInOneLineTakeTheBudgetOnce(end: String, last: String) throws {
    var generator = SeededGenerator(seed: 7)
    let alphabet = Array("abcdefghijkmnpqrstuvwxyzABCDEFGH23456789".utf8)
    func key() -> [String] {
      (0..<26).map { _ in
        String(decoding: (0..<64).map { _ in alphabet.randomElement(using: &generator) ?? 0 }, as: UTF8.self)
      }
    }
    var taint = Taint()
    var keys: [[String]] = []
    let quote = end.hasPrefix("\"") ? "\"" : ""
    for index in 0..<17 {
      let lines = key()
      keys.append(lines)
      let text = (["-----BEGIN PRIVATE KEY-----"] + lines + [last, "-----END PRIVATE KEY-----"]).joined(
        separator: end.replacing("\"", with: ""))
      taint.insert(name: bytes("K\(index)_PRIVATE_KEY"), value: bytes(quote + text + quote), rules: .builtIn)
    }
    #expect(!taint.isSaturated, "\(taint)")
    let masker = Masker(rules: .builtIn, fingerprinter: testFingerprinter, taint: taint)
    for lines in keys {
      for line in lines { #expect(!masker.shown("at \(line)").contains(line.prefix(8))) }
      let whole = masker.shown("at " + lines.joined(separator: "\\n"))
      for line in lines { #expect(!whole.contains(line.prefix(8))) }
    }
  }

  /// Each line could be chance, all of them together are none.
  @Test(arguments: ["\n", "\\n", "\r\n"]) func aLongValueOfWeakLines(end: String) throws {
    var generator = SeededGenerator(seed: 9)
    let codes = (0..<70).map { _ in String(Int.random(in: 1_000_000...9_999_999, using: &generator)) }
    let masker = try masker(environment: [("RECOVERY_CODES_SECRET", codes.joined(separator: end))])
    let escaped = end.replacing("\r", with: "\\r").replacing("\n", with: "\\n")
    let shown = masker.shown("loaded \(codes.joined(separator: escaped)) all")
    #expect(shown.hasPrefix("loaded \u{2039}recurring") && !codes.contains(where: shown.contains), "\(shown)")
  }

  /// A long value is no chance, however few different bytes it has or however it begins.
  @Test(arguments: [0, 4200]) func aLongValueOfFewBytes(filler: Int) throws {
    var generator = SeededGenerator(seed: 10)
    let value =
      String(repeating: "0", count: filler)
      + String((0..<1024).map { _ in Bool.random(using: &generator) ? "0" : "1" })
    let shown = try masker(environment: [("WALLET_SECRET", value)]).shown("seed is \(value) ok")
    #expect(!shown.contains(value.suffix(40)) && shown.contains("\u{2039}recurring"), "\(shown)")
  }

  @Test func twoTaintsAreOne() {
    func taint(_ values: String...) -> Taint {
      var taint = Taint()
      for value in values { taint.insert(name: bytes("DB_PASSWORD"), value: bytes(value), rules: .builtIn) }
      return taint
    }
    var both = taint("kx83jd02mn")
    both.prepare()
    both.formUnion(taint("qz71hf55wp", "kx83jd02mn"))
    #expect(both.count == 2 && !both.isSaturated)
    let masker = Masker(rules: .builtIn, fingerprinter: testFingerprinter, taint: both)
    for secret in ["kx83jd02mn", "qz71hf55wp"] { #expect(!masker.shown("at \(secret) it").contains(secret)) }
    var saturated = taint()
    saturated.saturate()
    both.formUnion(saturated)
    #expect(both.isSaturated)
  }

  @Test func printsNoSecret() {
    var taint = Taint()
    taint.insert(name: bytes("DB_PASSWORD"), value: bytes("kx83jd02mn"), rules: .builtIn)
    var dumped = ""
    dump(taint, to: &dumped)
    #expect("\(taint)" == "[1 secret]" && !dumped.contains("107"))
  }

  @Test func aPreparedTaintMasksTheSame() throws {
    var taint = Taint()
    taint.insert(name: bytes("DB_PASSWORD"), value: bytes("kx83jd02mn"), rules: .builtIn)
    taint.prepare()
    taint.insert(name: bytes("API_TOKEN"), value: bytes("qz71hf55wp"), rules: .builtIn)
    for prepares in [false, true] {
      if prepares { taint.prepare() }
      let masker = Masker(rules: .builtIn, fingerprinter: testFingerprinter, taint: taint)
      for secret in ["kx83jd02mn", "qz71hf55wp"] { #expect(!masker.shown("at \(secret) it").contains(secret)) }
    }
  }

  @Test func tooManySecretsMaskEverything() throws {
    var taint = Taint()
    var generator = SeededGenerator(seed: 5)
    for index in 0..<200 {
      let value = (0..<512).map { _ in UInt8.random(in: 0x21...0x7E, using: &generator) }
      taint.insert(name: bytes("KEY_\(index)_TOKEN"), value: value, rules: .builtIn)
    }
    #expect(taint.isSaturated)
    let masker = Masker(rules: .builtIn, fingerprinter: testFingerprinter, taint: taint)
    #expect(masker.text(bytes("anything")).whole?.kind == .oversize)
  }

  /// Of lines that are too short to be looked for there is no limit, of the whole values there is.
  @Test func tooManySecretsOfManyShortLines() {
    var taint = Taint()
    var generator = SeededGenerator(seed: 6)
    for index in 0..<200 {
      let lines = (0..<63).map { _ in (0..<7).map { _ in UInt8.random(in: 0x41...0x7A, using: &generator) } }
      taint.insert(name: bytes("P\(index)_PASSWORD"), value: Array(lines.joined(separator: [0x0A])), rules: .builtIn)
    }
    #expect(taint.isSaturated)
  }

  /// A secret that overlaps itself ends at nearly each byte of such a text.
  @Test func secretsThatOverlapAreOneSpan() throws {
    let masker = try masker(environment: [("A_PASSWORD", "a7B.a7B.a7B."), ("B_PASSWORD", "7B.a7B.a7B.a")])
    let text = bytes("x " + String(repeating: "a7B.", count: 5000) + " y")
    var list = FindingList()
    masker.taint.scan(text.span, into: &list)
    #expect(list.findings.count <= 2)
    #expect(masker.shown(string(text)).hasPrefix("x \u{2039}recurring") && masker.shown(string(text)).hasSuffix(" y"))
  }

  @Test func findingsAreBounded() {
    var list = FindingList()
    for index in 0..<200_000 { list.add(index * 4, index * 4 + 3, .aws, "x") }
    #expect(list.findings.count <= MaskingLimits.spans)
    let merged = list.merged()
    #expect(merged.first?.start == 0 && merged.last?.end == 799_999)
  }

  /// Against a search in the obvious way.
  @Test func theAutomatonFindsWhatANaiveSearchFinds() {
    var generator = SeededGenerator(seed: 7)
    for round in 0..<2000 {
      let letters: [UInt8] = round % 2 == 0 ? [0x61, 0x62, 0x63] : [0, 1, 0xFE, 0xFF]
      let patterns = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
        (0..<Int.random(in: 1...7, using: &generator)).map { _ in letters.randomElement(using: &generator)! }
      }
      let haystack = (0..<60).map { _ in letters.randomElement(using: &generator)! }
      var automaton = TaintAutomaton()
      for pattern in patterns { automaton.insert(pattern) }
      automaton.link()
      var covered = Set<Int>()
      automaton.scan(haystack.span) { covered.formUnion($0.start..<$0.end) }
      var expected = Set<Int>()
      for pattern in patterns {
        for start in 0...(haystack.count - pattern.count)
        where Array(haystack[start..<start + pattern.count]) == pattern {
          expected.formUnion(start..<start + pattern.count)
        }
      }
      #expect(covered == expected)
    }
  }
}
