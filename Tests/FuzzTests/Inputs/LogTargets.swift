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
      let secret = [0x6B, 0x78] + reader.piece().prefix(64) + [0x38, 0x33, 0x6A, 0x64]
      let text = reader.all
      let masker = try exampleMasker(seed & 1 == 0 ? .strict : .balanced, secret: secret)
      var expected: [CutPiece] = []
      var whole = LineCutter()
      whole.lines(text[...], masker: masker) { expected.append(CutPiece($0)) }
      var found: [CutPiece] = []
      var cut = LineCutter()
      for piece in pieces(of: text, seed: seed) {
        cut.lines(piece, masker: masker) { found.append(CutPiece($0)) }
      }
      try require(found == expected, "pieces change the lines")
      try require(cut.pendingCount == whole.pendingCount, "pieces change what is pending")
      let ends = text.count { $0 == 0x0A }
      let holes = expected.count { $0.hole != nil }
      let lines = expected.count - holes
      try require((ends...ends + holes).contains(lines), "\(lines) lines of \(ends) line feeds and \(holes) holes")

      // Now the file ends inside of the secret.
      let kept = 4 + Int(seed >> 2) % max(1, secret.count - 4)
      var unfinished = LineCutter()
      unfinished.values = [secret]
      unfinished.lines((text + secret.prefix(kept))[...], masker: masker) { _ in }
      var last: MaskedText?
      unfinished.finishUnfinished(masker: masker) { piece in
        if case .line(let line) = piece { last = line.text }
      }
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
  ]
}

/// A line or a hole, to be compared.
private struct CutPiece: Equatable {
  var line: LogLine?
  var hole: UInt64?

  init(_ piece: LineCutter.Piece) {
    switch piece {
    case .line(let cut): line = cut.line
    case .hole(let count): hole = count
    }
  }
}
