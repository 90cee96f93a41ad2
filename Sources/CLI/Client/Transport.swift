internal import AsyncHTTPClient
internal import Identity
internal import Linux
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// HTTPS with client certificate to one peer whose SPIFFE ID is known. The peer's certificate must chain to the
/// authority and name that ID, whatever the address; nothing is sent to it before.
struct Transport: Sendable {
  let baseURL: String
  /// For messages: `the agent`, `the broker`.
  let peer: String
  private let client: HTTPClient

  struct Request: Sendable {
    var method: HTTPMethod = .GET
    /// From the root, percent-encoded, with the query.
    var target: String
    var headers: [(name: String, value: String)] = []
    var body: (type: String, bytes: [UInt8])?
  }

  struct Response: Sendable {
    let status: Int
    let contentType: String
    let body: [UInt8]
  }

  /// Longest body that is read of one answer.
  static let maximumBody = 64 << 20
  static let timeout = TimeAmount.seconds(30)
  private static let connectSeconds: Int64 = 5
  /// How long a followed log may stay silent; the agent sends a heartbeat at least every 15 s.
  static let silence = TimeAmount.seconds(45)

  init(baseURL: String, peer: String, spiffeID: String, identity: ClientIdentity) {
    self.baseURL = baseURL
    self.peer = peer
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: identity.tlsConfiguration, redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(Self.connectSeconds), read: Self.silence))
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.http1_1ConnectionDebugInitializer = { channel in
      // Runs after the handshake and before the first request.
      channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
        guard let certificate, try SPIFFEID(certificate: certificate).description == spiffeID else {
          throw UnexpectedPeer()
        }
      }
    }
    client = HTTPClient(eventLoopGroup: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
  }

  func shutdown() async throws { try await client.shutdown() }

  /// One request and its whole answer, whatever its status.
  func send(_ request: Request) async throws(Failure) -> Response {
    do {
      let response = try await client.execute(prepared(request), timeout: Self.timeout)
      let body = try await response.body.collect(upTo: Self.maximumBody)
      return Response(
        status: Int(response.status.code), contentType: response.headers.first(name: "content-type") ?? "",
        body: Array(body.readableBytesView))
    } catch {
      throw failure(error)
    }
  }

  /// One request whose answer is lines. With status 200 calls `line` for each, without its line feed, and returns nil;
  /// else returns the whole answer. A line of more than `maximumLine` bytes is an error.
  func stream(
    _ request: Request, line: (ArraySlice<UInt8>) async throws(Failure) -> Void
  ) async throws(Failure) -> Response? {
    do {
      let response = try await client.execute(prepared(request), deadline: .distantFuture)
      guard response.status == .ok else {
        let body = try await response.body.collect(upTo: Self.maximumBody)
        return Response(
          status: Int(response.status.code), contentType: response.headers.first(name: "content-type") ?? "",
          body: Array(body.readableBytesView))
      }
      var splitter = LineSplitter()
      for try await part in response.body {
        for complete in try splitter.add(Array(part.readableBytesView)) { try await line(complete) }
      }
      return nil
    } catch let failure as Failure {
      throw failure
    } catch {
      throw failure(error)
    }
  }

  private func prepared(_ request: Request) -> HTTPClientRequest {
    var prepared = HTTPClientRequest(url: baseURL + request.target)
    prepared.method = request.method
    for header in request.headers { prepared.headers.add(name: header.name, value: header.value) }
    prepared.headers.replaceOrAdd(name: "user-agent", value: "sidelight")
    if let body = request.body {
      prepared.headers.replaceOrAdd(name: "content-type", value: body.type)
      prepared.body = .bytes(body.bytes)
    }
    return prepared
  }

  private static let whatRuns =
    "look whether it runs: 'sidelight dev status' after 'sidelight dev up', else its pod or service"

  /// The kernel's words for why there is no connection.
  private static func words(_ error: any Error) -> String {
    switch error {
    case let error as IOError: SystemError.text(error.errnoCode)
    case ChannelError.connectTimeout: "nothing answered in \(connectSeconds) seconds"
    case _: "\(error)"
    }
  }

  private struct UnexpectedPeer: Error {}

  private func failure(_ error: any Error) -> Failure {
    let place = "\(peer) at \(baseURL)"
    switch error {
    case is UnexpectedPeer, is IdentityError:
      return Failure(
        .unavailable, "\(place) is not the one of this state directory: its certificate names another SPIFFE ID",
        hint: "something else listens there now. \(Self.whatRuns)")
    case let error as NIOConnectionError:
      let reason = error.connectionErrors.first.map { Self.words($0.error) } ?? "its host has no address"
      return Failure(.unavailable, "\(place) cannot be reached: \(reason)", hint: Self.whatRuns)
    case is IOError:
      return Failure(.unavailable, "\(place) cannot be reached: \(Self.words(error))", hint: Self.whatRuns)
    case NIOSSLError.failedToLoadPrivateKey, NIOSSLError.failedToLoadCertificate:
      return Failure(
        .state, "the session's certificate and key cannot be used, or are not of one another",
        hint: "start a new session; nothing was sent to \(place)")
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      return Failure(
        .unavailable, "no TLS connection to \(place): \(error)",
        hint: "certificates or clocks do not fit. \(Self.whatRuns)")
    case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
      return Failure(.unavailable, "\(place) did not answer in time", hint: "try again; if it stays, look at its log")
    case is HTTPClientError:
      return Failure(
        .unavailable, "the connection to \(place) failed: \(error)", hint: "try again; if it stays, look at its log")
    case is NIOTooManyBytesError:
      return Failure(.internalError, "the answer of \(place) is over \(Self.maximumBody >> 20) MiB")
    case _:
      return Failure(.unavailable, "the connection to \(place) failed: \(error)")
    }
  }
}

/// Cuts a stream of bytes into lines, with bounded memory.
struct LineSplitter {
  static let maximumLine = 4 << 20
  private var rest: [UInt8] = []

  /// The lines that `bytes` completes.
  mutating func add(_ bytes: [UInt8]) throws(Failure) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: 0x0A) {
      if rest.isEmpty {
        lines.append(bytes[start..<end])
      } else {
        lines.append((rest + bytes[start..<end])[...])
        rest = []
      }
      start = end + 1
    }
    guard rest.count + bytes.count - start <= Self.maximumLine else {
      throw Failure(.internalError, "the agent sent a record of more than \(Self.maximumLine >> 20) MiB")
    }
    rest += bytes[start...]
    return lines
  }
}
