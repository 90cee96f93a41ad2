/// Lengths are told only in steps, so that they do not narrow a guess.
package enum LengthBucket: String, Sendable, CaseIterable {
  case empty = "0"
  case upTo7 = "1-7"
  case upTo15 = "8-15"
  case upTo31 = "16-31"
  case upTo63 = "32-63"
  case upTo127 = "64-127"
  case upTo255 = "128-255"
  case upTo511 = "256-511"
  case more = "512+"

  /// The step that holds `count` bytes.
  package init(count: Int) {
    self =
      switch count {
      case ..<1: .empty
      case ..<8: .upTo7
      case ..<16: .upTo15
      case ..<32: .upTo31
      case ..<64: .upTo63
      case ..<128: .upTo127
      case ..<256: .upTo255
      case ..<512: .upTo511
      default: .more
      }
  }
}

/// Stands for a masked value: says that it is there, of what kind, about how long, and (for strong
/// values) which equal values it equals inside one grant. Never holds a byte of the value.
package struct PresenceToken: Sendable, Equatable {
  package var kind: SecretKind
  package var length: LengthBucket
  /// 16 lower-case hex digits, or nil where the value is short or weak enough to be guessed.
  package var fingerprint: String?

  package init(kind: SecretKind, length: LengthBucket, fingerprint: String? = nil) {
    self.kind = kind
    self.length = length
    self.fingerprint = fingerprint
  }

  /// `‹kind:length:fingerprint›`; the last field is `-` when there is no fingerprint.
  package var text: String { "\u{2039}\(kind.rawValue):\(length.rawValue):\(fingerprint ?? "-")\u{203A}" }
}
