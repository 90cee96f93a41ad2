"""Run as the workload's user, with processes and ports as JSON: tries to get at each. Prints for each process which attacks
worked and which failed, which ports speak HTTP to a stranger, which UNIX sockets of the agent's name there are, and which of
its files lie here. A process that it gets at stays as it was."""
import ctypes
import json
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
KCMP, GET_ROBUST_LIST = {"x86_64": (312, 274), "aarch64": (272, 100)}[os.uname().machine]
PIDFD_GETFD = 438
AGENT_FILES = ("/etc/sidelight/agent.json", "/run/sidelight/credentials/tls.key")


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def call(function, *arguments):
    result = function(*(ctypes.c_long(item) if isinstance(item, int) else item for item in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def opened(path, flags=os.O_RDONLY):
    """Closed at the latest when this process ends."""
    return os.open(path, flags | os.O_CLOEXEC)


def again(path, prefix=""):
    """Writes what is there."""
    with open(path) as file:
        text = prefix + file.read()
    os.write(opened(path, os.O_WRONLY), text.encode())


def trace(pid, request):
    call(libc.ptrace, request, pid, 0, 0)
    if request == 0x4206:  # PTRACE_SEIZE does not stop; PTRACE_INTERRUPT
        call(libc.ptrace, 0x4207, pid, 0, 0)
    os.waitpid(pid, 0x40000000)  # __WALL
    call(libc.ptrace, 17, pid, 0, 0)  # PTRACE_DETACH


def memory(function, pid, address):
    buffer = ctypes.create_string_buffer(8)
    local, remote = Vector(ctypes.addressof(buffer), 8), Vector(address, 8)
    call(function, pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)


def any_descriptor(pid):
    pidfd = os.pidfd_open(pid)
    for number in range(64):
        if libc.syscall(PIDFD_GETFD, pidfd, number, 0) >= 0:
            return
    raise OSError(ctypes.get_errno(), "none of 64")


def attacks(pid, address):
    """`address` is where the process has memory that can be read and written, and that nothing uses: the far end of its
    stack."""
    proc = f"/proc/{pid}"
    for name in ("environ", "maps", "smaps", "smaps_rollup", "auxv", "io", "syscall", "personality", "pagemap", "exe", "fd/0",
                 "fdinfo/0", f"task/{pid}/environ", *("root" + path for path in AGENT_FILES), "cwd" + AGENT_FILES[0]):
        yield f"read {name}", lambda: os.read(opened(f"{proc}/{name}"), 4096)
    for name in ("fd", "map_files", "root", "cwd", "root/run/sidelight/credentials", f"task/{pid}/fd"):
        yield f"list {name}", lambda: os.listdir(f"{proc}/{name}")
    for name in ("exe", "root", "cwd", "fd/0", "ns/net", "ns/mnt"):
        yield f"follow {name}", lambda: os.readlink(f"{proc}/{name}")
    yield "open ns/net", lambda: opened(f"{proc}/ns/net")
    yield "open mem", lambda: opened(f"{proc}/mem")
    yield "open mem for writing", lambda: opened(f"{proc}/mem", os.O_RDWR)
    yield "read mem", lambda: os.pread(opened(f"{proc}/mem"), 8, address)
    yield "write mem", lambda: os.pwrite(opened(f"{proc}/mem", os.O_RDWR), bytes(8), address)
    yield "write oom_score_adj", lambda: again(f"{proc}/oom_score_adj")
    yield "write coredump_filter", lambda: again(f"{proc}/coredump_filter", "0x")
    yield "write clear_refs", lambda: os.write(opened(f"{proc}/clear_refs", os.O_WRONLY), b"1")
    yield "ptrace attach", lambda: trace(pid, 16)
    yield "ptrace seize", lambda: trace(pid, 0x4206)
    yield "process_vm_readv", lambda: memory(libc.process_vm_readv, pid, address)
    yield "process_vm_writev", lambda: memory(libc.process_vm_writev, pid, address)
    yield "pidfd_getfd", lambda: any_descriptor(pid)
    yield "get_robust_list", lambda: call(libc.syscall, GET_ROBUST_LIST, pid, ctypes.byref(ctypes.c_void_p()),
                                          ctypes.byref(ctypes.c_size_t()))
    yield "kcmp", lambda: call(libc.syscall, KCMP, os.getpid(), pid, 1, 0, 0)


def works(action):
    try:
        action()
        return True
    except OSError:
        return False


def speaks_http(port):
    with socket.create_connection(("127.0.0.1", port), 30) as peer:
        peer.settimeout(30)
        peer.sendall(b"GET /v1/processes HTTP/1.1\r\nHost: x\r\n\r\n")
        return b"HTTP" in peer.recv(4096)


asked = json.loads(sys.argv[1])
processes = {}
for name, (pid, address) in asked["processes"].items():
    os.stat(f"/proc/{pid}")
    processes[name] = {True: [], False: []}
    for attack, action in attacks(pid, address):
        processes[name][works(action)].append(attack)
    processes[name] = {"worked": processes[name][True], "failed": processes[name][False]}
sockets = [line.split()[-1] for line in open("/proc/net/unix").read().splitlines()[1:] if len(line.split()) > 7]
print(json.dumps({
    "processes": processes, "http": [port for port in asked["ports"] if speaks_http(port)],
    "sockets": [name for name in sockets if "sidelight" in name or "sl-" in name],
    "files": [path for path in AGENT_FILES if works(lambda: opened(path))]}))
