import Foundation
import Glibc
import Linux
import Privsep
import Testing

struct OpenerMessageTests {
  /// The whole of the opener's authority.
  @Test func theTables() {
    #expect(
      ProcessFile.allCases.map { "\($0.rawValue) \($0.name) \($0.mode)" } == [
        "1 environ read", "2 root pathFollowing", "3 exe pathFollowing", "4 cwd pathFollowing", "5 smaps_rollup read",
        "6 ns/cgroup pathFollowing", "7 ns/ipc pathFollowing", "8 ns/mnt pathFollowing", "9 ns/net pathFollowing",
        "10 ns/pid pathFollowing", "11 ns/time pathFollowing", "12 ns/user pathFollowing", "13 ns/uts pathFollowing",
      ])
    #expect(
      AgentFile.allCases.map { "\($0.rawValue) \($0) \($0.owner)" } == [
        "1 configuration collector", "2 keySet collector", "3 certificate endpoint", "4 privateKey endpoint",
        "5 trustBundle endpoint",
      ])
    #expect(AgentFile.allCases.allSatisfy { $0.limit > 0 && $0.limit <= 262_144 })
    // Below a directory, and no way out of it.
    for file in ProcessFile.allCases {
      #expect(!file.name.hasPrefix("/") && !file.name.contains(".."))
      #expect(!file.name.contains("/") || file.name.hasPrefix("ns/"), "\(file.name)")
    }
    #expect(
      Set(ProcessFile.namespaces.map(\.name)) == Set(ProcessFile.allCases.map(\.name).filter { $0.hasPrefix("ns/") }))
  }

  static func message(_ kind: UInt32, _ sequence: UInt32 = 0, _ value: UInt32 = 0) -> [UInt8] {
    [kind, sequence, value].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32($0 * 8)) } }
  }

  @Test func kindsAndValuesAreClosed() throws {
    #expect(try OpenerMessage(Self.message(1, 7, 1)) == .openProcessEntry(sequence: 7, .environ))
    #expect(try OpenerMessage(Self.message(3, 7, 255)) == .openVolume(sequence: 7, 255))
    #expect(try OpenerMessage(Self.message(4, 7, UInt32(bitPattern: -2))) == .reply(sequence: 7, error: -2))
    for kind in [0, 6, 7, 256, 257, 0x0100_0001, UInt32.max] as [UInt32] {
      #expect(throws: FrameError.unknownKind(UInt8(truncatingIfNeeded: kind))) {
        try OpenerMessage(Self.message(kind, 1, 1))
      }
    }
    for value in [0, 14, 255, 257, 0x0100_0001, UInt32.max] as [UInt32] {
      #expect(throws: FrameError.invalidField("entry")) { try OpenerMessage(Self.message(1, 1, value)) }
    }
    for value in [0, 6, 257, UInt32.max] as [UInt32] {
      #expect(throws: FrameError.invalidField("file")) { try OpenerMessage(Self.message(2, 1, value)) }
    }
    for value in [256, UInt32.max] as [UInt32] {
      #expect(throws: FrameError.invalidField("volume")) { try OpenerMessage(Self.message(3, 1, value)) }
    }
  }

  @Test func allMessagesHaveOneSize() {
    for message in [OpenerMessage.shutdown, .reply(sequence: 1, error: 2), .openVolume(sequence: 3, 4)] {
      #expect(message.encoded.count == OpenerMessage.size)
    }
    for size in 0...40 where size != OpenerMessage.size {
      #expect(throws: FrameError.self) { try OpenerMessage([UInt8](repeating: 0, count: size)) }
    }
  }
}

struct OpenerClientTests {
  /// A client, and the other end of its socket. Answers are laid there before they are asked for.
  struct Bench: ~Copyable {
    let client: OpenerClient
    let peer: Linux.FileDescriptor
    let path: String

    init(timeout: Int32 = 1000) throws {
      let path = FileManager.default.temporaryDirectory.appending(path: "opener-\(UUID().uuidString)").path
      try Data("content".utf8).write(to: URL(fileURLWithPath: path))
      let (left, right) = try Sockets.pair(.sequencedPacket)
      client = OpenerClient(socket: SharedDescriptor(FileDescriptor(owning: left)), timeoutMilliseconds: timeout)
      peer = FileDescriptor(owning: right)
      self.path = path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func answer(_ message: OpenerMessage, withFile: Bool = false) throws {
      try answer(message.encoded, withFile: withFile)
    }

    func answer(_ bytes: [UInt8], withFile: Bool = false) throws {
      let file = try FileDescriptor.open(path: path, .read)
      try Sockets.send(bytes, descriptor: withFile ? file.raw : -1, to: peer.raw)
    }

    func asked() throws -> (OpenerMessage, Bool) {
      let (bytes, passed) = try Sockets.receive(from: peer.raw, limit: 100, timeoutMilliseconds: 1000)
      if let passed { close(passed) }
      return (try OpenerMessage(bytes), passed != nil)
    }

    /// Descriptors of this process that refer to the bench's file.
    func openCount() throws -> Int {
      let wanted = try FileDescriptor.open(path: path, .path).status()
      let own = try FileDescriptor.open(path: "/proc/self/fd", .readDirectory)
      var count = 0
      for name in try DirectoryReader.names(in: own, limit: 100_000).names {
        let path = "/proc/self/fd/" + String(decoding: name, as: UTF8.self)
        guard let target = try? FileDescriptor.open(path: path, .pathFollowing).status() else { continue }
        if target.isSameFile(as: wanted) { count += 1 }
      }
      return count
    }
  }

