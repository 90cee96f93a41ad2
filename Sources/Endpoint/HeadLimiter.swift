internal import NIOCore

/// Stops a request head that grows over 16 KiB before the parser keeps it. Bytes pass in small pieces, so that each
/// request of a pipelining client is counted by itself.
final class HeadLimiter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  static let maximumHead = 16384
  private static let piece = 4096

  var onOverflow: () -> Void = {}
  private var count = 0
  private var stopped = false

  /// Nothing of a next head has come.
  var isEmpty: Bool { count == 0 }

  /// The parser has a whole head: the next byte belongs to another request.
  func headEnded() { count = 0 }

  /// Nothing more is passed on.
  func stop() { stopped = true }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    while !stopped, buffer.readableBytes > 0 {
      let slice = buffer.readSlice(length: min(Self.piece, buffer.readableBytes))!
      count += slice.readableBytes
      if count > Self.maximumHead {
        stopped = true
        onOverflow()
        return
      }
      context.fireChannelRead(wrapInboundOut(slice))
    }
  }
}
