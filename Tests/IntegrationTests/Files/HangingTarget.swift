import Foundation
import Glibc
import Testing

/// A workload whose files or memory stop answering, by a FUSE file system made with nothing but mount(2) and /dev/fuse, in
/// a mount namespace of its own. Needs root; the workload itself is an ordinary user's.
final class HangingTarget {
  private let child: Child
  private let folder: TemporaryFolder
  /// Where the FUSE file system is mounted, inside of `base`.
  let base: String
  /// Pids of the workloads by name.
  let workloads: [String: Int32]

  init(_ mode: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("target.py", Self.program)
    base = folder.path("base")
    try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    child = try Child(
      "/usr/bin/unshare",
      ["--mount", "--propagation", "private", "/usr/bin/python3", folder.path("target.py"), mode, base],
      output: folder.path("output"), error: folder.path("error"))
    var found: [String: Int32] = [:]
    let deadline = Date().addingTimeInterval(120)
    while found["ready"] == nil, Date() < deadline {
      usleep(50_000)
      for line in ((try? folder.read("output")) ?? "").split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2 { found[String(words[0])] = Int32(words[1]) }
      }
    }
    workloads = found
    let error = (try? folder.read("error")) ?? ""
    self.folder = folder
    try #require(found["ready"] != nil, "\(error)")
  }

  func pid(_ name: String) throws -> Int32 { try #require(workloads[name]) }

  /// From now on the file system takes requests and answers none.
  func freeze() throws {
    kill(try pid("ready"), SIGUSR1)
    let deadline = Date().addingTimeInterval(60)
    while !((try? folder.read("output")) ?? "").contains("frozen"), Date() < deadline { usleep(10_000) }
    try #require(try folder.read("output").contains("frozen"))
  }

  /// The file system goes away: whoever waits for it gets an error.
  func end() {
    if let server = workloads["ready"] { kill(server, SIGKILL) }
  }

  deinit {
    end()
    _ = child.wait()
  }

  private static let program = #"""
    import ctypes, mmap, os, signal, struct, sys, threading, time
    libc = ctypes.CDLL(None, use_errno=True)
    mode, base = sys.argv[1:]

    def check(result, what):
        if result < 0: raise OSError(ctypes.get_errno(), what)
        return result

    def mount(source, target, kind, options=""):
        check(libc.mount(source.encode(), target.encode(), kind.encode(), 0, options.encode()), f"mount {kind}")

    def become_unprivileged():
        os.setgroups([]); os.setresgid(65533, 65533, 65533); os.setresuid(65533, 65533, 65533)
        # PR_SET_PDEATHSIG and PR_SET_DUMPABLE, which the change of user takes away.
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)
        libc.prctl(4, 1, 0, 0, 0)

    def workload(name, prepare=lambda: None):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            # Else it would keep the file system alive when the server has gone.
            os.close(device)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            prepare()
            become_unprivileged()
            os.write(writing, b"r")
            while True: signal.pause()
        os.read(reading, 1)
        print(name, pid, flush=True)
        return pid

    # FUSE, include/uapi/linux/fuse.h: a folder with a file and a folder with a file.
    frozen = threading.Event()
    def freeze(*_):
        frozen.set()
        print("frozen", os.getpid(), flush=True)
    signal.signal(signal.SIGUSR1, freeze)
    names = {(1, b"file"): 2, (1, b"folder"): 3, (3, b"inner"): 4, (1, b"trap"): 5}
    opened = set()
    content = b"content of a file that is longer than thirty-two bytes\n" * 4000

    def attributes(node):
        folder = node in (1, 3)
        return struct.pack(
            "<QQQQQQIIIIIIIIII", node, 0 if folder else len(content), 8, 1700000000, 1700000000, 1700000000, 0, 0, 0,
            0o40755 if folder else 0o100644, 2 if folder else 1, 0, 0, 0, 4096, 0)

    def answer(code, node, body):
        if code == 1:  # LOOKUP
            found = names.get((node, body.rstrip(b"\0")))
            return 0 if found else 2, struct.pack("<QQQQII", found, 0, 0, 0, 0, 0) + attributes(found) if found else b""
        if code == 3: return 0, struct.pack("<QII", 0, 0, 0) + attributes(node)
        if code == 14:  # OPEN
            # The second time the trap is opened past the cache (FOPEN_DIRECT_IO), which is kept (FOPEN_KEEP_CACHE).
            flags = 3 if node == 5 and node in opened else 0
            opened.add(node)
            return 0, struct.pack("<QII", 0, flags, 0)
        if code == 27: return 0, struct.pack("<QII", 0, 0, 0)
        if code == 15:  # READ
            _, offset, size = struct.unpack_from("<QQI", body)
            return 0, content[offset:offset + size]
        if code == 17: return 0, struct.pack("<QQQQQIIII24x", 1000, 500, 500, 100, 50, 4096, 255, 4096, 0)
        if code in (18, 25, 29): return 0, b""
        if code == 26:
            return 0, struct.pack("<IIIIHHIIHHIIIHH6I", 7, 31, 65536, 0, 12, 9, 65536, 1, *[0] * 13)[:64]
        if code == 28:  # READDIR
            if struct.unpack_from("<QQI", body)[1]: return 0, b""
            out = b""
            for place, ((parent, name), child) in enumerate(names.items()):
                if parent == node:
                    entry = struct.pack("<QQII", child, place + 1, len(name), 4 if child == 3 else 8) + name
                    out += entry + b"\0" * (-len(entry) % 8)
            return 0, out
        return 38, b""

    def serve(device):
        while True:
            request = os.read(device, 1 << 17)
            if frozen.is_set(): continue
            _, code, unique, node = struct.unpack_from("<IIQQ", request)
            if code in (2, 36, 42) or (code, node) == (15, 5): continue
            error, data = answer(code, node, request[40:])
            os.write(device, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def make_fuse():
        mount("none", base, "tmpfs", "mode=755")
        for name in ("fuse", "upper", "work", "root", "plain"): os.mkdir(f"{base}/{name}")
        global device
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        mount(
            "none", f"{base}/fuse", "fuse",
            f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions")
        threading.Thread(target=serve, args=[device], daemon=True).start()
        mount(
            "none", f"{base}/root", "overlay",
            f"lowerdir={base}/fuse,upperdir={base}/upper,workdir={base}/work,redirect_dir=off,index=off")

    def enter(path):
        os.chroot(path)
        os.chdir("/")

    # A process whose memory cannot be read: it hangs in mmap(2), with its mmap_lock held, since the kernel first wants to
    # drop a page that somebody else waits for. The server never gives that page.
    def withheld():
        def reader():
            os.read(os.open(f"{base}/fuse/trap", os.O_RDONLY), 10)

        def mapper():
            mmap.mmap(os.open(f"{base}/fuse/trap", os.O_RDONLY), 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)

        for name, body in [("reader", reader)] + [(f"hung{number}", mapper) for number in range(int(mode))]:
            pid = os.fork()
            if pid == 0:
                become_unprivileged()
                body()
            print(name, pid, flush=True)
            # It waits for the server when it sleeps in the kernel.
            while open(f"/proc/{pid}/wchan").read() == "0" : time.sleep(0.02)
            time.sleep(0.3)

    if mode == "fuse":
        make_fuse()
        workload("beside")
        workload("inside", lambda: enter(f"{base}/fuse"))
        workload("above", lambda: enter(f"{base}/root"))
    else:
        make_fuse()
        workload("family", withheld)
    print("ready", os.getpid(), flush=True)
    while True: signal.pause()
    """#
}
