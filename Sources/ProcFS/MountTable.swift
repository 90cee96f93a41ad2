/// `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)): which file systems a process sees, by mount id.
package struct MountTable: Sendable {
  package struct Mount: Sendable, Equatable {
    package var id: UInt64
    package var fileSystem: String
    /// Whether it is mounted on `/`.
    package var isRoot: Bool
  }

  private var byID: [UInt64: Mount] = [:]

  package init(_ text: Span<UInt8>) {
    var found: [UInt64: Mount] = [:]
    Fields.lines(text) { line in
      let words = Fields.words(text, in: line)
      // id parent major:minor root mountpoint options [optional…] - type source options
      // What follows the type shows that it is whole, where the text was cut.
      guard words.count >= 9, let (id, _) = Fields.number(text, at: words[0].lowerBound),
        let dash = words.indices.first(where: { $0 >= 6 && words[$0].count == 1 && text[words[$0].lowerBound] == 0x2D }
        ),
        dash + 2 < words.count
      else { return }
      let type = String(decoding: Fields.array(text, words[dash + 1]), as: UTF8.self)
      found[id] = Mount(id: id, fileSystem: type, isRoot: words[4].count == 1)
    }
    byID = found
  }

  package subscript(id: UInt64) -> Mount? { byID[id] }

  /// The type of the mount's file system, if looking at it can neither hang nor lie. An overlay is trusted as a
  /// container's root only: one that a process has made itself may stand on a file system that hangs.
  package func trustedFileSystem(of id: UInt64) -> String? {
    guard let mount = byID[id], Self.trustedFileSystems.contains(mount.fileSystem),
      mount.fileSystem != "overlay" || mount.isRoot
    else { return nil }
    return mount.fileSystem
  }

  /// File systems that neither hang nor lie nor have effects when looked at. Whatever is not here is refused: proc,
  /// sysfs, devtmpfs, cgroup, debugfs, fuse, nfs, cifs, 9p, autofs and what is not invented yet.
  package static let trustedFileSystems: Set<String> = [
    "overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "ramfs", "rootfs", "erofs", "squashfs",
    "iso9660", "vfat",
  ]
}
