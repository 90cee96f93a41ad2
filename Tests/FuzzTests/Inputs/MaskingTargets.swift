@testable import Masking

extension FuzzTarget {
  static let masking: [FuzzTarget] = [
    FuzzTarget("mask-line-strict", longest: 16384) { try lines($0, .strict) },
    FuzzTarget("mask-line-balanced", longest: 16384) { try lines($0, .balanced) },
    FuzzTarget("mask-variable", longest: 16384) { input in
      var reader = InputReader(input)
      let name = reader.piece(until: UInt8(ascii: "="))
      let value = reader.all
      let masker = try exampleMasker(.strict)
      let findings = masker.findings(variable: name, value: value)
      try check(findings, masker.variable(name: name, value: value), of: value)
      // Names that speak of secrets beat every rule: nothing but the shape of a locator or a setting is shown.
      let relaxed = try relaxedMasker()
      if NameClassifier.isNeverShown(name), masker.variable(name: name, value: value).whole != nil {
        try require(relaxed.variable(name: name, value: value).whole != nil, "a policy shows a secret's name")
      }
    },
    FuzzTarget("mask-arguments", longest: 16384) { input in
      var reader = InputReader(input)
      let flags = reader.byte()
      let arguments = reader.all.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
      let masker = try exampleMasker(flags & 1 == 0 ? .strict : .balanced)
      let rewritten = flags & 2 == 2
      let masked = masker.arguments(arguments, titleRewritten: rewritten)
      let findings = masker.findings(arguments: arguments, titleRewritten: rewritten)
      try require(masked.count == arguments.count, "an argument is lost")
      for index in arguments.indices { try check(findings[index], masked[index], of: arguments[index]) }
      _ = Measurement.findings(commandLine: reader.all, masker)
    },
    // A secret, and a text with that secret in it in several forms.
    FuzzTarget("mask-taint", longest: 4096) { input in
      var reader = InputReader(input)
      let secret = reader.piece()
      let before = reader.piece()
      let after = reader.all
      guard Strength.isStrong(secret), secret.count <= MaskingLimits.taintPieceBytes else { return }
      var taint = Taint()
      taint.insert(name: Array("DB_PASSWORD".utf8), value: secret, rules: .builtIn)
      let masker = Masker(rules: .builtIn, fingerprinter: exampleFingerprinter, taint: taint)
      let encoded = Base64.encode(secret)
      let hex = secret.flatMap { [hexDigits[Int($0 >> 4)], hexDigits[Int($0 & 15)]] }
      for form in [secret, encoded, hex] {
        let text = before + form + after
        for finding in [masker.findings(text: text), try balanced(taint).findings(text: text)] {
          var shown = text
          for span in finding { for index in span.start..<span.end { shown[index] = 0 } }
          try require(
            shown[before.count..<(before.count + form.count)].allSatisfy { $0 == 0 },
            "a byte of a tainted value is shown")
        }
      }
    },
    FuzzTarget("labelled-record") { input in
      guard let record = LabelledRecord(json: input) else { return }
      try require(record.secrets.allSatisfy { $0.upperBound <= record.text.count }, "a span beyond the text")
      var measurement = try Measurement()
      measurement.add(record)
      let counts = [measurement.log, measurement.env, measurement.argv]
      try require(
        counts.allSatisfy { $0.fullyMasked <= $0.touched && $0.touched <= $0.secrets && $0.cleanTouched <= $0.clean },
        "counts that cannot be")
    },
  ]

  private static let hexDigits = Array("0123456789abcdef".utf8)

  private static func balanced(_ taint: Taint) throws -> Masker {
    Masker(rules: try MaskingRules(logMode: .balanced), fingerprinter: exampleFingerprinter, taint: taint)
  }

