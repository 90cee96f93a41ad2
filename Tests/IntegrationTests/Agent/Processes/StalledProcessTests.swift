import Foundation
import Glibc
import Testing

/// A process whose memory nobody can read: a thread holds its mmap_lock and waits for a file system that is dead.
@Suite(
  "A process that hangs", .serialized,
  .enabled(if: getuid() == 0 && FileManager.default.fileExists(atPath: "/dev/fuse"), "needs root and FUSE"))
struct StalledProcessTests {
  /// A FUSE server in a mount namespace of its own that answers all but writes; and in there, as the workload's user, a
  /// process that maps a file, writes to it, and maps something over it: the kernel waits for the write with the lock.
  private static let script = #"""
    import ctypes, os, signal, struct, sys, time
    libc = ctypes.CDLL(None, use_errno=True)
    folder = sys.argv[1]
    if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x44000, None): sys.exit(2)
    fd = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"fuse", folder.encode(), b"fuse", 0, options): sys.exit(3)

    def attributes(inode):
        mode = 0o40755 if inode == 1 else 0o100666
        return struct.pack("<QQQQQQIIIIIIIIII", inode, 65536, 128, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def serve():
        while True:
            try:
                data = os.read(fd, 1 << 20)
            except OSError:
                os._exit(0)
            _, call, unique, node = struct.unpack("<IIQQ", data[:24])
            def reply(payload=b"", error=0):
                os.write(fd, struct.pack("<IiQ", 16 + len(payload), error, unique) + payload)
            if call == 26:  # INIT: with a cache for writes
                readahead = struct.unpack("<III", data[40:52])[2]
                reply(struct.pack("<IIIIHHIIHHII", 7, 31, readahead, 1 << 16 | 1 << 5 | 1, 16, 12, 1 << 17, 1, 32, 0, 0, 0) + b"\0" * 24)
            elif call == 1: reply(struct.pack("<QQQQII", 2, 0, 3600, 3600, 0, 0) + attributes(2))  # LOOKUP
            elif call in (3, 4): reply(struct.pack("<QII", 3600, 0, 0) + attributes(node))  # GETATTR, SETATTR
            elif call in (14, 27): reply(struct.pack("<QII", 1, 0, 0))  # OPEN
            elif call == 15: reply(b"x" * min(struct.unpack("<QQI", data[40:60])[2], 65536))  # READ
            elif call == 16: pass  # WRITE
            elif call in (18, 25, 29): reply()
            elif call not in (2, 42): reply(error=-38)

    server = os.fork()
    if server == 0: serve()
    os.close(fd)

    def become():
        os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)

    def stick(name):
        file = os.open(folder + "/" + name, os.O_RDWR)
        become()
        libc.prctl(15, b"stuck"); libc.prctl(4, 1)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        base = libc.mmap(None, 65536, 3, 1, file, 0)
        ctypes.memset(base, 0x41, 65536)
        libc.mmap(base, 65536, 3, 0x32, -1, 0)
        time.sleep(600)

    stuck = os.fork()
    if stuck == 0: stick("a")
    while " D " not in open(f"/proc/{stuck}/stat").read(): time.sleep(0.05)
    healthy = os.fork()
    if healthy == 0:
        become()
        os.execve("/usr/bin/sleep", ["sleep", "601"], {"LANG": "C"})
    while "sleep" not in open(f"/proc/{healthy}/comm").read(): time.sleep(0.05)
    print(server, stuck, healthy, flush=True)
    become()
    os.execv("/usr/bin/sleep", ["sleep", "602"])
    """#

  @Test("one request waits in vain; then the process is there with a word for what hangs, and all others whole")
  func stalled() throws {
    let folder = try TemporaryFolder()
    _ = unsafe chmod(folder.path, 0o755)
    try FileManager.default.createDirectory(atPath: folder.path("mount"), withIntermediateDirectories: false)
    try folder.write("tree.py", Self.script)
    let top = try Child(
      "/usr/bin/python3", ["-I", folder.path("tree.py"), folder.path("mount")], output: folder.path("output"),
      error: folder.path("error"))
    var pids: [Int] = []
    defer {
      // The server first: with it the file system ends, and whoever waits for it goes on.
      for pid in pids { kill(pid_t(pid), SIGKILL) }
      top.stop()
    }
    let deadline = Date().addingTimeInterval(60)
    while pids.count < 3, Date() < deadline {
      usleep(20_000)
      let text = (try? folder.read("output")) ?? ""
      if text.hasSuffix("\n") { pids = text.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { Int($0) } }
    }
    try #require(pids.count == 3, Comment(rawValue: (try? folder.read("error")) ?? ""))
    let (server, stuck, healthy) = (pids[0], pids[1], pids[2])
    let agent = try AgentUnderTest([], options: ["--pid", "\(top.pid)"])
    let token = try agent.token()

    // Whoever comes first waits for it, and is told so in the end. `dev up` may have been the first.
    let first = try agent.get("/v1/processes", token: token)
    #expect(first.status == 200 || first.code == "target_unresponsive", "\(first.body)")
    for _ in 0..<5 {
      let start = Date()
      let answer = try agent.get("/v1/processes", token: token)
      let list = try #require(try answer.json["processes"] as? [[String: Any]], "\(answer.body)")
      #expect(Date().timeIntervalSince(start) < 5)
      let hanging = try #require(list.first { $0["pid"] as? Int == stuck })
      #expect(hanging["state"] as? String == "D" && hanging["command"] as? String == "stuck")
      #expect(AgentUnderTest.status("arguments", in: hanging) == "stalled")
      let other = try #require(list.first { $0["pid"] as? Int == healthy })
      #expect(other["arguments"] as? [String] == ["sleep", "601"])
    }
    let one = try agent.process(stuck, fields: "all", token: token)
    #expect(one["threads"] as? Int == 1 && one["uids"] != nil && one["limits"] != nil)
    let id = try #require(one["id"] as? String)
    for _ in 0..<5 {
      #expect(try agent.get("/v1/processes/\(id)/environment", token: token).code == "target_unresponsive")
    }
    let other = try #require(try agent.process(healthy, token: token)["id"] as? String)
    #expect(try agent.get("/v1/processes/\(other)/environment", token: token).status == 200)
    #expect(try agent.get("/v1/posture", token: token).status == 200)
    try agent.expectSmall()

    // When the file system ends all is as ever.
    kill(pid_t(server), SIGKILL)
    var status: String? = "stalled"
    while status == "stalled", Date() < deadline.addingTimeInterval(60) {
      usleep(100_000)
      status = AgentUnderTest.status("arguments", in: try agent.process(stuck, token: token))
    }
    #expect(status == nil)
  }
}
