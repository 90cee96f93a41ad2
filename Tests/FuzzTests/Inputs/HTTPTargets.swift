import NIOCore
import NIOEmbedded
import NIOHTTP1
import Privsep

@testable import Endpoint

extension FuzzTarget {
  static let http: [FuzzTarget] = [
    // Bytes of a client become frames that the collector's decoder takes, whatever they are and however they are cut.
    FuzzTarget("http-head", longest: 32768) { input in
      var reader = InputReader(input)
      let seed = reader.byte()
      let bytes = reader.all
      let judgements = try judge([bytes[...]])
      let fromPieces = try judge(pieces(of: bytes, seed: seed))
      // Why a head is refused may depend on which limit it meets first, and so on the pieces; what is taken may not.
      try require(
        requests(judgements) == requests(fromPieces) && isRefused(judgements) == isRefused(fromPieces),
        "pieces change the requests: \(names(judgements)) and \(names(fromPieces))")
      for judgement in judgements {
        let frame =
          switch judgement {
          case .request(let message): Frame(.request, stream: 1, payload: message.encoded)
          case .rejected(let reason):
            Frame(.rejected, stream: 1, payload: RejectedMessage(connection: 7, reason: reason).encoded)
          }
        var decoder = FrameDecoder(from: .endpoint)
        decoder.append(frame.encoded)
        try require(try decoder.next() == frame, "the collector would end")
        switch judgement {
        case .request(let message):
          try require(try RequestMessage(frame.payload) == message, "the collector sees another request")
          try require(
            (message.method + message.target + message.authorization).utf8.allSatisfy {
              ![0x00, 0x0A, 0x0D].contains($0)
            },
            "a line break or a NUL in a request")
        case .rejected: break
        }
      }
    }
  ]

  private static func requests(_ judgements: [RequestHead.Judgement]) -> [RequestHead.Judgement] {
    judgements.filter { judgement in
      switch judgement {
      case .request: true
      case .rejected: false
      }
    }
  }

  private static func isRefused(_ judgements: [RequestHead.Judgement]) -> Bool {
    requests(judgements).count < judgements.count
  }

  /// Without what the requests hold: a finding is printed.
  private static func names(_ judgements: [RequestHead.Judgement]) -> String {
    judgements.map { judgement in
      switch judgement {
      case .request: "request"
      case .rejected(let reason): "\(reason)"
      }
    }.joined(separator: ", ")
  }

  private static func judge(_ pieces: [ArraySlice<UInt8>]) throws -> [RequestHead.Judgement] {
    let limiter = HeadLimiter()
    let recorder = HeadRecorder(limiter: limiter)
    limiter.onOverflow = { [weak recorder] in recorder?.judgements.append(.rejected(.headTooLarge)) }
    let channel = EmbeddedChannel()
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(limiter)
    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
    try pipeline.addHandler(recorder)
    for piece in pieces { try channel.writeInbound(ByteBuffer(bytes: piece)) }
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return recorder.judgements
  }
}

/// Takes heads as the endpoint's connection does, up to the first that is not acceptable.
private final class HeadRecorder: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart

  let limiter: HeadLimiter
  var judgements: [RequestHead.Judgement] = []
  private var isOver = false

  init(limiter: HeadLimiter) { self.limiter = limiter }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    limiter.headEnded()
    guard !isOver, case .head(let head) = unwrapInboundIn(data) else { return }
    let judgement = RequestHead.judge(head, connection: 7)
    judgements.append(judgement)
    if case .rejected = judgement { end() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !isOver else { return }
    judgements.append(.rejected(.malformed))
    end()
  }

  private func end() {
    isOver = true
    limiter.stop()
  }
}
