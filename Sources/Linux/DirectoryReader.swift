internal import CLinux

/// Entries of a directory, as getdents64(2) gives them: unsorted, without `.` and `..`; a block at a time.
package struct DirectoryReader: Sendable {
  private let limit: Int
  private var count = 0
  private var buffer = [UInt8](repeating: 0, count: 32768)
  private var length = 0
  /// Whether there were more than the limit.
  package private(set) var isTruncated = false

  /// Gives at most `limit` names.
  package init(limit: Int) { self.limit = limit }

  /// Reads the next block; false at the end. The descriptor must be open for reading, and at its start the first time.
  package mutating func readMore(of directory: borrowing FileDescriptor) throws(SystemError) -> Bool {
    if isTruncated { return false }
    // SAFETY: the buffer is live and exclusively ours for the call.
    let read = unsafe buffer.withUnsafeMutableBytes { unsafe cl_getdents(directory.raw, $0.baseAddress, $0.count) }
    length = try checked("getdents64", read)
    return length > 0
  }

  /// Calls `body` with each name of the block; it is valid for the call.
  package mutating func takeNames(_ body: (ArraySlice<UInt8>) -> Void) {
    var offset = 0
    // struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, name with NUL.
    while offset + 19 <= length {
      let record = Int(buffer[offset + 16]) | Int(buffer[offset + 17]) << 8
      guard record > 19, offset + record <= length else { break }
      let name = buffer[(offset + 19)..<(offset + record)].prefix { $0 != 0 }
      offset += record
      if name.elementsEqual([0x2E]) || name.elementsEqual([0x2E, 0x2E]) { continue }
      if count == limit {
        isTruncated = true
        return
      }
      count += 1
      body(name)
    }
  }

  /// Reads at most `limit` names; `truncated` says that there were more.
  package static func names(
    in directory: borrowing FileDescriptor, limit: Int
  ) throws(SystemError) -> (names: [[UInt8]], truncated: Bool) {
    var names: [[UInt8]] = []
    var reader = DirectoryReader(limit: limit)
    while try reader.readMore(of: directory) { reader.takeNames { names.append(Array($0)) } }
    return (names, reader.isTruncated)
  }
}
