package import Sandbox

/// Arguments as people write them: numbers, and the names of the headers joined by `|`.
package enum ArgumentWord {
  /// Nil where a part is neither a number nor a known name. Negative numbers are taken as the kernel sees them, on 64
  /// bits.
  package static func value(_ text: String, on architecture: Architecture) -> UInt64? {
    var result: UInt64 = 0
    let parts = text.split(separator: "|", omittingEmptySubsequences: false)
    for part in parts {
      let word = part.trimmingSpaces
      guard let value = number(word) ?? named(word, on: architecture) else { return nil }
      result |= value
    }
    return parts.isEmpty ? nil : result
  }

  private static func number(_ word: String) -> UInt64? {
    if word.hasPrefix("0x") || word.hasPrefix("0X") { return UInt64(word.dropFirst(2), radix: 16) }
    if word.hasPrefix("-") { return Int64(word).map { UInt64(bitPattern: $0) } }
    // As in C, and as modes and flags are written in manual pages.
    if word.hasPrefix("0"), word.count > 1 { return UInt64(word, radix: 8) }
    return UInt64(word)
  }

  private static func named(_ word: String, on architecture: Architecture) -> UInt64? {
    if architecture == .arm64 || architecture == .arm, let value = ofArm[word] { return value }
    return values[word]
  }

  /// asm/fcntl.h of arm64 and arm, where they differ from the generic header.
  private static let ofArm: [String: UInt64] = [
    "O_DIRECTORY": 0o40000, "O_NOFOLLOW": 0o100000, "O_DIRECT": 0o200000, "O_LARGEFILE": 0o400000,
    "O_TMPFILE": 0o20040000,
  ]

  private static let values: [String: UInt64] = [
    // open(2)
    "O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_CREAT": 0o100, "O_EXCL": 0o200, "O_NOCTTY": 0o400,
    "O_TRUNC": 0o1000, "O_APPEND": 0o2000, "O_NONBLOCK": 0o4000, "O_DSYNC": 0o10000, "O_DIRECT": 0o40000,
    "O_LARGEFILE": 0o100000, "O_DIRECTORY": 0o200000, "O_NOFOLLOW": 0o400000, "O_NOATIME": 0o1000000,
    "O_CLOEXEC": 0o2000000, "O_SYNC": 0o4010000, "O_PATH": 0o10000000, "O_TMPFILE": 0o20200000,
    "AT_FDCWD": UInt64(bitPattern: -100),
    // mmap(2)
    "PROT_NONE": 0, "PROT_READ": 1, "PROT_WRITE": 2, "PROT_EXEC": 4, "MAP_SHARED": 1, "MAP_PRIVATE": 2,
    "MAP_FIXED": 0x10, "MAP_ANONYMOUS": 0x20,
    // clone(2), unshare(2), setns(2)
    "CLONE_VM": 0x100, "CLONE_FS": 0x200, "CLONE_FILES": 0x400, "CLONE_SIGHAND": 0x800, "CLONE_PTRACE": 0x2000,
    "CLONE_VFORK": 0x4000, "CLONE_PARENT": 0x8000, "CLONE_THREAD": 0x10000, "CLONE_NEWNS": 0x20000,
    "CLONE_SYSVSEM": 0x40000, "CLONE_SETTLS": 0x80000, "CLONE_PARENT_SETTID": 0x100000,
    "CLONE_CHILD_CLEARTID": 0x200000, "CLONE_CHILD_SETTID": 0x1000000, "CLONE_NEWCGROUP": 0x2000000,
    "CLONE_NEWUTS": 0x4000000, "CLONE_NEWIPC": 0x8000000, "CLONE_NEWUSER": 0x1000_0000, "CLONE_NEWPID": 0x2000_0000,
    "CLONE_NEWNET": 0x4000_0000, "CLONE_IO": 0x8000_0000, "SIGCHLD": 17,
    // socket(2)
    "AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17, "AF_ALG": 38, "AF_VSOCK": 40,
    "SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_SEQPACKET": 5, "SOCK_NONBLOCK": 0o4000,
    "SOCK_CLOEXEC": 0o2000000, "NETLINK_AUDIT": 9,
    // ioctl(2)
    "TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TCGETS": 0x5401, "TIOCGWINSZ": 0x5413, "FIONREAD": 0x541B,
    "FIONBIO": 0x5421,
    // fcntl(2)
    "F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_SETFL": 4, "F_GETLK": 5, "F_SETLK": 6, "F_SETLKW": 7,
    "F_DUPFD_CLOEXEC": 1030,
    // prctl(2)
    "PR_SET_DUMPABLE": 4, "PR_SET_NAME": 15, "PR_GET_SECCOMP": 21, "PR_SET_SECCOMP": 22, "PR_CAPBSET_READ": 23,
    "PR_CAPBSET_DROP": 24, "PR_SET_NO_NEW_PRIVS": 38, "PR_CAP_AMBIENT": 47,
    // madvise(2), personality(2)
    "MADV_DONTNEED": 4, "MADV_FREE": 8, "MADV_WIPEONFORK": 18, "PER_LINUX": 0, "PER_LINUX32": 8,
    "UNAME26": 0x20000, "ADDR_NO_RANDOMIZE": 0x40000,
  ]
}

extension StringProtocol {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
