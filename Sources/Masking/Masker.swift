/// The engine: takes raw bytes, gives back what may be shown. Total: every input has an answer, and
/// whatever is over a budget is masked whole. Blocks on nothing and keeps nothing between calls.
package struct Masker: Sendable {
  let rules: MaskingRules
  let fingerprinter: Fingerprinter
  let taint: TaintScanner

  /// - Parameters:
  ///   - fingerprinter: under a key derived for this grant; callers never see it.
  ///   - taint: the secrets of the target's environment, masked wherever they recur. What looks for them
  ///     is made here unless it is prepared, so make one masker for a target and a grant, not one for each line.
  package init(rules: MaskingRules, fingerprinter: Fingerprinter, taint: Taint) {
    self.rules = rules
    self.fingerprinter = fingerprinter
    self.taint = taint.scanner
  }

  /// A variable's value. Shown only if its name, or what its name and form together say, is on the
  /// safe list and no detector objects. An empty value is shown as empty.
  package func variable(name: [UInt8], value: [UInt8]) -> MaskedText {
    masked(value, findings(variable: name, value: value))
  }

  /// A command line, argument by argument; one result for each.
  ///
  /// - Parameter titleRewritten: the process wrote over its arguments (no NUL between them), so that
  ///   each element is a free text.
  package func arguments(_ argv: [[UInt8]], titleRewritten: Bool) -> [MaskedText] {
    zip(argv, findings(arguments: argv, titleRewritten: titleRewritten)).map { masked($0, $1) }
  }

  /// One complete line of a log, without its newline.
  ///
  /// - Parameter state: carried from line to line of one source, in order; begin with `LineState()`.
  package func line(_ bytes: [UInt8], state: inout LineState) -> MaskedText {
    masked(bytes, findings(line: bytes, state: &state))
  }

  /// A path, a link target or a title.
  package func text(_ bytes: [UInt8]) -> MaskedText {
    masked(bytes, findings(text: bytes))
  }
}

/// The spans behind the answers, in order and without overlap, with the rule that found each.
extension Masker {
  package func findings(variable name: [UInt8], value: [UInt8]) -> [Finding] {
    guard !value.isEmpty else { return [] }
    guard value.count <= MaskingLimits.valueBytes else { return whole(value, .oversize, "oversize") }
    let decision = EnvironmentRules.decide(name: name, value: value, rules: rules)
    switch decision {
    case .malformed: return whole(value, .malformed, "malformed-name")
    case .unknown: return whole(value, kindOfWhole(value) ?? .byDefault, "unknown-name")
    case .secret: return whole(value, kindOfWhole(value) ?? .name, "secret-name")
    case .shown, .locator:
      var state = ScanState(mode: .strict, isStructured: true)
      Scanner.scan(value.span, state: &state)
      if decision == .locator, !LocatorRules.scan(value.span, into: &state.findings) {
        return whole(value, .byDefault, "unknown-locator")
      }
      return finish(value, state.findings)
    }
  }

  package func findings(arguments argv: [[UInt8]], titleRewritten: Bool) -> [[Finding]] {
    guard !titleRewritten else {
      var state = LineState()
      return argv.map { findings(line: $0, state: &state) }
    }
    let total = argv.reduce(argv.count) { $0 + $1.count }
    guard argv.count <= MaskingLimits.arguments, total <= MaskingLimits.valueBytes * 4 else {
      return argv.map { whole($0, .oversize, "oversize") }
    }
    // One buffer with NULs between, as the kernel has it, for the rules that need the neighbours.
    var flat: [UInt8] = []
    flat.reserveCapacity(total)
    var words: [CommandDetector.Word] = []
    for argument in argv {
      words.append((flat.count, flat.count + argument.count))
      flat += argument
      flat.append(0)
    }
    var state = ScanState(mode: rules.logMode)
    CommandDetector.scanArguments(flat.span, words, state: &state)
    let across = state.findings.merged()
    var position = 0
    return zip(argv, words).map { argument, word in
      guard argument.count <= MaskingLimits.valueBytes else { return whole(argument, .oversize, "oversize") }
      var own = ScanState(mode: rules.logMode)
      Scanner.scan(argument.span, state: &own)
      while position < across.count, across[position].start < word.end {
        let finding = across[position]
        own.findings.add(
          finding.start - word.start, min(finding.end, word.end) - word.start, finding.kind, finding.rule)
        position += 1
      }
      return finish(argument, own.findings)
    }
  }

  package func findings(line bytes: [UInt8], state: inout LineState) -> [Finding] {
    guard bytes.count <= MaskingLimits.lineBytes else {
      // Not looked at, but for where blocks of several lines begin and end.
      if state.isInsideBlock { _ = state.continueBlock(bytes.span) }
      if ArmorDetector.leavesOpen(bytes.span) { state.openBlock(.pem, isProvisional: false) }
      return whole(bytes, .oversize, "oversize")
    }
    var scan = ScanState(mode: rules.logMode)
    if let block = state.continueBlock(bytes.span) {
      scan.findings.add(block.start, block.end, block.kind, block.rule)
      if block.end == bytes.count { return scan.findings.merged() }
    }
    Scanner.scan(bytes.span, state: &scan)
    if state.awaitsValue, let value = PendingName.value(bytes.span) {
      scan.findings.add(value.start, value.end, .name, "value-of-named-line")
    }
    state.awaitsValue = PendingName.verdict(bytes.span) != .plain
    if let block = scan.openBlock { state.openBlock(block.kind, isProvisional: block.isProvisional) }
    return finish(bytes, scan.findings)
  }

  package func findings(text bytes: [UInt8]) -> [Finding] {
    guard bytes.count <= MaskingLimits.valueBytes else { return whole(bytes, .oversize, "oversize") }
    var state = ScanState(mode: rules.logMode)
    Scanner.scan(bytes.span, state: &state)
    return finish(bytes, state.findings)
  }

  private func finish(_ bytes: [UInt8], _ detected: FindingList) -> [Finding] {
    if taint.isSaturated { return whole(bytes, .oversize, "taint-budget") }
    var list = detected
    taint.scan(bytes.span, into: &list)
    let merged = list.merged()
    return merged.count <= MaskingLimits.spans ? merged : whole(bytes, .oversize, "span-budget")
  }

  private func whole(_ bytes: [UInt8], _ kind: SecretKind, _ rule: String) -> [Finding] {
    bytes.isEmpty ? [] : [Finding(start: 0, end: bytes.count, kind: kind, rule: rule)]
  }

  /// What a detector makes of a value that is masked whole anyway.
  private func kindOfWhole(_ value: [UInt8]) -> SecretKind? {
    var state = ScanState(mode: .strict, isStructured: true)
    Scanner.scan(value.span, state: &state)
    guard let first = state.findings.merged().first, first.start == 0, first.end == value.count else { return nil }
    return first.kind
  }

  /// What is left of `value` when `findings`, which one of the calls below returned for it, are masked.
  package func masked(_ value: [UInt8], _ findings: [Finding]) -> MaskedText {
    var segments: [MaskedSegment] = []
    var position = 0
    for finding in findings {
      if position < finding.start { segments.append(.text(Array(value[position..<finding.start]))) }
      let secret = Array(value[finding.start..<finding.end])
      segments.append(
        .masked(
          PresenceToken(
            kind: finding.kind, length: LengthBucket(count: secret.count),
            fingerprint: finding.kind == .oversize ? nil : fingerprinter.fingerprint(of: secret))))
      position = finding.end
    }
    if position < value.count { segments.append(.text(Array(value[position...]))) }
    return MaskedText(segments: segments)
  }
}
