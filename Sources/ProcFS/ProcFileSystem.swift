internal import Linux

/// A held descriptor of a proc(5) mount.
package struct ProcFileSystem: ~Copyable, Sendable {
  private let root: FileDescriptor

  package init(path: String = "/proc") throws(ProcFSError) {
    do throws(SystemError) {
      root = try FileDescriptor.open(path: path, .readDirectory)
    } catch {
      throw .init(error)
    }
  }

  /// The pids that can be seen, unsorted; at most `limit`.
  package borrowing func processIDs(limit: Int) throws(ProcFSError) -> (pids: [Int32], truncated: Bool) {
    do throws(SystemError) {
      let listing = try root.open(".", .readDirectory)
      let (names, truncated) = try DirectoryReader.names(in: listing, limit: limit)
      return (names.compactMap { Self.pid($0) }, truncated)
    } catch {
      throw .init(error)
    }
  }

  private static func pid(_ name: [UInt8]) -> Int32? {
    guard let (value, end) = Fields.number(name.span, at: 0), end == name.count else { return nil }
    return Int32(exactly: value)
  }

  /// A descriptor of the process's directory. Everything read through it is of that process and no successor.
  package borrowing func open(_ pid: Int32) throws(ProcFSError) -> ProcessDirectory {
    do throws(SystemError) {
      return ProcessDirectory(pid: pid, descriptor: try root.open(String(pid), .pathDirectory))
    } catch {
      throw .init(error)
    }
  }

  /// `stat` of a process that nothing else is read of.
  package borrowing func stat(of pid: Int32) throws(ProcFSError) -> ProcessStat {
    let text: [UInt8]
    do throws(SystemError) {
      let file = try root.open("\(pid)/stat", .read)
      text = try ProcessDirectory.read(file, limit: ProcessDirectory.smallFileLimit, shortReadIsEnd: true).text
    } catch {
      throw .init(error)
    }
    return try ProcessStat(text.span)
  }

  /// The mount id of one of this process's own descriptors, without touching the file system behind it.
  package borrowing func mountID(ofOwnDescriptor raw: Int32) throws(ProcFSError) -> UInt64 {
    var text: [UInt8] = []
    do throws(SystemError) {
      let file = try root.open("self/fdinfo/\(raw)", .readFollowing)
      _ = try file.read(into: &text, count: 1024)
    } catch {
      throw .init(error)
    }
    var found: UInt64?
    let label = Array("mnt_id:".utf8)
    let span = text.span
    Fields.lines(span) { line in
      guard line.count > label.count, label.indices.allSatisfy({ span[line.lowerBound + $0] == label[$0] }) else {
        return
      }
      let words = Fields.words(span, in: (line.lowerBound + label.count)..<line.upperBound)
      if let word = words.first { found = Fields.number(span, at: word.lowerBound)?.value }
    }
    guard let found else { throw .malformed(file: "fdinfo") }
    return found
  }

  /// The path of what one of this process's own descriptors refers to (its magic link), at most 4,096 bytes. A removed
  /// file's ends in ` (deleted)`.
  package borrowing func path(ofOwnDescriptor raw: Int32) throws(ProcFSError) -> [UInt8] {
    do throws(SystemError) {
      return try root.linkTarget(of: Array("self/fd/\(raw)".utf8))
    } catch {
      throw .init(error)
    }
  }

  /// The inode of this process's own namespace of a kind, such as `pid`.
  package borrowing func ownNamespace(_ kind: String) throws(ProcFSError) -> UInt64 {
    let link: [UInt8]
    do throws(SystemError) {
      link = try root.linkTarget(of: Array("self/ns/\(kind)".utf8))
    } catch {
      throw .init(error)
    }
    // `pid:[4026531836]`, namespaces(7).
    guard let bracket = link.firstIndex(of: UInt8(ascii: "[")),
      let (inode, _) = Fields.number(link.span, at: bracket + 1)
    else { throw .malformed(file: "ns/\(kind)") }
    return inode
  }

  /// A random UUID of this boot, as text.
  package borrowing func bootID() throws(ProcFSError) -> String {
    String(decoding: try read("sys/kernel/random/boot_id").prefix { $0 != 0x0A }, as: UTF8.self)
  }

  /// A file of the mount itself, such as `sys/kernel/osrelease`; at most 64 KiB.
  package borrowing func read(_ name: String) throws(ProcFSError) -> [UInt8] {
    do throws(SystemError) {
      let file = try root.open(name, .read)
      return try ProcessDirectory.read(file, limit: ProcessDirectory.smallFileLimit).text
    } catch {
      throw .init(error)
    }
  }
}
