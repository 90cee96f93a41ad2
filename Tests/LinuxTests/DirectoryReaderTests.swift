import Glibc
import Linux
import Testing

struct DirectoryReaderTests {
  @Test func fiveThousandEntries() throws {
    let folder = try Folder()
    var expected: Set<[UInt8]> = []
    for index in 0..<5000 {
      let name = "entry-\(index)-" + String(repeating: "x", count: index % 200)
      try folder.file(name)
      expected.insert(Array(name.utf8))
    }
    let (names, truncated) = try DirectoryReader.names(in: try folder.open(), limit: 100_000)
    #expect(names.count == 5000 && Set(names) == expected && !truncated)
    for limit in [0, 1, 4999, 5000, 5001] {
      let (names, truncated) = try DirectoryReader.names(in: try folder.open(), limit: limit)
      #expect(names.count == min(limit, 5000))
      #expect(truncated == (limit < 5000))
      #expect(Set(names).isSubset(of: expected))
    }
  }

  @Test func anEmptyDirectory() throws {
    let folder = try Folder()
    let (names, truncated) = try DirectoryReader.names(in: try folder.open(), limit: 0)
    #expect(names.isEmpty && !truncated)
  }

  /// A name may be any bytes but NUL and `/`.
  @Test func oddNames() throws {
    let folder = try Folder()
    let odd: [[UInt8]] = [
      [0x0A], [0xFF, 0xFE], [0x1B, 0x5B, 0x32, 0x4A], Array("...".utf8), Array(".hidden".utf8), Array("..x".utf8),
      Array(" ".utf8), [UInt8](repeating: 0xC3, count: 255), Array("a\nb\\".utf8),
    ]
    let directory = try folder.open()
    for name in odd {
      let raw = unsafe openat(directory.raw, name.map { CChar(bitPattern: $0) } + [0], O_CREAT | O_WRONLY, 0o600)
      try #require(raw >= 0)
      close(raw)
    }
    let names = try DirectoryReader.names(in: try folder.open(), limit: 100).names
    #expect(Set(names) == Set(odd) && names.count == odd.count)
    for name in odd {
      #expect(try directory.status(of: name).kind == .regular)
      #expect(try directory.open(bytes: name, .path).status().kind == .regular)
    }
  }

  @Test func whatIsNoDirectoryIsAnError() throws {
    let folder = try Folder()
    let path = try folder.file("a")
    #expect(throws: SystemError("getdents64", ENOTDIR)) {
      try DirectoryReader.names(in: try FileDescriptor.open(path: path, .read), limit: 1)
    }
    #expect(throws: SystemError("getdents64", EBADF)) {
      try DirectoryReader.names(in: try FileDescriptor.open(path: folder.path, .pathDirectory), limit: 1)
    }
  }

  @Test func aRemovedDirectoryIsEmptyOrGone() throws {
    let folder = try Folder()
    try folder.directory("d")
    let held = try FileDescriptor.open(path: folder.path + "/d", .readDirectory)
    #expect(unsafe rmdir(folder.path + "/d") == 0)
    #expect(throws: SystemError("getdents64", ENOENT)) { try DirectoryReader.names(in: held, limit: 10) }
  }
}
