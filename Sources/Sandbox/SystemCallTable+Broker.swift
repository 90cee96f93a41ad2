extension SystemCallTable {
  /// The broker's filter, loaded when it listens. It is one process with threads that come and go, and it writes: its
  /// database and its audit log. What is not here is refused with EPERM, so that no stranger ends the broker by a path
  /// through its libraries that nobody has seen; what only an intruder would call, kills.
  package static let broker: [SystemCallRule] = brokerCalls + brokerNever

  /// What the broker's filter does with a call that is not in its table.
  package static let brokerOtherwise = FilterAction.errno(1)

  /// Never called by any part of it. Not socket(2) and connect(2): Dispatch wants to write to the system's log where it
  /// does not get what it asks for, and goes on without.
  private static let brokerNever: [SystemCallRule] = [
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "bind",
    "mount", "umount2", "move_mount", "fsopen", "pivot_root", "chroot", "unshare", "setns", "setuid", "setgid",
    "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "capset", "bpf", "perf_event_open", "userfaultfd",
    "io_uring_setup", "keyctl", "add_key", "request_key", "init_module", "finit_module", "kexec_load",
    "kexec_file_load", "open_by_handle_at", "memfd_create", "personality",
  ].map { SystemCallRule($0, "nothing of the broker's: kills", action: .killProcess) }

  private static let brokerCalls: [SystemCallRule] = [
    // Memory and threads.
    .init("brk", "malloc grows and shrinks the heap", isRare: true),
    .init("mmap", "malloc, thread stacks; never executable memory", where: .bitsClear(executable, in: 2)),
    .init("munmap", "free, thread stacks", isRare: true),
    .init("mremap", "realloc of large blocks", isRare: true),
    .init("mprotect", "malloc grows a thread's arena, guards of stacks", where: .bitsClear(executable, in: 2)),
    .init("madvise", "free of large blocks; BoringSSL's random state"),
    .init("futex", "locks"),
    // Rare: on a busy machine all threads may have been started before the filter.
    .init("clone", "threads of Swift concurrency and Dispatch", where: .equals(threadFlags, in: 0), isRare: true),
    clone3Missing,
    .init("set_robust_list", "the start of a thread", isRare: true),
    .init("rseq", "the start of a thread", isRare: true),
    .init("rt_sigprocmask", "the start and end of a thread"),
    .init("prctl", "a thread's name (PR_SET_NAME)", where: .equals(15, in: 0), isRare: true),
    .init("setpriority", "Dispatch, for the threads of a quality of service", where: .equals(0, in: 0), isRare: true),
    .init("sched_yield", "locks", isRare: true),
    .init("gettid", "locks, a thread's name"),
    .init("getpid", "SQLite's locks, signals"),
    .init("exit", "the end of a thread", isRare: true),
    .init("exit_group", "the end"),
    .init("rt_sigaction", "Dispatch takes SIGTERM over, where that is later than the filter", isRare: true),
    .init(
      "tgkill", "Dispatch passes SIGTERM on to the thread that waits for it", where: .equals(15, in: 2), isRare: true),
    .init(
      "tgkill", "Dispatch passes SIGINT on to the thread that waits for it", where: .equals(2, in: 2), isRare: true),
    .init("rt_sigreturn", "return from a handler", isRare: true),
    .init("rt_sigsuspend", "Dispatch's main thread waits", isRare: true),
    .init("signalfd4", "Dispatch takes SIGTERM and SIGINT, where that is later than the filter", isRare: true),
    .init("eventfd2", "wake-ups of Dispatch, where it makes them later than the filter", isRare: true),
    .init("getrandom", "TLS, keys, ids, Swift's hashing"),
    // Network.
    .init("accept4", "connections"),
    .init("read", "TLS records, wake-ups, the policy"),
    .init("write", "TLS records, wake-ups, audit, log"),
    .init("writev", "TLS records", isRare: true),
    .init(
      "getsockopt", "why a connection has broken (SO_ERROR)", where: .equals(1, in: 1), .equals(4, in: 2), isRare: true),
    .init("shutdown", "half-closes a connection whose request is none"),
    .init("getsockname", "the local address of a connection"),
    .init("getpeername", "the caller's address, for the audit event"),
    .init("epoll_create1", "Dispatch, where it makes its loop later than the filter", isRare: true),
    .init("epoll_ctl", "event loops"),
    .init("epoll_wait", "event loops", only: .amd64),
    .init("epoll_pwait", "event loops", only: .arm64),
    .init("timerfd_create", "timers"),
    .init("timerfd_settime", "timers"),
    .init("close", "descriptors that are done with"),
    // The database and the audit log.
    .init("openat", "SQLite's journal, the audit log"),
    .init("poll", "waits for room in the audit log", only: .amd64, isRare: true),
    .init("ppoll", "waits for room in the audit log", only: .arm64, isRare: true),
    .init("newfstatat", "SQLite looks at its files"),
    .init("pread64", "SQLite"),
    .init("pwrite64", "SQLite"),
    .init("fdatasync", "SQLite"),
    .init("fsync", "SQLite, the audit log", isRare: true),
    .init("ftruncate", "SQLite ends its log, where the writer is the last that closes", isRare: true),
    .init("unlink", "SQLite removes its log, where the writer is the last that closes", only: .amd64, isRare: true),
    .init("unlinkat", "SQLite removes its log, where the writer is the last that closes", only: .arm64, isRare: true),
    .init("geteuid", "SQLite gives a new journal the database's owner"),
    .init("fchown", "SQLite gives a new journal the database's owner"),
    .init("readlink", "SQLite follows links in the database's path", only: .amd64),
    .init("readlinkat", "SQLite follows links in the database's path", only: .arm64),
    .init("fcntl", "whether another holds SQLite's lock (F_GETLK)", where: .equals(5, in: 1), isRare: true),
    .init("fcntl", "SQLite's locks (F_SETLK)", where: .equals(6, in: 1)),
  ]
}
