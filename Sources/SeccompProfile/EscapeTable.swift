/// Calls that lead out of a container, into other processes, or far into the kernel; with the arguments that do, where
/// it is not all of them.
struct EscapeTable {
  struct Danger {
    var calls: [String]
    var why: String
    /// Narrows a call to the dangerous arguments.
    var when: @Sendable (inout FilterExploration.Premise) -> Void = { _ in }
  }

  /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
  private static let namespaces: UInt32 = 0x7E02_0000

  static let dangers: [Danger] = [
    Danger(calls: ["ptrace"], why: "controls other processes"),
    Danger(
      calls: ["process_vm_readv", "process_vm_writev", "process_madvise"], why: "reaches other processes' memory"),
    Danger(calls: ["pidfd_getfd"], why: "takes other processes' descriptors"),
    Danger(calls: ["kcmp"], why: "tells kernel addresses of other processes apart"),
    Danger(
      calls: [
        "mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
        "fspick", "mount_setattr", "chroot",
      ], why: "changes what files there are"),
    Danger(calls: ["unshare", "setns"], why: "enters namespaces"),
    Danger(calls: ["clone"], why: "makes namespaces") { $0.requireAny(argument: 0, of: namespaces) },
    Danger(calls: ["open_by_handle_at"], why: "opens files outside of the container's root"),
    Danger(calls: ["bpf"], why: "loads programs into the kernel"),
    Danger(calls: ["perf_event_open", "lookup_dcookie"], why: "watches the kernel and other processes"),
    Danger(
      calls: ["init_module", "finit_module", "delete_module", "create_module"], why: "changes the kernel's code"),
    Danger(calls: ["kexec_load", "kexec_file_load", "reboot"], why: "ends or replaces the kernel"),
    Danger(calls: ["io_uring_setup", "io_uring_enter", "io_uring_register"], why: "makes calls that no filter sees"),
    Danger(calls: ["userfaultfd"], why: "stops the kernel in the middle of a copy, as exploits need it"),
    Danger(calls: ["keyctl", "add_key", "request_key"], why: "reaches keys, which have no namespace"),
    Danger(calls: ["iopl", "ioperm"], why: "reaches the hardware"),
    Danger(
      calls: ["swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "nfsservctl", "vhangup"],
      why: "acts on the whole machine"),
    Danger(
      calls: ["settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime"], why: "changes the machine's time"),
    Danger(calls: ["sethostname", "setdomainname"], why: "changes the machine's name"),
    Danger(calls: ["modify_ldt", "vm86", "vm86old"], why: "reaches rarely used parts of the processor"),
    Danger(calls: ["personality"], why: "switches address randomisation or non-executable memory off") {
      $0.requireAny(argument: 0, of: 0x0044_0000)
      $0.require(argument: 0, mask: 0x8000_0000, equals: 0)  // Not the question what it is, 0xffffffff.
    },
    Danger(calls: ["ioctl"], why: "types into the terminal of whoever started it (TIOCSTI)") {
      $0.require(argument: 1, mask: 0xFFFF_FFFF, equals: 0x5412)
    },
    Danger(calls: ["ioctl"], why: "pastes into the console (TIOCLINUX)") {
      $0.require(argument: 1, mask: 0xFFFF_FFFF, equals: 0x541C)
    },
    Danger(calls: ["socket"], why: "speaks to the hypervisor (AF_VSOCK)") {
      $0.require(argument: 0, mask: 0xFFFF_FFFF, equals: 40)
    },
  ]

  /// Arguments that the kernel takes as 32-bit integers, so that it does not see the upper half.
  static let narrowArguments: [String: Set<UInt32>] = [
    "socket": [0, 1, 2], "socketpair": [0, 1, 2], "ioctl": [0, 1], "fcntl": [0, 1], "personality": [0],
    "prctl": [0], "openat": [0, 2, 3], "open": [1, 2], "clone": [0], "keyctl": [0], "bpf": [0], "kcmp": [2],
    "setsockopt": [0, 1, 2], "getsockopt": [0, 1, 2], "setns": [0, 1], "arch_prctl": [0], "kill": [0, 1],
    "tgkill": [0, 1, 2], "futex": [1], "mknod": [1], "mknodat": [2], "chmod": [1], "fchmodat": [2], "unlinkat": [2],
    "accept4": [3], "madvise": [2], "seccomp": [0, 1], "quotactl": [0], "reboot": [0, 1, 2], "perf_event_open": [1, 2],
    "rt_sigaction": [0], "prlimit64": [0, 1], "epoll_ctl": [1], "syslog": [0],
  ]

  /// Calls that have left the kernel or never were in it, and which nothing makes.
  static let old: Set<String> = [
    "_sysctl", "afs_syscall", "bdflush", "break", "create_module", "ftime", "get_kernel_syms", "getpmsg", "gtty",
    "idle", "lock", "mpx", "nfsservctl", "prof", "profil", "putpmsg", "query_module", "security", "stty", "sysfs",
    "tuxcall", "ulimit", "uselib", "ustat", "vserver",
  ]

  /// The kernel that a call came with, from 4.3 on (syscalls(2)).
  static let since: [String: KernelVersion] = [
    "userfaultfd": .init(4, 3), "membarrier": .init(4, 3), "mlock2": .init(4, 4), "copy_file_range": .init(4, 5),
    "preadv2": .init(4, 6), "pwritev2": .init(4, 6), "pkey_mprotect": .init(4, 9), "pkey_alloc": .init(4, 9),
    "pkey_free": .init(4, 9), "statx": .init(4, 11), "io_pgetevents": .init(4, 18), "rseq": .init(4, 18),
    "pidfd_send_signal": .init(5, 1), "io_uring_setup": .init(5, 1), "io_uring_enter": .init(5, 1),
    "io_uring_register": .init(5, 1), "open_tree": .init(5, 2), "move_mount": .init(5, 2), "fsopen": .init(5, 2),
    "fsconfig": .init(5, 2), "fsmount": .init(5, 2), "fspick": .init(5, 2), "pidfd_open": .init(5, 3),
    "clone3": .init(5, 3), "openat2": .init(5, 6), "pidfd_getfd": .init(5, 6), "faccessat2": .init(5, 8),
    "close_range": .init(5, 9), "process_madvise": .init(5, 10), "epoll_pwait2": .init(5, 11),
    "mount_setattr": .init(5, 12), "landlock_create_ruleset": .init(5, 13), "landlock_add_rule": .init(5, 13),
    "landlock_restrict_self": .init(5, 13), "quotactl_fd": .init(5, 14), "memfd_secret": .init(5, 14),
    "process_mrelease": .init(5, 15), "futex_waitv": .init(5, 16), "set_mempolicy_home_node": .init(5, 17),
    "cachestat": .init(6, 5), "fchmodat2": .init(6, 6), "map_shadow_stack": .init(6, 6), "futex_wake": .init(6, 7),
    "futex_wait": .init(6, 7), "futex_requeue": .init(6, 7), "statmount": .init(6, 8), "listmount": .init(6, 8),
    "mseal": .init(6, 10),
  ]
}
