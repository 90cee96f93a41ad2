internal import Linux
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Privsep
internal import Sandbox

/// The endpoint's side of the stream to the collector, and the table of what is under way. Everything here runs on the
/// one event loop.
final class CollectorLink {
  private let loop: any EventLoop
  private let listener: Int32
  private let credentials: ServerCredentials
  private var channel: (any Channel)?
  private var server: (any Channel)?
  private var streams: [UInt32: HTTPConnection] = [:]
  private var nextStream: UInt32 = 1
  private var nextConnection: UInt32 = 1
  let connections = ConnectionTable()
  private var isShuttingDown = false
  private var logBudget = LogBudget()

  init(loop: any EventLoop, listener: Int32, credentials: ServerCredentials) {
    self.loop = loop
    self.listener = listener
    self.credentials = credentials
  }

  func start(_ confined: Confined, collector: Int32, opener: Int32) throws {
    let hello = RoleStatus(pid: Process.pid, report: confined.report.text)
    let link = NIOLoopBound(self, eventLoop: loop)
    ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(CollectorHandler(link: link.value))
        }
      }
      .withConnectedSocket(collector)
      .whenComplete { result in
        switch result {
        case .success(let channel):
          link.value.channel = channel
          link.value.send(Frame(.hello, payload: hello.encoded))
        case .failure(let error): link.value.end("collector: \(error)", status: 70)
        }
      }
    ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(OpenerHandler(link: link.value))
        }
      }
      .withConnectedSocket(opener)
      .whenFailure { link.value.end("opener: \($0)", status: 70) }
  }

  /// No graceful way is left, or none is needed: the process ends, and with it every connection.
  func end(_ reason: String?, status: Int32) {
    // Only the collector writes the log; if it is what failed, its own last words are there.
    if let reason { send(Frame(.log, payload: LogMessage(level: .error, text: reason).encoded)) }
    Process.exitNow(status)
  }

  // MARK: To the collector

  func send(_ frame: Frame) {
    guard let channel else { return }
    var buffer = channel.allocator.buffer(capacity: Frame.headerSize + frame.payload.count)
    buffer.writeBytes(frame.encoded)
    channel.writeAndFlush(buffer, promise: nil)
  }

  /// At most some lines a second; what is over is counted and said later.
  func log(_ level: LogMessage.Level, _ text: String) {
    guard let text = logBudget.admit(text, now: Clock.monotonic()) else { return }
    send(Frame(.log, payload: LogMessage(level: level, text: text).encoded))
  }

  func open(_ peer: PeerMessage) -> UInt32 {
    let id = nextConnection
    nextConnection &+= 1
    send(Frame(.connection, stream: id, payload: peer.encoded))
    return id
  }

  func close(_ id: UInt32) { send(Frame(.disconnection, stream: id)) }

  func request(_ message: RequestMessage, on connection: HTTPConnection) -> UInt32 {
    let id = register(connection)
    send(Frame(.request, stream: id, payload: message.encoded))
    return id
  }

  func rejected(_ message: RejectedMessage, on connection: HTTPConnection) -> UInt32 {
    let id = register(connection)
    send(Frame(.rejected, stream: id, payload: message.encoded))
    return id
  }

  private func register(_ connection: HTTPConnection) -> UInt32 {
    let id = nextStream
    nextStream &+= 1
    streams[id] = connection
    return id
  }

  func cancel(_ stream: UInt32) {
    if streams.removeValue(forKey: stream) != nil { send(Frame(.cancel, stream: stream)) }
  }

  func credit(_ stream: UInt32, _ bytes: Int) {
    guard streams[stream] != nil else { return }
    send(Frame(.credit, stream: stream, payload: CreditMessage(bytes: UInt32(bytes)).encoded))
  }

  // MARK: From the collector

  func receive(_ frame: Frame) throws(FrameError) {
    switch frame.kind {
    case .ready: listen()
    case .head: streams[frame.stream]?.head(try HeadMessage(frame.payload))
    case .body: streams[frame.stream]?.body(frame.payload)
    case .end:
      streams.removeValue(forKey: frame.stream)?.finish()
      endIfDone()
    case .abort:
      streams.removeValue(forKey: frame.stream)?.abort()
      endIfDone()
    case .hello, .connection, .disconnection, .request, .rejected, .credit, .cancel, .log, .shutdown:
      throw .wrongDirection(kind: "\(frame.kind)")
    }
  }

  private func listen() {
    let link = NIOLoopBound(self, eventLoop: loop)
    ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 128)
      .serverChannelOption(.maxMessagesPerRead, value: 16)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8192))
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 32768, high: 262_144))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try HTTPConnection.configure(channel, link: link.value) }
      }
      .withBoundSocket(listener)
      .whenComplete { result in
        switch result {
        case .success(let channel): link.value.server = channel
        case .failure(let error): link.value.end("listening socket: \(error)", status: 70)
        }
      }
  }

  /// For the handshake of a connection that has just been taken.
  func contextForHandshake() -> NIOSSLContext {
    switch credentials.renew(now: Clock.monotonic()) {
    case .unchanged: break
    case .renewed: log(.info, "certificate or trust bundle has changed; used from now on")
    case .failed(let reason): log(.error, "the credentials from before stay: \(reason)")
    }
    if credentials.openerAsksToEnd { shutdown() }
    return credentials.context
  }

  // MARK: Ending

  /// The opener was asked to end: no new connections, what is under way may finish, follows are told to.
  func shutdown() {
    guard !isShuttingDown else { return }
    isShuttingDown = true
    server?.close(promise: nil)
    send(Frame(.shutdown))
    connections.closeIdle()
    endIfDone()
  }

  private func endIfDone() {
    guard isShuttingDown, streams.isEmpty else { return }
    // What was written last may still be on its way through TLS; a moment is enough on a healthy connection.
    let link = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: .milliseconds(50)) {
      if link.value.streams.isEmpty { link.value.end(nil, status: 0) }
    }
  }
}

