import Foundation
import Glibc
import Testing

/// Budgets of tokens and sessions, and the agent's own ceilings.
@Suite("How much may be asked for", .serialized)
struct LimitTests {
  @Test("requests: the sixth of five is refused, with Retry-After; another token of the session has its own five")
  func requests() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let few = try agent.narrowToken({
      $0["limits"] = ["requests": 5]
      $0["session_limits"] = ["requests": 8]
    })
    for _ in 0..<5 { #expect(try agent.get("/v1/posture", token: few).status == 200) }
    let sixth = try agent.get("/v1/posture", token: few)
    #expect(sixth.status == 429 && sixth.code == "budget_exhausted")
    #expect(try sixth.json["limit"] as? String == "requests")
    #expect((sixth.headers["retry-after"].flatMap { Int($0) } ?? 0) >= 1)
    #expect(sixth.headers["ratelimit"]?.contains("r=0") == true)
    // A new token renews its own budget, not the session's.
    let more = try agent.narrowToken({
      $0["limits"] = ["requests": 5]
      $0["session_limits"] = ["requests": 8]
    })
    for _ in 0..<3 { #expect(try agent.get("/v1/posture", token: more).status == 200) }
    let ninth = try agent.get("/v1/posture", token: more)
    #expect(ninth.status == 429)
    #expect(try ninth.json["limit"] as? String == "session_requests")
  }

  @Test("distinct objects: a new one over the budget is refused, one seen before is not")
  func objects() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.narrowToken({ $0["limits"] = ["objects": 2] })
    for path in ["/etc/passwd", "/etc/group", "/etc/passwd"] {
      #expect(try agent.get("/v1/files?path=\(path)", token: token).status == 200, "\(path)")
    }
    let third = try agent.get("/v1/files?path=/etc/hostname", token: token)
    #expect(third.status == 429 && third.code == "budget_exhausted")
    #expect(try third.json["limit"] as? String == "objects")
    #expect(try agent.get("/v1/files?path=/etc/../etc/group", token: token).status == 200)
    // An environment is many objects.
    let one = try agent.narrowToken({ $0["limits"] = ["objects": 1] })
    let id = try agent.workloadID(token: agent.token())
    #expect(try agent.get("/v1/processes/\(id)/environment", token: one).code == "budget_exhausted")
  }

  @Test("bytes: an answer over the budget does not leave")
  func bytes() throws {
    let agent = try AgentUnderTest(["sh", "-c", "seq 1 2000; exec sleep 300"])
    let token = try agent.narrowToken({ $0["limits"] = ["bytes": 3000] })
    #expect(try agent.get("/v1/files?path=/etc/passwd", token: token).status == 200)
    let answer = try agent.get("/v1/logs/stdout?lines=1000", token: token)
    #expect(answer.status == 429 && answer.code == "budget_exhausted", "\(answer.body.prefix(200))")
    #expect(try answer.json["limit"] as? String == "bytes")
  }

  @Test("concurrency: one request too many at a time")
  func concurrency() throws {
    let agent = try AgentUnderTest(["sh", "-c", "while sleep 0.2; do echo tick; done"])
    let token = try agent.narrowToken({ $0["limits"] = ["concurrency": 1, "follow_seconds": 30] })
    let follow = try Follow(agent, "/v1/logs/stdout?follow=true", token: token)
    try follow.wait(for: "\"type\":\"line\"")
    let second = try agent.get("/v1/posture", token: token)
    #expect(second.status == 429 && second.code == "too_many_concurrent")
    follow.stop()
    let deadline = Date().addingTimeInterval(60)
    var status = 0
    repeat { status = try agent.get("/v1/posture", token: token).status } while status != 200 && Date() < deadline
    #expect(status == 200)
  }

  @Test(
    "large answers that nobody takes hold a bounded memory: one more than a session may is refused, a small one is not",
    .enabled(if: getuid() == 0, "starts the agent with another configuration"))
  func slowReaders() throws {
    let relaunch = try Relaunch(
      AgentUnderTest(["sh", "-c", "yes $(seq -s : 40) | head -c 800000; exec sleep 300"]),
      .init(configuration: {
        var object = (try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) ?? [:]
        object["ceilings"] = ["waiting_bytes": 4_000_000]
        return String(decoding: try! JSONSerialization.data(withJSONObject: object), as: UTF8.self)
      }), options: [])
    _ = try relaunch.answer("/v1/posture")
    let agent = relaunch.agent
    let token = try agent.narrowToken({ $0["limits"] = ["requests": 1000, "concurrency": 8] })
    // Connections that ask for 880,000 bytes each, and take nothing but the head until all have been asked.
    let script = """
      import json, socket, ssl, sys
      port, authority, certificate, key, path, token = sys.argv[1:]
      context = ssl.create_default_context(cafile=authority)
      context.load_cert_chain(certificate, key)
      def ask(path):
          raw = socket.socket()
          # Small segments: the kernel's buffer for what was sent is a multiple of their size.
          raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
          raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
          raw.connect(("127.0.0.1", int(port)))
          connection = context.wrap_socket(raw, server_hostname="127.0.0.1").makefile("rwb", buffering=0)
          connection.write(("GET " + path + " HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n"
                            "Authorization: Bearer " + token + "\\r\\n\\r\\n").encode())
          return connection
      def answer(connection):
          head = b""
          while not head.endswith(b"\\r\\n\\r\\n"):
              head += connection.read(1)
          fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\\r\\n")[1:-2])
          return int(head.split()[1]), int(fields["content-length"]), connection
      def rest(connection):
          body = b""
          while part := connection.read(65536):
              body += part
          return body
      waiting = [answer(ask(path)) for _ in range(5)]
      small = answer(ask("/v1/files?path=/etc/passwd"))
      bodies = [rest(connection) for _, _, connection in waiting]
      rest(small[2])
      again = answer(ask(path))
      print(json.dumps({
          "statuses": [status for status, _, _ in waiting] + [small[0], again[0]],
          "whole": all(len(body) == length for body, (_, length, _) in zip(bodies, waiting)),
          "refused": [json.loads(body)["code"] for body, (status, _, _) in zip(bodies, waiting) if status != 200]}))
      """
    let port = try #require(agent.url.split(separator: ":").last)
    let run = try Sidelight.run(
      program: "/usr/bin/python3",
      [
        "-c", script, String(port), agent.authority, agent.certificate, agent.key,
        "/v1/logs/stdout?lines=10000&bytes=1048576", token,
      ])
    try #require(run.status == 0, "\(run.error)")
    let result = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(result["statuses"] as? [Int] == [200, 200, 503, 503, 503, 200, 200], "\(run.output)")
    #expect(result["refused"] as? [String] == ["overloaded", "overloaded", "overloaded"], "\(run.output)")
    #expect(result["whole"] as? Bool == true)
  }

