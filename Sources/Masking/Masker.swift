/// The engine: takes raw bytes, gives back what may be shown. Total: every input has an answer, and
/// whatever is over a budget is masked whole. Blocks on nothing and keeps nothing between calls.
package struct Masker: Sendable {
  let rules: MaskingRules
  let fingerprinter: Fingerprinter
  let taint: Taint

  /// - Parameters:
  ///   - fingerprinter: under a key derived for this grant; callers never see it.
  ///   - taint: the secrets of the target's environment, masked wherever they recur.
  package init(rules: MaskingRules, fingerprinter: Fingerprinter, taint: Taint) {
    self.rules = rules
    self.fingerprinter = fingerprinter
    self.taint = taint
  }

  /// A variable's value. Shown only if its name is on the safe list and no detector objects.
  package func variable(name: [UInt8], value: [UInt8]) -> MaskedText {
    guard value.count <= MaskingLimits.valueBytes else { return whole(value, .oversize) }
    guard !value.isEmpty else { return MaskedText(segments: []) }
    guard !NameClassifier.isNeverShown(name) else { return whole(value, .name) }
    guard SafeNames.contains(name) || rules.allows(name) else { return whole(value, .byDefault) }
    return masked(value, scan(value))
  }

  /// A command line, argument by argument; one result for each.
  ///
  /// - Parameter titleRewritten: the process wrote over its arguments (no NUL between them), so that
  ///   each element is a free text.
  package func arguments(_ argv: [[UInt8]], titleRewritten: Bool) -> [MaskedText] {
    var result: [MaskedText] = []
    var secretNext = false
    for (index, argument) in argv.enumerated() {
      guard index < MaskingLimits.arguments, argument.count <= MaskingLimits.valueBytes else {
        result.append(whole(argument, .oversize))
        continue
      }
      let isFlag = argument.first == UInt8(ascii: "-")
      if secretNext, !isFlag, !titleRewritten {
        result.append(whole(argument, .argument))
      } else {
        result.append(masked(argument, scan(argument)))
      }
      secretNext =
        isFlag && !argument.contains(UInt8(ascii: "=")) && NameClassifier.verdict(argument) != .plain
    }
    return result
  }

  /// One complete line of a log, without its newline.
  ///
  /// - Parameter state: carried from line to line of one source, in order; begin with `LineState()`.
  package func line(_ bytes: [UInt8], state: inout LineState) -> MaskedText {
    guard bytes.count <= MaskingLimits.lineBytes else { return whole(bytes, .oversize) }
    if state.insideBlock || bytes.starts(with: Array("-----BEGIN ".utf8)) {
      state.insideBlock = !bytes.starts(with: Array("-----END ".utf8))
      return whole(bytes, .pem)
    }
    return masked(bytes, scan(bytes))
  }

  /// A path, a link target or a title.
  package func text(_ bytes: [UInt8]) -> MaskedText {
    guard bytes.count <= MaskingLimits.valueBytes else { return whole(bytes, .oversize) }
    return masked(bytes, scan(bytes))
  }

  private func scan(_ bytes: [UInt8]) -> [Finding] {
    var list = FindingList()
    KeyValueDetector.scan(bytes, into: &list)
    taint.scan(bytes, into: &list)
    return list.merged()
  }

  private func token(_ value: [UInt8], _ kind: SecretKind) -> PresenceToken {
    let fingerprint = kind.isDetected || kind == .byDefault ? fingerprinter.fingerprint(of: value) : nil
    return PresenceToken(kind: kind, length: LengthBucket(count: value.count), fingerprint: fingerprint)
  }

  private func whole(_ value: [UInt8], _ kind: SecretKind) -> MaskedText {
    value.isEmpty ? MaskedText(segments: []) : MaskedText(segments: [.masked(token(value, kind))])
  }

  private func masked(_ value: [UInt8], _ findings: [Finding]) -> MaskedText {
    guard findings.count <= MaskingLimits.spans else { return whole(value, .oversize) }
    var segments: [MaskedSegment] = []
    var position = 0
    for finding in findings {
      if position < finding.start { segments.append(.text(Array(value[position..<finding.start]))) }
      segments.append(.masked(token(Array(value[finding.start..<finding.end]), finding.kind)))
      position = finding.end
    }
    if position < value.count { segments.append(.text(Array(value[position...]))) }
    return MaskedText(segments: segments)
  }
}

/// What one line leaves for the next: whether a block of several lines is still open.
package struct LineState: Sendable {
  var insideBlock = false

  package init() {}
}
