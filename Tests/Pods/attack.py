"""Run as the workload's user inside of its container, with the pids of the agent: tries to get at it, and names whatever
worked. The last line says how many it has tried."""
import ctypes
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def attempt(name, action):
    try:
        if action() is not False:
            print("GOT", name)
    except OSError:
        pass


for pid in sys.argv[1:]:
    for name in ("environ", "mem", "maps", "smaps", "auxv", "io", "syscall", "stack", "pagemap", "fd/3", "fdinfo/3"):
        attempt(f"{pid}/{name}", lambda: open(f"/proc/{pid}/{name}", "rb").read(1))
    for name in ("fd", "map_files", "root", "root/run/sidelight/credentials", "cwd"):
        attempt(f"{pid}/{name}", lambda: os.listdir(f"/proc/{pid}/{name}"))
    for name in ("exe", "root", "cwd", "fd/0", "fd/3", "ns/net", "ns/mnt"):
        attempt(f"{pid}/{name} link", lambda: os.readlink(f"/proc/{pid}/{name}"))
    for name in ("mem", "oom_score_adj", "clear_refs"):
        attempt(f"{pid}/{name} for writing", lambda: os.write(os.open(f"/proc/{pid}/{name}", os.O_WRONLY), b"0"))
    for request in (16, 0x4206):  # PTRACE_ATTACH, PTRACE_SEIZE
        attempt(f"{pid} ptrace {request}", lambda: libc.ptrace(request, int(pid), 0, 0) == 0)
    buffer = ctypes.create_string_buffer(8)
    local = Vector(ctypes.addressof(buffer), 8)
    for address in (0x400000, 0x200000):
        remote = Vector(address, 8)
        attempt(f"{pid} memory", lambda: libc.process_vm_readv(
            int(pid), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0)
    pidfd = os.pidfd_open(int(pid))
    for number in range(12):  # pidfd_getfd(2) is 438
        attempt(f"{pid} descriptor {number}", lambda: libc.syscall(438, pidfd, number, 0) >= 0)
    attempt(f"{pid} kcmp", lambda: libc.syscall(312, os.getpid(), int(pid), 2, 0, 0) >= 0)

for path in ("/etc/sidelight/agent.json", "/run/sidelight/credentials/tls.key", "/sidelight-agent"):
    attempt(path, lambda: open(path, "rb").read(1))
# The agent has no UNIX socket with a name, in the file system or abstract.
for line in open("/proc/net/unix").read().splitlines()[1:]:
    name = line.split()[-1] if len(line.split()) > 7 else ""
    attempt(f"socket {name}", lambda: "sidelight" in name or "sl-" in name)
# Its port answers a stranger with nothing but a TLS alert.
with socket.create_connection(("127.0.0.1", 7443), 5) as peer:
    peer.settimeout(5)
    peer.sendall(b"GET /v1/processes HTTP/1.1\r\nHost: x\r\n\r\n")
    attempt("plain text", lambda: b"HTTP" in peer.recv(4096))
print("tried", len(sys.argv) - 1)
