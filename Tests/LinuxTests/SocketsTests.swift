import Foundation
import Glibc
import Linux
import Testing

struct SocketsTests {
  @Test func messagesKeepTheirBorders() throws {
    let pair = try Pair(.sequencedPacket)
    try Sockets.send([1, 2, 3], to: pair.a.raw)
    try Sockets.send([4], to: pair.a.raw)
    #expect(try Sockets.receive(from: pair.b.raw, limit: 100).bytes == [1, 2, 3])
    #expect(try Sockets.receive(from: pair.b.raw, limit: 1).bytes == [4])
  }

  /// The other end has the same open file, and after the round trip nothing is left open.
  @Test func descriptorsArePassed() throws {
    let folder = try Folder()
    let path = try folder.file("a", Array("content".utf8))
    do {
      let pair = try Pair(.sequencedPacket)
      for _ in 0..<200 {
        let file = try FileDescriptor.open(path: path, .read)
        try Sockets.send([9], descriptor: file.raw, to: pair.a.raw)
        let (bytes, passed) = try Sockets.receive(from: pair.b.raw, limit: 10)
        #expect(bytes == [9])
        let received = FileDescriptor(owning: try #require(passed))
        #expect(received.raw != file.raw)
        #expect(fcntl(received.raw, F_GETFD) & FD_CLOEXEC != 0)
        var content: [UInt8] = []
        _ = try received.read(into: &content, count: 100)
        #expect(content == Array("content".utf8))
      }
      #expect(try Folder.descriptors(of: path) == 0)
    }
    #expect(try Folder.descriptors(of: path) == 0)
  }

  @Test func noDescriptorIsNone() throws {
    let pair = try Pair(.sequencedPacket)
    try Sockets.send([1], to: pair.a.raw)
    #expect(try Sockets.receive(from: pair.b.raw, limit: 10).descriptor == nil)
  }

  /// A message that does not fit is refused whole, with what came with it.
  @Test func aCutMessageLeaksNothing() throws {
    let folder = try Folder()
    let path = try folder.file("a")
    let pair = try Pair(.sequencedPacket)
    do {
      let file = try FileDescriptor.open(path: path, .read)
      try Sockets.send([1, 2, 3, 4], descriptor: file.raw, to: pair.a.raw)
    }
    #expect(throws: SystemError("recvmsg", EMSGSIZE)) { try Sockets.receive(from: pair.b.raw, limit: 3) }
    #expect(try Folder.descriptors(of: path) == 0)
  }

  /// A peer that is not ours may send several; one is taken at most, the others are closed.
  @Test(arguments: [2, 3, 4, 5, 20])
  func furtherDescriptorsAreClosed(_ count: Int) throws {
    let folder = try Folder()
    let path = try folder.file("a")
    let (left, right) = try Sockets.pair(.sequencedPacket)
    let a = FileDescriptor(owning: left)
    let script = """
      import socket, sys
      s = socket.socket(fileno=3)
      files = [open(sys.argv[1]) for _ in range(\(count))]
      socket.send_fds(s, [b"x"], [f.fileno() for f in files])
      """
    let pid = try Process.spawn(
      "/usr/bin/python3", arguments: ["python3", "-c", script, path], environment: [], inherited: [right])
    close(right)
    var status: Int32 = 0
    #expect(unsafe waitpid(pid, &status, 0) == pid && status == 0)
    do {
      let (bytes, passed) = try Sockets.receive(from: a.raw, limit: 10)
      #expect(count <= 4 && bytes == [0x78])
      #expect(try Folder.descriptors(of: path) == 1)
      _ = FileDescriptor(owning: try #require(passed))
    } catch let error as SystemError {
      #expect(count > 4 && error == SystemError("recvmsg", EMSGSIZE))
    }
    #expect(try Folder.descriptors(of: path) == 0)
  }

  @Test func theEndIsEmpty() throws {
    let (left, right) = try Sockets.pair(.sequencedPacket)
    let b = FileDescriptor(owning: right)
    close(left)
    let (bytes, descriptor) = try Sockets.receive(from: b.raw, limit: 10)
    #expect(bytes.isEmpty && descriptor == nil)
    // And writing to it is an error and no signal.
    #expect(throws: SystemError("sendmsg", EPIPE)) { try Sockets.send([1], to: b.raw) }
  }

  @Test func waitingEnds() throws {
    let pair = try Pair(.sequencedPacket)
    let start = Clock.monotonic()
    #expect(throws: SystemError("recvmsg", ETIMEDOUT)) {
      try Sockets.receive(from: pair.b.raw, limit: 10, timeoutMilliseconds: 30)
    }
    #expect(Clock.monotonic() - start >= 30_000_000)
    try Sockets.send([5], to: pair.a.raw)
    #expect(try Sockets.receive(from: pair.b.raw, limit: 10, timeoutMilliseconds: 0).bytes == [5])
    #expect(throws: SystemError("recvmsg", ETIMEDOUT)) {
      try Sockets.receive(from: pair.b.raw, limit: 10, timeoutMilliseconds: 0)
    }
  }

