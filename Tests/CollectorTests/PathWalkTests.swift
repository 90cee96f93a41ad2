import Foundation
import Glibc
import Linux
import ProcFS
import Testing

@testable import Collector

/// A folder of its own that serves as the root of walks, and goes when the value does.
struct Tree: ~Copyable {
  let path: String

  init(in folder: URL = FileManager.default.temporaryDirectory) throws {
    path = folder.appending(path: "tree-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  struct Failed: Error {
    var number = errno
  }

  func directory(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  func file(_ name: String, _ bytes: [UInt8] = []) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
  }

  func link(_ name: String, to target: String) throws {
    guard unsafe symlink(target, path + "/" + name) == 0 else { throw Failed() }
  }

  func fifo(_ name: String) throws {
    guard unsafe mkfifo(path + "/" + name, 0o600) == 0 else { throw Failed() }
  }

  func walk() throws -> PathWalk { try Self.walk() }

  static func walk() throws -> PathWalk {
    let proc = SharedProc(try ProcFileSystem())
    let text = try proc.fileSystem.read("self/mountinfo")
    return PathWalk(mounts: MountTable(text.span), proc: proc)
  }

  /// Where a walk leads: the path, or the cause and path of the failure.
  func resolve(_ text: String, followLast: Bool = true, walk: PathWalk? = nil) throws -> String {
    try Self.resolve(text, in: path, followLast: followLast, walk: walk)
  }

  static func resolve(
    _ text: String, in folder: String = "/", followLast: Bool = true, walk: PathWalk? = nil
  ) throws -> String {
    let root = try FileDescriptor.open(path: folder, .pathDirectory)
    let walk = try walk ?? Self.walk()
    do throws(PathWalk.Failure) {
      return String(
        decoding: try walk.resolve(Array(text.utf8), from: root, followLast: followLast).path, as: UTF8.self)
    } catch {
      return "\(Self.name(error.cause)) \(String(decoding: error.path, as: UTF8.self))"
    }
  }

  static func name(_ cause: PathWalk.Failure.Cause) -> String {
    switch cause {
    case .notFound: "ENOENT"
    case .notADirectory: "ENOTDIR"
    case .refusedFileSystem: "REFUSED"
    case .tooManyLinks: "ELOOP"
    case .system(let error): SystemError.name(of: error.number)
    }
  }
}

struct PathWalkTests {
  static func sample() throws -> Tree {
    let tree = try Tree()
    try tree.directory("a/b/c")
    try tree.file("a/file", [1])
    try tree.file("top", [2])
    try tree.link("a/up", to: "..")
    try tree.link("a/absolute", to: "/a/file")
    try tree.link("a/outside", to: "/etc/passwd")
    try tree.link("a/above", to: "../../../../../../etc")
    try tree.link("a/dangling", to: "none/at/all")
    try tree.link("a/self", to: "self")
    try tree.link("a/ping", to: "pong")
    try tree.link("a/pong", to: "/a/ping")
    try tree.link("a/directory", to: "b/../b/./c")
    try tree.link("a/root", to: "/")
    try tree.link("a/proc", to: "/proc/self/environ")
    return tree
  }

  @Test(arguments: [
    ("/", "/"), ("", "/"), (".", "/"), ("//", "/"), ("..", "/"), ("/../../..", "/"), ("/a", "/a"), ("a", "/a"),
    ("/a/", "/a"),
    ("/a//b///c", "/a/b/c"), ("/a/./b/.", "/a/b"), ("/a/b/..", "/a"), ("/a/b/../../top", "/top"),
    ("/../a/../../top", "/top"),
    ("/a/file", "/a/file"), ("/a/up", "/"), ("/a/up/top", "/top"), ("/a/up/../a", "/a"), ("/a/absolute", "/a/file"),
    ("/a/directory", "/a/b/c"), ("/a/directory/..", "/a/b"), ("/a/root", "/"), ("/a/root/top", "/top"),
    ("/a/root/a/root/a/file", "/a/file"), ("/a/above/../top", "ENOENT /etc/../top"),
    // What leads out of the root ends inside it.
    ("/a/outside", "ENOENT /etc/passwd"), ("/a/above", "ENOENT /etc"), ("/a/proc", "ENOENT /proc/self/environ"),
    ("/../../../../etc/passwd", "ENOENT /etc/passwd"), ("/a/b/../../../../etc", "ENOENT /etc"),
    ("/a/dangling", "ENOENT /a/none/at/all"), ("/none", "ENOENT /none"), ("/none/x/y", "ENOENT /none/x/y"),
    ("/a/self", "ELOOP /a/self"), ("/a/ping", "ELOOP /a/ping"), ("/a/file/x", "ENOTDIR /a/file/x"),
    ("/a/file/.", "ENOTDIR /a/file/."),
    ("/a/file/..", "ENOTDIR /a/file/.."), ("/a/absolute/x", "ENOTDIR /a/file/x"),
  ])
  func follows(_ path: String, _ expected: String) throws {
    #expect(try Self.sample().resolve(path) == expected)
  }

