internal import CLinux
internal import Glibc

/// A descriptor with one owner, closed when the owner lets go. Close-on-exec from birth.
package struct FileDescriptor: ~Copyable, Sendable {
  package let raw: Int32

  /// Takes ownership.
  package init(owning raw: Int32) {
    self.raw = raw
  }

  deinit {
    // close(2) is never retried: on Linux the number is free even after EINTR.
    _ = Glibc.close(raw)
  }

  /// Gives up ownership; the caller closes.
  package consuming func release() -> Int32 {
    let raw = raw
    discard self
    return raw
  }

  /// What to open, and how. Nothing here can write.
  package enum Mode: Sendable {
    /// A place in the tree only: nothing is opened on the file's side (O_PATH).
    case path
    case pathDirectory
    /// Follows a magic link of /proc, such as `root`.
    case pathFollowing
    case read
    /// Follows the magic links of /proc/self.
    case readFollowing
    case readDirectory

    package var flags: Int32 {
      switch self {
      case .path: Int32(CL_O_PATH) | Int32(CL_O_NOFOLLOW) | Int32(CL_O_CLOEXEC)
      case .pathDirectory: Int32(CL_O_PATH) | Int32(CL_O_NOFOLLOW) | Int32(CL_O_CLOEXEC) | Int32(CL_O_DIRECTORY)
      case .pathFollowing: Int32(CL_O_PATH) | Int32(CL_O_CLOEXEC)
      case .read: O_RDONLY | Int32(CL_O_NOFOLLOW) | Int32(CL_O_CLOEXEC) | Int32(CL_O_NONBLOCK) | Int32(CL_O_NOCTTY)
      case .readFollowing: O_RDONLY | Int32(CL_O_CLOEXEC)
      case .readDirectory: O_RDONLY | Int32(CL_O_NOFOLLOW) | Int32(CL_O_CLOEXEC) | Int32(CL_O_DIRECTORY)
      }
    }
  }

  /// Opens `name` below this directory. `name` may be relative with several components only where the caller wrote it.
  package borrowing func open(_ name: String, _ mode: Mode) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: Int32(try retrying("openat") { Int(unsafe openat(raw, name, mode.flags)) }))
  }

  /// Opens a name given as bytes; the bytes hold no NUL.
  package borrowing func open(bytes name: [UInt8], _ mode: Mode) throws(SystemError) -> FileDescriptor {
    let terminated = name.map { CChar(bitPattern: $0) } + [0]
    return FileDescriptor(owning: Int32(try retrying("openat") { Int(unsafe openat(raw, terminated, mode.flags)) }))
  }

  /// Opens an absolute or relative path from the process's own root and directory. For start-up and tests.
  package static func open(path: String, _ mode: Mode) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: Int32(try retrying("openat") { Int(unsafe openat(AT_FDCWD, path, mode.flags)) }))
  }

  /// Opens for reading what this O_PATH descriptor refers to. The caller has checked that it is a regular file or a
  /// directory: opening a FIFO or a device has effects.
  package borrowing func reopenForReading() throws(SystemError) -> FileDescriptor {
    FileDescriptor(
      owning: try checked("openat", cl_reopen_read(raw, Int32(CL_O_NONBLOCK) | Int32(CL_O_NOCTTY))))
  }

  /// A duplicate of a number that somebody else owns; the caller owns the new one.
  package static func duplicate(_ raw: Int32) throws(SystemError) -> Int32 {
    Int32(try retrying("fcntl") { Int(fcntl(raw, F_DUPFD_CLOEXEC, 3)) })
  }

  package borrowing func duplicate() throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try Self.duplicate(raw))
  }

  /// Reads at most `count` bytes, appended to `buffer`. 0 at the end of the file. Blocks if the file does.
  package borrowing func read(into buffer: inout [UInt8], count: Int) throws(SystemError) -> Int {
    try unsafe append(count, to: &buffer) { target throws(SystemError) in
      // SAFETY: the pointer covers `count` bytes of the array's spare capacity; read(2) keeps no pointer.
      try retrying("read") { unsafe Glibc.read(raw, target, count) }
    }
  }

  /// Like `read`, at a place in the file.
  package borrowing func read(into buffer: inout [UInt8], count: Int, at offset: Int64) throws(SystemError) -> Int {
    try unsafe append(count, to: &buffer) { target throws(SystemError) in
      // SAFETY: as in `read`.
      try retrying("pread64") { unsafe Glibc.pread(raw, target, count, Int(offset)) }
    }
  }

  /// The first place at or after `offset` that holds data and not a hole (lseek(2), SEEK_DATA); nil where none follows.
  /// File systems that know of no holes call all of it data. Moves the file's own position, which `read` without a place
  /// uses.
  package borrowing func nextData(from offset: Int64) throws(SystemError) -> Int64? {
    do throws(SystemError) {
      return Int64(try retrying("lseek") { Int(lseek(raw, Int(offset), 3)) })
    } catch {
      if error.number == ENXIO { return nil }
      if error.number == EINVAL { return offset }
      throw error
    }
  }

  private borrowing func append(
    _ count: Int, to buffer: inout [UInt8],
    _ body: (UnsafeMutableRawPointer) throws(SystemError) -> Int
  ) throws(SystemError) -> Int {
    var failure: SystemError?
    // SAFETY: the memory holds `count` bytes, is touched by nobody else, and only what was read counts as initialised.
    let piece = unsafe [UInt8](unsafeUninitializedCapacity: count) { memory, initialized in
      guard let base = memory.baseAddress else { return }
      do throws(SystemError) {
        initialized = try unsafe body(UnsafeMutableRawPointer(base))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if buffer.isEmpty { buffer = piece } else { buffer += piece }
    return piece.count
  }

  /// Writes all of `bytes`, or fails. Blocks if the file does.
  package borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      // SAFETY: the pointer covers the array for the call; write(2) keeps no pointer.
      done += try retrying("write") {
        unsafe bytes.withUnsafeBytes {
          unsafe Glibc.write(raw, $0.baseAddress.map { unsafe $0 + done }, $0.count - done)
        }
      }
    }
  }

  /// Writes what fits now; at least one byte, or fails with EAGAIN where the descriptor is non-blocking and full.
  package borrowing func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
    if bytes.isEmpty { return 0 }
    // SAFETY: the pointer covers the slice for the call; write(2) keeps no pointer.
    return try retrying("write") {
      unsafe bytes.withUnsafeBytes { unsafe Glibc.write(raw, $0.baseAddress, $0.count) }
    }
  }

  package borrowing func setNonBlocking() throws(SystemError) {
    let flags = try retrying("fcntl") { Int(fcntl(raw, F_GETFL)) }
    _ = try retrying("fcntl") { Int(fcntl(raw, F_SETFL, Int32(flags) | O_NONBLOCK)) }
  }

  /// The file this descriptor refers to. Works on O_PATH descriptors.
  package borrowing func status() throws(SystemError) -> FileStatus {
    var out = cl_stat()
    _ = try checked("statx", unsafe cl_fstat(raw, &out))
    return FileStatus(out)
  }

  /// `name` below this directory, a symlink itself and not what it points to.
  package borrowing func status(of name: [UInt8]) throws(SystemError) -> FileStatus {
    var out = cl_stat()
    let terminated = name.map { CChar(bitPattern: $0) } + [0]
    _ = try checked("statx", unsafe cl_stat_at(raw, terminated, &out))
    return FileStatus(out)
  }

  /// The text of a symlink: of `name` below this directory, or with an empty name of this O_PATH descriptor itself.
  /// At most 4,096 bytes.
  package borrowing func linkTarget(of name: [UInt8] = []) throws(SystemError) -> [UInt8] {
    let terminated = name.map { CChar(bitPattern: $0) } + [0]
    var buffer = [UInt8](repeating: 0, count: 4096)
    // SAFETY: the buffer is live and exclusively ours for the call.
    let count = try retrying("readlinkat") {
      unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe bytes.withMemoryRebound(to: CChar.self) {
          unsafe readlinkat(raw, terminated, $0.baseAddress!, $0.count)
        }
      }
    }
    return Array(buffer[..<count])
  }

  /// Names of the extended attributes; at most 64 KiB of them.
  package borrowing func extendedAttributeNames() throws(SystemError) -> [[UInt8]] {
    var buffer = [CChar](repeating: 0, count: 65536)
    let count = try checked("listxattr", unsafe cl_list_attributes(raw, &buffer, buffer.count))
    return buffer[..<count].split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } }
  }

  /// statfs(2) `f_type`.
  package borrowing func fileSystemMagic() throws(SystemError) -> UInt64 {
    var magic: UInt64 = 0
    _ = try checked("fstatfs", unsafe cl_file_system(raw, &magic))
    return magic
  }
}

/// A descriptor with several users, closed when the last one lets go.
package final class SharedDescriptor: Sendable {
  package let descriptor: FileDescriptor
  package init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = descriptor
  }
}