  @Test(arguments: ["127.0.0.1", "::1"])
  func listens(_ address: String) throws {
    let socket = try Sockets.listen(address: address, port: 0)
    let port = try Sockets.localPort(of: socket)
    #expect(port > 0)
    #expect(throws: SystemError("bind", EADDRINUSE)) { _ = try Sockets.listen(address: address, port: port) }
  }

  @Test(arguments: ["localhost", "", "127.0.0.1:80", "256.1.1.1", "example.org", "[::1]", "127.0.0.1 "])
  func onlyLiteralsAreAddresses(_ text: String) {
    #expect(throws: SystemError("bind", EINVAL)) { _ = try Sockets.listen(address: text, port: 0) }
  }

  @Test func countersTakeAllOrOne() throws {
    let all = try EventCounter(semaphore: false)
    let one = try EventCounter(semaphore: true)
    for counter in [all, one] {
      for _ in 0..<3 { counter.signal() }
    }
    all.wait()
    #expect(try Poll.wait([.init(all.raw)], timeoutMilliseconds: 0) == nil)
    for _ in 0..<3 {
      #expect(try Poll.wait([.init(one.raw)], timeoutMilliseconds: 0)?.first?.read == true)
      one.wait()
    }
    #expect(try Poll.wait([.init(one.raw)], timeoutMilliseconds: 0) == nil)
  }

  @Test func pollAnswersInOrder() throws {
    let pair = try Pair(.stream)
    let quiet = try EventCounter(semaphore: false)
    try pair.a.writeAll([1])
    let ready = try #require(
      try Poll.wait(
        [
          .init(quiet.raw), .init(pair.b.raw, read: true, write: true), .init(-1),
          .init(pair.b.raw, read: false, write: false),
        ],
        timeoutMilliseconds: 1000))
    #expect(ready.map(\.read) == [false, true, false, false])
    #expect(ready.map(\.write) == [false, true, false, false])
    #expect(ready.map(\.closed) == [false, false, false, false])
    #expect(shutdown(pair.a.raw, Int32(SHUT_RDWR)) == 0)
    let closed = try #require(try Poll.wait([.init(pair.b.raw, read: false)], timeoutMilliseconds: 1000))
    #expect(closed[0].closed)
  }

  @Test func pollGivesUpInTime() throws {
    let quiet = try EventCounter(semaphore: false)
    let start = Clock.monotonic()
    #expect(try Poll.wait([.init(quiet.raw)], timeoutMilliseconds: 30) == nil)
    #expect(Clock.monotonic() - start >= 30_000_000)
  }

  /// The signal sets a flag and interrupts the wait; before the wait it is held back, so that none is missed.
  @Test(arguments: [SIGTERM, SIGINT])
  func shutdownSignals(_ number: Int32) async {
    await #expect(processExitsWith: .exitCode(42)) { [number = number as Int32] in
      try Poll.catchShutdownSignals()
      guard !Poll.shutdownRequested else { exit(1) }
      // To this thread, as to a process with one thread: the others of a test's child do not block it.
      guard pthread_kill(pthread_self(), number) == 0 else { exit(2) }
      guard !Poll.shutdownRequested else { exit(3) }
      guard try Poll.wait([.init(-1)], timeoutMilliseconds: 60_000) == nil else { exit(4) }
      guard Poll.shutdownRequested else { exit(5) }
      // Ignored from here on.
      pthread_kill(pthread_self(), SIGHUP)
      pthread_kill(pthread_self(), SIGPIPE)
      exit(42)
    }
  }
}
