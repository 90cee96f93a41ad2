import Linux
import Sandbox
import Testing

struct SystemCallTableTests {
  /// Calls that give a way out, whatever their arguments: networks, other programs, other processes, the kernel.
  static let forbidden: Set<String> = [
    "socket", "socketpair", "connect", "bind", "sendto", "sendmmsg", "recvmmsg", "accept", "execve", "execveat", "fork",
    "vfork", "clone", "clone3", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd",
    "pidfd_send_signal", "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "open", "openat2", "creat",
    "open_by_handle_at", "name_to_handle_at", "truncate", "ftruncate", "fallocate", "unlink", "unlinkat", "rename",
    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat",
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utimensat", "setxattr",
    "fsetxattr", "lsetxattr", "removexattr", "getxattr", "mount", "umount2", "move_mount", "fsopen", "fsmount",
    "open_tree", "mount_setattr", "pivot_root", "chroot", "chdir", "fchdir", "unshare", "setns", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "io_setup", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
    "request_key", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon",
    "swapoff", "acct", "syslog", "quotactl", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
    "setgroups", "setfsuid", "setfsgid", "capset", "prctl", "arch_prctl", "seccomp", "landlock_restrict_self",
    "personality",
    "prlimit64", "setrlimit", "sched_setaffinity", "sched_setscheduler", "setpriority", "memfd_create", "memfd_secret",
    "pkey_mprotect", "remap_file_pages", "vmsplice", "splice", "tee", "sendfile", "copy_file_range", "ioctl", "dup",
    "dup2", "dup3", "pipe", "pipe2", "inotify_init1", "fanotify_init", "lookup_dcookie", "clock_settime",
    "settimeofday",
    "adjtimex", "sethostname", "setdomainname", "iopl", "ioperm", "modify_ldt", "set_thread_area", "uselib", "shmat",
    "shmget", "msgget", "semget", "mq_open", "timer_create", "restart_syscall", "pwrite64", "pwritev", "pwritev2",
    "preadv2", "membarrier", "kcmp", "vhangup", "nfsservctl", "process_mrelease", "cachestat",
  ]

  @Test(arguments: Role.allCases)
  func nothingForbidden(_ role: Role) {
    let names = Set(SystemCallTable.rules(for: role).map(\.name))
    #expect(names.intersection(Self.forbidden).isEmpty)
  }

  @Test(arguments: Role.allCases)
  func everyRuleHasAReason(_ role: Role) {
    for rule in SystemCallTable.rules(for: role) {
      #expect(rule.reason.count >= 3 && !rule.reason.hasPrefix(" "), "\(rule.name)")
    }
  }

  @Test(arguments: [(Role.opener, 8), (.collector, 23), (.endpoint, 24)])
  func theTablesStaySmall(_ role: Role, _ most: Int) throws {
    for architecture in Architecture.supported {
      let rules = SystemCallTable.rules(for: role, on: architecture)
      let filter = try SeccompFilter(for: role, on: architecture)
      #expect(SystemCallTable.count(rules, architecture) <= most)
      #expect(filter.instructions <= rules.count * 6 + 20)
    }
  }

  @Test("the profile of the agent's container allows 60 calls at most; what it refuses with another error is no door")
  func theContainersProfileStaysSmall() {
    let rules = SystemCallTable.container(for: .agent)
    for architecture in Architecture.supported {
      #expect(SystemCallTable.count(rules, architecture) <= 60)
    }
    #expect(Set(rules.filter { $0.action != .allow }.map(\.name)) == ["clone3", "sched_getaffinity"])
  }

  /// Where one architecture's call is not the other's, the other has one for the same need.
  @Test func bothArchitecturesAreServed() {
    let pairs = [
      "epoll_wait": "epoll_pwait", "poll": "ppoll", "dup2": "dup3", "epoll_create": "epoll_create1",
      "readlink": "readlinkat", "access": "faccessat", "unlink": "unlinkat", "arch_prctl": "",
    ]
    let tables =
      Role.allCases.map { SystemCallTable.allRules(for: $0) }
      + Program.allCases.map { SystemCallTable.container(for: $0) }
    for rules in tables {
      for rule in rules {
        for architecture in Architecture.supported where rule.applies(on: architecture) {
          #expect(SystemCallName.number(of: rule.name, on: architecture) != nil, "\(rule.name) \(architecture)")
        }
        if rule.only == .amd64 {
          #expect(
            pairs[rule.name].map { other in other.isEmpty || rules.contains { $0.name == other } } == true,
            "\(rule.name)")
        } else if rule.only == nil {
          #expect(pairs[rule.name] == nil, "\(rule.name)")
        }
      }
    }
  }

  /// A rule without conditions makes every other rule of its name idle, and two equal rules are one too many.
  @Test(arguments: Role.allCases)
  func noRuleIsIdle(_ role: Role) {
    let rules = SystemCallTable.rules(for: role)
    for (name, group) in Dictionary(grouping: rules, by: \.name) {
      if group.count > 1 { #expect(group.allSatisfy { !$0.conditions.isEmpty }, "\(name)") }
      for (index, rule) in group.enumerated() {
        #expect(!group[..<index].contains { $0.conditions == rule.conditions }, "\(name)")
      }
    }
    for condition in rules.flatMap(\.conditions) {
      #expect(condition.argument < 6 && condition.mask != 0 && condition.value & ~condition.mask == 0)
    }
  }

  /// Where a call could write, create, execute or hand over more than meant, its arguments are bound.
  @Test(arguments: Role.allCases)
  func dangerousArgumentsAreBound(_ role: Role) {
    for rule in SystemCallTable.rules(for: role)
    where ["openat", "mmap", "mprotect", "fcntl", "rt_sigaction"].contains(rule.name) {
      #expect(!rule.conditions.isEmpty, "\(rule.name)")
    }
  }

  @Test func whatOnlySomeRolesHave() {
    func names(_ role: Role) -> Set<String> { Set(SystemCallTable.allRules(for: role).map(\.name)) }
    // The opener reads nothing and writes nothing but messages.
    #expect(
      names(.opener).isDisjoint(with: ["read", "pread64", "readv", "write", "writev", "readlinkat", "getdents64"]))
    // The endpoint opens and sees no file.
    #expect(
      names(.endpoint).isDisjoint(with: ["openat", "statx", "getdents64", "readlinkat", "listxattr", "pidfd_open"]))
    // The collector has no network.
    #expect(names(.collector).isDisjoint(with: ["accept4", "listen", "epoll_wait", "setsockopt", "shutdown"]))
  }

  /// Every mode that the code opens files with passes the filter's condition, and nothing that writes does.
  @Test(arguments: [Role.opener, .collector])
  func openFlags(_ role: Role) throws {
    let rule = try #require(SystemCallTable.rules(for: role).first { $0.name == "openat" })
    func passes(_ flags: UInt64) -> Bool {
      rule.conditions.allSatisfy { $0.argument == 2 && flags & $0.mask == $0.value }
    }
    for mode in [FileDescriptor.Mode.path, .pathDirectory, .pathFollowing, .read, .readFollowing, .readDirectory] {
      #expect(passes(UInt64(mode.flags)))
    }
    // O_WRONLY, O_RDWR, both, O_CREAT, O_TRUNC, O_APPEND, __O_TMPFILE, O_TMPFILE.
    for bit in [0o1, 0o2, 0o3, 0o100, 0o1000, 0o2000, 0o20000000, 0o20200000] as [UInt64] {
      #expect(!passes(bit) && !passes(bit | 0o2000000))
    }
  }
}
