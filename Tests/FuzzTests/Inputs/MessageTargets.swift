import Privsep

extension FuzzTarget {
  static let messages: [FuzzTarget] = [
    FuzzTarget("frames-from-endpoint", longest: 65536) { try frames($0, from: .endpoint) },
    FuzzTarget("frames-from-collector", longest: 65536) { try frames($0, from: .collector) },
    FuzzTarget("opener-message", longest: 32) { input in
      guard let message = try? OpenerMessage(input) else { return }
      try require(message.encoded == input, "another encoding of the same message")
    },
  ]

  /// However the bytes arrive, the same frames come out; each is the only encoding of itself and within its limit; so is
  /// each message in it.
  private static func frames(_ input: [UInt8], from sender: FrameKind.Sender) throws {
    var reader = InputReader(input)
    let seed = reader.byte()
    let stream = reader.all
    var whole = FrameDecoder(from: sender)
    whole.append(stream)
    var expected: [Frame] = []
    var refusal: FrameError?
    do throws(FrameError) {
      while let frame = try whole.next() { expected.append(frame) }
    } catch {
      refusal = error
    }
    try require(stream.starts(with: expected.flatMap(\.encoded)), "frames are not what came")

    var cut = FrameDecoder(from: sender)
    var found: [Frame] = []
    var cutRefusal: FrameError?
    do throws(FrameError) {
      for piece in pieces(of: stream, seed: seed) {
        cut.append(piece)
        while let frame = try cut.next() { found.append(frame) }
      }
    } catch {
      cutRefusal = error
    }
    try require(found == expected && cutRefusal == refusal, "pieces change the frames")

    for frame in expected {
      try require(frame.kind.rule.sender == sender, "from the wrong side")
      try require(frame.payload.count <= frame.kind.rule.limit, "over its limit")
      guard let encoded = try? encoding(of: frame) else { continue }
      try require(encoded == frame.payload, "\(frame.kind): another encoding of the same message")
    }
  }

  private static func encoding(of frame: Frame) throws(FrameError) -> [UInt8] {
    switch frame.kind {
    case .hello: try RoleStatus(frame.payload).encoded
    case .connection: try PeerMessage(frame.payload).encoded
    case .request: try RequestMessage(frame.payload).encoded
    case .rejected: try RejectedMessage(frame.payload).encoded
    case .credit: try CreditMessage(frame.payload).encoded
    case .head: try HeadMessage(frame.payload).encoded
    // A text that is not UTF-8 is mended when it is read: it is for people only.
    case .log:
      String(validating: frame.payload, as: UTF8.self) == nil ? frame.payload : try LogMessage(frame.payload).encoded
    case .disconnection, .cancel, .shutdown, .ready, .body, .end, .abort: frame.payload
    }
  }
}
