/// `user:secret@tcp(host:3306)/name` and `user:secret@host` without a scheme.
enum AddressDetector {
  /// - Parameter at: position of the `@`.
  static func scan(_ bytes: Span<UInt8>, at: Int, state: inout ScanState) {
    guard at >= state.addressesDone else { return }
    let isCall =
      ByteText.matches(bytes, at, "@tcp(") || ByteText.matches(bytes, at, "@unix(") || ByteText.matches(bytes, at, "@(")
    var start = at
    let limit = max(isCall ? 0 : state.addressesDone, at - 128)
    while start > limit, !isEdge(bytes[start - 1]) { start -= 1 }
    state.addressesDone = at + 1
    let colon = ByteText.firstIndex(of: 0x3A, bytes, start, at)
    guard colon > start, colon + 1 < at else { return }
    // With a scheme it is the URL detector's.
    if bytes[colon + 1] == 0x2F { return }
    let shape = ValueShape(bytes, colon + 1, at)
    if Plausibility.isPlaceholder(bytes, colon + 1, at, shape) || shape.distinct == 1 { return }
    if !isCall {
      // A host has to follow, and the secret has to look like more than a word.
      guard at + 1 < bytes.count, ByteClass.isAlphanumeric(bytes[at + 1]), colon - start <= 40, shape.length >= 4 else {
        return
      }
      guard shape.digits > 0 || shape.others > 0, shape.letters > 1, !ValueShape.isPath(bytes, colon + 1, at) else {
        return
      }
      for index in start..<colon where !(ByteClass.isWord(bytes[index]) || bytes[index] == 0x2D || bytes[index] == 0x2E)
      { return }
      if labels.contains(bytes, start, colon) { return }
      if ByteText.firstIndex(of: 0x2F, bytes, colon, at) < at
        || ByteText.firstIndex(of: 0x3A, bytes, colon + 1, at) < at
      {
        return
      }
      guard shape.steps > 0 || shape.others > 0 && shape.digits > 0 else { return }
      // `name:first.last@host` is a mail address behind a label.
      if shape.others > 0, shape.digits <= 4, ValueShape.isWordlike(bytes, colon + 1, at),
        isMailName(bytes, colon + 1, at)
      {
        return
      }
    }
    state.findings.add(colon + 1, at, .urlPassword, "address-password")
  }

  private static let labels = WordSet("mailto sip sips xmpp from to cc bcc email user by author git acct npm")

  private static func isEdge(_ byte: UInt8) -> Bool {
    byte <= 0x20 || ByteClass.isQuote(byte) || byte == 0x28 || byte == 0x3C || byte == 0x3D || byte == 0x5B
      || byte == 0x2C || byte == 0x3B
  }

  private static func isMailName(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    for index in start..<end
    where !(ByteClass.isWord(bytes[index]) || bytes[index] == 0x2E || bytes[index] == 0x2D || bytes[index] == 0x2B) {
      return false
    }
    return true
  }
}
