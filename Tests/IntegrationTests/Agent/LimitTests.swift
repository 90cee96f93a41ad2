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
