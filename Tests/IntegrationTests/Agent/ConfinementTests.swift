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
    "the workload's uid can neither read, trace nor change the agent, in any of its threads, nor read its files",
    .enabled(if: getuid() == 0, "needs root to become the workload's user"))
  func neighbour() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    for (role, pid) in agent.pids {
      let result = try Neighbour.run(as: agent.workload, Neighbour.attacks, ["\(pid)"])
      #expect(result.output == "tried\n", "\(role): \(result.output)\(result.error)")
    }
    // The same against a process of that user that does not defend itself: nearly all of it works.
    let open = try Neighbour.run(as: agent.workload, Neighbour.attacks, ["\(agent.workload)"])
    for name in [
      "READ environ", "READ mem", "READ maps", "LIST fd", "LINK root", "LINK exe", "TRACED", "MEMORY", "DESCRIPTOR",
    ] {
      #expect(open.output.contains(name), "\(name): \(open.output)\(open.error)")
    }
    for file in ["agent/credentials/tls.key", "agent/agent.json", "session/tls.key", "broker/signing.key", "ca/ca.key"]
    {
      let result = try Neighbour.run(
        as: agent.workload, "import sys; print(open(sys.argv[1]).read())", [agent.installation.state.path(file)])
      #expect(result.status != 0 && result.output.isEmpty && result.error.contains("Permission"), "\(file)")
    }
    #expect(try agent.get("/v1/posture", token: agent.token()).status == 200)
  }

  /// The kernel asks for the same uid and no more. Said in the threat model.
  @Test(
    "the workload's uid can stop and end the agent; it says nothing false meanwhile, and the workload goes on",
    .enabled(if: getuid() == 0, "needs root to become the workload's user"))
  func neighbourSignals() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let signal = "import os, signal, sys; os.kill(int(sys.argv[1]), getattr(signal, sys.argv[2]))"
    let collector = try #require(agent.pids["collector"])
    #expect(try Neighbour.run(as: agent.workload, signal, ["\(collector)", "SIGSTOP"]).status == 0)
    let silent = try agent.get("/v1/posture", token: agent.token(), more: ["--max-time", "2"])
    #expect(silent.status == 0, "\(silent.status)")
    #expect(try Neighbour.run(as: agent.workload, signal, ["\(collector)", "SIGCONT"]).status == 0)
    #expect(try agent.get("/v1/posture", token: agent.token()).status == 200)
    #expect(try Neighbour.run(as: agent.workload, signal, ["\(collector)", "SIGKILL"]).status == 0)
    let deadline = Date().addingTimeInterval(60)
    while agent.pids.values.contains(where: DevelopmentInstallation.isRunning), Date() < deadline { usleep(20_000) }
    #expect(!agent.pids.values.contains(where: DevelopmentInstallation.isRunning))
    #expect(DevelopmentInstallation.isRunning(agent.workload))
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