  @Test("who pipelines requests and takes nothing gets no second answer made, and no more than the kernel's buffer")
  func pipelining() throws {
    let agent = try AgentUnderTest(["sh", "-c", "yes $(seq -s : 40) | head -c 300000; exec sleep 300"])
    let token = try agent.token()
    let path = "/v1/logs/stdout?lines=10000&bytes=200000"
    try #require(try agent.get(path, token: token).body.utf8.count > 200_000)
    let client = try SlowClient(agent, path, token: token, requests: 30)
    func answers() throws -> Int {
      try agent.audit.count { $0["type"] as? String == "decision" && $0["log"] as? String == "stdout" } - 1
    }
    // Others are answered meanwhile, long enough for all thirty.
    for _ in 0..<30 { #expect(try agent.get("/v1/posture", token: token).status == 200) }
    #expect(try answers() == 1)
    #expect(try client.takeAll())
    #expect(try answers() == 30)
  }

  @Test("nor with answers that have no body")
  func pipeliningHeads() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let client = try SlowClient(agent, "/v1/posture", token: "x", requests: 3000, method: "HEAD")
    for _ in 0..<60 { #expect(try agent.get("/v1/files?path=/", token: "x").status >= 400) }
    // What the kernels of both sides hold, some 350 bytes each.
    #expect(try agent.audit.count { $0["type"] as? String == "decision" && $0["method"] as? String == "HEAD" } < 2000)
    withExtendedLifetime(client) {}
  }

  @Test("a caller whose tokens keep failing waits before the next is verified; another one does not")
  func failures() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    // More than are let through while they are made: 80 at once, then 10 a second.
    let urls = (0..<400).flatMap { _ in ["--output", "/dev/null", agent.url + "/v1/posture"] }
    let result = try Sidelight.run(
      program: "/usr/bin/env",
      [
        "curl", "--silent", "--cacert", agent.authority, "--cert", agent.certificate, "--key", agent.key, "--header",
        "Authorization: Bearer a.b.c", "--write-out", "%{http_code}\n",
      ] + urls)
    let codes = result.output.split(separator: "\n")
    #expect(codes.contains("401") && codes.contains("429"))
    #expect(codes.allSatisfy { $0 == "401" || $0 == "429" })
    #expect(try agent.audit.filter { $0["type"] as? String == "decision" }.count >= 400)
    sleep(2)
    #expect(try agent.get("/v1/posture", token: agent.token()).status == 200)
  }

  @Test("too fast: the agent's own ceiling answers, and the agent goes on")
  func rate() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.narrowToken { $0["limits"] = ["requests": 10_000] }
    // One connection, as fast as it goes; 200 are let through at once, then 50 a second.
    let urls = (0..<1500).flatMap { _ in ["--output", "/dev/null", agent.url + "/v1/posture"] }
    let result = try Sidelight.run(
      program: "/usr/bin/env",
      [
        "curl", "--silent", "--cacert", agent.authority, "--cert", agent.certificate, "--key", agent.key, "--header",
        "Authorization: Bearer \(token)", "--write-out", "%{http_code} %header{retry-after}\n",
      ] + urls)
    let lines = result.output.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("200") })
    let slowed = lines.filter { $0.hasPrefix("429 ") }
    #expect(!slowed.isEmpty)
    #expect(slowed.allSatisfy { (Int($0.dropFirst(4)) ?? 0) >= 1 })
    sleep(2)
    #expect(try agent.get("/v1/posture", token: token).status == 200)
  }
}

/// A `follow` under way in a curl of its own.
final class Follow {
  private let child: Child
  private let folder: TemporaryFolder

  init(_ agent: AgentUnderTest, _ path: String, token: String, more: [String] = []) throws {
    folder = try TemporaryFolder()
    child = try Child(
      "/usr/bin/env",
      [
        "curl", "--silent", "--no-buffer", "--cacert", agent.authority, "--cert", agent.certificate, "--key", agent.key,
        "--header", "Authorization: Bearer \(token)", agent.url + path,
      ] + more, output: folder.path("output"), error: folder.path("error"))
  }

  var records: [[String: Any]] {
    let text = (try? String(contentsOfFile: folder.path("output"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
    }
  }

  var text: String { (try? String(contentsOfFile: folder.path("output"), encoding: .utf8)) ?? "" }

  func wait(for part: String, seconds: TimeInterval = 60, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while !text.contains(part), Date() < deadline { usleep(20_000) }
    try #require(text.contains(part), "\(text.suffix(400))", sourceLocation: sourceLocation)
  }

  /// Waits until the server ends the stream.
  func finish() -> [[String: Any]] {
    _ = child.wait()
    return records
  }

  func stop() { child.stop() }
}
