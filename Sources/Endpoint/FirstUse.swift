internal import Identity
internal import Linux
internal import NIOCore
internal import NIOPosix

/// What SwiftNIO and BoringSSL do once in the life of a process, before the filter closes: SwiftNIO ignores SIGPIPE at its
/// first socket (rt_sigaction), BoringSSL asks whether it would notice a fork (madvise). So the filter needs neither.
enum FirstUse {
  /// Begins a TLS handshake on a socket pair that nobody else has, and ends it. Fails where it did not begin.
  static func make(on loop: any EventLoop) -> EventLoopFuture<Void> {
    do throws(SystemError) {
      let (own, other) = try Sockets.pair(.stream)
      let peer = SharedDescriptor(FileDescriptor(owning: other))
      try peer.descriptor.setNonBlocking()
      return ClientBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(FirstHandshake.handler())
          }
        }
        .withConnectedSocket(own)
        .flatMapThrowing { channel in
          var hello: [UInt8] = []
          _ = try peer.descriptor.read(into: &hello, count: 4096)
          // ContentType handshake (RFC 8446 §5.1).
          guard hello.first == 22 else { throw Endpoint.Failure("the TLS library does not begin a handshake") }
          channel.close(promise: nil)
        }
    } catch {
      return loop.makeFailedFuture(error)
    }
  }
}
