internal import CLinux
internal import Glibc

/// Local sockets between the agent's processes, and the listening socket.
package enum Sockets {
  package enum Kind: Int32, Sendable {
    case stream = 0
    case sequencedPacket = 1
  }

  /// Two connected descriptors; the caller owns both.
  package static func pair(_ kind: Kind) throws(SystemError) -> (Int32, Int32) {
    var out: [Int32] = [-1, -1]
    _ = try checked("socketpair", unsafe cl_socket_pair(kind.rawValue, &out))
    return (out[0], out[1])
  }

  /// Listens on an IPv4 or IPv6 literal. Port 0 takes a free one.
  package static func listen(address: String, port: UInt16, backlog: Int32 = 128) throws(SystemError) -> FileDescriptor
  {
    FileDescriptor(owning: try checked("bind", unsafe cl_listen(address, port, backlog)))
  }

  /// The same without listening: whoever connects is refused until the owner calls listen(2).
  package static func bind(address: String, port: UInt16) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try checked("bind", unsafe cl_listen(address, port, 0)))
  }

  /// The bytes of an IPv4 or IPv6 literal, as they stand in a packet: 4 or 16.
  package static func bytes(ofLiteral address: String) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = try checked("inet_pton", unsafe cl_literal(address, &bytes))
    return Array(bytes.prefix(Int(count)))
  }

  /// How many bytes the kernel holds of what was sent and not yet taken; it takes twice the number, for what it keeps
  /// beside them. Connections have it from the socket that accepts them (socket(7), SO_SNDBUF).
  package static func limitSendBuffer(of socket: Int32, to bytes: Int32) throws(SystemError) {
    _ = try checked("setsockopt", cl_send_buffer(socket, bytes))
  }

  package static func localPort(of socket: borrowing FileDescriptor) throws(SystemError) -> UInt16 {
    UInt16(try checked("getsockname", cl_local_port(socket.raw)))
  }

  /// One message, with a descriptor if given. Blocks while the peer's buffer is full.
  package static func send(_ bytes: [UInt8], descriptor: Int32 = -1, to socket: Int32) throws(SystemError) {
    // SAFETY: the pointer covers the array for the call.
    let sent = unsafe bytes.withUnsafeBytes { unsafe cl_send(socket, $0.baseAddress, $0.count, descriptor) }
    let count = try checked("sendmsg", sent)
    if count != bytes.count { throw SystemError("sendmsg", EMSGSIZE) }
  }

  /// One message of at most `limit` bytes and its descriptor. Empty at the end of the connection.
  /// Waits `timeoutMilliseconds` at most (nil: for ever), then fails with ETIMEDOUT.
  package static func receive(
    from socket: Int32, limit: Int, timeoutMilliseconds: Int32? = nil
  ) throws(SystemError) -> (bytes: [UInt8], descriptor: Int32?) {
    var buffer = [UInt8](repeating: 0, count: limit)
    var descriptor: Int32 = -1
    // SAFETY: the buffer and the local are live and exclusively ours for the call.
    let result = unsafe buffer.withUnsafeMutableBytes {
      unsafe cl_receive(socket, $0.baseAddress, $0.count, &descriptor, timeoutMilliseconds ?? -1)
    }
    let count = try checked("recvmsg", result)
    buffer.removeLast(buffer.count - count)
    return (buffer, descriptor >= 0 ? descriptor : nil)
  }
}

/// A counter to wait on (eventfd(2)).
package struct EventCounter: Sendable {
  private let shared: SharedDescriptor

  /// As a semaphore each `wait` takes one; else it takes all.
  package init(semaphore: Bool) throws(SystemError) {
    shared = SharedDescriptor(FileDescriptor(owning: try checked("eventfd2", cl_eventfd(semaphore ? 1 : 0))))
  }

  package var raw: Int32 { shared.descriptor.raw }

  package func signal() {
    var one: UInt64 = 1
    // SAFETY: eight bytes of a local. Fails only if the counter would overflow, when a wake-up is pending anyway.
    _ = unsafe Glibc.write(raw, &one, 8)
  }

  /// Blocks until the counter is not zero.
  package func wait() {
    var count: UInt64 = 0
    // SAFETY: eight bytes of a local.
    while unsafe Glibc.read(raw, &count, 8) < 0, errno == EINTR {}
  }
}

/// Waiting for several descriptors (ppoll(2)).
package enum Poll {
  package struct Interest: Sendable {
    package var raw: Int32
    package var read: Bool
    package var write: Bool
    package init(_ raw: Int32, read: Bool = true, write: Bool = false) {
      self.raw = raw
      self.read = read
      self.write = write
    }
  }

  package struct Ready: Sendable {
    package var read = false
    package var write = false
    package var closed = false
  }

  /// SIGTERM and SIGINT set a flag from here on and interrupt `wait`; SIGPIPE and SIGHUP are ignored.
  package static func catchShutdownSignals() throws(SystemError) {
    _ = try checked("sigaction", cl_catch_shutdown())
  }

  /// SIGTERM, SIGINT, SIGPIPE and SIGHUP are ignored from here on: for a process that its parent tells to end.
  package static func ignoreShutdownSignals() throws(SystemError) {
    _ = try checked("sigaction", cl_ignore_shutdown())
  }

  package static var shutdownRequested: Bool { cl_shutdown_requested() != 0 }

  /// One answer per interest, in order; nil where a signal came or the time was up. -1 waits for ever.
  package static func wait(_ interests: [Interest], timeoutMilliseconds: Int32) throws(SystemError) -> [Ready]? {
    var set = interests.map {
      pollfd(fd: $0.raw, events: Int16(($0.read ? POLLIN : 0) | ($0.write ? POLLOUT : 0)), revents: 0)
    }
    // SAFETY: the array is live and exclusively ours for the call.
    let result = unsafe cl_poll_shutdown(&set, set.count, timeoutMilliseconds)
    if result == -EINTR || result == 0 { return nil }
    _ = try checked("ppoll", result)
    return set.map {
      Ready(
        read: Int32($0.revents) & POLLIN != 0, write: Int32($0.revents) & POLLOUT != 0,
        closed: Int32($0.revents) & (POLLHUP | POLLERR | POLLNVAL) != 0)
    }
  }
}
