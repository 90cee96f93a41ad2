#define _GNU_SOURCE
#include "CAttack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#define SYS_fchmodat2_number 452
#define SYS_landlock_create_ruleset_number 444

typedef const struct ca_victim *victim;

static long ended(long result) { return result < 0 ? -errno : result; }
// A path below the victim's folder.
static const char *below(victim v, const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", v->folder, name);
  return path;
}
static const char *of_process(victim v, const char *name) {
  static char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)v->process, name);
  return path;
}
// openat(2) itself: glibc adds flags of its own.
static long opened(const char *path, int flags, mode_t mode) {
  return ended(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

// None: shows that whoever is let alone lives to tell.
static long does_nothing(victim v) { (void)v; return 0; }

// --- files

static long open_for_writing(victim v) { return opened(v->file, O_WRONLY, 0); }
static long open_for_both(victim v) { return opened(v->file, O_RDWR, 0); }
static long open_with_neither(victim v) { return opened(v->file, 3, 0); }
static long open_to_append(victim v) { return opened(v->file, O_WRONLY | O_APPEND, 0); }
static long open_to_truncate(victim v) { return opened(v->file, O_RDONLY | O_TRUNC, 0); }
static long open_to_create(victim v) { return opened(below(v, "created"), O_RDONLY | O_CREAT, 0600); }
static long open_temporary(victim v) { return opened(v->folder, O_TMPFILE | O_RDWR, 0600); }
static long open_how(victim v) {
  uint64_t how[3] = {O_WRONLY, 0, 0};
  return ended(syscall(437, AT_FDCWD, v->file, how, sizeof how));
}
static long write_through_reading(victim v) {
  long fd = opened(v->file, O_RDONLY, 0);
  if (fd < 0) return fd;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%ld", fd);
  long again = opened(path, O_WRONLY, 0);
  return again < 0 ? again : ended(syscall(SYS_write, (int)again, "x", 1));
}
static long truncates(victim v) { return ended(syscall(SYS_truncate, v->file, 0)); }
static long unlinks(victim v) { return ended(syscall(SYS_unlinkat, AT_FDCWD, v->file, 0)); }
static long renames(victim v) { return ended(syscall(SYS_renameat2, AT_FDCWD, v->file, AT_FDCWD, below(v, "other"), 0)); }
static long links(victim v) { return ended(syscall(SYS_linkat, AT_FDCWD, v->file, AT_FDCWD, below(v, "link"), 0)); }
static long links_symbolically(victim v) { return ended(syscall(SYS_symlinkat, "x", AT_FDCWD, below(v, "symlink"))); }
static long makes_directory(victim v) { return ended(syscall(SYS_mkdirat, AT_FDCWD, below(v, "made"), 0700)); }
static long makes_fifo(victim v) { return ended(syscall(SYS_mknodat, AT_FDCWD, below(v, "fifo"), S_IFIFO | 0600, 0)); }
static long makes_device(victim v) {
  return ended(syscall(SYS_mknodat, AT_FDCWD, below(v, "device"), S_IFCHR | 0600, 0x103));
}
static long changes_mode(victim v) { return ended(syscall(SYS_fchmodat, AT_FDCWD, v->file, 04777)); }
static long changes_mode_newly(victim v) { return ended(syscall(SYS_fchmodat2_number, AT_FDCWD, v->file, 0600, 0)); }
static long changes_owner(victim v) { return ended(syscall(SYS_fchownat, AT_FDCWD, v->file, -1, getegid(), 0)); }
static long changes_times(victim v) { return ended(syscall(SYS_utimensat, AT_FDCWD, v->file, NULL, 0)); }
static long sets_attribute(victim v) { return ended(syscall(SYS_setxattr, v->file, "user.attack", "x", 1, 0)); }
static long changes_root(victim v) { return ended(syscall(SYS_chroot, v->folder)); }
static long mounts(victim v) { return ended(syscall(SYS_mount, "none", v->folder, "tmpfs", 0, NULL)); }
static long unmounts(victim v) { return ended(syscall(SYS_umount2, v->folder, 0)); }
static long opens_tree(victim v) { return ended(syscall(428, AT_FDCWD, v->folder, 1 /* OPEN_TREE_CLONE */)); }
static long opens_by_handle(victim v) {
  (void)v;
  struct file_handle handle = {0};
  return ended(syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
}

// --- network

static long loopback(int type, int port) {
  int fd = socket(AF_INET, type, 0);
  if (fd < 0) return -errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (type == SOCK_DGRAM) return ended(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
  return ended(connect(fd, (struct sockaddr *)&address, sizeof address));
}
static long connects(victim v) { return loopback(SOCK_STREAM, v->port); }
static long sends_datagram(victim v) { return loopback(SOCK_DGRAM, v->port); }
static long makes_unix_socket(victim v) { (void)v; return ended(socket(AF_UNIX, SOCK_STREAM, 0)); }
static long makes_socket_pair(victim v) { (void)v; int pair[2]; return ended(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)); }
static long makes_netlink_socket(victim v) { (void)v; return ended(socket(AF_NETLINK, SOCK_RAW, 0)); }
static long makes_raw_socket(victim v) { (void)v; return ended(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
static long makes_vsock(victim v) { (void)v; return ended(socket(AF_VSOCK, SOCK_STREAM, 0)); }
static long makes_alg_socket(victim v) { (void)v; return ended(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
static long binds(victim v) {
  (void)v;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return -errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return ended(bind(fd, (struct sockaddr *)&address, sizeof address));
}

// --- other processes

static long attaches(victim v) { return ended(syscall(SYS_ptrace, PTRACE_ATTACH, v->process, 0, 0)); }
static long seizes(victim v) { return ended(syscall(SYS_ptrace, PTRACE_SEIZE, v->process, 0, 0)); }
static long is_traced(victim v) { (void)v; return ended(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)); }
// Nothing need be mapped there: who is let in and finds nothing has been let in.
static long reads_memory(victim v) {
  char buffer[8];
  struct iovec local = {buffer, 8}, remote = {(void *)0x400000, 8};
  long result = ended(syscall(SYS_process_vm_readv, v->process, &local, 1L, &remote, 1L, 0L));
  return result == -EFAULT ? 0 : result;
}
static long writes_memory(victim v) {
  char buffer[8] = {0};
  struct iovec local = {buffer, 8}, remote = {(void *)8, 8};
  long result = ended(syscall(SYS_process_vm_writev, v->process, &local, 1L, &remote, 1L, 0L));
  return result == -EFAULT ? 0 : result;
}
static long opens_memory(victim v) { return opened(of_process(v, "mem"), O_RDONLY, 0); }
static long opens_memory_for_writing(victim v) { return opened(of_process(v, "mem"), O_RDWR, 0); }
static long opens_environment(victim v) { return opened(of_process(v, "environ"), O_RDONLY, 0); }
static long opens_maps(victim v) { return opened(of_process(v, "maps"), O_RDONLY, 0); }
static long opens_root(victim v) { return opened(of_process(v, "root/etc/passwd"), O_RDONLY, 0); }
static long adjusts_oom_score(victim v) { return opened(of_process(v, "oom_score_adj"), O_WRONLY, 0); }
static long renames_thread(victim v) { return opened(of_process(v, "comm"), O_WRONLY, 0); }
static long asks_signal(victim v) { return ended(syscall(SYS_kill, v->process, 0)); }
static long kills(victim v) { return ended(syscall(SYS_kill, v->process, SIGKILL)); }
static long stops(victim v) { return ended(syscall(SYS_kill, v->process, SIGSTOP)); }
static long kills_thread(victim v) { return ended(syscall(SYS_tgkill, v->process, v->process, SIGKILL)); }
static long queues_signal(victim v) {
  siginfo_t info = {.si_signo = SIGKILL, .si_code = SI_QUEUE};
  return ended(syscall(SYS_rt_sigqueueinfo, v->process, SIGKILL, &info));
}
static long kills_by_descriptor(victim v) {
  long fd = ended(syscall(SYS_pidfd_open, v->process, 0));
  return fd < 0 ? fd : ended(syscall(SYS_pidfd_send_signal, (int)fd, SIGKILL, NULL, 0));
}
static long takes_descriptor(victim v) {
  long fd = ended(syscall(SYS_pidfd_open, v->process, 0));
  return fd < 0 ? fd : ended(syscall(438 /* pidfd_getfd */, (int)fd, 0, 0));
}
static long limits_process(victim v) {
  struct rlimit limit = {3, 3};
  return ended(syscall(SYS_prlimit64, v->process, RLIMIT_NOFILE, &limit, NULL));
}
static long slows_process(victim v) { return ended(syscall(SYS_setpriority, PRIO_PROCESS, v->process, 19)); }
static long pins_process(victim v) {
  unsigned long mask = 1;
  return ended(syscall(SYS_sched_setaffinity, v->process, sizeof mask, &mask));
}
static long compares_processes(victim v) { return ended(syscall(SYS_kcmp, v->process, v->process, 1, 0, 0)); }

// --- code

static long executes(victim v) {
  char *const arguments[] = {(char *)v->program, NULL};
  return ended(syscall(SYS_execve, v->program, arguments, arguments + 1));
}
static long executes_at(victim v) {
  char *const arguments[] = {(char *)v->program, NULL};
  return ended(syscall(SYS_execveat, AT_FDCWD, v->program, arguments, arguments + 1, 0));
}
static long executes_from_memory(victim v) {
  (void)v;
  static const char script[] = "#!/bin/true\n";
  long fd = ended(syscall(SYS_memfd_create, "x", 0));
  if (fd < 0) return fd;
  if (write((int)fd, script, sizeof script - 1) < 0) return -errno;
  char *const arguments[] = {"x", NULL};
  return ended(syscall(SYS_execveat, (int)fd, "", arguments, arguments + 1, AT_EMPTY_PATH));
}
// The copy ends at once, and without a word: only the one that asked goes on.
static long child(long result) {
  if (result == 0) syscall(SYS_exit_group, 0);
  return ended(result);
}
static long forks(victim v) {
  (void)v;
#ifdef SYS_fork
  return child(syscall(SYS_fork));
#else
  return child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
#endif
}
static long clones(victim v) { (void)v; return child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static long clones_newly(victim v) {
  (void)v;
  uint64_t arguments[8] = {0, 0, 0, 0, SIGCHLD};
  return child(syscall(SYS_clone3, arguments, sizeof arguments));
}
static long maps_executable(victim v) {
  (void)v;
  return syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L) == -1 ? -errno : 0;
}
static long maps_file_executable(victim v) {
  long fd = opened(v->program, O_RDONLY, 0);
  if (fd < 0) return fd;
  return syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, (int)fd, 0L) == -1 ? -errno : 0;
}
static long makes_executable(victim v) {
  (void)v;
  long page = syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L);
  if (page == -1) return -errno;
  return ended(syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC));
}
static long makes_executable_by_key(victim v) {
  (void)v;
  long page = syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L);
  if (page == -1) return -errno;
  return ended(syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1));
}
static long shares_executable(victim v) {
  (void)v;
  int id = shmget(IPC_PRIVATE, 4096, 0700);
  if (id < 0) return -errno;
  long result = (long)shmat(id, NULL, SHM_EXEC) == -1 ? -errno : 0;
  shmctl(id, IPC_RMID, NULL);
  return result;
}
static long makes_memory_file(victim v) { (void)v; return ended(syscall(SYS_memfd_create, "x", 0)); }
static long changes_personality(victim v) { (void)v; return ended(syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */)); }

