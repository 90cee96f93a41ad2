/// A run of bytes that may be shown, or the token that stands for a run that may not.
package enum MaskedSegment: Sendable, Equatable {
  case text([UInt8])
  case masked(PresenceToken)
}

/// A value after masking. Segments are in the order of the input and cover it without a gap.
package struct MaskedText: Sendable, Equatable {
  package var segments: [MaskedSegment]

  package init(segments: [MaskedSegment]) { self.segments = segments }

  /// How many tokens stand in it.
  package var maskedCount: Int {
    segments.reduce(into: 0) { count, segment in
      switch segment {
      case .text: break
      case .masked: count += 1
      }
    }
  }

  /// The token, when nothing but one token is left of the value.
  package var whole: PresenceToken? {
    guard segments.count == 1 else { return nil }
    switch segments[0] {
    case .masked(let token): return token
    case .text: return nil
    }
  }

  /// One byte string for people and files. A `‹` in shown data becomes the six ASCII characters
  /// `\u2039`, so every `‹` in the result begins a token. Bytes that are not UTF-8 pass unchanged.
  package func rendered() -> [UInt8] {
    var result: [UInt8] = []
    for segment in segments {
      switch segment {
      case .text(let bytes): Self.appendEscaped(bytes, to: &result)
      case .masked(let token): result.append(contentsOf: token.text.utf8)
      }
    }
    return result
  }

  /// Appends `bytes` with every U+2039 written as `\u2039`. Doing it twice changes nothing more.
  static func appendEscaped(_ bytes: [UInt8], to result: inout [UInt8]) {
    result.reserveCapacity(result.count + bytes.count)
    var index = 0
    while index < bytes.count {
      if bytes[index] == 0xE2, index + 2 < bytes.count, bytes[index + 1] == 0x80, bytes[index + 2] == 0xB9 {
        result.append(contentsOf: [0x5C, 0x75, 0x32, 0x30, 0x33, 0x39])
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
  }
}
