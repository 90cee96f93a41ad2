/// One span that a rule says must not be shown. Offsets are bytes of the scanned value.
package struct Finding: Sendable, Equatable {
  package var start: Int
  package var end: Int
  package var kind: SecretKind
  /// The rule's name, for `--explain`.
  package var rule: String

  package init(start: Int, end: Int, kind: SecretKind, rule: String) {
    self.start = start
    self.end = end
    self.kind = kind
    self.rule = rule
  }
}

/// The spans of one value, in any order until `merged` is called.
struct FindingList {
  private(set) var findings: [Finding] = []

  var isEmpty: Bool { findings.isEmpty }

  mutating func add(_ start: Int, _ end: Int, _ kind: SecretKind, _ rule: String) {
    guard start < end else { return }
    findings.append(Finding(start: start, end: end, kind: kind, rule: rule))
    bound()
  }

  mutating func add(contentsOf other: FindingList) {
    findings.append(contentsOf: other.findings)
    bound()
  }

  /// Too many become one from the first to the last: a text may be made of them.
  private mutating func bound() {
    guard findings.count > MaskingLimits.spans, let first = findings.first else { return }
    let start = findings.reduce(first.start) { min($0, $1.start) }
    let end = findings.reduce(first.end) { max($0, $1.end) }
    findings = [Finding(start: start, end: end, kind: .oversize, rule: "spans")]
  }

  /// Sorted, with overlapping spans joined. A joined span keeps the kind of its longest part.
  consuming func merged() -> [Finding] {
    guard findings.count > 1 else { return findings }
    findings.sort { ($0.start, $1.end) < ($1.start, $0.end) }
    var result: [Finding] = []
    var longest = 0
    for finding in findings {
      guard let last = result.last, finding.start < last.end else {
        result.append(finding)
        longest = finding.end - finding.start
        continue
      }
      // That a value recurs says more than that it looks random.
      let isTelling = finding.kind == .recurring && (last.kind == .entropy || last.kind == .encoded)
      if finding.end - finding.start > longest || isTelling && finding.end - finding.start == longest {
        result[result.count - 1].kind = finding.kind
        result[result.count - 1].rule = finding.rule
        longest = finding.end - finding.start
      }
      result[result.count - 1].end = max(last.end, finding.end)
    }
    return result
  }
}
