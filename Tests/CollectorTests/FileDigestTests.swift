import API
import Foundation
import Glibc
import Linux
import ProcFS
import StrictJSON
import Testing

@testable import Collector

struct FileDigestTests {
  static let content = [UInt8]("a line of configuration that is long enough\n".utf8)

  static func digest(
    _ bench: borrowing Bench, _ path: String, grant: String, key: [UInt8] = FileViewTests.key, bytes: Int64 = .max
  ) throws -> Result<String, Refusal> {
    let request = try bench.request(
      .fileDigest, "path=" + Bench.percent(path), "\"paths\":[\(grant)]", byteAllowance: bytes)
    let files = GrantedFiles(target: bench.target, request: request, defaultContainer: "app")
    do throws(Refusal) {
      let answer = try FileDigestView(files: files, key: key).answer()
      guard let object = try? JSONParser.parse(answer), var reader = try? JSONReader(object, at: "answer"),
        let digest = try? reader.string("digest"), request.bytesRead == (try? reader.integer("size"))
      else { throw Refusal(.internalError) }
      return .success(digest)
    } catch {
      return .failure(error)
    }
  }

  static func code(_ result: Result<String, Refusal>) -> ProblemCode? {
    if case .failure(let refusal) = result { refusal.code } else { nil }
  }

  /// Equal where the content is, and only there; another key makes another digest of the same content.
  @Test func comparing() throws {
    let tree = try Tree()
    try tree.file("a", Self.content)
    try tree.file("b", Self.content)
    try tree.file("c", Self.content + [0])
    try tree.link("link", to: "a")
    let large = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    try tree.file("large", large)
    try tree.file("almost", large.dropLast() + [large.last! ^ 1])
    let bench = try Bench()
    func digest(_ name: String, key: [UInt8] = FileViewTests.key) throws -> String {
      try Self.digest(bench, tree.path + "/" + name, grant: "\"\(tree.path)/**\"", key: key).get()
    }
    let a = try digest("a")
    #expect(a.utf8.count == 64)
    #expect(try digest("a") == a && digest("b") == a && digest("link") == a)
    #expect(try digest("c") != a && digest("large") != digest("almost"))
    #expect(try digest("a", key: [UInt8](repeating: 8, count: 32)) != a)
    // HMAC-SHA-256 and nothing else, by another program.
    let openssl = Process()
    openssl.executableURL = URL(filePath: "/usr/bin/openssl")
    openssl.arguments = [
      "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + String(repeating: "07", count: 32), "-r",
      tree.path + "/large",
    ]
    let pipe = Pipe()
    openssl.standardOutput = pipe
    try openssl.run()
    let printed = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(try printed.prefix(64) == digest("large"))
  }

