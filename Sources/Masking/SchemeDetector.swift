/// Finds credentials behind the word that names their kind: `Bearer …`, `Basic …`, and what an
/// Authorization header carries.
enum SchemeDetector {
  /// - Parameters:
  ///   - start: where `bearer ` or `basic ` begins; - end: where it ends.
  static func scan(_ bytes: Span<UInt8>, start: Int, end: Int, state: inout ScanState) {
    guard start == 0 || !ByteClass.isWord(bytes[start - 1]) && bytes[start - 1] != 0x2D else { return }
    var first = KeyValueDetector.skipBlanks(bytes, end)
    while first < bytes.count, bytes[first] == 0x22 || bytes[first] == 0x27 || bytes[first] == 0x5C { first += 1 }
    var last = first
    let limit = min(bytes.count, first + 8192)
    while last < limit, isCredential(bytes[last]) { last += 1 }
    // `=` ends a credential; before its end it belongs to a pair.
    let equals = ByteText.firstIndex(of: 0x3D, bytes, first, last)
    if equals < last, equals + 1 < last, bytes[equals + 1] != 0x3D { return }
    while last > first, bytes[last - 1] == 0x2E || bytes[last - 1] == 0x2C { last -= 1 }
    guard last - first >= 6 else { return }
    let shape = ValueShape(bytes, first, last)
    let isBasic = end - start == 6
    if isBasic {
      guard Base64.holdsPair(bytes, first, last) || shape.length >= 12 && shape.looksRandom(bytes, first, last) else {
        return
      }
    } else if state.mode == .balanced || shape.digits == 0 && shape.uppers == 0 {
      guard shape.digits > 0 || shape.steps > 3, !Plausibility.isPlaceholder(bytes, first, last, shape),
        !Plausibility.isCodeReference(bytes, first, last, shape), !ValueShape.isPath(bytes, first, last)
      else { return }
      guard shape.length >= 16 || shape.looksRandom(bytes, first, last) || state.isHeader(bytes, start) else { return }
    }
    state.findings.add(first, last, .authorization, isBasic ? "basic-credentials" : "bearer-token")
  }

  private static func isCredential(_ byte: UInt8) -> Bool {
    ByteClass.isBase64(byte) || byte == 0x2E || byte == 0x3D || byte == 0x7E || byte == 0x7C || byte == 0x3A
  }
}

extension ScanState {
  /// Whether a header's name and colon, or a quote, stand right before `at`.
  func isHeader(_ bytes: Span<UInt8>, _ at: Int) -> Bool {
    var index = at
    while index > 0, at - index < 4, bytes[index - 1] == 0x20 || ByteClass.isQuote(bytes[index - 1]) { index -= 1 }
    return index > 0 && (bytes[index - 1] == 0x3A || bytes[index - 1] == 0x3D)
  }
}
