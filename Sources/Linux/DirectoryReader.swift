internal import CLinux

/// Entries of a directory, as getdents64(2) gives them: unsorted, without `.` and `..`.
package enum DirectoryReader {
  /// Reads at most `limit` names; `truncated` says that there were more. The descriptor must be open for reading and
  /// at its start.
  package static func names(
    in directory: borrowing FileDescriptor, limit: Int
  ) throws(SystemError) -> (names: [[UInt8]], truncated: Bool) {
    var names: [[UInt8]] = []
    let truncated = try forEachName(in: directory, limit: limit) { names.append(Array($0)) }
    return (names, truncated)
  }

  /// The same without keeping them: `body` gets one name at a time, which is valid for the call.
  package static func forEachName(
    in directory: borrowing FileDescriptor, limit: Int, _ body: (ArraySlice<UInt8>) -> Void
  ) throws(SystemError) -> Bool {
    var count = 0
    var buffer = [UInt8](repeating: 0, count: 32768)
    while true {
      // SAFETY: the buffer is live and exclusively ours for the call.
      let read = unsafe buffer.withUnsafeMutableBytes { unsafe cl_getdents(directory.raw, $0.baseAddress, $0.count) }
      let length = try checked("getdents64", read)
      if length == 0 { return false }
      var offset = 0
      // struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, name with NUL.
      while offset + 19 <= length {
        let record = Int(buffer[offset + 16]) | Int(buffer[offset + 17]) << 8
        guard record > 19, offset + record <= length else { break }
        let name = buffer[(offset + 19)..<(offset + record)].prefix { $0 != 0 }
        offset += record
        if name.elementsEqual([0x2E]) || name.elementsEqual([0x2E, 0x2E]) { continue }
        if count == limit { return true }
        count += 1
        body(name)
      }
    }
  }
}
