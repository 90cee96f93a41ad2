/// Finds blocks between `-----BEGIN X-----` and `-----END X-----`, over as many lines as they take.
/// Certificates and public keys are left alone.
enum ArmorDetector {
  /// - Parameter start: where `-----BEGIN` begins.
  static func scan(_ bytes: Span<UInt8>, start: Int, state: inout ScanState) {
    guard start >= state.armorDone else { return }
    guard let kind = secretKind(bytes, start) else { return }
    let end = endOfBlock(bytes, start + 10)
    state.findings.add(start, end ?? bytes.count, kind, "armor")
    state.armorDone = end ?? bytes.count
    if end == nil { state.openBlock = kind }
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

  private static func secretKind(_ bytes: Span<UInt8>, _ start: Int) -> SecretKind? {
    let label = start + 10
    let end = min(bytes.count, label + 64)
    var stop = label
    while stop < end, bytes[stop] != 0x2D { stop += 1 }
    guard !ByteText.containsOne(of: ["certificate", "public key", "ssh2 public", "dh parameters", "ec parameters", "x509 crl", "signature"], bytes, label, stop)
    else { return nil }
    if ByteText.containsOne(of: ["pgp"], bytes, label, stop) { return .pgp }
    if ByteText.containsOne(of: ["age encrypted"], bytes, label, stop) { return .age }
    return ByteText.containsOne(of: ["private", "key", "secret", "openvpn", "token"], bytes, label, stop) ? .pem : nil
  }
}
