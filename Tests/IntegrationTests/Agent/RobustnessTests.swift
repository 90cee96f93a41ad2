import Foundation
import Testing

/// Peers that do not speak properly, or too much, or too slowly.
@Suite("Robustness", .serialized)
struct RobustnessTests {
  /// A TLS client of python's that sends what it is told, byte by byte if need be.
  private static let client = """
    import socket, ssl, sys, time
    host, port, ca, cert, key, mode = sys.argv[1:7]
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False
    context.load_cert_chain(cert, key)
    def connect():
        return context.wrap_socket(socket.create_connection((host, int(port)), 10))
    def answer(s):
        s.settimeout(20)
        data = b""
        try:
            while True:
                part = s.recv(65536)
                if not part:
                    break
                data += part
        except (TimeoutError, OSError):
            pass
        return data.split(b"\\r\\n")[0].decode("latin1") + " " + data.split(b"\\r\\n\\r\\n")[-1].decode("latin1")[:300]
    def send(data):
        s = connect()
        try:
            s.sendall(data)
        except OSError:
            pass
        print(answer(s))
    head = b"GET /v1/posture HTTP/1.1\\r\\nHost: x\\r\\n"
    if mode == "garbage": send(b"\\x00\\x01\\x02 nonsense\\r\\n\\r\\n")
    if mode == "no-host": send(b"GET /v1/posture HTTP/1.1\\r\\n\\r\\n")
    if mode == "large": send(head + b"X: " + b"a" * 20000 + b"\\r\\n\\r\\n")
    if mode == "endless": send(head + b"X-" + b"a" * 60000)
    if mode == "fields": send(head + b"".join(b"X%d: 1\\r\\n" % i for i in range(80)) + b"\\r\\n")
    if mode == "body": send(b"POST /v1/posture HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 5\\r\\n\\r\\nhello")
    if mode == "chunked": send(head + b"Transfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n0\\r\\n\\r\\n")
    if mode == "smuggle": send(head + b"Content-Length: 0\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /v1/logs HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    if mode == "slow":
        s = connect()
        started = time.time()
        try:
            for byte in head:
                s.sendall(bytes([byte]))
                time.sleep(0.5)
        except OSError:
            pass
        print(answer(s), "after", round(time.time() - started))
    if mode == "pipeline":
        s = connect()
        s.sendall((head + b"\\r\\n") * 5 + head + b"Connection: close\\r\\n\\r\\n")
        s.settimeout(20)
        data = b""
        while True:
            part = s.recv(65536)
            if not part:
                break
            data += part
        print(data.count(b"HTTP/1.1 401"))
    if mode == "flood":
        idle = []
        for i in range(10000):
            try:
                idle.append(socket.create_connection((host, int(port)), 5))
                if len(idle) > 900:
                    idle.pop(0).close()
            except OSError:
                pass
        s = connect()
        s.sendall(head + b"Connection: close\\r\\n\\r\\n")
        print(answer(s))
        time.sleep(float(sys.argv[7]))
    """

  private func run(_ agent: AgentUnderTest, _ mode: String, _ more: [String] = []) throws -> String {
    let port = agent.url.split(separator: ":").last.map(String.init) ?? ""
    return try Sidelight.run(
      program: "/usr/bin/python3",
      ["-c", Self.client, "127.0.0.1", port, agent.authority, agent.certificate, agent.key, mode] + more
    ).output
  }

  @Test("malformed, oversized and smuggled requests get a problem, are recorded, and end the connection")
  func malformed() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    for (mode, status, code) in [
      ("garbage", "400", "malformed_request"), ("no-host", "400", "malformed_request"),
      ("large", "431", "head_too_large"), ("endless", "431", "head_too_large"), ("fields", "431", "head_too_large"),
      ("body", "413", "body_not_allowed"), ("chunked", "413", "body_not_allowed"),
      ("smuggle", "400", "malformed_request"),
    ] {
      let before = try agent.audit.filter { $0["type"] as? String == "decision" }.count
      let output = try run(agent, mode)
      #expect(output.hasPrefix("HTTP/1.1 \(status)"), "\(mode): \(output)")
      #expect(output.contains(code), "\(mode): \(output)")
      #expect(try agent.audit.filter { $0["type"] as? String == "decision" }.count == before + 1, "\(mode)")
    }
    #expect(try run(agent, "pipeline") == "6\n")
    #expect(try agent.get("/v1/posture", token: agent.token()).status == 200)
  }

  @Test("a head that comes byte by byte is answered 408 in bounded time")
  func slow() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let output = try run(agent, "slow")
    #expect(output.hasPrefix("HTTP/1.1 408") && output.contains("request_timeout"), "\(output)")
    let seconds = output.split(separator: " ").last.flatMap { Int($0.trimmingCharacters(in: .newlines)) } ?? .max
    #expect(seconds < 25)
  }

  @Test("ten thousand connections: memory stays, others are served meanwhile")
  func flood() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    #expect(try agent.get("/v1/posture", token: token).status == 200)
    func resident() throws -> Int {
      try agent.pids.values.reduce(0) { total, pid in
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return total
          + (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0)
      }
    }
    let before = try resident()
    let folder = try TemporaryFolder()
    let port = agent.url.split(separator: ":").last.map(String.init) ?? ""
    let flood = try Child(
      "/usr/bin/python3",
      ["-c", Self.client, "127.0.0.1", port, agent.authority, agent.certificate, agent.key, "flood", "3"],
      output: folder.path("output"), error: folder.path("error"))
    var served = 0
    // A handshake that the flood crowds out is tried again, as any client would.
    for _ in 0..<10 {
      for _ in 0..<5 where try agent.get("/v1/posture", token: token).status == 200 {
        served += 1
        break
      }
    }
    #expect(flood.wait() == 0)
    #expect(served == 10)
    #expect(try String(contentsOfFile: folder.path("output"), encoding: .utf8).hasPrefix("HTTP/1.1 401"))
    let after = try resident()
    #expect(after - before < 16_384, "private memory grew from \(before) to \(after) KiB")
    #expect(try agent.get("/v1/posture", token: token).status == 200)
    #expect(agent.pids.values.allSatisfy(DevelopmentInstallation.isRunning))
  }

  @Test(
    "an answer that its client has not taken when the agent ends is recorded as incomplete",
    arguments: [
      ("opener", SIGTERM, "the agent was asked to end"), ("endpoint", SIGKILL, "the agent has ended"),
    ])
  func cutOff(role: String, signal: Int32, reason: String) throws {
    let agent = try AgentUnderTest(["sh", "-c", "yes $(seq -s : 40) | head -c 1000000; exec sleep 300"])
    let path = "/v1/logs/stdout?lines=10000&bytes=900000"
    let client = try SlowClient(agent, path, token: try agent.token())
    kill(pid_t(try #require(agent.pids[role])), signal)
    let deadline = Date().addingTimeInterval(60)
    while agent.pids.values.contains(where: DevelopmentInstallation.isRunning), Date() < deadline { usleep(50_000) }
    #expect(!agent.pids.values.contains(where: DevelopmentInstallation.isRunning))
    let id = try #require(
      try agent.audit.last { $0["type"] as? String == "decision" && $0["log"] as? String == "stdout" }?["request_id"]
        as? String)
    let ends = try agent.audit.filter { $0["type"] as? String == "completion" && $0["request_id"] as? String == id }
    #expect(ends.count == 1 && ends.first?["complete"] as? Bool == false)
    #expect(ends.first?["reason"] as? String == reason)
    withExtendedLifetime(client) {}
  }
}
