/// Finds blocks between `-----BEGIN X-----` and `-----END X-----`, over as many lines as they take.
/// Certificates and public keys are left alone.
enum ArmorDetector {
  /// - Parameter start: where `-----BEGIN` begins.
  static func scan(_ bytes: Span<UInt8>, start: Int, state: inout ScanState) {
    guard start >= state.armorDone else { return }
    guard let kind = secretKind(bytes, start) else { return }
    var content = min(bytes.count, start + 10)
    while content < bytes.count, bytes[content] != 0x2D { content += 1 }
    while content < bytes.count, bytes[content] == 0x2D { content += 1 }
    let end = endOfBlock(bytes, content)
    state.armorDone = end ?? bytes.count
    switch begins(bytes, content, end ?? bytes.count) {
    case .withKey:
      state.findings.add(start, end ?? bytes.count, kind, "armor")
      if end == nil { state.openBlock = (kind, false) }
    case .alone:
      state.findings.add(start, bytes.count, kind, "armor")
      if end == nil { state.openBlock = (kind, false) }
    case .withText:
      // Program text about such blocks, or a literal whose other lines follow: the next line tells.
      if state.mode == .strict { state.findings.add(start, end ?? bytes.count, kind, "armor") }
      if end == nil { state.openBlock = (kind, state.mode == .balanced) }
    }
  }

  private enum Content {
    case withKey, alone, withText
  }

  /// What follows the first line of a block: key material, nothing, or other text.
  private static func begins(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Content {
    var run = 0
    var visible = 0
    for index in start..<min(end, start + 4096) {
      let byte = bytes[index]
      if !ByteClass.isSpace(byte) { visible += 1 }
      run = ByteClass.isBase64(byte) ? run + 1 : 0
      if run >= 32 { return .withKey }
    }
    return visible == 0 ? .alone : .withText
  }

  /// Where the block that is open at `from` ends: behind the dashes after `-----END`.
  static func endOfBlock(_ bytes: Span<UInt8>, _ from: Int) -> Int? {
    var index = from
    while index + 8 <= bytes.count {
      if bytes[index] == 0x2D, bytes[index + 5] == 0x45, ByteText.matches(bytes, index, "-----end") {
        index += 8
        let limit = min(bytes.count, index + 96)
        while index < limit, bytes[index] != 0x2D { index += 1 }
        while index < bytes.count, bytes[index] == 0x2D { index += 1 }
        return index
      }
      index += 1
    }
    return nil
  }

  /// Whether a block begins in the text and does not end in it.
  static func leavesOpen(_ bytes: Span<UInt8>) -> Bool {
    var begin: Int?
    var index = 0
    while index + 10 <= bytes.count {
      if bytes[index] == 0x2D, ByteText.matches(bytes, index, "-----begin"), secretKind(bytes, index) != nil {
        begin = index
      }
      index += 1
    }
    return begin.map { endOfBlock(bytes, $0 + 10) == nil } ?? false
  }

  enum Marker: Equatable {
    case begins(SecretKind)
    case ends
  }

  /// The last beginning of a secret block, or end of any, in the text.
  static func lastMarker(_ bytes: Span<UInt8>) -> Marker? {
    var found: Marker?
    var index = 0
    while index + 8 <= bytes.count {
      if bytes[index] == 0x2D {
        if ByteText.matches(bytes, index, "-----end") {
          found = .ends
        } else if index + 10 <= bytes.count, ByteText.matches(bytes, index, "-----begin"),
          let kind = secretKind(bytes, index)
        {
          found = .begins(kind)
        }
      }
      index += 1
    }
    return found
  }

  private static func secretKind(_ bytes: Span<UInt8>, _ start: Int) -> SecretKind? {
    let label = start + 10
    let end = min(bytes.count, label + 64)
    var stop = label
    while stop < end, bytes[stop] != 0x2D { stop += 1 }
    guard
      !ByteText.containsOne(
        of: ["certificate", "public key", "ssh2 public", "dh parameters", "ec parameters", "x509 crl", "signature"],
        bytes, label, stop)
    else { return nil }
    if ByteText.containsOne(of: ["pgp"], bytes, label, stop) { return .pgp }
    if ByteText.containsOne(of: ["age encrypted"], bytes, label, stop) { return .age }
    return ByteText.containsOne(of: ["private", "key", "secret", "openvpn", "token"], bytes, label, stop) ? .pem : nil
  }
}
