/// `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)): which file systems a process sees, by mount id.
package struct MountTable: Sendable {
  package struct Mount: Sendable, Equatable {
    package var id: UInt64
    package var parent: UInt64
    package var fileSystem: String
    /// Where it is mounted, as the process sees it.
    package var point: [UInt8]
    /// What of the file system is mounted; `/` is all of it.
    package var root: [UInt8]
    /// Of this mount, such as `ro` and `nosuid`.
    package var options: [String]
    /// `ro`, of the mount or of the whole file system.
    package var isReadOnly: Bool
    /// Of an overlay: the directories it is made of, as whoever mounted it named them.
    package var layers: [[UInt8]]

    /// Whether it is mounted on `/`.
    package var isRoot: Bool { point == [0x2F] }
  }

  private var byID: [UInt64: Mount] = [:]
  private var childrenOf: [UInt64: [UInt64]] = [:]
  private var trusted: Set<UInt64> = []

  package init(_ text: Span<UInt8>) {
    Fields.lines(text) { line in
      let words = Fields.words(text, in: line)
      // id parent major:minor root mountpoint options [optional…] - type source options
      // What follows the type shows that it is whole, where the text was cut.
      guard words.count >= 9, let (id, _) = Fields.number(text, at: words[0].lowerBound),
        let (parent, _) = Fields.number(text, at: words[1].lowerBound),
        let dash = words.indices.first(where: { $0 >= 6 && words[$0].count == 1 && text[words[$0].lowerBound] == 0x2D }
        ),
        dash + 2 < words.count
      else { return }
      let options = Self.options(Fields.array(text, words[5]))
      // The source may be empty, so that it is no word; the last one is always the file system's options.
      let superOptions = Self.options(Fields.array(text, words[words.count - 1]))
      let type = String(decoding: Fields.array(text, words[dash + 1]), as: UTF8.self)
      byID[id] = Mount(
        id: id, parent: parent, fileSystem: type, point: Self.unescaped(Fields.array(text, words[4])),
        root: Self.unescaped(Fields.array(text, words[3])),
        options: options.map { String(decoding: $0, as: UTF8.self) },
        isReadOnly: (options + superOptions).contains(Array("ro".utf8)),
        layers: type == "overlay" ? Self.layers(superOptions) : [])
      if parent != id { childrenOf[parent, default: []].append(id) }
    }
    let refused = byID.values.filter { !Self.trustedFileSystems.contains($0.fileSystem) }.map(\.point)
    for mount in byID.values where Self.isTrusted(mount, besides: refused) { trusted.insert(mount.id) }
  }

  package subscript(id: UInt64) -> Mount? { byID[id] }

  /// What the process has as its root directory: of the mounts on `/` the one that none covers. Nil where the table does
  /// not say, as after a chroot(2) into a folder that is no mount.
  package var rootMount: Mount? {
    let roots = byID.values.filter(\.isRoot)
    return roots.first { root in !roots.contains { $0.parent == root.id && $0.id != root.id } }
  }

  /// What is mounted on `path` of the mount `parent`, the topmost where there are several; nil for an ordinary place.
  package func mount(on path: [UInt8], of parent: UInt64) -> Mount? {
    var top: Mount?
    var current = parent
    // A mount that covers another has it as its parent; each is passed once.
    for _ in 0...byID.count {
      guard let next = childrenOf[current]?.last(where: { byID[$0]?.point == path }), let mount = byID[next] else {
        break
      }
      top = mount
      current = next
    }
    return top
  }

  /// The type of the mount's file system, if looking at it can neither hang nor lie. An overlay is trusted as a
  /// container's root only, and not where one of its layers is known to lie on a file system that is not: one that a
  /// process has made itself may stand on a file system that hangs.
  package func trustedFileSystem(of id: UInt64) -> String? {
    trusted.contains(id) ? byID[id]?.fileSystem : nil
  }

  private static func isTrusted(_ mount: Mount, besides refused: [[UInt8]]) -> Bool {
    guard trustedFileSystems.contains(mount.fileSystem) else { return false }
    guard mount.fileSystem == "overlay" else { return true }
    // Where whoever mounted it named a layer by a path that is none of this process's, nothing is known of it.
    return mount.isRoot && !mount.layers.contains { layer in refused.contains { contains($0, layer) } }
  }

  /// Whether `path` is `folder` or below it.
  package static func contains(_ folder: [UInt8], _ path: [UInt8]) -> Bool {
    folder == [0x2F] || path == folder || path.starts(with: folder + [0x2F])
  }

  private static func options(_ text: [UInt8]) -> [[UInt8]] { text.split(separator: 0x2C).map(Array.init) }

  /// `lowerdir=a:b`, `upperdir=c` (Documentation/filesystems/overlayfs.rst).
  private static func layers(_ options: [[UInt8]]) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for option in options {
      guard let equals = option.firstIndex(of: 0x3D) else { continue }
      let value = unescaped(Array(option[(equals + 1)...]))
      switch String(decoding: option[..<equals], as: UTF8.self) {
      case "lowerdir", "lowerdir+", "datadir+": found += value.split(separator: 0x3A).map(Array.init)
      case "upperdir": found.append(value)
      case _: break
      }
    }
    return found
  }

  /// The kernel writes space, tab, line feed, backslash and some more as `\ooo` (fs/proc_namespace.c).
  private static func unescaped(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(0x5C) else { return text }
    var out: [UInt8] = []
    var index = 0
    while index < text.count {
      let digits = text.dropFirst(index + 1).prefix(3)
      if text[index] == 0x5C, digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
        out.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 << 3 | Int($1 & 7) }))
        index += 4
      } else {
        out.append(text[index])
        index += 1
      }
    }
    return out
  }

  /// File systems that neither hang nor lie nor have effects when looked at. Whatever is not here is refused: proc,
  /// sysfs, devtmpfs, cgroup, debugfs, fuse, nfs, cifs, 9p, autofs and what is not invented yet.
  package static let trustedFileSystems: Set<String> = [
    "overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "ramfs", "rootfs", "erofs", "squashfs",
    "iso9660", "vfat",
  ]
}
