/// Every system call that each role may make, with the reason. Whatever is not here kills the process.
///
/// The filter, the profiles in `profiles/` and their documentation come from this one table.
package enum SystemCallTable {
  /// The rules of one architecture.
  package static func rules(for role: Role, on architecture: Architecture = .native) -> [SystemCallRule] {
    allRules(for: role).filter { $0.applies(on: architecture) }
  }

  /// The rules of every architecture.
  package static func allRules(for role: Role) -> [SystemCallRule] {
    switch role {
    case .opener: memory + openerRules
    case .collector: memory + threads + collectorRules
    case .endpoint: memory + endpointRules
    }
  }

  /// O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND and __O_TMPFILE: none of them may be set.
  private static let writing: UInt64 = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000
  private static let executable: UInt64 = 4  // PROT_EXEC

  /// What the allocator and leaving need in every role.
  private static let memory: [SystemCallRule] = [
    .init("brk", "malloc grows the heap"),
    .init("mmap", "malloc and thread stacks; never executable memory", where: .bitsClear(executable, in: 2)),
    .init("munmap", "free"),
    .init("mremap", "realloc of large blocks"),
    .init("close", "descriptors that are done with"),
    .init("rt_sigprocmask", "ppoll's mask"),
    .init("rt_sigreturn", "return from the SIGTERM handler"),
    .init("exit_group", "the end"),
  ]

  private static let threads: [SystemCallRule] = [
    .init("futex", "locks between the worker threads"),
    .init("gettid", "Swift's Mutex, which takes priority-inheriting futexes"),
    .init("mprotect", "malloc grows a thread's arena; never executable memory", where: .bitsClear(executable, in: 2)),
    .init("madvise", "free of large blocks"),
    .init("rseq", "glibc registers restartable sequences when a thread starts, which may be after the filter"),
    .init("set_robust_list", "glibc, when a thread starts, which may be after the filter"),
  ]

  private static let openerRules: [SystemCallRule] = [
    .init("ppoll", "waits for requests and for SIGTERM"),
    .init("recvmsg", "takes a request and a /proc/<pid> descriptor"),
    .init("sendmsg", "passes the opened descriptor back"),
    .init("openat", "its one purpose; never for writing", where: .bitsClear(writing, in: 2)),
  ]

  private static let collectorRules: [SystemCallRule] = [
    .init("openat", "/proc entries, the path walk, log files; never for writing", where: .bitsClear(writing, in: 2)),
    .init("read", "/proc entries, configuration, frames"),
    .init("pread64", "log files at an offset, environ"),
    .init("readlinkat", "symlinks of the target, as text"),
    .init("statx", "metadata"),
    .init("fstatfs", "tells pidfs from what came before it"),
    .init("getdents64", "/proc and directories of the target"),
    .init("listxattr", "names of extended attributes"),
    .init("pidfd_open", "the inode that tells a process from its successor with the same pid"),
    .init("write", "audit, log, frames, wake-ups; no file can be opened for writing"),
    .init("recvmsg", "descriptors from the opener"),
    .init("sendmsg", "requests to the opener"),
    .init("ppoll", "waits for the endpoint and for the workers"),
    .init("poll", "waits for the opener's answer, and for room in the audit sink"),
    .init("getrandom", "request ids, sealed cursors"),
    .init("getpid", "libcrypto's random generator looks whether the process has forked"),
    .init(
      "fcntl", "a descriptor of its own of a held directory (F_DUPFD_CLOEXEC)", where: .equals(1030, in: 1)),
  ]

  private static let endpointRules: [SystemCallRule] = [
    .init("futex", "locks of SwiftNIO and BoringSSL"),
    .init("gettid", "Swift's Mutex, which takes priority-inheriting futexes"),
    .init("madvise", "free of large blocks"),
    .init("rt_sigaction", "SwiftNIO ignores SIGPIPE at its first socket", where: .equals(13, in: 0)),
    .init("epoll_wait", "the event loop"),
    .init("epoll_ctl", "the event loop"),
    .init("timerfd_settime", "the event loop's timer"),
    .init("listen", "sets the backlog of the socket it was given; there is no other to listen on"),
    .init("accept4", "connections to the listening socket it was given"),
    .init("read", "TLS records, frames, credentials, the event loop's timer and wake-up"),
    .init("write", "TLS records, frames, the event loop's wake-up"),
    .init("writev", "TLS records, frames"),
    .init("recvmsg", "credential files from the opener"),
    .init("sendmsg", "asks the opener for credential files"),
    .init("poll", "waits for the opener's answer"),
    .init("shutdown", "half-closes a connection"),
    .init("getrandom", "TLS"),
    .init("getsockopt", "connection errors (SO_ERROR)"),
    .init("setsockopt", "TCP_NODELAY, SO_LINGER"),
    .init("getsockname", "the local address of a connection"),
    .init("getpeername", "the caller's address, for the audit event"),
    .init("fcntl", "O_NONBLOCK (F_GETFL)", where: .equals(3, in: 1)),
    .init("fcntl", "O_NONBLOCK (F_SETFL)", where: .equals(4, in: 1)),
  ]
}
