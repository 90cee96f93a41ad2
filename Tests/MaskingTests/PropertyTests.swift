import Glibc
import Testing

@testable import Masking

/// The same numbers each time, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

@Suite struct PropertyTests {
  static let atoms = [
    "pass", "password", "token", "secret", "key", "sig", "auth", "Authorization", "Cookie", "=", ":", " ", "\"", "'",
    "`", "\\",
    "(", ")", "<", ">", "/", "&", "?", "@", "://", ",", ";", "-", "_", ".", "{", "}", "$", "[", "]", "a", "A1b2", "eyJ",
    "ghp_",
    "AKIA", "sk-", "Bearer ", "Basic ", "is ", "for ", "new ", "value", "-----BEGIN ", "-----END ", "PRIVATE KEY-----",
    "mysql ",
    "curl ", "-p", "-u ", "getConnection(", "identified by ", "|chpasswd", "%41", "\t", "é", "\u{2039}", "$6$", "==",
    "\u{0}",
    "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=", "kx83jd02mn",
  ].map { Array($0.utf8) }

  static func random(_ generator: inout SeededGenerator) -> [UInt8] {
    var result: [UInt8] = []
    for _ in 0..<Int.random(in: 0...40, using: &generator) {
      if Int.random(in: 0..<12, using: &generator) == 0 {
        result.append(UInt8.random(in: 0...255, using: &generator))
      } else {
        result += atoms.randomElement(using: &generator) ?? []
      }
    }
    return result
  }

  @Test(arguments: LogMode.allCases)
  func spansAreInOrderAndInBounds(_ mode: LogMode) throws {
    let masker = try masker(mode, environment: [("DB_PASSWORD", "kx83jd02mn")])
    var generator = SeededGenerator(seed: 11)
    var state = LineState()
    for _ in 0..<3000 {
      let input = Self.random(&generator)
      for findings in [
        masker.findings(line: input, state: &state), masker.findings(text: input),
        masker.findings(variable: bytes("LANG"), value: input), masker.findings(variable: input, value: input),
        masker.findings(arguments: [input, input], titleRewritten: false)[1],
      ] {
        var position = 0
        for finding in findings {
          #expect(finding.start >= position && finding.start < finding.end && finding.end <= input.count, "\(input)")
          position = finding.end
        }
      }
    }
  }

  /// A value of one byte at the very end of a line, behind everything that leads to one.
  @Test func noShortEndTraps() throws {
    let leads = [
      "curl -u bob:", "mysql -p", "redis-cli -a ", "docker login -p ", "password=", "password: ", "password is ",
      "token \"",
      "<password>", "--password ", "identified by ", "getConnection(a, b, \"", "http://a:", "Bearer ", "Cookie: a=",
      "${PASSWORD:-", "echo x:", "key => ",
    ]
    let balanced = try masker(.balanced)
    let strict = try masker(.strict)
    for lead in leads {
      for byte in UInt8.min...UInt8.max {
        for line in [bytes(lead) + [byte], bytes(lead) + [byte, byte]] {
          for masker in [balanced, strict] {
            var state = LineState()
            #expect(masker.findings(line: line, state: &state).allSatisfy { $0.end <= line.count })
          }
        }
      }
    }
  }

  /// Names in one unbroken value beyond a bound: masked, not looked at again and again.
  @Test func aValueCrowdedWithNamesIsMasked() throws {
    let crowd = String(repeating: "key=", count: 30)
    #expect(try !masker(.balanced).shown(crowd + "kx83jd02mn").contains("kx83jd02mn"))
    #expect(try masker(.balanced).shown("?key=1&token=2&sid=3&auth=4&pin=5&otp=6&page=7").hasSuffix("page=7"))
  }

  /// What is tainted never comes out, whatever stands around it.
  @Test func noTaintedByteSurvives() throws {
    let masker = try masker(.balanced, environment: [("DB_PASSWORD", "kx83jd02mn")])
    var generator = SeededGenerator(seed: 13)
    for _ in 0..<3000 {
      var state = LineState()
      let shown = masker.line(Self.random(&generator), state: &state).rendered()
      #expect(!string(shown).contains("kx83jd02mn"))
    }
  }

  @Test func everyGuillemetInTheResultBeginsAToken() throws {
    let masker = try masker(.strict)
    let kinds = Set(SecretKind.allCases.map(\.rawValue))
    var generator = SeededGenerator(seed: 17)
    for _ in 0..<2000 {
      var state = LineState()
      let shown = string(masker.line(Self.random(&generator), state: &state).rendered())
      for part in shown.split(separator: "\u{2039}", omittingEmptySubsequences: false).dropFirst() {
        #expect(kinds.contains(String(part.prefix { $0 != ":" })), "\(shown)")
      }
    }
  }

  @Test func escapingTwiceChangesNothingMore() {
    var generator = SeededGenerator(seed: 19)
    for _ in 0..<1000 {
      var once: [UInt8] = []
      MaskedText.appendEscaped(Self.random(&generator), to: &once)
      var twice: [UInt8] = []
      MaskedText.appendEscaped(once, to: &twice)
      #expect(once == twice)
    }
  }

  /// Eight times the input, about eight times the time: for inputs that would hurt a backtracking matcher.
  @Test(arguments: [
    "token:", "password=\"", "sig=", "://a:", "@", "eyJ", "sk-", "<password>", "auth:", "A1b2C3d4", "a", "pass:(",
    "{\"key\":\"",
  ])
  func timeIsLinear(_ unit: String) throws {
    func input(_ size: Int) -> [UInt8] {
      var result: [UInt8] = []
      while result.count < size { result += unit.utf8 }
      return result
    }
    func processorTime() -> Double {
      var time = timespec()
      // SAFETY: fills exactly one timespec and keeps no pointer (clock_gettime(2)).
      _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    func seconds(_ input: [UInt8]) -> Double {
      let before = processorTime()
      var state = ScanState(mode: .balanced)
      Scanner.scan(input.span, state: &state)
      return processorTime() - before
    }
    let (short, long) = (input(1 << 14), input(1 << 17))
    // This thread's own time, and the best of several: the machine does other things as well.
    var best = (short: Double.infinity, long: Double.infinity)
    for _ in 0..<6 {
      best.short = min(best.short, seconds(short))
      best.long = min(best.long, seconds(long))
    }
    // Quadratic time would take 64 times as long.
    #expect(best.long / best.short < 24, "\(unit): \(best.short) s, \(best.long) s")
  }
}
