internal import Identity
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import NIOTLS
internal import Privsep

/// One client connection: after the handshake it tells the collector who is there, then sends it one request at a time
/// and writes what comes back.
final class HTTPConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case handshake
    /// Waits for a request.
    case idle
    /// A head has come; its end has not.
    case head
    /// The collector has the request.
    case answering(stream: UInt32)
    /// Nothing more is taken; what is written is flushed.
    case closing
  }

  private let link: CollectorLink
  private let limiter: HeadLimiter
  private var context: ChannelHandlerContext?
  private var state = State.handshake
  private var connection: UInt32?
  private var keepAlive = true
  private var isHeadMethod = false
  /// When the kernel has the head of the answer.
  private var headWritten: EventLoopFuture<Void>?
  private var pendingRequest: RequestMessage?
  private var timer: Scheduled<Void>?
  /// Whether any byte has come, of TLS or not.
  private(set) var hasSpoken = false
  /// The client's, DER; set when the table of connections admits it.
  var certificate: [UInt8] = []
  /// While the limiter keeps what a pipelining client has sent. SwiftNIO's own handler for that traps when an answer is
  /// written before the request has ended, which is what a refusal does.
  private var readWithheld = false

  /// The handshake, and then each request head, must be whole in this time.
  private static let headTime = TimeAmount.seconds(10)
  private static let idleTime = TimeAmount.seconds(60)

  private init(link: CollectorLink, limiter: HeadLimiter) {
    self.link = link
    self.limiter = limiter
  }

  static func configure(_ channel: any Channel, link: CollectorLink) throws {
    let limiter = HeadLimiter()
    let connection = HTTPConnection(link: link, limiter: limiter)
    limiter.onOverflow = { [weak connection] in connection?.reject(.headTooLarge) }
    limiter.onFlood = { [weak connection] in connection?.flooded() }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(FirstBytes { [weak connection] in connection?.hasSpoken = true })
    try pipeline.addHandler(NIOSSLServerHandler(context: link.contextForHandshake()))
    try pipeline.addHandler(limiter)
    try pipeline.addHandler(HTTPResponseEncoder())
    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
    try pipeline.addHandler(NIOHTTPResponseHeadersValidator())
    try pipeline.addHandler(connection)
  }

  var isIdle: Bool {
    switch state {
    case .handshake, .idle, .head: true
    case .answering, .closing: false
    }
  }

  // MARK: Life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    link.connections.add(self)
    arm(Self.headTime)
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    if case .answering(let stream) = state { link.cancel(stream) }
    if let connection { link.close(connection) }
    connection = nil
    state = .closing
    link.connections.remove(self)
    context.fireChannelInactive()
  }

  func drop() { context?.close(promise: nil) }

  private func arm(_ time: TimeAmount) {
    timer?.cancel()
    guard let context else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: time) { bound.value.timeIsUp() }
  }

  private func timeIsUp() {
    switch state {
    case .handshake: drop()
    case .idle: if limiter.isEmpty { drop() } else { reject(.timeout) }
    case .head: reject(.timeout)
    case .closing: drop()
    case .answering: break
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case TLSUserEvent.handshakeCompleted: handshakeCompleted(context)
    case TLSUserEvent.shutdownCompleted: context.close(promise: nil)
    case ChannelEvent.inputClosed:
      // The client half-closed: it has no further request, and gets its answer if one is under way.
      if case .answering = state { keepAlive = false } else { context.close(promise: nil) }
    case _: context.fireUserInboundEventTriggered(event)
    }
  }

  private func handshakeCompleted(_ context: ChannelHandlerContext) {
    do {
      let tls = try context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
      // Chain validation has passed, so there is one; without it nothing is served.
      guard let certificate = tls.peerCertificate else { return drop() }
      let der = try certificate.toDERBytes()
      guard der.count <= PeerMessage.certificateLimit, link.connections.admit(self, certificate: der) else {
        return drop()
      }
      var spiffeID = ""
      do throws(IdentityError) {
        spiffeID = try SPIFFEID(certificate: certificate).description
      } catch {
        link.log(.warning, "a client certificate is not an X.509-SVID: \(error)")
      }
      connection = link.open(
        PeerMessage(
          certificate: der, spiffeID: spiffeID, notAfter: Int64(certificate.notValidAfter),
          address: context.remoteAddress.map(Self.describe) ?? ""))
      state = .idle
      arm(Self.headTime)
    } catch {
      link.log(.error, "a client certificate cannot be read")
      drop()
    }
  }

  private static func describe(_ address: SocketAddress) -> String {
    let host = address.ipAddress ?? "?"
    return "\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    limiter.headEnded()
    switch state {
    // The limiter lets nothing through: but for the end of a request that was refused, this is no HTTP that we understand.
    case .answering: if keepAlive { drop() }
    case .idle, .head: take(unwrapInboundIn(data))
    case .handshake, .closing: break
    }
  }

  func read(context: ChannelHandlerContext) {
    if limiter.isFull { readWithheld = true } else { context.read() }
  }

  /// The client has sent more than it may before its answer: it gets that, and nothing else.
  private func flooded() {
    if case .answering = state { keepAlive = false } else { drop() }
  }

  private func take(_ part: HTTPServerRequestPart) {
    switch part {
    case .head(let head): take(head)
    case .body: if case .head = state { reject(.bodyNotAllowed) }
    case .end:
      guard case .head = state, let request = pendingRequest else { return }
      pendingRequest = nil
      timer?.cancel()
      limiter.hold()
      state = .answering(stream: link.request(request, on: self))
    }
  }

  /// After an answer: what had come meanwhile, up to the next request.
  private func takeKept() {
    if case .idle = state { limiter.release() }
    if readWithheld, !limiter.isFull {
      readWithheld = false
      context?.read()
    }
  }

  private func take(_ head: HTTPRequestHead) {
    guard case .idle = state, let connection else { return }
    state = .head
    // After these the parser takes nothing more for a request.
    keepAlive = head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
    isHeadMethod = head.method == .HEAD
    switch RequestHead.judge(head, connection: connection) {
    case .request(let message): pendingRequest = message
    case .rejected(let reason): reject(reason)
    }
  }

  /// Has the collector record and answer what is not acceptable HTTP; the connection ends with the answer.
  private func reject(_ reason: RejectedMessage.Reason) {
    switch state {
    case .idle, .head: break
    case .handshake: return drop()
    case .answering, .closing: return
    }
    guard let connection else { return drop() }
    timer?.cancel()
    keepAlive = false
    pendingRequest = nil
    limiter.stop()
    state = .answering(stream: link.rejected(RejectedMessage(connection: connection, reason: reason), on: self))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case is HTTPParserError: reject(.malformed)
    case is NIOSSLError, is BoringSSLError:
      if case .handshake = state {
        link.log(.warning, "TLS handshake with \(context.remoteAddress.map(Self.describe) ?? "?") failed: \(error)")
      }
      context.close(promise: nil)
    case _: context.close(promise: nil)
    }
  }

  // MARK: Answers

  func head(_ message: HeadMessage) {
    guard let context, case .answering = state else { return }
    var headers = HTTPHeaders(message.fields.map { ($0.name, $0.value) })
    if let length = message.length { headers.add(name: "content-length", value: String(length)) }
    if !keepAlive { headers.add(name: "connection", value: "close") }
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: Int(message.status)), headers: headers)
    let promise = context.eventLoop.makePromise(of: Void.self)
    headWritten = promise.futureResult
    context.write(wrapOutboundOut(.head(head)), promise: promise)
    if message.length == nil || isHeadMethod { context.flush() }
  }

  func body(_ bytes: [UInt8]) {
    guard let context, case .answering(let stream) = state else { return }
    let link = NIOLoopBound(link, eventLoop: context.eventLoop)
    let count = bytes.count
    guard !isHeadMethod else {
      headWritten?.whenSuccess { link.value.credit(stream, count) }
      return
    }
    let buffer = context.channel.allocator.buffer(bytes: bytes)
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.whenSuccess { link.value.credit(stream, count) }
    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
  }

  func finish() {
    guard let context, case .answering = state else { return }
    let promise = context.eventLoop.makePromise(of: Void.self)
    arm(Self.idleTime)
    if keepAlive {
      state = .idle
    } else {
      state = .closing
      let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
      promise.futureResult.whenComplete { _ in bound.value.drop() }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    takeKept()
  }

  /// The answer cannot be completed: the client must see that it is cut.
  func abort() {
    state = .closing
    drop()
  }
}

/// Notices that the client has said anything at all.
private final class FirstBytes: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private var notice: (() -> Void)?
  init(_ notice: @escaping () -> Void) { self.notice = notice }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    notice?()
    notice = nil
    context.fireChannelRead(data)
  }
}