  @Test(arguments: [
    ("/a/up", "/a/up"), ("/a/self", "/a/self"), ("/a/dangling", "/a/dangling"), ("/a/outside", "/a/outside"),
    ("/a/up/.", "/"),
    ("/a/up/top", "/top"), ("/a/self/x", "ELOOP /a/self"), ("/a/directory/..", "/a/b"),
  ])
  func leavesTheLastLink(_ path: String, _ expected: String) throws {
    #expect(try Self.sample().resolve(path, followLast: false) == expected)
  }

  /// As many symlinks as the kernel follows (MAXSYMLINKS), and not one more.
  @Test(arguments: [(1, true), (39, true), (40, true), (41, false), (100, false)])
  func chains(_ links: Int, _ reaches: Bool) throws {
    let tree = try Tree()
    try tree.file("l0")
    for index in 1...links { try tree.link("l\(index)", to: "l\(index - 1)") }
    let answer = try tree.resolve("/l\(links)")
    #expect(reaches ? answer == "/l0" : answer.hasPrefix("ELOOP"))
  }

  /// A few short links that stand for more components than anybody could walk.
  @Test func linksThatMultiply() throws {
    let tree = try Tree()
    try tree.directory("d")
    try tree.link("x0", to: "d/..")
    for index in 1...30 {
      try tree.link("x\(index)", to: Array(repeating: "x\(index - 1)", count: 100).joined(separator: "/"))
    }
    let clock = ContinuousClock()
    let start = clock.now
    #expect(try tree.resolve("/x30").hasPrefix("ELOOP"))
    #expect(clock.now - start < .seconds(5))
  }

  @Test func longPaths() throws {
    let tree = try Tree()
    try tree.directory("d")
    #expect(try tree.resolve(String(repeating: "/d/..", count: 200) + "/d") == "/d")
    // Over the limit of components: refused, not walked.
    #expect(try tree.resolve(String(repeating: "/d/..", count: 2000)).hasPrefix("ELOOP"))
    #expect(try tree.resolve("/" + String(repeating: "n", count: 256)).hasPrefix("ENOENT"))
    var deep = ""
    for _ in 0..<100 {
      deep += "/deep"
      try tree.directory(deep)
    }
    #expect(try tree.resolve(deep) == deep)
    #expect(try tree.resolve(deep + String(repeating: "/..", count: 150)) == "/")
  }

  @Test func namesOfAllBytes() throws {
    let tree = try Tree()
    try tree.directory("with\nnewline/\u{1B}[2J")
    try tree.file("with\nnewline/\u{1B}[2J/…é", [])
    #expect(try tree.resolve("/with\nnewline/\u{1B}[2J/…é") == "/with\nnewline/\u{1B}[2J/…é")
    try tree.link("l", to: "with\nnewline")
    #expect(try tree.resolve("/l/\u{1B}[2J") == "/with\nnewline/\u{1B}[2J")
  }

  /// A FIFO is found and not opened: nobody waits, and no writer is woken.
  @Test func fifos() throws {
    let tree = try Tree()
    try tree.fifo("fifo")
    let root = try FileDescriptor.open(path: tree.path, .pathDirectory)
    let place = try tree.walk().resolve(Array("/fifo".utf8), from: root, followLast: true)
    #expect(try place.shared.descriptor.status().kind == .fifo)
    #expect(unsafe open(tree.path + "/fifo", O_WRONLY | O_NONBLOCK) == -1)
    #expect(try tree.resolve("/fifo/x") == "ENOTDIR /fifo/x")
  }

  /// File systems that can hang or lie are never stepped on, by whatever way.
  @Test(arguments: ["/proc", "/proc/self/status", "/sys", "/sys/kernel", "/dev/null", "/etc/../proc/1", "/proc/../etc"])
  func refusedFileSystems(_ path: String) throws {
    #expect(try Tree.resolve(path).hasPrefix("REFUSED"))
  }

  @Test func aLinkToARefusedFileSystem() throws {
    let tree = try Tree()
    try tree.link("environ", to: "/proc/self/environ")
    try tree.link("root", to: "/proc/self/root")
    try tree.link("fd", to: "/dev/fd/0")
    for name in ["environ", "root", "fd"] {
      #expect(try Tree.resolve(tree.path + "/" + name).hasPrefix("REFUSED"))
      #expect(try Tree.resolve(tree.path + "/" + name + "/etc/passwd").hasPrefix("REFUSED"))
      #expect(try Tree.resolve(tree.path + "/" + name, followLast: false) == tree.path + "/" + name)
    }
  }

  /// A mount that the target's table does not have is none of the target's.
  @Test func unknownMounts() throws {
    let tree = try Tree()
    let none: [UInt8] = []
    let walk = PathWalk(mounts: MountTable(none.span), proc: SharedProc(try ProcFileSystem()))
    #expect(try tree.resolve("/", walk: walk) == "REFUSED /")
    #expect(try tree.resolve("/x", walk: walk) == "REFUSED /")
  }

