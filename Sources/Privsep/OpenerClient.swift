package import Linux
internal import Synchronization

/// Asks the opener, one request at a time, from any thread. Blocks up to `timeoutMilliseconds`.
package final class OpenerClient: Sendable {
  private let socket: SharedDescriptor
  private let sequence = Mutex<UInt32>(0)
  private let askedToEnd = Mutex(false)
  private let timeoutMilliseconds: Int32

  package init(socket: SharedDescriptor, timeoutMilliseconds: Int32 = 1000) {
    self.socket = socket
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  package var raw: Int32 { socket.descriptor.raw }

  /// The opener sent its word to end between a request and the reply.
  package var isAskedToEnd: Bool { askedToEnd.withLock { $0 } }

  package func open(
    _ entry: ProcessFile, of process: borrowing FileDescriptor
  ) throws(SystemError) -> FileDescriptor {
    let raw = process.raw
    return try exchange(descriptor: raw) { .openProcessEntry(sequence: $0, entry) }
  }

  package func open(_ file: AgentFile) throws(SystemError) -> FileDescriptor {
    try exchange(descriptor: -1) { .openAgentFile(sequence: $0, file) }
  }

  package func openVolume(_ index: UInt8) throws(SystemError) -> FileDescriptor {
    try exchange(descriptor: -1) { .openVolume(sequence: $0, index) }
  }

  private func exchange(
    descriptor: Int32, _ message: (UInt32) -> OpenerMessage
  ) throws(SystemError) -> FileDescriptor {
    try sequence.withLock { last throws(SystemError) in
      last &+= 1
      if descriptor < 0 {
        // An endpoint passes no descriptor, and has no call that could.
        try socket.descriptor.writeAll(message(last).encoded)
      } else {
        try Sockets.send(message(last).encoded, descriptor: descriptor, to: raw)
      }
      while true {
        let (bytes, passed) = try Sockets.receive(
          from: raw, limit: OpenerMessage.size, timeoutMilliseconds: timeoutMilliseconds)
        let opened = passed.map { SharedOwner($0) }
        let reply: OpenerMessage
        do throws(FrameError) {
          reply = try OpenerMessage(bytes)
        } catch {
          // An empty message is the end of the connection; anything else is a peer that errs.
          throw SystemError("opener", Errno.invalid)
        }
        switch reply {
        case .reply(let number, _) where number != last: continue  // the late answer to a request that timed out
        case .reply(_, let error):
          if error != 0 { throw SystemError("openat", error) }
          guard let opened else { throw SystemError("opener", Errno.invalid) }
          return FileDescriptor(owning: opened.take())
        case .shutdown: askedToEnd.withLock { $0 = true }
        case .openProcessEntry, .openAgentFile, .openVolume: throw SystemError("opener", Errno.invalid)
        }
      }
    }
  }
}

/// Closes a received descriptor unless somebody takes it.
private final class SharedOwner {
  private var raw: Int32?
  init(_ raw: Int32) { self.raw = raw }
  func take() -> Int32 {
    defer { raw = nil }
    return raw ?? -1
  }
  deinit { if let raw { _ = FileDescriptor(owning: raw) } }
}
