@testable import Masking

/// How fast the line masker is: on ordinary logs, on the worst inputs known, and as inputs grow.
enum MaskingBenchmarks {
  /// Megabytes (10⁶ bytes) in a second on one core.
  private static let ordinaryFloor = 100.0
  private static let worstFloor = 20.0

  static func run(_ report: inout Report, quick: Bool) {
    ordinary(&report)
    adversarial(&report)
    growth(&report, largest: quick ? 4 : 64)
    search(&report, rounds: quick ? 500 : 4000)
  }

  static func run(_ report: inout Report, unit: String) {
    for mode in LogMode.allCases {
      report.row("\(mode.rawValue)", speed(of: unit, 1 << 20, mode, rounds: 10), "MB/s", floor: worstFloor)
    }
  }

  // MARK: Ordinary logs

  private static func ordinary(_ report: inout Report) {
    report.section("Ordinary logs, line by line (MB/s, one core)")
    let lines = OrdinaryLogs.lines(bytes: 8 << 20)
    let bytes = lines.reduce(0) { $0 + $1.count + 1 }
    for mode in LogMode.allCases {
      let masker = masker(mode)
      let seconds = ProcessorTime.best(of: 5) {
        var state = LineState()
        for line in lines { _ = masker.findings(line: line, state: &state) }
      }
      report.row("findings, \(mode.rawValue)", Double(bytes) / seconds / 1e6, "MB/s", floor: ordinaryFloor)
    }
    let tainted = masker(.balanced, secrets: 20)
    let seconds = ProcessorTime.best(of: 5) {
      var state = LineState()
      for line in lines { _ = tainted.line(line, state: &state).rendered() }
    }
    report.row("with 20 tainted secrets, and rendered", Double(bytes) / seconds / 1e6, "MB/s", floor: nil)
  }

  // MARK: The worst

  private static func adversarial(_ report: inout Report) {
    report.section("One line of 1 MiB made of one unit (MB/s, one core)")
    for unit in units {
      report.row(
        "\(unit.debugDescription)", min(speed(of: unit, 1 << 20, .balanced), speed(of: unit, 1 << 20, .strict)), "MB/s",
        floor: worstFloor)
    }
  }

  /// Random mixtures of units, short and long, once each; the slowest are measured again with care.
  private static func search(_ report: inout Report, rounds: Int) {
    report.section("The slowest of \(rounds) random mixtures of units (MB/s, one core)")
    var numbers = Numbers(seed: 11)
    var slowest: [(speed: Double, unit: String)] = []
    for _ in 0..<rounds {
      var unit = ""
      for _ in 0..<(1 + Int(numbers.next() % 5)) {
        let piece = atoms[Int(numbers.next() % UInt64(atoms.count))]
        unit += numbers.next() % 12 == 0 ? String(repeating: piece, count: 1 + Int(numbers.next() % 40)) : piece
      }
      slowest.append((speed(of: unit, 1 << 16, .balanced, rounds: 1), unit))
      slowest.sort { $0.speed < $1.speed }
      if slowest.count > 12 { slowest.removeLast() }
    }
    let again = slowest.map {
      (min(speed(of: $0.unit, 1 << 20, .balanced), speed(of: $0.unit, 1 << 20, .strict)), $0.unit)
    }
    for (speed, unit) in again.sorted(by: { $0.0 < $1.0 }).prefix(5) {
      if speed < worstFloor { report.text(unit.debugDescription) }
      report.row(String(unit.debugDescription.prefix(42)), speed, "MB/s", floor: worstFloor)
    }
  }

  // MARK: Time against size

  private static func growth(_ report: inout Report, largest: Int) {
    report.section("Time against size, one line without the budget of 1 MiB (ms)")
    let sizes = [1, 4, 16, 64].filter { $0 <= largest }
    report.text(Report.padded("", 24) + sizes.map { Report.padded("   \($0) MiB", 12) }.joined())
    for unit in units {
      let times = sizes.map { size in
        let input = Array(repeating(unit, size << 20))
        return ProcessorTime.best(of: size > 4 ? 1 : 3) {
          var state = ScanState(mode: .balanced)
          Scanner.scan(input.span, state: &state)
        }
      }
      report.text(
        Report.padded(unit.debugDescription, 24) + times.map { Report.number($0 * 1000, 9) + "   " }.joined())
      if let first = times.first, let last = times.last {
        // Linear, with room for caches and for what findings take to sort.
        report.row(
          "  growth against linear", last / first / Double(sizes[sizes.count - 1] / sizes[0]), "times", ceiling: 2.5)
      }
    }
  }

  // MARK: Parts

  private static func speed(of unit: String, _ bytes: Int, _ mode: LogMode, rounds: Int = 3) -> Double {
    let input = repeating(unit, bytes)
    let masker = masker(mode)
    let seconds = ProcessorTime.best(of: rounds) {
      var state = LineState()
      _ = masker.findings(line: input, state: &state)
    }
    return Double(input.count) / seconds / 1e6
  }

  private static func repeating(_ unit: String, _ bytes: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes)
    while result.count + unit.utf8.count <= bytes { result += unit.utf8 }
    return result
  }

  private static func masker(_ mode: LogMode, secrets: Int = 0) -> Masker {
    let rules: MaskingRules
    do throws(MaskingRulesError) { rules = try MaskingRules(logMode: mode) } catch { rules = .builtIn }
    var numbers = Numbers(seed: 3)
    var taint = Taint()
    for _ in 0..<secrets {
      taint.insert(name: Array("DB_PASSWORD".utf8), value: Array(String(numbers.next(), radix: 36).utf8), rules: rules)
    }
    return Masker(rules: rules, fingerprinter: Fingerprinter { _ in [] }, taint: taint)
  }

  private static let units = [
    "a", "A1b2C3d4", "token:", "http://a:b@", "password=\"", "Bearer ", "sig=", "@", "eyJ", "sk-", "<password>",
    "auth:",
    "pass:(", "{\"key\":\"", "mysql -p ", "-----BEGIN ", "$6$", "login(\"a\",", "\\u0070", "%70", "key ", "is a ",
    "aGVsbG8gd29ybGQgaGVsbG8=",
  ]

  private static let atoms =
    units + [
      "pass", "password", "secret", "key", "Authorization", "Cookie: ", "=", ":", " ", "\"", "'", "`", "\\", "(", ")",
      "<", ">",
      "/", "&", "?", "://", ",", ";", "-", "_", ".", "{", "}", "$", "[", "]", "A1b2", "ghp_", "AKIA", "Basic ", "is ",
      "for ",
      "new ", "value", "-----END ", "PRIVATE KEY-----", "curl ", "-p", "-u ", "getConnection(", "identified by ",
      "|chpasswd", "%41", "\t", "é", "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=", "kx83jd02mn", "env", "aaaaaaaaaaaaaaaa",
      "0123456789",
      "key=", "name=\"key\" value=\"", "<key>", "</key><string>", "redis-cli -a ", "docker login ", "--password ",
    ]
}
