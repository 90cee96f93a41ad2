import Foundation
import Glibc
import Linux
import Testing

struct FileDescriptorTests {
  static let modes: [Linux.FileDescriptor.Mode] = [
    .path, .pathDirectory, .pathFollowing, .read, .readFollowing, .readDirectory,
  ]

  @Test func isClosedWithItsOwner() throws {
    let folder = try Folder()
    let path = try folder.file("a")
    do {
      let one = try FileDescriptor.open(path: path, .read)
      let two = try one.duplicate()
      #expect(one.raw != two.raw)
      #expect(try Folder.descriptors(of: path) == 2)
    }
    #expect(try Folder.descriptors(of: path) == 0)
  }

  @Test func releaseGivesUpOwnership() throws {
    let folder = try Folder()
    let path = try folder.file("a")
    let raw = try FileDescriptor.open(path: path, .read).release()
    #expect(try Folder.descriptors(of: path) == 1)
    #expect(Glibc.close(raw) == 0)
    #expect(try Folder.descriptors(of: path) == 0)
  }

  @Test func aSharedOneIsClosedByTheLast() throws {
    let folder = try Folder()
    let path = try folder.file("a")
    var first: SharedDescriptor? = SharedDescriptor(try FileDescriptor.open(path: path, .read))
    var second = first
    first = nil
    #expect(try Folder.descriptors(of: path) == 1)
    #expect(second != nil)
    second = nil
    #expect(try Folder.descriptors(of: path) == 0)
  }

  /// No mode can write, create, truncate or be inherited.
  @Test(arguments: modes)
  func modesCannotWrite(_ mode: Linux.FileDescriptor.Mode) {
    #expect(mode.flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_EXCL) == 0)
    #expect(mode.flags & O_CLOEXEC != 0)
  }

