/// Looks into base64 for text that would be masked in the clear.
enum NestedText {
  /// - Returns: whether the run decodes to text, so that its look is explained.
  static func scanBase64(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, state: inout ScanState) -> Bool {
    guard state.depth < MaskingLimits.depth - 1, end - start <= MaskingLimits.decodedBytes else { return false }
    guard let decoded = Base64.decode(bytes, start, end), decoded.count >= 12, Base64.isPrintable(decoded) else {
      return false
    }
    var inner = ScanState(mode: state.mode, depth: state.depth + 1, isStructured: state.isStructured)
    Scanner.scan(decoded.span, state: &inner)
    if !inner.findings.isEmpty { state.findings.add(start, end, .encoded, "base64") }
    return true
  }
}