  @Test func nothingStaysOpen() throws {
    let tree = try Self.sample()
    let walk = try tree.walk()
    for path in ["/a/b/c", "/a/ping", "/a/none", "/a/directory/../..", "/a/file/x", "/a/proc"] {
      for _ in 0..<20 { _ = try tree.resolve(path, walk: walk) }
    }
    let proc = try ProcFileSystem()
    let (names, _) = try DirectoryReader.names(
      in: try FileDescriptor.open(path: "/proc/self/fd", .readDirectory), limit: 100_000)
    for name in names {
      guard let number = Int32(String(decoding: name, as: UTF8.self)),
        let path = try? proc.path(ofOwnDescriptor: number)
      else { continue }
      #expect(!path.starts(with: tree.path.utf8))
    }
  }

  @Test(arguments: [
    ("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("//a///b", "/a/b"), ("/a/.", "/a"), ("/a/..", "/"), ("/..", "/"),
    ("/../a", "/a"),
    ("/a/b/../../..", "/"), ("/a/../b", "/b"), ("/...", "/..."), ("/a/..b", "/a/..b"), ("/./././", "/"),
    ("/a/b/./../c/", "/a/c"),
  ])
  func normalised(_ path: String, _ expected: String) {
    #expect(String(decoding: PathWalk.normalised(Array(path.utf8)), as: UTF8.self) == expected)
  }
}

/// Random trees, with the kernel's own resolution in a root (openat2(2), RESOLVE_IN_ROOT) as the judge.
struct PathWalkOracleTests {
  static let names = ["a", "b", "c", "d"]

  static func randomPath(_ random: inout SplitMix, absolute: Bool) -> String {
    let parts = (0..<Int.random(in: 1...6, using: &random)).map { _ in
      (names + names + ["..", "."]).randomElement(using: &random)!
    }
    return (absolute ? "/" : "") + parts.joined(separator: "/")
  }

  static func build(_ tree: borrowing Tree, _ random: inout SplitMix) throws {
    var directories = [""]
    for _ in 0..<40 {
      let place = directories.randomElement(using: &random)! + "/" + names.randomElement(using: &random)!
      guard !FileManager.default.fileExists(atPath: tree.path + place),
        (try? FileManager.default.destinationOfSymbolicLink(atPath: tree.path + place)) == nil
      else { continue }
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        try tree.directory(place)
        directories.append(place)
      case 4..<6: try tree.file(place)
      case _: try tree.link(place, to: randomPath(&random, absolute: Bool.random(using: &random)))
      }
    }
  }

  static let oracle = """
    import ctypes, errno, os, struct, sys
    libc = ctypes.CDLL(None, use_errno=True)
    root = os.open(sys.argv[1], os.O_PATH | os.O_DIRECTORY)
    for line in open(sys.argv[2]):
        follow, path = line.rstrip('\\n').split(' ', 1)
        flags = os.O_PATH | os.O_CLOEXEC | (0 if follow == '1' else os.O_NOFOLLOW)
        how = struct.pack('QQQ', flags, 0, 0x10 | 0x02)
        fd = libc.syscall(437, root, path.encode(), how, len(how))
        if fd < 0:
            print(errno.errorcode[ctypes.get_errno()])
        else:
            status = os.fstat(fd)
            print(status.st_ino)
            os.close(fd)
    """

  @Test(arguments: 0..<6)
  func agreesWithTheKernel(_ seed: Int) throws {
    var random = SplitMix(state: 300 + UInt64(seed))
    let tree = try Tree()
    try Self.build(tree, &random)
    let list = try Tree()
    let questions = (0..<300).map { _ in
      (Bool.random(using: &random), Self.randomPath(&random, absolute: Bool.random(using: &random)))
    }
    try list.file("questions", Array(questions.map { "\($0.0 ? 1 : 0) \($0.1)\n" }.joined().utf8))
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-I", "-c", Self.oracle, tree.path, list.path + "/questions"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let answers = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(
      separator: "\n")
    process.waitUntilExit()
    try #require(answers.count == questions.count)

    let root = try FileDescriptor.open(path: tree.path, .pathDirectory)
    let walk = try tree.walk()
    var found = 0
    for ((follow, path), answer) in zip(questions, answers) {
      var ours: String
      do throws(PathWalk.Failure) {
        let place = try walk.resolve(Array(path.utf8), from: root, followLast: follow)
        let status = try? place.shared.descriptor.status()
        ours = status.map { "\($0.inode)" } ?? "?"
        found += 1
        // The path that is compared with the grant leads to the very file, without a symlink.
        let again = try walk.resolve(place.path, from: root, followLast: false)
        #expect(again.path == place.path && (try? again.shared.descriptor.status().inode) == status?.inode)
        #expect(PathWalk.normalised(place.path) == place.path)
      } catch {
        ours = Tree.name(error.cause)
      }
      #expect(ours == answer, "\(path) follow \(follow)")
    }
    #expect(found > 20)
  }
}