  /// Stands for a keyed HMAC: different for different values, and 32 bytes long.
  static let exampleFingerprinter = Fingerprinter { value in
    var state = NameSegment.seed
    return (0..<32).map { index in
      for byte in value { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
      state = (state ^ UInt64(index)) &* 0x0000_0100_0000_01b3
      return UInt8(truncatingIfNeeded: state >> 32)
    }
  }

  static func exampleMasker(_ mode: LogMode, secret: [UInt8] = []) throws -> Masker {
    let rules = try MaskingRules(logMode: mode)
    var taint = Taint()
    taint.insert(name: Array("DB_PASSWORD".utf8), value: secret, rules: rules)
    return Masker(rules: rules, fingerprinter: exampleFingerprinter, taint: taint)
  }

  /// As much as a policy can ask for.
  private static func relaxedMasker() throws -> Masker {
    Masker(
      rules: try MaskingRules(safeNames: ["APP_*", "COLOUR", "REGION"], logMode: .balanced),
      fingerprinter: exampleFingerprinter, taint: Taint())
  }

  /// All lines of the input, with state from one to the next; each of them also as a text by itself.
  private static func lines(_ input: [UInt8], _ mode: LogMode) throws {
    let masker = try exampleMasker(mode)
    var state = LineState()
    var again = LineState()
    for line in input.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init) {
      let findings = masker.findings(line: line, state: &state)
      try check(findings, masker.line(line, state: &again), of: line)
      try require(state.isInsideBlock == again.isInsideBlock, "not the same twice")
    }
    try check(masker.findings(text: input), masker.text(input), of: input)
  }

  /// What holds for every masked value: spans in order and inside of it; the segments cover it; every `‹` that comes out
  /// begins a presence token that the masker has put there; a text that was escaped once stays as it is.
  private static func check(_ findings: [Finding], _ masked: MaskedText, of value: [UInt8]) throws {
    var position = 0
    for finding in findings {
      try require(
        finding.start >= position && finding.start < finding.end && finding.end <= value.count, "spans out of order")
      position = finding.end
    }
    try require(masked.maskedCount == findings.count, "other spans the second time")
    var index = 0
    var covered = 0
    for segment in masked.segments {
      switch segment {
      case .text(let bytes):
        try require(value[covered...].starts(with: bytes), "a text that was not there")
        covered += bytes.count
      case .masked:
        try require(index < findings.count && findings[index].start == covered, "a token out of place")
        covered = findings[index].end
        index += 1
      }
    }
    try require(covered == value.count, "the segments do not cover the value")
    let rendered = masked.rendered()
    var tokens = 0
    var at = 0
    while at + 2 < rendered.count {
      if rendered[at] == 0xE2, rendered[at + 1] == 0x80, rendered[at + 2] == 0xB9 {
        let end = presenceTokenEnd(rendered, at)
        try require(end != nil, "‹ begins no presence token")
        at = end ?? at + 1
        tokens += 1
      } else {
        at += 1
      }
    }
    try require(tokens == findings.count, "\(tokens) presence tokens for \(findings.count) spans")
    var once: [UInt8] = []
    MaskedText.appendEscaped(value, to: &once)
    var twice: [UInt8] = []
    MaskedText.appendEscaped(once, to: &twice)
    try require(once == twice, "escaping twice is not escaping once")
  }

  private static let kinds = Set(SecretKind.allCases.map { Array($0.rawValue.utf8) })
  private static let lengths = Set(LengthBucket.allCases.map { Array($0.rawValue.utf8) })

  /// Where the `‹kind:length:fingerprint›` at `at` ends, or nil if none stands there.
  private static func presenceTokenEnd(_ bytes: [UInt8], _ at: Int) -> Int? {
    var fields: [[UInt8]] = [[]]
    var index = at + 3
    while index + 2 < bytes.count, index - at < 80 {
      if bytes[index] == 0xE2, bytes[index + 1] == 0x80, bytes[index + 2] == 0xBA {
        guard fields.count == 3, kinds.contains(fields[0]), lengths.contains(fields[1]) else { return nil }
        let isFingerprint = fields[2] == [0x2D] || fields[2].count == 16 && fields[2].allSatisfy(hexDigits.contains)
        return isFingerprint ? index + 3 : nil
      }
      if bytes[index] == UInt8(ascii: ":") { fields.append([]) } else { fields[fields.count - 1].append(bytes[index]) }
      index += 1
    }
    return nil
  }
}
