extension LineState {
  /// Bytes that a piece of `passOver` must have in common with the next one, so that no marker is cut in two.
  package static let passOverOverlap = 96

  /// Follows where blocks of several lines begin and end in a piece of a line that is too long to be kept, of which
  /// nothing is shown. Linear.
  package mutating func passOver(_ piece: Span<UInt8>) {
    switch ArmorDetector.lastMarker(piece) {
    case .begins(let kind): openBlock(kind, isProvisional: false)
    case .ends: closeBlock()
    case nil: break
    }
  }

  /// Ends a line whose pieces were passed over: it counts as one line of a block that is open.
  package mutating func endPassedOver() {
    awaitsValue = false
    countLine()
  }
}
