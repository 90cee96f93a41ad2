import Foundation
import Testing

/// Python run as the user and group of a process, without capabilities: another process of the workload.
enum Neighbour {
  static func run(as process: Int, _ script: String, _ arguments: [String]) throws -> Sidelight.Result {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    func id(_ label: String) throws -> String {
      String(try #require(status.split(separator: "\n").first { $0.hasPrefix("\(label):") }?.split(separator: "\t")[1]))
    }
    // Not setpriv(1), which holds capabilities until it executes.
    let become =
      "import os; os.setgroups([]); os.setresgid(*[\(try id("Gid"))] * 3); os.setresuid(*[\(try id("Uid"))] * 3)\n"
    return try Sidelight.run(program: "/usr/bin/python3", ["-c", become + script] + arguments)
  }

  /// Everything that a process can try on another one whose number is the argument. Prints what worked, then `tried`.
  /// Nothing here harms one that lets it happen.
  static let attacks = """
    import ctypes, os, sys
    pid = int(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    libc.ptrace.restype = libc.syscall.restype = ctypes.c_long
    def call(*arguments):
        return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    places = [f"/proc/{pid}"]
    try:
        places += [f"/proc/{pid}/task/{t}" for t in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        pass
    for place in places:
        for name in ["environ", "mem", "maps", "smaps", "smaps_rollup", "numa_maps", "auxv", "io", "syscall", "personality",
                     "stack", "pagemap", "fd/0", "fd/3", "root/etc/passwd", "cwd/.", "exe"]:
            try:
                with open(f"{place}/{name}", "rb") as file:
                    if name == "mem":
                        for line in open(f"{place}/maps"):
                            file.seek(int(line.split("-")[0], 16))
                            break
                    if file.read(1):
                        print("READ", name)
            except OSError:
                pass
        for name in ["fd", "fdinfo", "map_files", "ns", "root", "cwd"]:
            try:
                # The names in ns are the same for everybody; where they lead is not.
                if name == "ns":
                    os.readlink(f"{place}/ns/net")
                elif not os.listdir(f"{place}/{name}"):
                    continue
                print("LIST", name)
            except OSError:
                pass
        for name in ["root", "exe", "cwd", "fd/0", "fd/3", "ns/user", "ns/mnt"]:
            try:
                os.readlink(f"{place}/{name}")
                print("LINK", name)
            except OSError:
                pass
        for name in ["mem", "comm", "oom_score_adj", "clear_refs", "coredump_filter", "timerslack_ns", "attr/exec",
                     "fd/1", "loginuid", "uid_map", "setgroups", "sched"]:
            try:
                descriptor = os.open(f"{place}/{name}", os.O_WRONLY)
                # Some can be opened by everybody, and ask when they are written to.
                if name == "mem" or os.write(descriptor, b"0") > 0:
                    print("WRITE", name)
            except OSError:
                pass
    for thread in [int(place.split("/")[-1]) for place in places]:
        for request in (16, 0x4206):  # PTRACE_ATTACH, PTRACE_SEIZE
            if libc.ptrace(request, thread, 0, 0) == 0:
                print("TRACED", request)
                if request == 16:
                    os.waitpid(thread, 0x40000000)
                else:
                    libc.ptrace(0x4207, thread, 0, 0)
                    os.waitpid(thread, 0x40000000)
                libc.ptrace(17, thread, 0, 0)
    class iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    buffer = ctypes.create_string_buffer(8)
    local = iovec(ctypes.addressof(buffer), 8)
    remote = iovec(0x400000, 8)
    for function in (libc.process_vm_readv, libc.process_vm_writev):
        result = function(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        # EFAULT: let in, and nothing is there.
        if result > 0 or ctypes.get_errno() == 14:
            print("MEMORY")
    descriptor = os.pidfd_open(pid)
    if call(438, descriptor, 0, 0) >= 0:  # pidfd_getfd
        print("DESCRIPTOR")
    if call(440, descriptor, ctypes.byref(remote), 1, 20, 0) >= 0:  # process_madvise, MADV_COLD
        print("ADVISED")
    if os.uname().machine == "x86_64":
        if call(312, pid, os.getpid(), 1, 0, 0) >= 0:  # kcmp
            print("COMPARED")
        if call(279, pid, 1, ctypes.byref(ctypes.c_void_p(0x400000)), 0, ctypes.byref(ctypes.c_int()), 0) >= 0:  # move_pages
            print("PAGES")
        attribute = ctypes.create_string_buffer(b"\\1\\0\\0\\0\\x80\\0\\0\\0" + bytes(120))
        if call(298, attribute, pid, -1, -1, 0) >= 0:  # perf_event_open
            print("PERF")
        if call(308, descriptor, 0x40000000) >= 0:  # setns, CLONE_NEWNET
            print("NAMESPACE")
    print("tried")
    """
}
