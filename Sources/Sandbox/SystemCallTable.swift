/// Every system call that each process may make, with the reason. Whatever is not here kills the process.
///
/// The filters, the profiles in `profiles/` and their documentation come from this one table. It has the calls of every
/// supported architecture: where `only` is given, the C library or the kernel of the others has another call for it.
package enum SystemCallTable {
  /// The rules of one architecture.
  package static func rules(for role: Role, on architecture: Architecture = .native) -> [SystemCallRule] {
    allRules(for: role).filter { $0.applies(on: architecture) }
  }

  /// The rules of every architecture.
  package static func allRules(for role: Role) -> [SystemCallRule] {
    switch role {
    case .opener: openerRules
    case .collector: memory(largeBlocksAreRare: false) + locks + collectorRules
    case .endpoint: memory(largeBlocksAreRare: true) + locks + endpointRules
    }
  }

  /// O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND and __O_TMPFILE: none of them may be set. The same bits everywhere.
  static let writing: UInt64 = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000
  static let executable: UInt64 = 4  // PROT_EXEC

  /// What the allocator and leaving need in collector and endpoint. There is one arena, in the heap; no thread has its
  /// own.
  /// - Parameter largeBlocksAreRare: No frame is over 64 KiB; mostly the heap has room for what the endpoint holds.
  private static func memory(largeBlocksAreRare: Bool) -> [SystemCallRule] {
    [
      .init("brk", "malloc grows and shrinks the heap"),
      .init(
        "mmap", "malloc of large blocks; never executable memory", where: .bitsClear(executable, in: 2),
        isRare: largeBlocksAreRare),
      .init("munmap", "free of large blocks", isRare: largeBlocksAreRare),
      .init("mremap", "realloc of blocks over 64 KiB, as for large answers and environments", isRare: true),
      .init("close", "descriptors that are done with"),
      .init("exit_group", "the end"),
    ]
  }

  private static let locks: [SystemCallRule] = [
    .init("futex", "locks, where two threads want one; of SwiftNIO and BoringSSL", isRare: true),
    .init("gettid", "Swift's Mutex, which takes priority-inheriting futexes"),
  ]

  /// It handles messages of twelve bytes and a descriptor, one at a time: no allocation is large.
  private static let openerRules: [SystemCallRule] = [
    .init("brk", "malloc grows the heap, should what it has at the start not be enough", isRare: true),
    .init("close", "descriptors that are passed on"),
    .init("exit_group", "the end"),
    .init("ppoll", "waits for requests and for SIGTERM"),
    .init("rt_sigreturn", "return from the SIGTERM handler"),
    .init("recvmsg", "takes a request and a /proc/<pid> descriptor"),
    .init("sendmsg", "passes the opened descriptor back"),
    .init("openat", "its one purpose; never for writing", where: .bitsClear(writing, in: 2)),
  ]

  private static let collectorRules: [SystemCallRule] = [
    .init("openat", "/proc entries, the path walk, log files; never for writing", where: .bitsClear(writing, in: 2)),
    .init("read", "/proc entries, configuration, frames"),
    .init("pread64", "log files at an offset, environ"),
    .init("lseek", "passes over the holes of a log file (SEEK_DATA)", where: .equals(3, in: 2), isRare: true),
    .init("readlinkat", "symlinks of the target, as text"),
    .init("statx", "metadata"),
    .init("getdents64", "/proc and directories of the target"),
    .init("listxattr", "names of extended attributes"),
    .init("pidfd_open", "the inode that tells a process from its successor with the same pid"),
    .init("write", "audit, log, frames, wake-ups; no file can be opened for writing"),
    .init("recvmsg", "descriptors from the opener"),
    .init("sendmsg", "requests to the opener, with the descriptor that they are about"),
    .init("ppoll", "waits for the endpoint, the workers, the opener's answer and room in the audit sink"),
    .init("getrandom", "request ids, sealed cursors"),
    .init(
      "fcntl", "a descriptor of its own of a held directory (F_DUPFD_CLOEXEC)", where: .equals(1030, in: 1)),
  ]

  private static let endpointRules: [SystemCallRule] = [
    .init("epoll_wait", "the event loop", only: .amd64),
    .init("epoll_pwait", "the event loop", only: .arm64),
    .init("epoll_ctl", "the event loop"),
    .init("timerfd_settime", "the event loop's timer"),
    .init("listen", "sets the backlog of the socket it was given; there is no other to listen on"),
    .init("accept4", "connections to the listening socket it was given"),
    .init("read", "TLS records, frames, credentials, the event loop's timer and wake-up"),
    .init("write", "TLS records, frames, requests to the opener, the event loop's wake-up"),
    .init("writev", "TLS records for a client that reads slowly, when several wait", isRare: true),
    .init("recvmsg", "credential files from the opener"),
    .init("ppoll", "waits for the opener's answer"),
    .init("getrandom", "TLS, where BoringSSL seeds its generator anew", isRare: true),
    .init(
      "getsockopt", "why a connection was reset (SO_ERROR)", where: .equals(1, in: 1), .equals(4, in: 2), isRare: true),
    .init("setsockopt", "TCP_NODELAY", where: .equals(6, in: 1), .equals(1, in: 2)),
    .init("getsockname", "the local address of a connection"),
    .init("getpeername", "the caller's address, for the audit event"),
    .init("fcntl", "O_NONBLOCK (F_GETFL)", where: .equals(3, in: 1)),
    .init("fcntl", "O_NONBLOCK (F_SETFL)", where: .equals(4, in: 1)),
  ]
}