  @Test func everyDescriptorIsCloseOnExec() throws {
    let folder = try Folder()
    let directory = try folder.open()
    try folder.file("a")
    func check(_ fd: borrowing Linux.FileDescriptor) { #expect(fcntl(fd.raw, F_GETFD) & FD_CLOEXEC != 0) }
    check(directory)
    check(try directory.open("a", .read))
    check(try directory.open("a", .path))
    check(try directory.open("a", .path).reopenForReading())
    check(try directory.duplicate())
    let (left, right) = try Sockets.pair(.sequencedPacket)
    check(FileDescriptor(owning: left))
    check(FileDescriptor(owning: right))
    check(try Sockets.listen(address: "127.0.0.1", port: 0))
    let counter = try EventCounter(semaphore: false)
    #expect(fcntl(counter.raw, F_GETFD) & FD_CLOEXEC != 0)
  }

  @Test func readsInPieces() throws {
    let folder = try Folder()
    let directory = try folder.open()
    try folder.file("a", Array("0123456789".utf8))
    let file = try directory.open("a", .read)
    var buffer = Array("x".utf8)
    #expect(try file.read(into: &buffer, count: 4) == 4)
    #expect(try file.read(into: &buffer, count: 100) == 6)
    #expect(try file.read(into: &buffer, count: 100) == 0)
    #expect(buffer == Array("x0123456789".utf8))
    #expect(try file.read(into: &buffer, count: 3, at: 8) == 2)
    #expect(try file.read(into: &buffer, count: 3, at: 10) == 0)
    #expect(try file.read(into: &buffer, count: 3, at: 1 << 40) == 0)
    #expect(buffer == Array("x012345678989".utf8))
    #expect(try file.read(into: &buffer, count: 0) == 0)
  }

  /// A failed read leaves the buffer as it was.
  @Test func failuresAreTyped() throws {
    let folder = try Folder()
    let directory = try folder.open()
    var buffer: [UInt8] = [1, 2]
    #expect(throws: SystemError("read", EISDIR)) { try directory.read(into: &buffer, count: 10) }
    #expect(throws: SystemError("pread64", EINVAL)) {
      try FileDescriptor.open(path: "/proc/self/status", .read).read(into: &buffer, count: 1, at: -1)
    }
    #expect(buffer == [1, 2])
    #expect(throws: SystemError("openat", ENOENT)) { _ = try directory.open("none", .read) }
    #expect(throws: SystemError("openat", ENAMETOOLONG)) {
      _ = try directory.open(bytes: [UInt8](repeating: 0x61, count: 256), .path)
    }
    #expect(throws: SystemError("statx", ENOENT)) { try directory.status(of: Array("none".utf8)) }
    #expect(throws: SystemError("readlinkat", EINVAL)) { try directory.linkTarget(of: Array(".".utf8)) }
    #expect(SystemError("openat", ENOENT).description == "openat: ENOENT")
    #expect(SystemError("openat", 4095).description == "openat: errno 4095")
  }

  @Test func aLastSymlinkIsNotFollowed() throws {
    let folder = try Folder()
    let directory = try folder.open()
    try folder.file("file", [1])
    try folder.symlink("link", to: "file")
    #expect(throws: SystemError("openat", ELOOP)) { _ = try directory.open("link", .read) }
    #expect(throws: SystemError("openat", ENOTDIR)) { _ = try directory.open("link", .pathDirectory) }
    let link = try directory.open("link", .path)
    #expect(try link.status().kind == .symlink)
    #expect(try link.linkTarget() == Array("file".utf8))
    #expect(try directory.linkTarget(of: Array("link".utf8)) == Array("file".utf8))
    #expect(try directory.open("link", .pathFollowing).status().kind == .regular)
  }

  @Test func theLongestLinkTarget() throws {
    let folder = try Folder()
    let target = String(repeating: "a", count: 4095)
    try folder.symlink("l", to: target)
    #expect(try folder.open().linkTarget(of: Array("l".utf8)) == Array(target.utf8))
  }

  @Test func kindsOfFiles() throws {
    let folder = try Folder()
    let directory = try folder.open()
    try folder.file("regular", [UInt8](repeating: 1, count: 10_000))
    try folder.directory("directory", mode: 0o4751)
    try folder.fifo("fifo")
    try folder.symlink("symlink", to: "x")
    try folder.socket("socket")
    for kind in ["regular", "directory", "fifo", "symlink", "socket"] {
      #expect(try directory.status(of: Array(kind.utf8)).kind.rawValue == kind)
      #expect(try directory.open(kind, .path).status() == directory.status(of: Array(kind.utf8)))
    }
    #expect(try FileDescriptor.open(path: "/dev/null", .path).status().kind == .characterDevice)
    let status = try directory.status(of: Array("regular".utf8))
    #expect(status.size == 10_000 && status.links == 1 && status.allocated % 512 == 0)
    #expect(status.uid == geteuid())
    #expect(abs(status.modified.seconds - Clock.now().seconds) < 60)
    #expect(try directory.status(of: Array("directory".utf8)).mode == 0o4751)
  }

  @Test func sameFile() throws {
    let folder = try Folder()
    let directory = try folder.open()
    try folder.file("a", [1])
    try folder.file("b", [1])
    #expect(unsafe link(folder.path + "/a", folder.path + "/hard") == 0)
    let (a, b, hard) = (
      try directory.status(of: [0x61]), try directory.status(of: [0x62]), try directory.status(of: Array("hard".utf8))
    )
    #expect(a.isSameFile(as: hard) && !a.isSameFile(as: b))
    #expect(a.links == 2)
  }

  /// Looking at a FIFO by path neither waits for a writer nor wakes one.
  @Test func aPathDescriptorOfAFIFODoesNotOpenIt() throws {
    let folder = try Folder()
    try folder.fifo("fifo")
    let fifo = try folder.open().open("fifo", .path)
    #expect(try fifo.status().kind == .fifo)
    // ENXIO: there is no reader.
    #expect(unsafe Glibc.open(folder.path + "/fifo", O_WRONLY | O_NONBLOCK) == -1)
  }

  @Test func extendedAttributes() throws {
    let folder = try Folder()
    let path = try folder.file("a")
    #expect(try FileDescriptor.open(path: path, .path).extendedAttributeNames().isEmpty)
    let python = Foundation.Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    let script = "import os, sys; [os.setxattr(sys.argv[1], n, b'secret') for n in ('user.origin', 'user.other')]"
    python.arguments = ["-c", script, path]
    try python.run()
    python.waitUntilExit()
    try #require(python.terminationStatus == 0)
    let names = try FileDescriptor.open(path: path, .path).extendedAttributeNames()
    #expect(names.map { String(decoding: $0, as: UTF8.self) }.sorted() == ["user.origin", "user.other"])
  }

  @Test func fileSystems() throws {
    // PROC_SUPER_MAGIC
    #expect(try FileDescriptor.open(path: "/proc", .path).fileSystemMagic() == 0x9FA0)
  }

  /// More than a pipe holds, against a reader that is slow to start.
  @Test func writesAll() throws {
    var random = SplitMix(state: 81)
    let bytes = random.bytes(300_000)
    let (left, right) = try Sockets.pair(.stream)
    let reader = FileDescriptor(owning: left)
    let writer = FileDescriptor(owning: right)
    let raw = writer.release()
    let thread = Thread {
      let writer = FileDescriptor(owning: raw)
      try? writer.writeAll(bytes)
    }
    thread.start()
    var got: [UInt8] = []
    while try reader.read(into: &got, count: 4096) > 0 {}
    #expect(got == bytes)
  }

  @Test func aFullNonBlockingDescriptorSaysSo() throws {
    let (left, right) = try Sockets.pair(.stream)
    let writer = FileDescriptor(owning: left)
    let reader = FileDescriptor(owning: right)
    try writer.setNonBlocking()
    let block = [UInt8](repeating: 7, count: 100_000)
    var written = 0
    let error = #expect(throws: SystemError.self) {
      while true { written += try writer.write(block[...]) }
    }
    #expect(error?.number == EAGAIN)
    #expect(written > 0)
    #expect(try writer.write([]) == 0)
    var got: [UInt8] = []
    while got.count < written { _ = try reader.read(into: &got, count: 65536) }
    #expect(got.count == written)
  }
}