  @Test func refusals() throws {
    let tree = try Tree()
    try tree.directory("granted/folder")
    try tree.directory("outside")
    try tree.file("granted/short", [UInt8](repeating: 1, count: 31))
    try tree.file("granted/just", [UInt8](repeating: 1, count: 32))
    try tree.file("granted/empty")
    try tree.file("outside/secret", Self.content)
    try tree.link("granted/out", to: "../outside/secret")
    try tree.fifo("granted/fifo")
    #expect(unsafe link(tree.path + "/outside/secret", tree.path + "/granted/hard") == 0)
    try tree.file("granted/huge")
    #expect(unsafe truncate(tree.path + "/granted/huge", Int(FileDigestView.largest) + 1) == 0)
    try tree.file("granted/file", Self.content)
    let bench = try Bench()
    let grant = "\"\(tree.path)/granted/**\""
    for (name, expected) in [
      ("short", .fileTooSmall), ("empty", .fileTooSmall), ("just", nil), ("huge", .fileTooLarge),
      ("folder", .notARegularFile), ("fifo", .notARegularFile), ("none", .fileNotFound), ("out", .pathNotGranted),
      ("hard", .hardLinked), ("../outside/secret", .pathNotGranted), ("file/x", .notADirectory), ("file", nil),
    ] as [(String, ProblemCode?)] {
      let result = try Self.digest(bench, "\(tree.path)/granted/\(name)", grant: grant)
      #expect(Self.code(result) == expected, "\(name)")
    }
    // Where everything on its file system is granted, each of its names is. Whether the mount shows all of it depends on
    // the machine; one that does not is refused as before.
    let place = try #require(
      try Tree.walk().resolve(
        Array((tree.path + "/granted/hard").utf8), from: FileDescriptor.open(path: "/", .pathDirectory),
        followLast: false) as PathWalk.Place?)
    let hard = try Self.digest(bench, tree.path + "/granted/hard", grant: "\"/**\"")
    #expect(Self.code(hard) == (place.mount.root == [0x2F] ? nil : .hardLinked))
    // The budget is asked before a byte is read.
    let poor = try Self.digest(bench, tree.path + "/granted/file", grant: grant, bytes: 10)
    #expect(Self.code(poor) == .budgetExhausted)
  }

  /// Each version counts: guesses that somebody writes into one file are as many objects.
  @Test func versionsAreObjects() throws {
    let tree = try Tree()
    let bench = try Bench()
    let request = try bench.request(.fileDigest, "", "\"paths\":[\"**\"],\"limits\":{\"objects\":3}")
    let files = GrantedFiles(target: bench.target, request: request, defaultContainer: "app")
    func look(_ guess: Int?) throws -> ProblemCode? {
      if let guess {
        try? FileManager.default.removeItem(atPath: tree.path + "/f")
        try tree.file("f", Array("guess number \(guess) of what the secret may be".utf8))
        usleep(20_000)
      }
      request.parameters = Parameters(try RequestTarget("/?path=" + Bench.percent(tree.path + "/f")).parameters)
      do throws(Refusal) {
        _ = try FileDigestView(files: files, key: FileViewTests.key).answer()
        return nil
      } catch {
        return error.code
      }
    }
    #expect(try look(0) == nil && look(nil) == nil && look(1) == nil && look(nil) == nil && look(2) == nil)
    #expect(try look(3) == .budgetExhausted)
  }

  /// A file under somebody's lease (fcntl(2)) would make the reader wait for its holder.
  @Test func leases() throws {
    let tree = try Tree()
    try tree.file("leased", Self.content)
    let holder = unsafe open(tree.path + "/leased", O_RDWR)
    defer { close(holder) }
    // The kernel asks for the lease with SIGIO, which would end this process.
    signal(SIGIO, SIG_IGN)
    #expect(fcntl(holder, 1024 /* F_SETLEASE */, F_WRLCK) == 0)
    let bench = try Bench()
    let started = Date()
    let result = try Self.digest(bench, tree.path + "/leased", grant: "\"\(tree.path)/**\"")
    #expect(Self.code(result) == .targetUnresponsive)
    #expect(Date().timeIntervalSince(started) < 5)
  }

  /// While somebody appends there is no one content to speak of.
  @Test func filesThatChange() throws {
    let tree = try Tree()
    try tree.file("f", [UInt8](repeating: 65, count: 32 << 20))
    let bench = try Bench()
    let path = tree.path + "/f"
    let done = Done()
    let writer = Thread {
      let file = unsafe open(path, O_WRONLY | O_APPEND)
      while !done.isSet {
        _ = unsafe write(file, "x", 1)
        usleep(500)
      }
      close(file)
      done.ended.signal()
    }
    writer.start()
    usleep(50_000)
    let result = try Self.digest(bench, path, grant: "\"\(tree.path)/**\"")
    done.set()
    done.ended.wait()
    #expect(Self.code(result) == .fileChanged)
  }

  /// The access time of a file that is the reader's own stays as it was.
  @Test func accessTime() throws {
    let tree = try Tree()
    try tree.file("f", Self.content)
    var times = [timespec(tv_sec: 1000, tv_nsec: 5), timespec(tv_sec: 2000, tv_nsec: 0)]
    #expect(unsafe utimensat(AT_FDCWD, tree.path + "/f", &times, 0) == 0)
    let bench = try Bench()
    _ = try Self.digest(bench, tree.path + "/f", grant: "\"\(tree.path)/**\"").get()
    #expect(
      try FileDescriptor.open(path: tree.path + "/f", .path).status().accessed
        == Timestamp(seconds: 1000, nanoseconds: 5))
  }
}

private final class Done: Sendable {
  private let flag: SharedFlag
  let ended: EventCounter
  init() {
    flag = SharedFlag()
    ended = try! EventCounter(semaphore: true)
  }
  var isSet: Bool { flag.value }
  func set() { flag.value = true }
}

private final class SharedFlag: @unchecked Sendable {
  // One byte, written once.
  private let lock = NSLock()
  private var stored = false
  var value: Bool {
    get { lock.withLock { stored } }
    set { lock.withLock { stored = newValue } }
  }
}