/// Frames from the collector's socket.
private final class CollectorHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let link: CollectorLink
  private var decoder = FrameDecoder(from: .collector)

  init(link: CollectorLink) { self.link = link }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.append(unwrapInboundIn(data).readableBytesView)
    do throws(FrameError) {
      while let frame = try decoder.next() { try link.receive(frame) }
    } catch {
      link.end("collector: \(error)", status: 70)
    }
  }

  func channelInactive(context: ChannelHandlerContext) { link.end(nil, status: 0) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { link.end("collector: \(error)", status: 70) }
}

/// The opener's socket: one word, or its end.
private final class OpenerHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let link: CollectorLink
  init(link: CollectorLink) { self.link = link }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    do throws(FrameError) {
      switch try OpenerMessage(Array(unwrapInboundIn(data).readableBytesView)) {
      case .shutdown: link.shutdown()
      case .reply: break  // the late answer to a request at the start
      case .openProcessEntry, .openAgentFile, .openVolume: throw .invalidField("message")
      }
    } catch {
      link.end("opener: \(error)", status: 70)
    }
  }

  func channelInactive(context: ChannelHandlerContext) { link.end(nil, status: 0) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { link.end("opener: \(error)", status: 70) }
}

/// Keeps a flood of failing connections from flooding the log.
struct LogBudget {
  private var windowStart: UInt64 = 0
  private var inWindow = 0
  private var dropped = 0
  private static let perSecond = 10

  mutating func admit(_ text: String, now: UInt64) -> String? {
    if Clock.elapsed(from: windowStart, to: now) >= 1_000_000_000 {
      windowStart = now
      inWindow = 0
    }
    guard inWindow < Self.perSecond else {
      dropped += 1
      return nil
    }
    inWindow += 1
    defer { dropped = 0 }
    return dropped == 0 ? text : "\(text) (and \(dropped) more lines that were left out)"
  }
}
