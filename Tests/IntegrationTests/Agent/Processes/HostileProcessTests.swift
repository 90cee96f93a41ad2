import Foundation
import Glibc
import Testing

/// Processes that make themselves hard to look at, and an agent that stays small.
@Suite("Hostile processes", .serialized)
struct HostileProcessTests {
  @Test("names with parentheses, newlines, escapes and bytes; rewritten titles; odd arguments; zombies; deleted files")
  func names() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gone-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        def torn():
            name(b') R 1 1\\n\\x1b[2J'); stay()
        def bytes_():
            name(b'a\\xff\\xc3\\xa9'); stay()
        def spoof():
            name(b'Uid:\\t0\\t0\\t0'); title(b'worker: --password=hunter2-hunter2'); stay()
        def secret():
            name(os.environb[b'API_TOKEN'][:15]); stay()
        pids = [child(torn), child(bytes_), child(spoof), child(secret), child(lambda: None)]
        pids.append(subprocess.Popen(['sleep', '600']).pid)
        odd = [b'odd', b'-c', b'import time; time.sleep(600)', b'', b'\\xff\\x1b[2J', b'\\xe2\\x80\\xae', b'']
        pids.append(subprocess.Popen(odd, executable='/usr/bin/python3').pid)
        copy = '\(folder)/run-me'
        subprocess.run(['install', '-m', '755', '/usr/bin/sleep', copy], check=True)
        pids.append(subprocess.Popen([copy, '600']).pid)
        os.unlink(copy)
        time.sleep(0.3)
        ready(*pids)
        stay()
        """), environment: ["API_TOKEN": "tok_q8Zr1LmN5xT7vB2c"])
    let pids = try PythonWorkload.words(agent).compactMap(Int.init)
    try #require(pids.count == 8)
    let token = try agent.token()
    func shown(_ index: Int) throws -> [String: Any] { try agent.process(pids[index], fields: "all", token: token) }
    let list = try agent.processes(token: token)
    #expect(list.count == 9 && Set(pids).isSubset(of: list.compactMap { $0["pid"] as? Int }))

    let torn = try shown(0)
    #expect(torn["command"] as? String == ") R 1 1\n\u{1B}[2J" && torn["ppid"] as? Int == agent.workload)
    #expect(torn["state"] as? String == "S" && torn["threads"] as? Int == 1 && torn["kind"] as? String == "user")
    let bytes = try shown(1)
    #expect(bytes["command"] as? String == "a\u{FFFD}é" && bytes["command_base64"] as? String == "Yf/DqQ==")
    let spoof = try shown(2)
    #expect(spoof["title_rewritten"] as? Bool == true && spoof["uid"] as? Int != 0)
    let title = try #require((spoof["arguments"] as? [String])?.first)
    #expect(title.hasPrefix("worker: ") && !title.contains("hunter2") && (spoof["arguments"] as? [String])?.count == 1)

    // The beginning of a secret is not the secret, and yet does not show.
    let secret = try shown(3)
    #expect((secret["command"] as? String)?.hasPrefix("‹recurring:8-15") == true, "\(secret["command"] ?? "")")
    let whole = try agent.get("/v1/processes?fields=all", token: token).body
    #expect(!whole.contains("tok_q8Zr1LmN") && !whole.contains("hunter2"))

    let zombie = try shown(4)
    #expect(zombie["kind"] as? String == "zombie" && zombie["state"] as? String == "Z")
    for field in ["arguments", "executable", "swap_bytes", "proportional_bytes", "namespaces", "working_directory"] {
      #expect(AgentUnderTest.status(field, in: zombie) == "empty zombie", "\(field)")
    }
    let odd = try shown(6)
    let arguments = try #require(odd["arguments"] as? [String])
    #expect(arguments.count == 7 && arguments[3] == "" && arguments[6] == "" && arguments[5] == "\u{202E}")
    #expect(odd["arguments_base64"] as? [String: String] == ["4": "/xtbMko="])
    #expect(odd["argument_count"] as? Int == 7 && odd["title_rewritten"] as? Bool == false)

    let deleted = try shown(7)
    #expect(deleted["executable_deleted"] as? Bool == true)
    #expect(deleted["executable"] as? String == "\(folder)/run-me (deleted)")
    #expect(try shown(5)["executable_deleted"] as? Bool == false)

    // Nothing that was asked for is left out in silence.
    for process in try agent.get("/v1/processes?fields=all", token: token).json["processes"] as? [[String: Any]] ?? [] {
      Self.expectEveryField(of: process)
    }
    Self.expectEveryField(of: torn)
    // For people nothing acts on their terminal.
    let table = try agent.installation.run(["ps", "-w"])
    #expect(!table.output.contains("\u{1B}") && !table.output.contains("\u{202E}"))
    #expect(table.output.contains(#") R 1 1\n\x1b[2J"#) && table.output.contains(#"a\xffé"#))
    for pid in pids {
      let one = try agent.installation.run(["ps", "\(pid)"])
      #expect(one.status == 0 && !one.output.contains("\u{1B}"), "\(one.error)")
    }
    #expect(try agent.installation.run(["ps", "\(pids[4])"]).output.contains("none (zombie)"))
    try agent.expectSmall()
  }

  /// Fields that every process has, or has a word for.
  static func expectEveryField(of process: [String: Any]) {
    for field in [
      "kind", "command", "terminal", "arguments", "uids", "groups", "login_uid", "umask", "capabilities", "start_ticks",
      "run_nanoseconds", "policy", "allowed_cpus", "voluntary_switches", "autogroup", "peak_resident_bytes",
      "swap_bytes", "oom_score", "executable", "working_directory", "root_directory", "open_descriptors", "limits",
      "cgroup", "cgroups", "container_id", "namespaces", "exit_code", "io", "wait_channel", "children", "subtree",
    ] {
      #expect(process[field] != nil || AgentUnderTest.status(field, in: process) != nil, "\(field)")
    }
  }

  @Test("a block of 512 MiB for arguments and environment: bounded time and memory, and the answer says what was cut")
  func hugeBlocks() throws {
    // prctl(PR_SET_MM, PR_SET_MM_MAP), which takes no privilege.
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        import mmap
        size = 512 << 20
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        def region(fill):
            base = libc.mmap(None, size, 3, 0x22, -1, 0)
            ctypes.memmove(base, fill, len(fill))
            return base
        lines = b''.join(b'NAME_%07d=a plain value of some length that goes on and on %07d\\0' % (i, i) for i in range(40000))
        words = b''.join(b'--option-%07d\\0' % i for i in range(100000))
        environ, arguments = region(lines), region(words)
        f = [int(x) for x in open('/proc/self/stat', 'rb').read().rsplit(b')', 1)[1].split()[1:]]
        field = lambda n: f[n - 4]
        libc.sbrk.restype = ctypes.c_void_p
        libc.sbrk.argtypes = [ctypes.c_long]
        map_ = struct.pack('<12QIi', field(26), field(27), field(45), field(46), field(47), libc.sbrk(0), field(28),
                           arguments, arguments + size, environ, environ + size, 0, 0, -1)
        result = libc.prctl(35, 14, ctypes.c_char_p(map_), ctypes.c_ulong(len(map_)), 0)
        ready(result, ctypes.get_errno(), len(open('/proc/self/cmdline', 'rb').read(1 << 20)))
        stay()
        """))
    #expect(try PythonWorkload.words(agent).prefix(1) == ["0"], "the kernel takes the map")
    let token = try agent.token()
    var slowest = 0.0
    func timed(_ path: String) throws -> AgentUnderTest.Answer {
      let start = Date()
      let answer = try agent.get(path, token: token)
      slowest = max(slowest, Date().timeIntervalSince(start))
      return answer
    }
    for _ in 0..<3 {
      let list = try timed("/v1/processes")
      let process = try #require((try list.json["processes"] as? [[String: Any]])?.first)
      #expect(AgentUnderTest.status("arguments", in: process) == "truncated")
      let id = try #require(process["id"] as? String)
      let one = try timed("/v1/processes/\(id)?fields=all")
      let count = try #require(try one.json["argument_count"] as? Int)
      #expect(try count > 1000 && AgentUnderTest.status("argument_count", in: try one.json) == "truncated")
      #expect(one.body.utf8.count < 200_000)
      let environment = try timed("/v1/processes/\(id)/environment")
      #expect(try environment.json["truncated"] as? Bool == true)
      #expect(try environment.json["bytes_read"] as? Int == 1 << 20)
      #expect(try (environment.json["variables"] as? [Any])?.count == 10_000)
      let comparison = try timed("/v1/processes/\(id)/environment?compare=\(id)")
      #expect(try comparison.status == 200 && (comparison.json["truncated"] as? Bool) == true)
      try agent.expectSmall()
    }
    #expect(slowest < 8, "\(slowest) s on a machine that does other things too")
  }

  @Test("two thousand threads, a tree of six hundred levels, and hundreds of short lives")
  func crowds() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        def threads():
            threading.stack_size(65536)
            for _ in range(2000):
                threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
            os.write(out, b't'); stay()
        def deep(levels):
            while levels:
                levels -= 1
                pid = os.fork()
                if pid: stay()
            os.write(out, b'd'); stay()
        def churn():
            while True:
                pid = os.fork()
                if pid == 0: os._exit(0)
                os.waitpid(pid, 0)
        into, out = os.pipe()
        crowd = child(threads)
        chain = child(lambda: deep(600))
        busy = child(churn)
        seen = b''
        while len(seen) < 2: seen += os.read(into, 2)
        ready(crowd, chain, busy)
        stay()
        """))
    let pids = try PythonWorkload.words(agent).compactMap(Int.init)
    try #require(pids.count == 3)
    let token = try agent.token()
    let crowd = try agent.process(pids[0], fields: "threads,thread_list,proportional_bytes", token: token)
    #expect(crowd["threads"] as? Int == 2001)
    #expect((crowd["thread_list"] as? [Any])?.count == 256)
    #expect(AgentUnderTest.status("thread_list", in: crowd) == "truncated")
    let chain = try agent.process(pids[1], fields: "subtree,depth,children", token: token)
    #expect((chain["subtree"] as? [String: Any])?["processes"] as? Int == 601 && chain["depth"] as? Int == 1)

    let id = try #require(chain["id"] as? String)
    for (depth, count) in [(0, 1), (1, 2), (599, 600), (600, 601), (4096, 601)] {
      let part = try agent.get("/v1/processes?root=\(id)&depth=\(depth)&fields=depth", token: token)
      let processes = try #require(try part.json["processes"] as? [[String: Any]])
      #expect(processes.count == count, "\(depth)")
      // Each hangs on the one before: a chain.
      var last = try #require(processes.first?["id"] as? String)
      for process in processes.dropFirst() {
        #expect(process["parent"] as? String == last)
        last = try #require(process["id"] as? String)
      }
    }
    for _ in 0..<10 {
      let answer = try agent.get("/v1/processes?fields=depth,start_ticks&kernel_threads=true", token: token)
      let processes = try #require(try answer.json["processes"] as? [[String: Any]])
      try Self.expectTree(processes)
      #expect(try processes.count >= 604 && (answer.json["vanished"] as? Int) != nil)
      #expect(try answer.json["orphans"] as? Int == 0, "in the scope of one process everything hangs together")
    }
    let tree = try agent.installation.run(["ps", "--tree"])
    #expect(tree.status == 0 && tree.output.split(separator: "\n").count >= 606)
    try agent.expectSmall()
  }

  /// Parents are older, come first, and lead to the top.
  static func expectTree(_ processes: [[String: Any]]) throws {
    var starts: [String: Int] = [:]
    for process in processes {
      let id = try #require(process["id"] as? String)
      let start = try #require(process["start_ticks"] as? Int)
      let parent = try #require(process["parent"] as? String)
      if parent != "none", parent != "unknown" {
        let older = try #require(starts[parent], "\(id) comes before its parent \(parent)")
        #expect(older <= start)
      }
      #expect(starts.updateValue(start, forKey: id) == nil, "\(id) comes twice")
    }
    #expect(processes.count { $0["parent"] as? String == "none" } == 1)
  }
}
