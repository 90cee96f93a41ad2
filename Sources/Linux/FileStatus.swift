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
  /// The block size that the file system prefers for reading, in bytes.
  package var blockSize: UInt32
  package var deviceMajor: UInt32
  package var deviceMinor: UInt32
  /// Which device a device file stands for.
  package var specialMajor: UInt32
  package var specialMinor: UInt32
  package var accessed: Timestamp
  package var modified: Timestamp
  package var changed: Timestamp
  package var born: Timestamp?
  /// STATX_ATTR_… bits that are set, of those that the file system knows.
  package var attributes: UInt64
  package var knownAttributes: UInt64
  /// As in the first field of `mountinfo`; nil before Linux 5.8.
  package var mount: UInt64?
  /// btrfs and bcachefs, since Linux 6.10.
  package var subvolume: UInt64?
  /// STATX_… bits of what the file system has filled in.
  private var mask: UInt32

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
    blockSize = raw.block_size
    deviceMajor = raw.device_major
    deviceMinor = raw.device_minor
    specialMajor = raw.special_major
    specialMinor = raw.special_minor
    accessed = Timestamp(seconds: raw.accessed_seconds, nanoseconds: raw.accessed_nanoseconds)
    modified = Timestamp(seconds: raw.modified_seconds, nanoseconds: raw.modified_nanoseconds)
    changed = Timestamp(seconds: raw.changed_seconds, nanoseconds: raw.changed_nanoseconds)
    // Small ext4 inodes have no room for it and say 1970-01-01.
    born =
      raw.has_born != 0 && raw.born_seconds != 0
      ? Timestamp(seconds: raw.born_seconds, nanoseconds: raw.born_nanoseconds) : nil
    attributes = raw.attributes & raw.attributes_mask
    knownAttributes = raw.attributes_mask
    mount = raw.mask & 0x1000 != 0 ? raw.mount : nil
    subvolume = raw.mask & 0x8000 != 0 ? raw.subvolume : nil
    mask = raw.mask
  }

  /// Same file: device and inode agree.
  package func isSameFile(as other: FileStatus) -> Bool {
    inode == other.inode && deviceMajor == other.deviceMajor && deviceMinor == other.deviceMinor
  }

  /// The same file with the same content, as far as the kernel's times tell: a change within one tick of the clock
  /// (at most 10 ms, less since Linux 6.13) can leave them as they are.
  package func isSameVersion(as other: FileStatus) -> Bool {
    isSameFile(as: other) && size == other.size && modified == other.modified && changed == other.changed
  }

  /// Parts that a file system may be unable to tell.
  package enum Field: UInt32, Sendable, CaseIterable {
    case mode = 0x2
    case links = 0x4
    case owner = 0x8
    case group = 0x10
    case accessed = 0x20
    case modified = 0x40
    case changed = 0x80
    case inode = 0x100
    case size = 0x200
    case blocks = 0x400
  }

  package func has(_ field: Field) -> Bool { mask & field.rawValue != 0 }

  /// STATX_ATTR_… (include/uapi/linux/stat.h), by the names of chattr(1) and statx(2), in the order of their bits.
  package static let attributeNames: [(bit: UInt64, name: String)] = [
    (0x4, "compressed"), (0x10, "immutable"), (0x20, "append"), (0x40, "nodump"), (0x800, "encrypted"),
    (0x1000, "automount"), (0x2000, "mount_root"), (0x10_0000, "verity"), (0x20_0000, "dax"),
    (0x40_0000, "write_atomic"),
  ]

  package static func names(ofAttributes bits: UInt64) -> [String] {
    attributeNames.filter { bits & $0.bit != 0 }.map(\.name)
  }
}
