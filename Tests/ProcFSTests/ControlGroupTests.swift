import ProcFS
import Testing

struct ControlGroupTests {
  static let id = "3f1c0d5e8a9b4c7d2e6f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d"

  static func parse(_ text: String) -> ControlGroups {
    let bytes = Array(text.utf8)
    return ControlGroups(bytes.span)
  }

  static func path(_ text: String) -> String { String(decoding: parse(text).path, as: UTF8.self) }

  @Test(arguments: [
    // cgroup v2: of the host, of docker, containerd, crio and podman, and in a private namespace.
    ("0::/\n", "/"), ("0::/init.scope\n", "/init.scope"),
    ("0::/system.slice/docker-\(id).scope\n", "/system.slice/docker-\(id).scope"),
    (
      "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab_cd.slice/cri-containerd-\(id).scope\n",
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab_cd.slice/cri-containerd-\(id).scope"
    ),
    ("0::/kubepods/besteffort/podab/\(id)\n", "/kubepods/besteffort/podab/\(id)"),
    ("0::/kubepods.slice/crio-\(id).scope/container\n", "/kubepods.slice/crio-\(id).scope/container"),
    (
      "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope\n",
      "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope"
    ),
    ("0::/../cri-containerd-\(id).scope\n", "/../cri-containerd-\(id).scope"),
    // cgroup v1: many lines.
    ("12:pids:/docker/\(id)\n11:cpu,cpuacct:/docker/\(id)\n1:name=systemd:/docker/\(id)\n", "/docker/\(id)"),
    ("4:memory:/\n3:cpuset:/\n1:name=systemd:/kubepods/podx/\(id)\n", "/kubepods/podx/\(id)"),
    ("4:memory:/\n3:cpuset:/\n", "/"),
    // Hybrid: the unified hierarchy where it says something, else the others.
    ("5:memory:/docker/\(id)\n0::/system.slice/docker-\(id).scope\n", "/system.slice/docker-\(id).scope"),
    ("5:memory:/docker/\(id)\n1:name=systemd:/docker/\(id)\n0::/\n", "/docker/\(id)"),
    // Colons and spaces in names.
    ("0::/a:b c/d\n", "/a:b c/d"), ("1:name=x:/a:b\n", "/a:b"), ("0::/x (deleted)\n", "/x (deleted)"),
    // Without a last newline, and nothing at all.
    ("0::/a", "/a"), ("", "/"), ("\n\n", "/"), ("garbage\n", "/"), ("x::/a\n0::/b\n", "/b"), ("0:/a\n", "/"),
    ("18446744073709551616::/a\n0::/b\n", "/b"), ("1 ::/a\n0::/b\n", "/b"),
  ])
  func paths(_ text: String, _ path: String) {
    #expect(Self.path(text) == path)
  }

  @Test func memberships() {
    let groups = Self.parse("12:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/c:d\n")
    #expect(groups.memberships.map(\.hierarchy) == [12, 1, 0])
    #expect(
      groups.memberships.map { String(decoding: $0.controllers, as: UTF8.self) } == ["cpu,cpuacct", "name=systemd", ""])
    #expect(groups.memberships.map { String(decoding: $0.path, as: UTF8.self) } == ["/a", "/b", "/c:d"])
  }

  @Test func randomBytesNeverCrash() {
    var random = SplitMix(state: 141)
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 0...30, using: &random)).map { _ in
        Array("0:/a\n9 ".utf8).randomElement(using: &random)!
      }
      _ = ControlGroups(text.span).path
    }
  }
}

struct MountTableTests {
  static func parse(_ text: String) -> MountTable {
    let bytes = Array(text.utf8)
    return MountTable(bytes.span)
  }

  @Test func golden() {
    let table = Self.parse(
      """
      22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
      23 22 0:21 / /proc rw,nosuid - proc proc rw
      24 22 0:22 / /mnt/a\\040b\\011c\\012d\\134e rw shared:2 master:1 propagate_from:7 unbindable - tmpfs none\\040x rw
      25 22 0:23 / /fuse rw,nosuid - fuse.sshfs user@host:/x rw,user_id=0
      26 22 0:4 net:[4026531840] /run/netns/a rw - nsfs nsfs rw
      27 22 0:24 /sub /data rw - overlay overlay rw,lowerdir=/a:/b
      28 22 0:25 / /empty rw - tmpfs  rw
      18446744073709551615 22 0:26 / /last rw - xfs /dev/x rw

      """)
    #expect(table[22]?.fileSystem == "ext4")
    #expect(table[23]?.fileSystem == "proc")
    #expect(table[24]?.fileSystem == "tmpfs")
    #expect(table[25]?.fileSystem == "fuse.sshfs")
    #expect(table[26]?.fileSystem == "nsfs")
    #expect(table[27]?.fileSystem == "overlay")
    #expect(table[28]?.fileSystem == "tmpfs", "a source may be empty")
    #expect(table[.max]?.fileSystem == "xfs")
    #expect(table[1] == nil && table[0] == nil)
  }

