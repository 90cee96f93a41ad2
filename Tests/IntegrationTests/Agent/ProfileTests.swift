import Foundation
import Glibc
import Sandbox
import SeccompProfile
import Testing

/// The container's profile and the filters of the roles, under the real agent.
@Suite("Profiles", .serialized, .enabled(if: getuid() == 0, "these start the agent in odd ways"))
struct ProfileTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "profiles").path
  static let docker = "/usr/share/containers/seccomp.json"

  static func compiled(_ file: String) throws -> [UInt8] {
    let profile = try ProfileDocument(json: Array(try Data(contentsOf: URL(fileURLWithPath: file)))).profile
    return try Rendering(profile, on: Machine(.native)).source.compiled()
  }

  /// More log than the heap ever has room for at once (M_TRIM_THRESHOLD): the collector maps memory, and unmaps it.
  private static let workload = ["sh", "-c", "yes $(seq -s : 40) | head -c 800000; echo started; sleep 300"]

  /// Something of every route, good requests and bad ones.
  private func exercise(_ relaunch: Relaunch) throws {
    #expect(try relaunch.answer("/v1/posture").status == 200, "\(relaunch.log)")
    let agent = relaunch.agent
    let token = try agent.token()
    let id = try agent.workloadID(token: token)
    let folder = agent.installation.state.path("logs")
    for path in [
      "/v1/processes", "/v1/processes/\(id)", "/v1/processes/\(id)/environment", "/v1/files?path=/etc/passwd",
      "/v1/files?path=/proc/self", "/v1/files?path=/bin", "/v1/directories?path=/etc", "/v1/directories?path=\(folder)",
      "/v1/logs", "/v1/logs/stdout", "/v1/logs/stdout?since=1", "/v1/openapi.yaml", "/v1/nothing", "/v1/processes/1",
    ] {
      let answer = try agent.get(path, token: token)
      #expect([200, 400, 403, 404, 410, 422].contains(answer.status), "\(path): \(answer.status) \(answer.body)")
    }
    let large = try agent.get("/v1/logs/stdout?lines=10000&bytes=1048576", token: token)
    #expect(large.status == 200 && large.body.utf8.count > 500_000, "\(large.status) \(large.body.prefix(200))")
    _ = try agent.get("/v1/files/digest?path=/etc/passwd", token: token)
    let follow = try agent.get("/v1/logs/stdout?follow=true", token: token, more: ["--max-time", "2"])
    #expect(follow.status == 200 || follow.status == 0)
    #expect(try agent.get("/v1/processes", token: "nonsense").status == 401)
    #expect(try agent.get("/v1/processes", token: token, withCertificate: false).status == 0)
    // Many on one connection, and one that breaks off in the middle.
    _ = try Sidelight.run(
      program: "/usr/bin/curl",
      [
        "--silent", "--cacert", agent.authority, "--cert", agent.certificate, "--key", agent.key, "--header",
        "Authorization: Bearer \(token)", "\(agent.url)/v1/processes?[1-5]",
      ])
    let reset = """
      import socket, struct, sys
      for data in (b"", b"\\x16\\x03\\x01", b"GET / HTTP/1.1\\r\\n\\r\\n"):
          s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
          s.sendall(data)
          s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
          s.close()
      """
    let port = try #require(agent.url.split(separator: ":").last)
    try #require(try Sidelight.run(program: "/usr/bin/python3", ["-c", reset, String(port)]).status == 0)
    #expect(try agent.get("/v1/posture", token: token).status == 200)
  }

  @Test("in a container with profiles/sidelight-agent.json the agent starts, confines itself and serves")
  func theContainersProfileSuffices() throws {
    let relaunch = try Relaunch(
      AgentUnderTest(Self.workload),
      .init(filter: try Self.compiled(Self.folder + "/sidelight-agent.json")), options: [])
    try exercise(relaunch)
    // The container's filter and the role's own.
    let posture = try relaunch.agent.get("/v1/posture", token: relaunch.agent.token()).json
    let processes = try #require(posture["processes"] as? [[String: Any]])
    for process in processes { #expect(process["seccomp_filters"] as? Int == 2, "\(process)") }
    #expect(relaunch.stop() == 0)
  }

  /// strace writes of a thread's end after the thread has gone.
  static func awaitEnds(of traces: borrowing TemporaryFolder) throws {
    let deadline = Date().addingTimeInterval(60)
    var isComplete = false
    repeat {
      usleep(10_000)
      isComplete = try FileManager.default.contentsOfDirectory(atPath: traces.path).allSatisfy {
        let end = try traces.read($0).suffix(200)
        return end.contains("+++ exited with") || end.contains("+++ killed by")
      }
    } while !isComplete && Date() < deadline
    try #require(isComplete, "strace has not written all")
  }

  /// Every call of every process after its filter, with its arguments: allowed by the table, and each rule used.
  @Test("strace sees no call that the table lacks, and no rule that nothing uses but the rare ones")
  func coverage() throws {
    let traces = try TemporaryFolder()
    let relaunch = try Relaunch(
      AgentUnderTest(Self.workload), .init(trace: traces.path), options: [])
    try exercise(relaunch)
    // Which thread is whose, while they are there.
    var roleOfThread: [String: Role] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: traces.path) {
      let thread = String(name.dropFirst("trace.".count))
      guard let status = try? String(contentsOfFile: "/proc/\(thread)/status", encoding: .utf8) else { continue }
      for role in Role.allCases where status.hasPrefix("Name:\tsl-\(role.rawValue)\n") { roleOfThread[thread] = role }
    }
    #expect(relaunch.stop() == 0)
    try Self.awaitEnds(of: traces)
    for role in Role.allCases {
      let threads = roleOfThread.filter { $0.value == role }.keys
      #expect(threads.count == (role == .collector ? 6 : 1), "\(role)")
      let texts = try threads.map { try traces.read("trace.\($0)").split(separator: "\n") }
      // seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC …) with a program, the last of them.
      let loaded = texts.joined().filter { $0.contains(" seccomp(0x1, 0x") && $0.hasSuffix("= 0") }
        .compactMap { Double($0.prefix { $0 != " " }) }.max()
      let since = try #require(loaded, "\(role) has loaded no filter")
      var log = StraceLog()
      for text in texts {
        for line in text where Double(line.prefix { $0 != " " }) ?? 0 > since { log.add(String(line)) }
      }
      #expect(log.unreadLines == 0 && log.uses.count > 5)
      let rules = SystemCallTable.rules(for: role)
      let profile = Profile(
        defaultAction: .killProcess, rules: rules.map { .init([$0.name], .allow, $0.conditions.map(\.comparison)) })
      let rendering = Rendering(profile, on: Machine(.native))
      let coverage = Coverage(rendering, try rendering.program(), log)
      #expect(coverage.refused.isEmpty, "\(role)")
      for rule in coverage.unused { #expect(rules[rule.entry].isRare, "\(role): nothing uses \(rule.name)") }
    }
  }

  /// The other direction of "a subset of Docker's": what Docker's default allows beyond ours is refused by ours, for
  /// real.
  @Test("a call that Docker's default allows and ours does not is refused under our filter")
  func aCounterexampleIsRefused() throws {
    let own = Self.folder + "/sidelight-agent.json"
    let result = try Sidelight.run(["profile", "subset", "--machine", "amd64", "-o", "json", Self.docker, own])
    #expect(result.status == 1)
    let answer = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(answer["subset"] as? Bool == false)
    let differences = try #require(answer["differences"] as? [[String: Any]]).filter {
      // Calls whose only effect, where they are made, is a number.
      ["getpgrp", "getsid", "gettimeofday", "alarm", "umask", "sched_yield", "times"].contains(
        $0["call"] as? String ?? "") && $0["architecture"] as? String == "SCMP_ARCH_X86_64"
    }
    #expect(differences.count >= 5)
    let folder = try TemporaryFolder()
    for (name, file) in [("docker", Self.docker), ("own", own)] {
      try Data(try Self.compiled(file)).write(to: URL(fileURLWithPath: folder.path(name)))
    }
    let script = """
      import ctypes, struct, sys
      libc = ctypes.CDLL(None, use_errno=True)
      libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
      libc.syscall.argtypes = [ctypes.c_long] * 7
      libc.syscall.restype = ctypes.c_long
      program = open(sys.argv[1], "rb").read()
      buffer = ctypes.create_string_buffer(program)
      holder = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer)))
      if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.addressof(holder), 0, 0): sys.exit("no filter")
      ctypes.set_errno(0)
      result = libc.syscall(*[int(word, 0) for word in sys.argv[2:]])
      print("refused" if result == -1 and ctypes.get_errno() == 1 else "made", flush=True)
      """
    for difference in differences {
      let number = try #require(difference["number"] as? Int)
      let arguments = try #require(difference["arguments"] as? [String])
      for (name, expected) in [("docker", "made\n"), ("own", "refused\n")] {
        let run = try Sidelight.run(
          program: "/usr/bin/python3", ["-c", script, folder.path(name), "\(number)"] + arguments)
        #expect(run.output == expected, "\(name): \(difference["call"] ?? "") \(run.error)")
      }
    }
  }
}