// --- the kernel

static long unshares_user(victim v) { (void)v; return ended(syscall(SYS_unshare, CLONE_NEWUSER)); }
static long enters_namespace(victim v) {
  long fd = opened(of_process(v, "ns/net"), O_RDONLY, 0);
  return ended(syscall(SYS_setns, (int)(fd < 0 ? 0 : fd), 0));
}
static long becomes_root(victim v) { (void)v; return ended(syscall(SYS_setresuid, 0, 0, 0)); }
static long becomes_root_group(victim v) { (void)v; return ended(syscall(SYS_setresgid, 0, 0, 0)); }
static long joins_groups(victim v) { (void)v; gid_t zero = 0; return ended(syscall(SYS_setgroups, 1, &zero)); }
static long becomes_dumpable(victim v) { (void)v; return ended(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static long lets_itself_be_traced(victim v) { (void)v; return ended(prctl(0x59616d61 /* PR_SET_PTRACER */, -1, 0, 0, 0)); }
static long loads_filter(victim v) {
  (void)v;
  struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  struct sock_fprog program = {1, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return ended(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}
static long loads_bpf(victim v) { (void)v; union bpf_attr a = {0}; return ended(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a)); }
static long opens_perf(victim v) {
  (void)v;
  struct perf_event_attr a = {.type = PERF_TYPE_SOFTWARE, .size = sizeof a, .exclude_kernel = 1};
  return ended(syscall(SYS_perf_event_open, &a, 0, -1, -1, 0));
}
static long sets_up_ring(victim v) { (void)v; char p[120] = {0}; return ended(syscall(SYS_io_uring_setup, 1, p)); }
static long adds_key(victim v) { (void)v; return ended(syscall(SYS_add_key, "user", "x", "y", 1, -3)); }
static long reads_keys(victim v) { (void)v; return ended(syscall(SYS_keyctl, 0, -3, 1)); }
static long handles_faults(victim v) { (void)v; return ended(syscall(SYS_userfaultfd, 1 /* USER_MODE_ONLY */)); }
static long loads_module(victim v) { (void)v; return ended(syscall(SYS_init_module, "", 0, "")); }
static long watches(victim v) { (void)v; return ended(syscall(SYS_inotify_init1, 0)); }
static long reads_kernel_log(victim v) { (void)v; char b[8]; return ended(syscall(SYS_syslog, 3, b, sizeof b)); }
static long sets_clock(victim v) { (void)v; struct timespec t = {1, 0}; return ended(syscall(SYS_clock_settime, 0, &t)); }
static long names_host(victim v) { (void)v; return ended(syscall(SYS_sethostname, "x", 1)); }
static long reboots(victim v) { (void)v; return ended(syscall(SYS_reboot, 0, 0, 0, NULL)); }
static long swaps(victim v) { return ended(syscall(SYS_swapon, v->file, 0)); }
static long makes_queue(victim v) { (void)v; return ended(syscall(SYS_msgget, IPC_PRIVATE, 0600)); }
static long pushes_terminal_input(victim v) { (void)v; return ended(ioctl(0, TIOCSTI, "x")); }
static long raises_limit(victim v) {
  (void)v;
  struct rlimit limit = {1 << 20, 1 << 20};
  return ended(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL));
}

// --- other ways into the kernel

static long calls_by_x32(victim v) {
  (void)v;
#ifdef __x86_64__
  return ended(syscall(0x40000000 + SYS_getppid));
#else
  return -ENOSYS;
#endif
}
// getppid through the 32-bit gate: filters see another architecture.
static long calls_by_interrupt(victim v) {
  (void)v;
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(64) : "memory", "r8", "r9", "r10", "r11");
  return result;
#else
  return -ENOSYS;
#endif
}

static const struct {
  const char *name;
  long (*perform)(victim);
  int works_unconfined;
} attacks[] = {
    {"nothing", does_nothing, 1},
    {"open_for_writing", open_for_writing, 1},
    {"open_for_both", open_for_both, 1},
    {"open_with_neither", open_with_neither, 1},
    {"open_to_append", open_to_append, 1},
    {"open_to_truncate", open_to_truncate, 1},
    {"open_to_create", open_to_create, 1},
    {"open_temporary", open_temporary, 1},
    {"openat2", open_how, 1},
    {"write_through_reading", write_through_reading, 1},
    {"truncate", truncates, 1},
    {"unlink", unlinks, 1},
    {"rename", renames, 1},
    {"link", links, 1},
    {"symlink", links_symbolically, 1},
    {"mkdir", makes_directory, 1},
    {"mkfifo", makes_fifo, 1},
    {"mknod", makes_device, 0},
    {"chmod", changes_mode, 1},
    {"fchmodat2", changes_mode_newly, 1},
    {"chown", changes_owner, 1},
    {"utimensat", changes_times, 1},
    {"setxattr", sets_attribute, 1},
    {"chroot", changes_root, 0},
    {"mount", mounts, 0},
    {"umount", unmounts, 0},
    {"open_tree", opens_tree, 0},
    {"open_by_handle_at", opens_by_handle, 0},
    {"connect", connects, 1},
    {"send_datagram", sends_datagram, 1},
    {"unix_socket", makes_unix_socket, 1},
    {"socketpair", makes_socket_pair, 1},
    {"netlink_socket", makes_netlink_socket, 1},
    {"raw_socket", makes_raw_socket, 0},
    {"vsock", makes_vsock, 0},
    {"alg_socket", makes_alg_socket, 0},
    {"bind", binds, 1},
    {"ptrace_attach", attaches, 1},
    {"ptrace_seize", seizes, 1},
    {"ptrace_traceme", is_traced, 1},
    {"process_vm_readv", reads_memory, 1},
    {"process_vm_writev", writes_memory, 1},
    {"open_mem", opens_memory, 1},
    {"open_mem_for_writing", opens_memory_for_writing, 1},
    {"open_environ", opens_environment, 1},
    {"open_maps", opens_maps, 1},
    {"open_root", opens_root, 1},
    {"oom_score_adj", adjusts_oom_score, 1},
    {"comm", renames_thread, 1},
    {"signal_0", asks_signal, 1},
    {"kill", kills, 1},
    {"stop", stops, 1},
    {"tgkill", kills_thread, 1},
    {"sigqueue", queues_signal, 1},
    {"pidfd_send_signal", kills_by_descriptor, 1},
    {"pidfd_getfd", takes_descriptor, 1},
    {"prlimit", limits_process, 1},
    {"setpriority", slows_process, 1},
    {"sched_setaffinity", pins_process, 1},
    {"kcmp", compares_processes, 0},
    {"execve", executes, 1},
    {"execveat", executes_at, 1},
    {"execute_from_memory", executes_from_memory, 1},
    {"fork", forks, 1},
    {"clone", clones, 1},
    {"clone3", clones_newly, 1},
    {"mmap_executable", maps_executable, 1},
    {"mmap_file_executable", maps_file_executable, 1},
    {"mprotect_executable", makes_executable, 1},
    {"pkey_mprotect_executable", makes_executable_by_key, 1},
    {"shm_executable", shares_executable, 1},
    {"memfd_create", makes_memory_file, 1},
    {"personality", changes_personality, 1},
    {"unshare_user", unshares_user, 0},
    {"setns", enters_namespace, 0},
    {"setuid_root", becomes_root, 0},
    {"setgid_root", becomes_root_group, 0},
    {"setgroups", joins_groups, 0},
    {"set_dumpable", becomes_dumpable, 1},
    {"set_ptracer", lets_itself_be_traced, 0},
    {"seccomp", loads_filter, 1},
    {"bpf", loads_bpf, 0},
    {"perf_event_open", opens_perf, 0},
    {"io_uring_setup", sets_up_ring, 0},
    {"add_key", adds_key, 0},
    {"keyctl", reads_keys, 0},
    {"userfaultfd", handles_faults, 0},
    {"init_module", loads_module, 0},
    {"inotify", watches, 1},
    {"syslog", reads_kernel_log, 0},
    {"clock_settime", sets_clock, 0},
    {"sethostname", names_host, 0},
    {"reboot", reboots, 0},
    {"swapon", swaps, 0},
    {"msgget", makes_queue, 1},
    {"terminal_input", pushes_terminal_input, 0},
    {"raise_core_limit", raises_limit, 0},
    {"x32_call", calls_by_x32, 0},
    {"int_0x80_call", calls_by_interrupt, 0},
};

int ca_count(void) { return sizeof attacks / sizeof *attacks; }
const char *ca_name(int attack) { return attacks[attack].name; }
int ca_works_unconfined(int attack) { return attacks[attack].works_unconfined; }
long ca_perform(int attack, const struct ca_victim *victim) { return attacks[attack].perform(victim); }

long ca_call(long number, const long arguments[6]) {
  return ended(
      syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
}

int ca_take_attacker(int listener, int collector, int *attacker) {
  // The listening socket does not block; the attacker comes when it comes.
  while ((*attacker = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0) {
    if (errno != EAGAIN && errno != EINTR) return -errno;
    usleep(10000);
  }
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = *attacker};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, *attacker, &event) < 0) return -errno;
  event.data.fd = collector;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, collector, &event) < 0) return -errno;
  return epoll;
}

void ca_relay(int epoll, int attacker, int collector) {
  static char buffer[65536];
  struct epoll_event event;
  while (epoll_wait(epoll, &event, 1, -1) == 1) {
    ssize_t count = read(event.data.fd, buffer, sizeof buffer);
    if (count <= 0) return;
    int to = event.data.fd == attacker ? collector : attacker;
    for (ssize_t done = 0; done < count;) {
      ssize_t written = write(to, buffer + done, (size_t)(count - done));
      if (written <= 0) return;
      done += written;
    }
  }
}

pid_t ca_fork(void) { return fork(); }

int ca_wait(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
  }
  return status;
}

void ca_alarm(unsigned seconds) { alarm(seconds); }

int ca_become(uid_t user) {
  if (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0) return -errno;
  return 0;
}
