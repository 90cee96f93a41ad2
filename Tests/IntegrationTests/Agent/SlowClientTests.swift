import Foundation
import Glibc
import Testing

/// Clients that ask and do not take what they asked for: what they can hold, and for how long.
@Suite("Who takes nothing", .serialized)
struct SlowClientTests {
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

  @Test("a follow that is not taken is cut off after 30 seconds, recorded as incomplete, and its place is free again")
  func follow() throws {
    let agent = try AgentUnderTest(["sh", "-c", "while sleep 0.1; do seq -s : 4000; done"])
    let token = try agent.narrowToken({ $0["limits"] = ["requests": 1000, "concurrency": 1, "follow_seconds": 600] })
    let begun = Date()
    let client = try SlowClient(agent, "/v1/logs/stdout?follow=true", token: token)
    try #require(try agent.get("/v1/posture", token: token).code == "too_many_concurrent")
    let id = try #require(try agent.audit.last { $0["log"] as? String == "stdout" }?["request_id"] as? String)
    func completion() throws -> [String: Any]? {
      try agent.audit.last { $0["type"] as? String == "completion" && $0["request_id"] as? String == id }
    }
    while try completion() == nil, begun.timeIntervalSinceNow > -240 { usleep(200_000) }
    let end = try #require(try completion())
    #expect(begun.timeIntervalSinceNow <= -30)
    #expect(end["complete"] as? Bool == false)
    #expect(end["reason"] as? String == "the client took nothing for 30 seconds")
    #expect(try agent.get("/v1/posture", token: token).status == 200)
    withExtendedLifetime(client) {}
  }
}
