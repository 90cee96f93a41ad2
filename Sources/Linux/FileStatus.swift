package import CLinux
internal import Glibc

/// What statx(2) says of a file.
package struct FileStatus: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case regular, directory, symlink, fifo, socket, unknown
    case characterDevice = "character_device"
    case blockDevice = "block_device"
  }

  package var kind: Kind
  /// Permission and set-id bits.
  package var mode: UInt32
  package var links: UInt32
  package var uid: UInt32
  package var gid: UInt32
  package var inode: UInt64
  package var size: UInt64
  package var allocated: UInt64
  package var deviceMajor: UInt32
  package var deviceMinor: UInt32
  package var accessed: Timestamp
  package var modified: Timestamp
  package var changed: Timestamp
  package var born: Timestamp?

  package init(_ raw: cl_stat) {
    kind =
      switch mode_t(raw.mode) & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFLNK: .symlink
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      case _: .unknown
      }
    mode = raw.mode & 0o7777
    links = raw.links
    uid = raw.uid
    gid = raw.gid
    inode = raw.inode
    size = raw.size
    allocated = raw.blocks &* 512
    deviceMajor = raw.device_major
    deviceMinor = raw.device_minor
    accessed = Timestamp(seconds: raw.accessed_seconds, nanoseconds: raw.accessed_nanoseconds)
    modified = Timestamp(seconds: raw.modified_seconds, nanoseconds: raw.modified_nanoseconds)
    changed = Timestamp(seconds: raw.changed_seconds, nanoseconds: raw.changed_nanoseconds)
    // Small ext4 inodes have no room for it and say 1970-01-01.
    born =
      raw.has_born != 0 && raw.born_seconds != 0
      ? Timestamp(seconds: raw.born_seconds, nanoseconds: raw.born_nanoseconds) : nil
  }

  /// Same file: device and inode agree.
  package func isSameFile(as other: FileStatus) -> Bool {
    inode == other.inode && deviceMajor == other.deviceMajor && deviceMinor == other.deviceMinor
  }
}
