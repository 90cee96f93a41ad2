/// Finds tokens by their published formats.
enum FormatDetector {
  /// - Parameters:
  ///   - start: where the format's prefix begins; - end: where it ends;
  ///   - identity: the format's index in `TokenFormat.all`.
  static func scan(_ bytes: Span<UInt8>, start: Int, end: Int, identity: Int, state: inout ScanState) {
    guard start >= state.formatDone || identity != state.formatIdentity else { return }
    let format = TokenFormat.all[identity]
    if format.caseMatters, !hasCase(bytes, start, format.prefix) { return }
    var start = start
    if format.check == .digitsBefore {
      let prefix = start
      while start > 0, prefix - start <= 10, ByteClass.isDigit(bytes[start - 1]) { start -= 1 }
      guard (8...10).contains(prefix - start) else { return }
    }
    if format.check == .wordBefore {
      let prefix = start
      while start > 0, prefix - start <= 14, ByteClass.isAlphanumeric(bytes[start - 1]) { start -= 1 }
      guard prefix - start == 14 else { return }
    }
    if start > 0, !format.keepsPrefix, ByteClass.isAlphanumeric(bytes[start - 1]) {
      // A letter right before: part of a longer word, unless it belongs to an escape.
      guard start > 1, bytes[start - 2] == 0x5C || bytes[start - 2] == 0x25 || isPercentEscape(bytes, start) else {
        return
      }
    }
    // Enough for the format first: only what is long enough is followed to its end.
    var stop = end
    let enough = min(bytes.count, end + format.minimum)
    while stop < enough, format.alphabet.contains(bytes[stop]) { stop += 1 }
    guard stop - end >= format.minimum else { return }
    while stop < bytes.count, format.alphabet.contains(bytes[stop]) { stop += 1 }
    state.formatDone = stop
    state.formatIdentity = identity
    while stop > end, bytes[stop - 1] == 0x2E || bytes[stop - 1] == 0x3A { stop -= 1 }
    guard stop - end >= format.minimum else { return }
    switch format.check {
    case .none, .digitsBefore, .wordBefore:
      break
    case .mixed:
      let shape = ValueShape(bytes, end, stop)
      guard shape.digits > 0, shape.letters > 0, shape.looksRandom(bytes, end, stop) || shape.steps > 4 else { return }
    case .crc32Base62:
      if Checksum.endsInBase62CRC(bytes, end, stop) {
        state.findings.add(start, stop, format.kind, format.rule.description + "-checked")
        return
      }
    case .crc32Hex:
      if Checksum.endsInHexCRC(bytes, end, stop) || Checksum.endsInHexCRC(bytes, start, stop) {
        state.findings.add(start, stop, format.kind, format.rule.description + "-checked")
        return
      }
    }
    if state.mode == .balanced, !state.isStructured {
      // `AKIAIOSFODNN7EXAMPLE`, `ghp_xxxxxxxx`: texts about tokens.
      let shape = ValueShape(bytes, end, stop)
      if shape.distinct < 5 || ByteText.matches(bytes, stop - 7, "example") { return }
    }
    state.findings.add(format.keepsPrefix ? end : start, stop, format.kind, format.rule.description)
  }

  private static func hasCase(_ bytes: Span<UInt8>, _ start: Int, _ prefix: StaticString) -> Bool {
    // SAFETY: the buffer is the literal's own constant bytes, read only inside the closure.
    prefix.withUTF8Buffer { letters in
      for offset in 0..<letters.count where unsafe bytes[start + offset] != letters[offset] { return false }
      return true
    }
  }

  /// `%3D` and the like end in a letter or digit that is no part of what follows.
  private static func isPercentEscape(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
    start > 2 && bytes[start - 3] == 0x25 && ByteClass.isHex(bytes[start - 1]) && ByteClass.isHex(bytes[start - 2])
  }
}
