/// Masks the secret parts of URLs and DSNs: user information, sensitive query values. Scheme, host,
/// port, path and database stay.
enum URLDetector {
  /// - Parameter at: position of `://`.
  static func scan(_ bytes: Span<UInt8>, at: Int, state: inout ScanState) {
    guard at >= state.urlsDone else { return }
    let authority = at + 3
    let limit = min(bytes.count, authority + 4096)
    var end = authority
    while end < limit, !isEnd(bytes[end]) { end += 1 }
    state.urlsDone = end
    // The authority ends at the first of / ? #, unless a password holds one of them.
    var stop = authority
    while stop < end, bytes[stop] != 0x2F, bytes[stop] != 0x3F, bytes[stop] != 0x23 { stop += 1 }
    var sign = lastAt(bytes, authority, stop)
    if sign == nil, stop < end, hasPassword(bytes, authority, stop) {
      sign = lastAt(bytes, authority, min(end, authority + 512))
    }
    if let sign { scanUser(bytes, authority, sign, scheme: at, state: &state) }
    scanQuery(bytes, sign.map { $0 + 1 } ?? authority, end, state: &state)
  }

  @inline(__always) private static func isEnd(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == 0x22 || byte == 0x27 || byte == 0x60 || byte == 0x3C || byte == 0x3E || byte == 0x5C
  }

  private static func lastAt(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
    var index = end
    while index > start {
      if bytes[index - 1] == 0x40 { return index - 1 }
      index -= 1
    }
    return nil
  }

  /// `user:` and something that is no port before the first slash.
  private static func hasPassword(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    let colon = ByteText.firstIndex(of: 0x3A, bytes, start, end)
    guard colon > start, colon + 1 < end else { return false }
    for index in colon + 1..<end where !ByteClass.isDigit(bytes[index]) { return true }
    return false
  }

  private static func scanUser(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, scheme: Int, state: inout ScanState) {
    guard start < end else { return }
    let colon = ByteText.firstIndex(of: 0x3A, bytes, start, end)
    guard colon < end else {
      // A token alone, or a mere user name.
      if state.mode == .strict && state.isStructured || isTokenLike(bytes, start, end) {
        state.findings.add(start, end, .urlUser, "url-user")
      }
      return
    }
    if colon > start, state.isStructured || isTokenLike(bytes, start, colon) {
      state.findings.add(start, colon, .urlUser, "url-user")
    }
    guard colon + 1 < end else { return }
    let shape = ValueShape(bytes, colon + 1, end)
    if !state.isStructured, state.mode == .balanced {
      if shape.distinct == 1 || Plausibility.isPlaceholder(bytes, colon + 1, end, shape) { return }
      if bytes[colon + 1] == 0x24 || bytes[colon + 1] == 0x7B || bytes[colon + 1] == 0x25 && end - colon <= 4 { return }
      // `user:password@host`
      if ByteText.matches(bytes, start, "user"), passwordWords.contains(bytes, colon + 1, end),
        ByteText.matches(bytes, end, "@host") || ByteText.matches(bytes, end, "@example.")
      {
        return
      }
    }
    state.findings.add(colon + 1, end, .urlPassword, "url-password")
  }

  private static func isTokenLike(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    let shape = ValueShape(bytes, start, end)
    return shape.length >= 16 && shape.digits > 0 && (shape.looksRandom(bytes, start, end) || shape.length >= 32)
      || shape.length >= 40
  }

  private static func scanQuery(_ bytes: Span<UInt8>, _ from: Int, _ end: Int, state: inout ScanState) {
    var index = from
    while index < end, bytes[index] != 0x3F, bytes[index] != 0x23, bytes[index] != 0x3B { index += 1 }
    while index < end {
      let nameStart = index + 1
      var nameEnd = nameStart
      while nameEnd < end, bytes[nameEnd] != 0x3D, bytes[nameEnd] != 0x26, bytes[nameEnd] != 0x3B,
        bytes[nameEnd] != 0x23
      { nameEnd += 1 }
      guard nameEnd < end else { return }
      guard bytes[nameEnd] == 0x3D else {
        index = nameEnd
        continue
      }
      var valueEnd = nameEnd + 1
      while valueEnd < end, bytes[valueEnd] != 0x26, bytes[valueEnd] != 0x23, bytes[valueEnd] != 0x3B { valueEnd += 1 }
      scanPair(bytes, nameStart, nameEnd, valueEnd, state: &state)
      index = valueEnd
    }
  }

  private static func scanPair(
    _ bytes: Span<UInt8>, _ nameStart: Int, _ nameEnd: Int, _ valueEnd: Int, state: inout ScanState
  ) {
    let start = nameEnd + 1
    guard start < valueEnd, nameEnd > nameStart, nameEnd - nameStart <= 64 else { return }
    var verdict = NameClassifier.verdict(bytes, nameStart, nameEnd)
    if verdict < .token, queryNames.contains(bytes, nameStart, nameEnd) { verdict = .token }
    if verdict == .plain { return }
    let shape = ValueShape(bytes, start, valueEnd)
    let trimmedEnd = bytes[valueEnd - 1] == 0x29 || bytes[valueEnd - 1] == 0x2C ? valueEnd - 1 : valueEnd
    guard trimmedEnd > start else { return }
    if state.mode == .balanced, !state.isStructured {
      guard
        Plausibility(lineIsCode: false).accepts(
          bytes, Candidate(start: start, end: trimmedEnd, place: .tight, verdict: verdict))
      else { return }
    } else if Plausibility.isTrivial(bytes, start, trimmedEnd, shape) {
      return
    }
    state.findings.add(start, trimmedEnd, .urlQuery, "url-query")
  }

  private static let passwordWords = WordSet("password pass passwd pwd")
  private static let queryNames = WordSet(
    """
    sig signature x-amz-signature x-amz-credential x-amz-security-token x-goog-signature x-goog-credential key auth code hash \
    hmac sid ticket otp state_token assertion access
    """)
}
