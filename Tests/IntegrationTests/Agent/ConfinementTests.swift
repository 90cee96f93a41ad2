import Foundation
import Glibc
import Testing

/// The sandbox as the kernel sees it, in the real processes; and the agent's refusals to run without it.
@Suite("Confinement", .serialized)
struct ConfinementTests {
  @Test("every thread of every process: filter, no_new_privs, no capability, not root; and the posture says the same")
  func threads() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    #expect(agent.pids.count == 3)
    for (role, pid) in agent.pids {
      let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
      #expect(threads.count == (role == "collector" ? 6 : 1), "\(role)")
      for thread in threads {
        let status = try String(contentsOfFile: "/proc/\(pid)/task/\(thread)/status", encoding: .utf8)
        for line in ["Seccomp:\t2\n", "Seccomp_filters:\t1\n", "NoNewPrivs:\t1\n"] {
          #expect(status.contains(line), "\(role) \(thread): \(line)")
        }
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
          #expect(status.contains("\(set):\t0000000000000000\n"), "\(role) \(thread): \(set)")
        }
        // As root `dev up` empties the bounding set too.
        if getuid() == 0 { #expect(status.contains("CapBnd:\t0000000000000000\n"), "\(role) \(thread)") }
        #expect(!status.contains("Uid:\t0\t"), "\(role) \(thread)")
      }
    }
    let posture = try agent.get("/v1/posture", token: agent.token()).json
    #expect(posture["confinement"] as? String == "strict")
    let roles = try #require(posture["processes"] as? [[String: Any]])
    #expect(Set(roles.compactMap { $0["role"] as? String }) == ["opener", "collector", "endpoint"])
    for role in roles {
      #expect(role["seccomp"] as? String == "filter" && role["dumpable"] as? Bool == false)
      #expect((role["seccomp_digest"] as? String)?.utf8.count == 64)
      #expect(role["landlock"] as? Bool == (role["role"] as? String != "opener"))
    }
  }

  @Test(
    "the workload's uid can neither read nor trace the agent",
    .enabled(if: getuid() == 0, "needs root to become the workload's user"))
  func neighbour() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let status = try String(contentsOfFile: "/proc/\(agent.workload)/status", encoding: .utf8)
    let uid = try #require(status.split(separator: "\n").first { $0.hasPrefix("Uid:") }?.split(separator: "\t")[1])
    let gid = try #require(status.split(separator: "\n").first { $0.hasPrefix("Gid:") }?.split(separator: "\t")[1])
    for (role, pid) in agent.pids {
      let script = """
        import ctypes, os, sys
        pid = int(sys.argv[1])
        for name in ["environ", "mem", "maps", "auxv", "io", "syscall", "fd/3", "map_files"]:
            try:
                path = f"/proc/{pid}/{name}"
                (os.listdir(path) if name == "map_files" else open(path, "rb").read(1))
                print("READ", name)
            except OSError:
                pass
        for name in ["root", "exe", "cwd"]:
            try:
                os.readlink(f"/proc/{pid}/{name}")
                print("LINK", name)
            except OSError:
                pass
        libc = ctypes.CDLL(None, use_errno=True)
        for request in (16, 0x4206):  # PTRACE_ATTACH, PTRACE_SEIZE
            if libc.ptrace(request, pid, 0, 0) == 0:
                print("TRACED", request)
        class iovec(ctypes.Structure):
            _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
        buffer = ctypes.create_string_buffer(8)
        local = iovec(ctypes.addressof(buffer), 8)
        remote = iovec(0x400000, 8)
        if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0:
            print("MEMORY")
        print("tried")
        """
      let result = try Sidelight.run(
        program: "/usr/bin/setpriv",
        ["--reuid", String(uid), "--regid", String(gid), "--clear-groups", "/usr/bin/python3", "-c", script, "\(pid)"])
      #expect(result.output == "tried\n", "\(role): \(result.output)\(result.error)")
    }
    for file in ["agent/credentials/tls.key", "agent/agent.json", "session/tls.key", "broker/signing.key", "ca/ca.key"]
    {
      let result = try Sidelight.run(
        program: "/usr/bin/setpriv",
        ["--reuid", String(uid), "--regid", String(gid), "--clear-groups", "cat", agent.installation.state.path(file)])
      #expect(result.status != 0 && result.output.isEmpty, "\(file)")
    }
  }

  @Test(
    "it refuses to run as root, with a capability, or from a file that its user can read",
    .enabled(if: getuid() == 0, "needs root to make each case"))
  func refusals() throws {
    let folder = try TemporaryFolder()
    _ = unsafe chmod(folder.path, 0o711)
    let binary = URL(filePath: Sidelight.path).deletingLastPathComponent().appending(path: "sidelight-agent").path
    let hidden = folder.path("hidden")
    let readable = folder.path("readable")
    for (path, mode) in [(hidden, 0o711), (readable, 0o755)] {
      // By a process of its own: a descriptor of ours that is open for writing would be inherited for a moment by every
      // program that another test starts, and until that one executes, this file is "text busy".
      try #require(
        try Sidelight.run(program: "/usr/bin/install", ["-m", String(mode, radix: 8), binary, path]).status == 0)
    }
    let arguments = ["run", "--config", "/nonexistent", "--credentials", "/nonexistent", "--listen", "127.0.0.1:0"]
    func start(_ how: [String]) throws -> Sidelight.Result {
      try Sidelight.run(program: "/usr/bin/env", how + arguments)
    }
    let asUser = ["setpriv", "--reuid", "4000", "--regid", "4000", "--clear-groups"]
    // setpriv holds capabilities until it executes, which makes an unreadable file readable for it; this does not.
    let plainly = [
      "python3", "-c",
      "import os, sys; os.setgroups([]); os.setresgid(4000, 4000, 4000); os.setresuid(4000, 4000, 4000); os.execv(sys.argv[1], sys.argv[1:])",
    ]
    let root = try start([hidden])
    #expect(root.status == 77 && root.error.contains("as root"), "\(root.error)")
    let capable = try start(asUser + ["--inh-caps", "+net_raw", "--ambient-caps", "+net_raw", hidden])
    #expect(capable.status == 77 && capable.error.contains("capability"), "\(capable.error)")
    let open = try start(plainly + [readable])
    #expect(open.status == 77 && open.error.contains("its user can read"), "\(open.error)")
    // Confined as it should be it gets further: to its configuration, which is not there.
    let closed = try start(plainly + [hidden])
    #expect(closed.status == 70 && closed.error.contains("cannot be read"), "\(closed.error)")
    let usage = try start([hidden, "--frobnicate"])
    #expect(usage.status == 64, "\(usage.error)")
  }

  @Test(
    "if one of the three ends the others do, and the workload does not notice",
    arguments: ["opener", "collector", "endpoint"])
  func oneDies(role: String) throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    kill(pid_t(try #require(agent.pids[role])), SIGKILL)
    let deadline = Date().addingTimeInterval(60)
    while agent.pids.values.contains(where: DevelopmentInstallation.isRunning), Date() < deadline { usleep(20_000) }
    #expect(!agent.pids.values.contains(where: DevelopmentInstallation.isRunning))
    #expect(DevelopmentInstallation.isRunning(agent.workload))
  }

  @Test(
    "an audit sink that takes nothing: no request is served",
    .enabled(if: getuid() == 0, "needs root to become the agent's user"))
  func audit() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    #expect(try agent.get("/v1/posture", token: token).status == 200)
    // The sink is a file here; a limit on its size makes every further write fail.
    let size = try FileManager.default.attributesOfItem(atPath: agent.installation.state.path("audit/agent.jsonl"))[
      .size]
    let limit = try Sidelight.run(
      program: "/usr/bin/setpriv",
      [
        "--reuid", "65534", "--regid", "65534", "--clear-groups", "prlimit", "--pid", "\(agent.pids["collector"] ?? 0)",
        "--fsize=\(size ?? 0):",
      ])
    try #require(limit.status == 0, "\(limit.error)")
    let answer = try agent.get("/v1/posture", token: token)
    #expect(answer.status == 503 && answer.code == "audit_unavailable", "\(answer.status) \(answer.body)")
  }
}
