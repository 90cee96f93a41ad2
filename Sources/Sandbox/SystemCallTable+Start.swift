extension SystemCallTable {
  /// What the agent's processes call between execve and their own filters, beyond what the roles call. A container's
  /// profile is in force from before execve, so it has to allow both.
  package static let agentStart: [SystemCallRule] =
    cLibraryStart + runtimeStart + [
      .init("execve", "the container's runtime starts the agent, the opener starts the other two; no role may"),
      .init(
        "clone", "posix_spawn of collector and endpoint (CLONE_VM, CLONE_VFORK, SIGCHLD)",
        where: .equals(0x4111, in: 0)),
      .init("clone", "the collector's worker threads, before its filter", where: .equals(threadFlags, in: 0)),
      clone3Missing,
      .init("rt_sigaction", "what SIGTERM, SIGINT, SIGPIPE, SIGHUP and SIGXFSZ do; posix_spawn"),
      .init("rt_sigprocmask", "signals wait while threads and processes are started"),
      .init("dup2", "posix_spawn gives the descriptors their numbers", only: .amd64),
      .init("dup3", "posix_spawn gives the descriptors their numbers", only: .arm64),
      .init("close_range", "posix_spawn closes all others"),
      .init(
        "socketpair", "between the three processes, and from libseccomp for the filter's digest (AF_UNIX)",
        where: .equals(1, in: 0)),
      .init("socket", "the listening socket (AF_INET)", where: .equals(2, in: 0), .equals(1, in: 1, of: 0xF)),
      .init("socket", "the listening socket (AF_INET6)", where: .equals(10, in: 0), .equals(1, in: 1, of: 0xF)),
      .init("bind", "the listening socket"),
      .init("setsockopt", "the listening socket (SO_REUSEADDR)", where: .equals(1, in: 1), .equals(2, in: 2)),
      .init("setsockopt", "connections inherit it (SO_SNDBUF)", where: .equals(1, in: 1), .equals(7, in: 2)),
      .init("eventfd2", "wake-ups between threads"),
      .init("epoll_create", "the endpoint's event loop", only: .amd64),
      .init("epoll_create1", "the endpoint's event loop", only: .arm64),
      .init("timerfd_create", "the event loop's timer"),
      .init("readlink", "the Swift runtime asks where it is, and ends where nobody says", only: .amd64),
      .init("readlinkat", "the Swift runtime asks where it is, and ends where nobody says", only: .arm64),
      .init("fstatfs", "whether the root is read-only, for posture; tells pidfs from what came before it"),
      .init(
        "madvise", "BoringSSL asks whether it would notice a fork (an advice that nobody knows)",
        where: .equals(0xFFFF_FFFF, in: 2)),
      .init("madvise", "BoringSSL's random state is wiped in a fork (MADV_WIPEONFORK)", where: .equals(18, in: 2)),
      .init(
        "sched_getaffinity", "ENOSYS: the C library, which asks where the stack ends, then goes without",
        action: .errno(38)),
      .init("capget", "reads its capability sets"),
      .init("capset", "empties them"),
      .init("prctl", "whether it is dumpable (PR_GET_DUMPABLE)", where: .equals(3, in: 0)),
      .init("prctl", "not dumpable from here on (PR_SET_DUMPABLE)", where: .equals(4, in: 0)),
      .init("prctl", "the process's name (PR_SET_NAME)", where: .equals(15, in: 0)),
      .init("prctl", "how many capabilities there are (PR_CAPBSET_READ)", where: .equals(23, in: 0)),
      .init("prctl", "says in posture what the launcher locked (PR_GET_SECUREBITS)", where: .equals(27, in: 0)),
      .init("prctl", "PR_SET_NO_NEW_PRIVS", where: .equals(38, in: 0)),
      .init("prctl", "PR_GET_NO_NEW_PRIVS", where: .equals(39, in: 0)),
      .init("prctl", "the ambient set (PR_CAP_AMBIENT)", where: .equals(47, in: 0)),
      .init("landlock_create_ruleset", "the domains of collector and endpoint"),
      .init("landlock_restrict_self", "enters them"),
      .init("seccomp", "what the kernel can filter, and the filter itself"),
    ]

  /// What the broker calls between execve and its filter, beyond what it calls afterwards.
  package static let brokerStart: [SystemCallRule] =
    cLibraryStart + runtimeStart + [
      .init("execve", "the container's runtime starts the broker, which may start nothing"),
      .init("mmap", "libraries: executable, but then not writable", where: .bitsClear(0x2, in: 2)),
      .init("access", "SQLite looks for a journal that was left", only: .amd64),
      .init("faccessat", "SQLite looks for a journal that was left", only: .arm64),
      .init("lseek", "the length of the audit log"),
      .init("epoll_create", "event loops", only: .amd64),
      .init("listen", "the listening socket"),
      .init("rt_sigaction", "Swift's and SwiftNIO's handlers"),
      .init("socket", "the listening socket (AF_INET)", where: .equals(2, in: 0), .equals(1, in: 1, of: 0xF)),
      .init("socket", "the listening socket (AF_INET6)", where: .equals(10, in: 0), .equals(1, in: 1, of: 0xF)),
      .init("bind", "the listening socket"),
      .init("setsockopt", "the listening socket (SO_REUSEADDR)", where: .equals(1, in: 1), .equals(2, in: 2)),
      .init("setsockopt", "connections inherit it (TCP_NODELAY)", where: .equals(6, in: 1), .equals(1, in: 2)),
      .init("fcntl", "the listening socket (F_GETFL)", where: .equals(3, in: 1)),
      .init("fcntl", "the listening socket (F_SETFL)", where: .equals(4, in: 1)),
      .init("umask", "files are for nobody else"),
      .init(
        "socketpair", "libseccomp hands the compiled filter over, for its digest (AF_UNIX)", where: .equals(1, in: 0)),
      .init("sched_getaffinity", "how many processors there are, and where the stack ends"),
      .init("newfstatat", "the C library looks at standard output, the Swift runtime for its tools"),
      .init("prctl", "PR_SET_NO_NEW_PRIVS", where: .equals(38, in: 0)),
      .init("seccomp", "what the kernel can filter, and the filter itself"),
    ]

  /// Before main: the C library, and the Swift runtime where it asks for the stack.
  private static let cLibraryStart: [SystemCallRule] = [
    .init("arch_prctl", "thread-local storage (ARCH_SET_FS)", where: .equals(0x1002, in: 0), only: .amd64),
    .init("set_tid_address", "the C library's start"),
    .init("mprotect", "relocations become read-only, stacks get their guards", where: .bitsClear(executable, in: 2)),
    .init("prlimit64", "the stack's size; limits for core files, file sizes and descriptors"),
  ]

  /// What runc calls between loading the filter and execve.
  private static let runtimeStart: [SystemCallRule] = [
    .init(
      "openat", "runc opens the pipe that tells it to go on (O_WRONLY and O_CLOEXEC, nothing else)",
      where: .equals(0x80001, in: 2)),
    .init("write", "runc answers there"),
    .init("fstatfs", "runc makes sure that it looks at procfs"),
    .init("getdents64", "runc closes what it has open"),
    .init(
      "clone", "a thread of runc's, should Go want one just then (CLONE_VM, _FS, _FILES, _SIGHAND, _SYSVSEM, _THREAD)",
      where: .equals(0x50F00, in: 0), isRare: true),
    .init("sigaltstack", "the start of such a thread", isRare: true),
  ]

  /// CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM, _SETTLS, _PARENT_SETTID, _CHILD_CLEARTID: pthread_create.
  static let threadFlags: UInt64 = 0x3D0F00

  /// A filter does not see the flags of clone3, so nobody may call it; the C library then calls clone.
  static let clone3Missing = SystemCallRule(
    "clone3", "ENOSYS: the C library then calls clone, whose flags a filter sees", action: .errno(38))
}
