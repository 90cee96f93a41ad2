package import Linux
package import Privsep
package import Sandbox

/// The parent process: opens what its peers may not open for themselves, by two tables of names, and passes the
/// descriptors on. It never reads a file and parses nothing but messages of twelve bytes.
package struct Opener: ~Copyable {
  /// Where the agent's own files are. Paths are opened anew for each request, so that a renewed file is found.
  package struct Files: Sendable {
    package var configuration: String
    /// A directory that holds `tls.crt`, `tls.key`, `ca.crt` and `jwks.json`.
    package var credentials: String
    /// Directories with log files that the agent sees by a mount of its own.
    package var volumes: [String]

    package init(configuration: String, credentials: String, volumes: [String]) {
      self.configuration = configuration
      self.credentials = credentials
      self.volumes = volumes
    }

    fileprivate func path(of file: AgentFile) -> String {
      switch file {
      case .configuration: configuration
      case .keySet: credentials + "/jwks.json"
      case .certificate: credentials + "/tls.crt"
      case .privateKey: credentials + "/tls.key"
      case .trustBundle: credentials + "/ca.crt"
      }
    }
  }

  package enum Ending: Sendable, Equatable {
    /// SIGTERM or SIGINT, and the peers have gone in time.
    case asked
    /// A peer ended by itself, or sent what it may not.
    case peerEnded(AgentFile.Owner)
  }

  private let files: Files
  private let collector: FileDescriptor
  private let endpoint: FileDescriptor

  package init(files: Files, collector: consuming FileDescriptor, endpoint: consuming FileDescriptor) {
    self.files = files
    self.collector = collector
    self.endpoint = endpoint
  }

  /// How long the peers have to end after SIGTERM, or after the other one has ended.
  private static let graceNanoseconds: UInt64 = 5_000_000_000

  /// Serves until a peer ends or a signal asks to. Blocks.
  package borrowing func run(_ confined: Confined) throws(SystemError) -> Ending {
    var endpointGone = false
    var deadline: UInt64?
    var ended: Ending?
    while true {
      if deadline == nil, Poll.shutdownRequested {
        deadline = Clock.monotonic() + Self.graceNanoseconds
        ended = .asked
        // The endpoint ends its connections and tells the collector; a peer that is gone already needs no word.
        do throws(SystemError) { try Sockets.send(OpenerMessage.shutdown.encoded, to: endpoint.raw) } catch {}
      }
      var timeout: Int32 = -1
      if let deadline {
        let now = Clock.monotonic()
        if now >= deadline { return ended ?? .asked }
        timeout = Int32((deadline - now) / 1_000_000) + 1
      }
      let interests = [
        Poll.Interest(collector.raw), Poll.Interest(endpointGone ? -1 : endpoint.raw),
      ]
      guard let ready = try Poll.wait(interests, timeoutMilliseconds: timeout) else { continue }
      if ready[0].read || ready[0].closed, try !serve(collector, as: .collector) {
        return ended ?? .peerEnded(.collector)
      }
      if ready[1].read || ready[1].closed, try !serve(endpoint, as: .endpoint) {
        endpointGone = true
        if deadline == nil {
          // The collector sees the same end, and gets a moment to say why.
          ended = .peerEnded(.endpoint)
          deadline = Clock.monotonic() + Self.graceNanoseconds
        }
      }
    }
  }

  /// Answers one message. False where the peer has ended or sent what it may not.
  private borrowing func serve(
    _ peer: borrowing FileDescriptor, as owner: AgentFile.Owner
  ) throws(SystemError) -> Bool {
    do throws(SystemError) {
      return try answer(peer, as: owner)
    } catch {
      // It asked, gave up waiting and has ended, or its message is longer than any. The other peer still gets its moment
      // to say why.
      if [Errno.brokenPipe, Errno.connectionReset, Errno.messageTooLong].contains(error.number) { return false }
      throw error
    }
  }

  private borrowing func answer(
    _ peer: borrowing FileDescriptor, as owner: AgentFile.Owner
  ) throws(SystemError) -> Bool {
    let (bytes, passed) = try Sockets.receive(from: peer.raw, limit: OpenerMessage.size)
    if bytes.isEmpty, passed == nil { return false }
    let directory = FileDescriptor(owning: passed ?? -1)
    let message: OpenerMessage
    do throws(FrameError) {
      message = try OpenerMessage(bytes)
    } catch {
      return false
    }
    let number: UInt32
    let opened: Result<Int32, SystemError>
    switch message {
    case .openProcessEntry(let sequence, let entry):
      guard owner == .collector, passed != nil else { return false }
      number = sequence
      opened = Self.result { () throws(SystemError) in try directory.open(entry.name, entry.mode) }
    case .openAgentFile(let sequence, let file):
      guard file.owner == owner else { return false }
      number = sequence
      let path = files.path(of: file)
      // Kubernetes mounts secrets as symlinks into a directory that it swaps, so links are followed here.
      opened = Self.result { () throws(SystemError) in try FileDescriptor.open(path: path, .readFollowing) }
    case .openVolume(let sequence, let index):
      guard owner == .collector, Int(index) < files.volumes.count else { return false }
      number = sequence
      let path = files.volumes[Int(index)]
      opened = Self.result { () throws(SystemError) in try FileDescriptor.open(path: path, .pathFollowing) }
    case .reply, .shutdown: return false
    }
    try Self.reply(number, opened, to: peer)
    return true
  }

  private static func reply(
    _ number: UInt32, _ opened: Result<Int32, SystemError>, to peer: borrowing FileDescriptor
  ) throws(SystemError) {
    switch opened {
    case .success(let raw):
      let descriptor = FileDescriptor(owning: raw)
      do throws(SystemError) {
        try Sockets.send(
          OpenerMessage.reply(sequence: number, error: 0).encoded, descriptor: descriptor.raw, to: peer.raw)
      } catch {
        // Too many descriptors in flight for this user (ETOOMANYREFS): say so, without the descriptor.
        try Sockets.send(OpenerMessage.reply(sequence: number, error: error.number).encoded, to: peer.raw)
      }
    case .failure(let error):
      try Sockets.send(OpenerMessage.reply(sequence: number, error: error.number).encoded, to: peer.raw)
    }
  }

  private static func result(
    _ body: () throws(SystemError) -> FileDescriptor
  ) -> Result<Int32, SystemError> {
    do throws(SystemError) {
      return .success(try body().release())
    } catch {
      return .failure(error)
    }
  }
}