  @Test func asksAndTakes() throws {
    let bench = try Bench()
    let process = try FileDescriptor.open(path: "/proc/self", .pathFollowing)
    try bench.answer(.reply(sequence: 1, error: 0), withFile: true)
    do {
      let opened = try bench.client.open(.environ, of: process)
      var content: [UInt8] = []
      _ = try opened.read(into: &content, count: 100)
      #expect(content == Array("content".utf8))
    }
    let (first, passed) = try bench.asked()
    #expect(first == .openProcessEntry(sequence: 1, .environ) && passed)
    try bench.answer(.reply(sequence: 2, error: 0), withFile: true)
    _ = try bench.client.open(.keySet)
    let (second, none) = try bench.asked()
    #expect(second == .openAgentFile(sequence: 2, .keySet) && !none)
    try bench.answer(.reply(sequence: 3, error: 0), withFile: true)
    _ = try bench.client.openVolume(4)
    #expect(try bench.asked().0 == .openVolume(sequence: 3, 4))
    #expect(try bench.openCount() == 0)
  }

  @Test func errorsAreTheOpeners() throws {
    let bench = try Bench()
    try bench.answer(.reply(sequence: 1, error: EACCES))
    #expect(throws: SystemError("openat", EACCES)) { _ = try bench.client.open(.keySet) }
    // An error with a descriptor all the same: the error counts, nothing stays open.
    try bench.answer(.reply(sequence: 2, error: EACCES), withFile: true)
    #expect(throws: SystemError("openat", EACCES)) { _ = try bench.client.open(.keySet) }
    #expect(try bench.openCount() == 0)
  }

  /// The late answer to a request that was given up is thrown away, with its descriptor.
  @Test func lateAnswersAreDropped() throws {
    let bench = try Bench(timeout: 20)
    #expect(throws: SystemError("recvmsg", ETIMEDOUT)) { _ = try bench.client.open(.configuration) }
    try bench.answer(.reply(sequence: 1, error: 0), withFile: true)
    #expect(throws: SystemError("recvmsg", ETIMEDOUT)) { _ = try bench.client.open(.configuration) }
    try bench.answer(.reply(sequence: 2, error: 0), withFile: true)
    try bench.answer(.reply(sequence: 77, error: 0), withFile: true)
    try bench.answer(.reply(sequence: 3, error: 0), withFile: true)
    _ = try bench.client.open(.configuration)
    #expect(try bench.openCount() == 0)
  }

  @Test(arguments: [
    OpenerMessage.reply(sequence: 1, error: 0).encoded,
    OpenerMessage.openVolume(sequence: 1, 0).encoded, [1, 2, 3], [UInt8](repeating: 0xFF, count: 12),
  ])
  func anythingElseIsAnError(_ bytes: [UInt8]) throws {
    let bench = try Bench()
    try bench.answer(bytes)
    #expect(throws: SystemError("opener", EINVAL)) { _ = try bench.client.open(.configuration) }
    if bytes.first != 4 {
      try bench.answer(bytes, withFile: true)
      #expect(throws: SystemError("opener", EINVAL)) { _ = try bench.client.open(.configuration) }
    }
    #expect(try bench.openCount() == 0)
  }

  /// The word to end may come between a request and its reply; it is kept for whoever asks, and the reply still counts.
  @Test func theWordToEndIsNotLost() throws {
    let bench = try Bench()
    #expect(!bench.client.isAskedToEnd)
    try bench.answer(OpenerMessage.shutdown.encoded)
    try bench.answer(.reply(sequence: 1, error: 0), withFile: true)
    _ = try bench.client.open(.configuration)
    #expect(bench.client.isAskedToEnd)
    #expect(try bench.openCount() == 0)
  }

  @Test func aMessageThatIsTooLongIsAnError() throws {
    let bench = try Bench()
    try bench.answer([UInt8](repeating: 4, count: 13), withFile: true)
    #expect(throws: SystemError("recvmsg", EMSGSIZE)) { _ = try bench.client.open(.configuration) }
    #expect(try bench.openCount() == 0)
  }

  @Test func anOpenerThatIsGone() throws {
    let (left, right) = try Sockets.pair(.sequencedPacket)
    let client = OpenerClient(socket: SharedDescriptor(FileDescriptor(owning: left)))
    close(right)
    #expect(throws: SystemError("write", EPIPE)) { _ = try client.open(.configuration) }
  }

  /// Threads ask at once; each gets its own answer.
  @Test func fromManyThreads() throws {
    let bench = try Bench(timeout: 5000)
    let peer = try bench.peer.duplicate().release()
    let path = bench.path
    let opener = Thread {
      let peer = FileDescriptor(owning: peer)
      for _ in 0..<200 {
        guard let (bytes, _) = try? Sockets.receive(from: peer.raw, limit: 100, timeoutMilliseconds: 5000),
          case .openVolume(let sequence, let index)? = try? OpenerMessage(bytes)
        else { return }
        // Even numbers are opened, odd ones are the error of their number.
        guard index % 2 == 0, let file = try? FileDescriptor.open(path: path, .read) else {
          try? Sockets.send(OpenerMessage.reply(sequence: sequence, error: Int32(index)).encoded, to: peer.raw)
          continue
        }
        try? Sockets.send(
          OpenerMessage.reply(sequence: sequence, error: 0).encoded, descriptor: file.raw, to: peer.raw)
      }
    }
    opener.start()
    let client = bench.client
    DispatchQueue.concurrentPerform(iterations: 200) { index in
      let index = UInt8(index)
      do throws(SystemError) {
        _ = try client.openVolume(index)
        #expect(index % 2 == 0)
      } catch {
        #expect(index % 2 == 1 && error == SystemError("openat", Int32(index)))
      }
    }
    #expect(try bench.openCount() == 0)
  }
}
