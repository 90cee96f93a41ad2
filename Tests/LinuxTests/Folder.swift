import Foundation
import Glibc
import Linux

/// A folder of its own that goes when the value does.
struct Folder: ~Copyable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "linux-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func file(_ name: String, _ bytes: [UInt8] = []) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }

  func directory(_ name: String, mode: mode_t = 0o700) throws {
    guard unsafe mkdir(path + "/" + name, mode) == 0, unsafe chmod(path + "/" + name, mode) == 0 else { throw Failed() }
  }

  func fifo(_ name: String) throws {
    guard unsafe mkfifo(path + "/" + name, 0o600) == 0 else { throw Failed() }
  }

  func socket(_ name: String) throws {
    guard unsafe mknod(path + "/" + name, S_IFSOCK | 0o600, 0) == 0 else { throw Failed() }
  }

  func symlink(_ name: String, to target: String) throws {
    guard unsafe Glibc.symlink(target, path + "/" + name) == 0 else { throw Failed() }
  }

  struct Failed: Error {
    var number = errno
  }

  func open() throws -> Linux.FileDescriptor { try FileDescriptor.open(path: path, .readDirectory) }

  /// How many descriptors of this process refer to that file. Other tests open and close theirs meanwhile, so that only
  /// a file of one's own can be counted.
  static func descriptors(of path: String) throws -> Int {
    let wanted = try FileDescriptor.open(path: path, .path).status()
    let own = try FileDescriptor.open(path: "/proc/self/fd", .readDirectory)
    var count = 0
    for name in try DirectoryReader.names(in: own, limit: 100_000).names {
      let number = Int32(String(decoding: name, as: UTF8.self)) ?? -1
      let status = try? FileDescriptor.borrowing(number) { fd throws(SystemError) in try fd.status() }
      if let status, status.isSameFile(as: wanted) { count += 1 }
    }
    return count
  }
}

extension Linux.FileDescriptor {
  /// Looks at a number that somebody else owns.
  static func borrowing<Value>(
    _ raw: Int32, _ body: (borrowing Linux.FileDescriptor) throws(SystemError) -> Value
  ) throws(SystemError) -> Value {
    let fd = Linux.FileDescriptor(owning: raw)
    let result: Result<Value, SystemError>
    do throws(SystemError) {
      result = .success(try body(fd))
    } catch {
      result = .failure(error)
    }
    _ = fd.release()
    return try result.get()
  }
}

/// Two connected sockets.
struct Pair: ~Copyable {
  let a: Linux.FileDescriptor
  let b: Linux.FileDescriptor

  init(_ kind: Sockets.Kind) throws {
    let (left, right) = try Sockets.pair(kind)
    a = FileDescriptor(owning: left)
    b = FileDescriptor(owning: right)
  }
}
