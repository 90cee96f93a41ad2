internal import Masking

extension MaskedText {
  /// Stands for something of which only a part was read: a part of a secret would not be known as one.
  static func oversize(count: Int) -> MaskedText {
    MaskedText(segments: [.masked(PresenceToken(kind: .oversize, length: LengthBucket(count: count)))])
  }
}
