internal import CLinux
package import Linux

/// `/proc/<pid>` as a held descriptor: once the process has ended every read fails, even if its number is taken again.
package struct ProcessDirectory: ~Copyable, Sendable {
  package let pid: Int32
  package let descriptor: FileDescriptor

  /// Most bytes read of any file but `cmdline` and `environ`.
  package static let smallFileLimit = 65536

  init(pid: Int32, descriptor: consuming FileDescriptor) {
    self.pid = pid
    self.descriptor = descriptor
  }

  /// Reads a file of this directory from its start, at most `limit` bytes. Of nearly every file a short read is the
  /// end; of lists that the kernel hands out record by record, such as `mountinfo`, it is not.
  package borrowing func read(
    _ name: String, limit: Int = smallFileLimit, shortReadIsEnd: Bool = true
  ) throws(ProcFSError) -> (text: [UInt8], truncated: Bool) {
    do throws(SystemError) {
      let file = try descriptor.open(name, .read)
      return try Self.read(file, limit: limit, shortReadIsEnd: shortReadIsEnd)
    } catch {
      throw .init(error)
    }
  }

  /// Opens a file of this directory for reading.
  package borrowing func open(_ name: String) throws(ProcFSError) -> FileDescriptor {
    do throws(SystemError) {
      return try descriptor.open(name, .read)
    } catch {
      throw .init(error)
    }
  }

  /// Reads an opened file to its end or to `limit` bytes.
  package static func read(
    _ file: borrowing FileDescriptor, limit: Int, shortReadIsEnd: Bool = false
  ) throws(SystemError) -> (text: [UInt8], truncated: Bool) {
    var text: [UInt8] = []
    while text.count < limit {
      let wanted = min(limit - text.count, text.isEmpty ? 4096 : 65536)
      let got = try file.read(into: &text, count: wanted)
      if got == 0 || (shortReadIsEnd && got < wanted) { return (text, false) }
    }
    // One more byte tells a file of exactly `limit` from a longer one.
    var rest: [UInt8] = []
    let more = try file.read(into: &rest, count: 1)
    return (text, more > 0)
  }

  package borrowing func stat() throws(ProcFSError) -> ProcessStat {
    let text = try read("stat").text
    return try ProcessStat(text.span)
  }

  package borrowing func status() throws(ProcFSError) -> ProcessStatus {
    let text = try read("status").text
    return try ProcessStatus(text.span)
  }

  package borrowing func schedulerStatistics() throws(ProcFSError) -> SchedulerStatistics {
    let text = try read("schedstat").text
    return try SchedulerStatistics(text.span)
  }

  package borrowing func controlGroups() throws(ProcFSError) -> ControlGroups {
    let text = try read("cgroup").text
    return ControlGroups(text.span)
  }

  /// A file that holds one number, such as `oom_score_adj`.
  package borrowing func number(in name: String) throws(ProcFSError) -> Int64 {
    let text = try read(name).text
    guard let (value, _) = Fields.signedNumber(text.span, at: 0) else { throw .malformed(file: name) }
    return value
  }

  /// `stat` of one of its threads.
  package borrowing func stat(ofThread thread: Int32) throws(ProcFSError) -> ProcessStat {
    let text = try read("task/\(thread)/stat").text
    return try ProcessStat(text.span)
  }

  /// The inode of the process in pidfs, unique until the next boot; nil before Linux 6.9.
  package borrowing func pidfsInode() throws(ProcFSError) -> UInt64? {
    guard Self.hasPidfs else { return nil }
    do throws(SystemError) {
      return try FileDescriptor(owning: try checked("pidfd_open", cl_pidfd_open(pid))).status().inode
    } catch {
      throw .init(error)
    }
  }

  /// Whether pidfds have inodes of their own; before pidfs they shared one. Asked once, with a pidfd of this process.
  package static let hasPidfs: Bool = {
    do throws(SystemError) {
      let own = FileDescriptor(owning: try checked("pidfd_open", cl_pidfd_open(Process.pid)))
      // PID_FS_MAGIC, include/uapi/linux/magic.h.
      return try own.fileSystemMagic() == 0x5049_4446
    } catch {
      return false
    }
  }()

  /// The number of open descriptors, from the size of `fd`, without listing it; nil before Linux 6.2.
  package borrowing func openDescriptors() throws(ProcFSError) -> Int? {
    guard Self.countsDescriptors else { return nil }
    do throws(SystemError) {
      return Int(clamping: try descriptor.status(of: Array("fd".utf8)).size)
    } catch {
      throw .init(error)
    }
  }

  /// Whether `fd` has a size that counts what is in it (proc_fd_getattr in fs/proc/fd.c); before, it was always 0. Asked
  /// once, of this process, which has a descriptor open while it asks.
  package static let countsDescriptors: Bool = {
    do throws(SystemError) {
      return try FileDescriptor.open(path: "/proc/self/fd", .readDirectory).status().size > 0
    } catch {
      return false
    }
  }()

  /// Finds out what this kernel has. A confined process does so before its filter, which need not allow these calls.
  package static func learn() {
    _ = hasPidfs
    _ = countsDescriptors
  }

  /// Thread ids, at most `limit`.
  package borrowing func threads(limit: Int) throws(ProcFSError) -> [Int32] {
    do throws(SystemError) {
      let tasks = try descriptor.open("task", .readDirectory)
      return try DirectoryReader.names(in: tasks, limit: limit).names.compactMap {
        Fields.number($0.span, at: 0).flatMap { Int32(exactly: $0.value) }
      }
    } catch {
      throw .init(error)
    }
  }

  /// Whether the kernel lets others of the same user look inside: the files below belong to the process's user then,
  /// and to root otherwise (proc(5)); the directory itself always belongs to the user.
  package borrowing func isDumpable() throws(ProcFSError) -> Bool {
    do throws(SystemError) {
      return try descriptor.status(of: Array("environ".utf8)).uid != 0
    } catch {
      throw .init(error)
    }
  }
}