  @Test func details() {
    let table = Self.parse(
      """
      22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 ro,errors=remount-ro
      23 22 0:21 /sub /mnt/a\\040b\\134 ro,nosuid - tmpfs none rw

      """)
    #expect(table[22]?.isReadOnly == true && table[22]?.options == ["rw", "relatime"] && table[22]?.parent == 1)
    #expect(table[22]?.root == Array("/".utf8) && table[22]?.isRoot == true)
    #expect(table[23]?.point == Array("/mnt/a b\\".utf8) && table[23]?.root == Array("/sub".utf8))
    #expect(table[23]?.isReadOnly == true && table[23]?.options == ["ro", "nosuid"])
  }

  /// The topmost of what is mounted on a place, and nothing that another mount hides.
  @Test func mountsOnAPlace() {
    let table = Self.parse(
      """
      1 0 8:1 / / rw - ext4 s rw
      2 1 0:2 / /a rw - fuse s rw
      3 2 0:3 / /a rw - tmpfs s rw
      4 3 0:4 / /a/b rw - nfs s rw
      5 1 0:5 / /c rw - tmpfs s rw
      6 2 0:6 / /a/hidden rw - proc s rw

      """)
    #expect(table.mount(on: Array("/a".utf8), of: 1)?.id == 3)
    #expect(table.mount(on: Array("/a/b".utf8), of: 3)?.id == 4)
    #expect(table.mount(on: Array("/a/b".utf8), of: 1) == nil)
    #expect(table.mount(on: Array("/a/hidden".utf8), of: 3) == nil)
    #expect(table.mount(on: Array("/none".utf8), of: 1) == nil)
    #expect(table.rootMount?.id == 1)
    // A table that leads in a circle is still answered about.
    let circle = Self.parse("1 2 0:1 / /a rw - tmpfs s rw\n2 1 0:2 / /a rw - tmpfs s rw\n")
    #expect(circle.mount(on: Array("/a".utf8), of: 1) != nil)
  }

  /// An overlay is trusted as the root, and not where a layer is known to lie on what is not trusted.
  @Test(arguments: [
    ("/", "lowerdir=/l,upperdir=/u", true), ("/", "lowerdir=/fuse,upperdir=/u", false),
    ("/", "lowerdir=/l:/fuse/deep,upperdir=/u", false), ("/", "lowerdir=/l,upperdir=/fuse/u", false),
    ("/", "lowerdir=/fuse2", true), ("/other", "lowerdir=/l", false), ("/", "lowerdir+=/fuse/x", false),
    ("/", "", true),
  ])
  func overlays(_ point: String, _ options: String, _ isTrusted: Bool) {
    let table = Self.parse("7 1 0:1 / \(point) rw - overlay o rw,\(options)\n8 7 0:2 / /fuse rw - fuse f rw\n")
    #expect((table.trustedFileSystem(of: 7) != nil) == isTrusted)
  }

  /// A dash that is part of a path or of a name is no separator.
  @Test(arguments: [
    "30 1 0:9 / /- rw - fuse - rw", "30 1 0:9 /- /a rw shared:1 - fuse tmpfs rw",
    "30 1 0:9 / /a rw - fuse x\\040-\\040tmpfs rw",
  ])
  func dashesElsewhere(_ line: String) {
    #expect(Self.parse(line + "\n")[30]?.fileSystem == "fuse")
  }

  @Test(arguments: [
    "", "\n", "30", "30 1 0:9 / /a rw", "30 1 0:9 / /a rw -", "x 1 0:9 / /a rw - ext4 s rw", "30 1 0:9 / /a rw x y z",
  ])
  func whatIsNotALineIsNoMount(_ line: String) {
    #expect(Self.parse(line)[30] == nil)
  }

  /// A text that was cut short names no file system that is not there.
  @Test func everyPrefix() {
    let whole = Array("30 1 0:9 / /a rw shared:1 - fuse.overlay overlay rw\n31 1 0:9 / /b rw - ext4 /dev/x rw\n".utf8)
    for cut in whole.indices {
      let part = Array(whole[..<cut])
      let table = MountTable(part.span)
      #expect(table[30].map { $0.fileSystem == "fuse.overlay" } ?? true)
      #expect(table[31].map { $0.fileSystem == "ext4" } ?? true)
    }
  }

  /// What can hang, lie or have effects is never trusted.
  @Test(arguments: [
    "proc", "sysfs", "devtmpfs", "devpts", "debugfs", "tracefs", "securityfs", "cgroup", "cgroup2", "bpf", "configfs",
    "efivarfs", "nsfs", "pstore", "mqueue", "hugetlbfs", "fuse", "fuse.sshfs", "fuseblk", "fusectl", "nfs", "nfs4",
    "cifs", "smb3", "9p", "ceph", "autofs", "afs", "virtiofs", "binfmt_misc", "rpc_pipefs", "selinuxfs", "ext5", "",
  ])
  func fileSystemsThatAreNotTrusted(_ name: String) {
    #expect(!MountTable.trustedFileSystems.contains(name))
  }
}
