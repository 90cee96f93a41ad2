internal import FoundationEssentials
internal import HTTPTypes
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Sandbox
internal import ServiceLifecycle
internal import Synchronization

/// The broker's network: Hummingbird's HTTP/1.1 over TLS, on a socket of its own or on one that it was given.
struct BrokerServer: Service {
  private typealias Connection = TLSChannel<HTTP1Channel>

  let broker: BrokerService
  let tls: TLSConfiguration
  let logger: Logger

  /// Connections served at one time; more wait in the kernel.
  private static let maximumConnections = 1024
  /// How long a connection may be silent, the handshake and the head of a request included.
  private static let idleTimeout = TimeAmount.seconds(30)
  /// How long one request may take from the end of its head on.
  private static let requestTimeout = TimeAmount.seconds(20)

  func run() async throws {
    let connection = try Connection(
      HTTP1Channel(
        responder: { request, writer, channel in try await respond(to: request, writer, channel) },
        configuration: .init(
          idleTimeout: Self.idleTimeout,
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 64))),
      tlsConfiguration: tls)
    let open = OpenConnections()
    let (arrivals, arrival) = AsyncStream.makeStream(of: Connection.Value.self)
    let listener = try await listen { [logger] channel in
      connection.setup(channel: channel, logger: logger).map { value in
        open.add(channel)
        arrival.yield(value)
      }
    }
    listener.closeFuture.whenComplete { _ in arrival.finish() }
    // Everything that only the start needs is done, and no connection has been taken yet.
    let filter = try SeccompFilter.broker()
    let digest = filter.digest
    try filter.load()
    logger.info("confined", metadata: ["seccomp_digest": "\(digest)"])
    try await listener.setOption(.autoRead, value: true).get()
    logger.info("listening", metadata: ["address": "\(listener.localAddress.map(String.init(describing:)) ?? "")"])
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        for await value in arrivals {
          group.addTask { await connection.handle(value: value, logger: logger) }
        }
      }
    } onGracefulShutdown: {
      listener.close(promise: nil)
      open.quiesce()
    }
  }

  private func listen(
    _ initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> any Channel {
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.autoRead, value: false)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            AvailableConnectionsChannelHandler(maxConnections: Self.maximumConnections))
        }
      }
      .childChannelInitializer(initializer)
    return switch broker.configuration.listener {
    case .address(let host, let port): try await bootstrap.bind(host: host, port: port).get()
    case .descriptor(let descriptor): try await bootstrap.withBoundSocket(descriptor).get()
    }
  }

  // Off any actor, as Hummingbird's own functions are: the writer must not be sent between isolations.
  @concurrent
  private func respond(
    to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
  ) async throws {
    // Whoever sends the body a byte at a time is cut off with the connection.
    let deadline = channel.eventLoop.scheduleTask(in: Self.requestTimeout) { channel.close(promise: nil) }
    defer { deadline.cancel() }
    let incoming = try await incoming(request, channel)
    let answer = await broker.respond(to: incoming).answer
    var response = HTTPResponse(status: .init(code: answer.status))
    for (name, value) in answer.headers {
      if let name = HTTPField.Name(name) { response.headerFields.append(HTTPField(name: name, value: value)) }
    }
    if let name = HTTPField.Name("X-Request-ID") { response.headerFields[name] = incoming.id }
    // What is left of a body that nobody read is not read either.
    if case .tooLarge = incoming.body { response.headerFields[.connection] = "close" }
    var body = ByteBuffer()
    if request.method != .head { body.writeBytes(answer.body) }
    try await writer.write(response: response, body: ResponseBody(byteBuffer: body))
    if case .tooLarge = incoming.body { try await channel.close() }
  }

  private func incoming(_ request: Request, _ channel: any Channel) async throws -> IncomingRequest {
    let target = request.head.path ?? ""
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let contentType = request.headers[.contentType].map { value in
      // Blanks may stand around it (RFC 9110 §8.3.1); one within stays, and fits no type.
      value.prefix { $0 != ";" }.split { $0 == " " || $0 == "\t" }.joined(separator: " ").lowercased()
    }
    let body: IncomingRequest.Body
    do {
      let buffer = try await request.body.collect(upTo: IncomingRequest.bodyLimit)
      body = .complete([UInt8](buffer.readableBytesView))
    } catch is NIOTooManyBytesError {
      body = .tooLarge
    }
    return IncomingRequest(
      id: RandomID.make(), method: request.method.rawValue, path: String(parts.first ?? ""), hasQuery: parts.count > 1,
      contentType: contentType, body: body, peer: try await peer(of: channel))
  }

  private func peer(of channel: any Channel) async throws -> Peer {
    let address = channel.remoteAddress.flatMap { address in
      address.ipAddress.map { ip in "\(ip.contains(":") ? "[\(ip)]" : ip):\(address.port ?? 0)" }
    }
    guard let certificate = try await channel.nioSSL_peerCertificate().get() else {
      return Peer(certificate: .none, address: address)
    }
    do throws(PeerCertificate.Invalid) {
      return Peer(certificate: .valid(try PeerCertificate(certificate)), address: address)
    } catch {
      return Peer(certificate: .unsuitable(error), address: address)
    }
  }
}

/// The connections that a shutdown must tell: those that wait for a next request are closed, the others after theirs.
private final class OpenConnections: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  func add(_ channel: any Channel) {
    channels.withLock { $0[ObjectIdentifier(channel)] = channel }
    channel.closeFuture.whenComplete { [weak self] _ in
      self?.channels.withLock { $0[ObjectIdentifier(channel)] = nil }
    }
  }

  func quiesce() {
    for channel in channels.withLock({ Array($0.values) }) {
      channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
  }
}
