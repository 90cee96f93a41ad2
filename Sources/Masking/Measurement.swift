/// Recall and precision on labelled data.
package struct Measurement: Sendable {
  package struct Counts: Sendable, Equatable {
    package var secrets = 0
    /// Secrets of which every byte was masked.
    package var fullyMasked = 0
    /// Secrets of which at least one byte was masked.
    package var touched = 0
    /// Records without secrets.
    package var clean = 0
    /// Those of them in which anything was masked.
    package var cleanTouched = 0

    /// Share of secrets fully masked; 1 when there are none.
    package var recall: Double { secrets == 0 ? 1 : Double(fullyMasked) / Double(secrets) }
    /// Share of clean records touched.
    package var cleanTouchedShare: Double { clean == 0 ? 0 : Double(cleanTouched) / Double(clean) }
  }

  package private(set) var log = Counts()
  package private(set) var env = Counts()
  package private(set) var argv = Counts()
  private let strict: Masker
  private let balanced: Masker

  /// Measures the built-in rules: environments in strict mode, lines and arguments in balanced mode,
  /// nothing tainted, since each record stands alone.
  package init() throws(MaskingRulesError) {
    let fingerprinter = Fingerprinter { _ in [] }
    strict = Masker(rules: try MaskingRules(logMode: .strict), fingerprinter: fingerprinter, taint: Taint())
    balanced = Masker(rules: try MaskingRules(logMode: .balanced), fingerprinter: fingerprinter, taint: Taint())
  }

  package mutating func add(_ record: LabelledRecord) {
    switch record.kind {
    case .log: Self.count(record, findings(in: record), &log)
    case .env: Self.count(record, findings(in: record), &env)
    case .argv: Self.count(record, findings(in: record), &argv)
    }
  }

  /// The spans masked in a record, as offsets of its text.
  package func findings(in record: LabelledRecord) -> [Finding] {
    switch record.kind {
    case .log: lines(record.text)
    case .env: variable(record.text)
    case .argv: Self.findings(commandLine: record.text, balanced)
    }
  }

  private func lines(_ text: [UInt8]) -> [Finding] {
    var state = LineState()
    var result: [Finding] = []
    var start = 0
    for index in 0...text.count where index == text.count || text[index] == 0x0A {
      result += balanced.findings(line: Array(text[start..<index]), state: &state).map { Self.moved($0, by: start) }
      start = index + 1
    }
    return result
  }

  private func variable(_ text: [UInt8]) -> [Finding] {
    guard let equals = text.firstIndex(of: 0x3D) else {
      return text.isEmpty ? [] : [Finding(start: 0, end: text.count, kind: .malformed, rule: "no-equals-sign")]
    }
    return strict.findings(variable: Array(text[..<equals]), value: Array(text[(equals + 1)...]))
      .map { Self.moved($0, by: equals + 1) }
  }

  /// The spans masked in a command line that is one text: its arguments divided by NULs, or as a shell would. Where
  /// the division is a guess, what the line masker finds counts as well.
  package static func findings(commandLine text: [UInt8], _ masker: Masker) -> [Finding] {
    let words = text.contains(0) ? dividedByNULs(text) : CommandDetector.splitAll(text.span)
    let argv = words.map { Array(text[$0.start..<$0.end]) }
    var list = FindingList()
    for (word, found) in zip(words, masker.findings(arguments: argv, titleRewritten: false)) {
      for finding in found {
        list.add(finding.start + word.start, finding.end + word.start, finding.kind, finding.rule)
      }
    }
    if !text.contains(0) {
      var state = LineState()
      for finding in masker.findings(line: text, state: &state) {
        list.add(finding.start, finding.end, finding.kind, finding.rule)
      }
    }
    return list.merged()
  }

  private static func dividedByNULs(_ text: [UInt8]) -> [CommandDetector.Word] {
    var parts: [CommandDetector.Word] = []
    var start = 0
    for index in 0...text.count where index == text.count || text[index] == 0 {
      parts.append((start, index))
      start = index + 1
    }
    return parts
  }

  private static func moved(_ finding: Finding, by offset: Int) -> Finding {
    Finding(start: finding.start + offset, end: finding.end + offset, kind: finding.kind, rule: finding.rule)
  }

  private static func count(_ record: LabelledRecord, _ findings: [Finding], _ counts: inout Counts) {
    if record.secrets.isEmpty {
      counts.clean += 1
      if !findings.isEmpty { counts.cleanTouched += 1 }
    }
    for secret in record.secrets {
      counts.secrets += 1
      var covered = 0
      for finding in findings {
        covered += max(0, min(finding.end, secret.upperBound) - max(finding.start, secret.lowerBound))
      }
      if covered >= secret.count { counts.fullyMasked += 1 }
      if covered > 0 || secret.isEmpty { counts.touched += 1 }
    }
  }

  /// `{"log":{"secrets":n,"fully_masked":n,"touched":n,"clean":n,"clean_touched":n},"env":{…},"argv":{…}}`
  package var json: String {
    func object(_ counts: Counts) -> String {
      """
      {"secrets":\(counts.secrets),"fully_masked":\(counts.fullyMasked),"touched":\(counts.touched),\
      "clean":\(counts.clean),"clean_touched":\(counts.cleanTouched)}
      """
    }
    return "{\"log\":\(object(log)),\"env\":\(object(env)),\"argv\":\(object(argv))}"
  }
}
