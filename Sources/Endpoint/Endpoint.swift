internal import Linux
internal import NIOCore
internal import NIOPosix
internal import Privsep
package import Sandbox

/// Speaks TLS 1.3 and HTTP/1.1 and nothing else: turns a request into a frame and frames into an answer. It opens no
/// file, sees no process and decides nothing.
package enum Endpoint {
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
  }

  /// What the kernel may hold for one client that does not take it; bytes, and twice that with what it keeps beside. It
  /// counts as the container's memory (cgroup v2), and by itself would grow to 4 MiB for each connection.
  private static let sendBuffer: Int32 = 65_536

  /// Runs on this thread until the collector or the opener has gone, then ends the process. The descriptors are the
  /// inherited sockets; all three are given up to this function.
  package static func run(mode: ConfinementMode, opener: Int32, collector: Int32, listener: Int32) throws(Failure) {
    let hardened: Confinement
    let compiled: CompiledFilter
    let openerClient: OpenerClient
    do {
      openerClient = OpenerClient(
        socket: SharedDescriptor(FileDescriptor(owning: try FileDescriptor.duplicate(opener))))
      compiled = CompiledFilter(try SeccompFilter(for: .endpoint))
      hardened = try Confinement.harden(.endpoint, mode: mode)
      Process.tuneAllocator()
      try Poll.ignoreShutdownSignals()
      try Sockets.limitSendBuffer(of: listener, to: sendBuffer)
    } catch {
      throw Failure("\(error)")
    }
    // The event loop makes its own descriptors first, and the libraries do what they do once; then the filter closes;
    // then the first byte is read.
    MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
      let compiled = NIOLoopBound(compiled, eventLoop: loop)
      FirstUse.make(on: loop).whenComplete { first in
        do {
          try first.get()
          let confined = try hardened.load(compiled.value.take())
          let credentials = try ServerCredentials(from: openerClient)
          let link = CollectorLink(loop: loop, listener: listener, credentials: credentials)
          try link.start(confined, collector: collector, opener: opener)
        } catch {
          // Standard error may be a file, which this process may not write to any more: the collector says it.
          let stream = FileDescriptor(owning: collector)
          let last = Frame(.log, payload: LogMessage(level: .error, text: "\(error)").encoded)
          do throws(SystemError) { try stream.writeAll(last.encoded) } catch {}
          Process.exitNow(70)
        }
      }
    }
  }
}

/// Carries the filter into the event loop's closure, which is called once.
private final class CompiledFilter {
  private var filter: SeccompFilter?
  init(_ filter: consuming SeccompFilter) { self.filter = consume filter }

  func take() throws(SandboxError) -> SeccompFilter {
    guard let filter = filter.take() else { throw .didNotTake("seccomp: the filter was loaded twice") }
    return filter
  }
}

/// Standard error before the collector listens: the one time that another process writes there.
package enum StartFailure {
  package static func report(_ text: String) {
    let stream = FileDescriptor(owning: 2)
    do throws(SystemError) { try stream.writeAll(Array("sidelight-agent: \(text)\n".utf8)) } catch {}
    _ = stream.release()
  }
}
