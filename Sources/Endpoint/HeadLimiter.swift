internal import NIOCore

/// Lets one request at a time through to the parser, and none while an answer is under way: what a pipelining client has
/// sent is kept as the bytes that it is, and not as what the parser makes of them, which takes tens of times as much. Stops
/// a head that grows over 16 KiB before the parser keeps it.
final class HeadLimiter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  static let maximumHead = 16384
  /// Lines of a head: the request, 64 fields (`RequestHead`), the empty one, and a few that may stand before it. The parser
  /// makes a hundred bytes of the shortest field.
  private static let maximumLines = 70
  /// Most bytes that are kept: a TLS record and what else may come with its last part. No more is read while there are any;
  /// but once the client has closed the connection, all that the kernel has of it comes at once.
  static let maximumKept = 24576
  private static let piece = 4096

  /// A head is too large.
  var onOverflow: () -> Void = {}
  /// More came than is kept: the rest is thrown away, and nothing further can be understood.
  var onFlood: () -> Void = {}
  private var kept = ByteBuffer()
  private var context: ChannelHandlerContext?
  private var count = 0
  private var lines = 0
  private var stopped = false
  private var held = false
  private var isPassingOn = false
  private var ending = Ending.none

  /// How much of the end of a head has been seen: an empty line.
  private enum Ending { case none, newline, carriageReturn }

  /// Nothing of a next head has come.
  var isEmpty: Bool { count == 0 && kept.readableBytes == 0 }

  /// Whether there is something that has to wait.
  var isFull: Bool { kept.readableBytes > 0 }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// The parser has a whole head: the next byte belongs to another request.
  func headEnded() {
    count = 0
    lines = 0
  }

  /// Nothing more is passed on.
  func stop() {
    stopped = true
    kept = ByteBuffer()
  }

  /// Keeps what comes until `release`.
  func hold() { held = true }

  func release() {
    held = false
    passOn()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !stopped else { return }
    var buffer = unwrapInboundIn(data)
    guard kept.readableBytes + buffer.readableBytes <= Self.maximumKept else {
      stop()
      return onFlood()
    }
    if kept.readableBytes == 0 { kept = buffer } else { kept.writeBuffer(&buffer) }
    passOn()
  }

  private func passOn() {
    guard !isPassingOn, let context else { return }
    isPassingOn = true
    defer { isPassingOn = false }
    while !stopped, !held, let slice = nextSlice() {
      count += slice.readableBytes
      if count > Self.maximumHead || lines > Self.maximumLines {
        stop()
        return onOverflow()
      }
      context.fireChannelRead(wrapInboundOut(slice))
    }
    // Nothing of what came with it is held on to.
    kept = kept.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: kept.readableBytesView)
  }

  /// The next piece, which ends where a head does.
  private func nextSlice() -> ByteBuffer? {
    guard kept.readableBytes > 0 else { return nil }
    var length = 0
    defer { kept.moveReaderIndex(forwardBy: length) }
    for byte in kept.readableBytesView.prefix(Self.piece) {
      length += 1
      if byte == 0x0A { lines += 1 }
      switch (byte, ending) {
      case (0x0A, .none): ending = .newline
      case (0x0A, _):
        ending = .none
        return ByteBuffer(bytes: kept.readableBytesView.prefix(length))
      case (0x0D, .newline): ending = .carriageReturn
      case _: ending = .none
      }
    }
    return ByteBuffer(bytes: kept.readableBytesView.prefix(length))
  }
}
