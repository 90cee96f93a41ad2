import API
import LibCrypto
import Linux
import Masking

@testable import Collector

extension FuzzTarget {
  static let logs: [FuzzTarget] = [
    // Log lines are the same however the file was read; the end of an unfinished one shows no beginning of a secret.
    FuzzTarget("log-lines", longest: 16384) { input in
      var reader = InputReader(input)
      let seed = reader.byte()
      let secret = [0x6B, 0x78, 0x7A, 0x71] + reader.piece().prefix(64) + [0x38, 0x33, 0x6A, 0x64]
      let text = reader.all
      let masker = try exampleMasker(seed & 1 == 0 ? .strict : .balanced, secret: secret)
      var expected: [Shown] = []
      var whole = LineCutter()
      whole.lines(text[...], masker: masker) { expected.append(Shown($0)) }
      var found: [Shown] = []
      var cut = LineCutter()
      for piece in pieces(of: text, seed: seed) {
        cut.lines(piece, masker: masker) { found.append(Shown($0)) }
      }
      try require(found == expected, "pieces change the lines")
      try require(
        cut.pendingCount == whole.pendingCount && cut.position == whole.position && cut.position == UInt64(text.count),
        "pieces change what is pending")
      let lines = expected.count { $0.line != nil }
      let feeds = text.count { $0 == 0x0A }
      // A hole ends a line too.
      try require(
        lines == feeds || lines > feeds && lines <= feeds + expected.count - lines,
        "\(lines) lines of \(feeds) line feeds")
      let starts = expected.filter { $0.line != nil }.map(\.start)
      try require(starts == starts.sorted(), "lines out of order")

      // Now the file ends inside of the secret.
      let kept = 4 + Int(seed >> 2) % max(1, secret.count - 4)
      var unfinished = LineCutter()
      unfinished.values = KnownValues([secret[...]])
      unfinished.lines((text + secret.prefix(kept))[...], masker: masker) { _ in }
      var last: MaskedText?
      unfinished.finishUnfinished(masker: masker) { if case .line(let line) = $0 { last = line.text } }
      guard case .text(let shown)? = last?.segments.last, secret.prefix(kept).contains(0x0A) == false else { return }
      try require(!shown.suffix(kept).elementsEqual(secret.prefix(kept)), "the beginning of a secret is shown")
    },
    FuzzTarget("log-cursor", longest: 512) { input in
      let key = [UInt8](repeating: 7, count: 32)
      guard let cursor = try? LogCursor(input, key: key, source: "app/out", session: "s") else { return }
      // Sealed by the example key: it counts here, and nowhere else.
      let elsewhere = [("app/out", "t"), ("app/err", "s")].contains {
        (try? LogCursor(input, key: key, source: $0.0, session: $0.1)) != nil
      }
      try require(!elsewhere, "counts for another source or session")
      let sealed = try cursor.sealed(key: key, source: "app/out", session: "s")
      try require(
        try LogCursor(Array(sealed.utf8), key: key, source: "app/out", session: "s") == cursor, "does not come back")
    },
    FuzzTarget("log-time", longest: 8192) { input in
      let now = Timestamp(seconds: 1_795_242_770)
      // The years 1970 to 2199, in every zone; numbers since 1970 go on to 2286.
      let possible: ClosedRange<Int64> = -86400...9_999_999_999
      if let found = LineTime.find(in: input.span, reference: now) {
        try require(possible.contains(found.time.seconds) && found.time.nanoseconds < 1_000_000_000, "an odd time")
      }
      if let since = SinceTime.parse(input, now: now) {
        try require(
          since.seconds >= min(-86400, now.seconds - 366 * 86400) && since.seconds <= possible.upperBound, "an odd time"
        )
        try require(input.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a parameter of other bytes")
      }
    },
    FuzzTarget("log-filter") { input in
      var reader = InputReader(input)
      let text = reader.piece()
      guard let filter = TextFilter(text) else { return }
      let plain = MaskedText(segments: [.text(reader.all)]).rendered()
      let needle = MaskedText(segments: [.text(text)]).rendered()
      let isThere =
        plain.count >= needle.count && (0...(plain.count - needle.count)).contains { plain[$0...].starts(with: needle) }
      try require(filter.matches(plain) == isThere, "not what is there")
      // Behind a token nothing of it counts.
      let hidden = Array("\u{2039}name:8-15:".utf8) + plain.filter { $0 < 0x80 } + Array("\u{203A}".utf8)
      try require(!filter.matches(hidden), "found in a token")
    },
    FuzzTarget("log-names", longest: 600) { input in
      var reader = InputReader(input)
      let base = reader.piece()
      let name = reader.all
      guard RotatedName(name, of: base) != nil else { return }
      try require(name != base && name.count > base.count && !base.isEmpty, "no older part")
      try require(RotatedName(base, of: name) == nil, "each the older part of the other")
    },
  ]
}

/// What of a piece has to be the same.
private struct Shown: Equatable {
  /// Nil for a hole.
  var line: LogLine?
  var start: UInt64

  init(_ piece: LineCutter.Piece) {
    switch piece {
    case .line(let shown):
      line = shown.line
      start = shown.start
    case .hole(let count): start = count
    }
  }
}
