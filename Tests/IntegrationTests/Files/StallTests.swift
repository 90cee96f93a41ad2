import Foundation
import Glibc
import Testing

/// Targets that do not answer. Nothing of the agent may wait for them for ever.
@Suite("What hangs", .serialized)
struct StallTests {
  /// The code of an answer, and how many seconds it took.
  private func ask(_ agent: AgentUnderTest, _ path: String, _ token: String) throws -> (String, Double) {
    let started = Date()
    let answer = try agent.get(path, token: token)
    return (answer.code ?? "\(answer.status)", Date().timeIntervalSince(started))
  }

  @Test("a FUSE file system, dead or alive: named in its parent, never touched")
  func mountPoints() throws {
    let target = try HangingTarget("fuse")
    let agent = try AgentUnderTest(
      [], options: ["--pid", "\(try target.pid("beside"))", "--log", "app=\(target.base)/fuse/file"])
    let token = try agent.token()
    for isFrozen in [false, true] {
      if isFrozen { try target.freeze() }
      for path in [
        "files?path=\(target.base)/fuse", "files?path=\(target.base)/fuse/file", "files?path=\(target.base)/fuse/none",
        "directories?path=\(target.base)/fuse", "files/digest?path=\(target.base)/fuse/file",
        "files?path=\(target.base)/root/file", "files?path=\(target.base)/fuse/../fuse/folder/inner",
      ] {
        let (code, seconds) = try ask(agent, "/v1/" + path, token)
        #expect(code == "path_refused", "\(path), frozen: \(isFrozen)")
        #expect(seconds < 3, "\(path)")
      }
      let listing = try agent.get("/v1/directories?path=\(target.base)", token: token)
      let entries = try #require(try listing.json["entries"] as? [[String: Any]])
      let statuses = Dictionary(
        uniqueKeysWithValues: entries.map { ($0["name"] as? String ?? "", $0["status"] as? String ?? "") })
      #expect(
        statuses == ["fuse": "mount_point", "root": "mount_point", "plain": "ok", "upper": "ok", "work": "ok"],
        "\(listing.body)")
      // Nothing but its name is said of a mount point.
      #expect(entries.first { $0["name"] as? String == "fuse" }?.count == 2)
      let logs = try agent.get("/v1/logs", token: token)
      #expect(logs.status == 200 && logs.body.contains("\"denied\""), "\(logs.body)")
      #expect(try ask(agent, "/v1/logs/app", token).0 == "path_refused")
    }
    #expect(try ask(agent, "/v1/files?path=\(target.base)/plain", token).0 == "200")
  }

  @Test("a root file system on FUSE is refused at once")
  func root() throws {
    let target = try HangingTarget("fuse")
    let agent = try AgentUnderTest([], options: ["--pid", "\(try target.pid("inside"))"])
    let token = try agent.token()
    try target.freeze()
    for route in ["files", "directories", "files/digest"] {
      let (code, seconds) = try ask(agent, "/v1/\(route)?path=/file", token)
      #expect(code == "path_refused" && seconds < 3, "\(route): \(code) after \(seconds)")
    }
    #expect(try agent.processes(token: token).count == 1)
  }

  @Test("an overlay on a file system that dies: one worker, a typed answer, and the rest goes on")
  func overlay() throws {
    let target = try HangingTarget("fuse")
    let agent = try AgentUnderTest([], options: ["--pid", "\(try target.pid("above"))"])
    defer { target.end() }
    let token = try agent.token()
    let file = try agent.get("/v1/files?path=/file", token: token)
    #expect(file.status == 200, "\(file.body)")
    #expect((try file.json["mount"] as? [String: Any])?["file_system"] as? String == "overlay")
    #expect(try ask(agent, "/v1/directories?path=/", token).0 == "200")
    #expect(try ask(agent, "/v1/files/digest?path=/file", token).0 == "200")

    try target.freeze()
    // Eight at once: none of them waits for long, and most of the workers stay free.
    let folder = try TemporaryFolder()
    let tokens = try (0..<8).map { _ in try concurrent(agent) }
    let started = Date()
    let curls = try (0..<8).map { number in
      try Child(
        "/usr/bin/env",
        [
          "curl", "--silent", "--max-time", "30", "--cacert", agent.authority, "--cert", agent.certificate, "--key",
          agent.key, "--header", "Authorization: Bearer \(tokens[number])",
          "\(agent.url)/v1/files?path=/folder/none\(number)",
        ], output: folder.path("\(number)"), error: "/dev/null")
    }
    for curl in curls { #expect(curl.wait() == 0) }
    #expect(Date().timeIntervalSince(started) < 20, "one after the other they would take 24")
    for number in 0..<8 { #expect(try folder.read("\(number)").contains("\"target_unresponsive\""), "\(number)") }
    #expect(try stuckThreads(of: agent) == 1)

    // Nobody is sent there again, and what does not need it is answered.
    for path in ["/v1/files?path=/file", "/v1/directories?path=/", "/v1/files/digest?path=/folder/inner"] {
      let (code, seconds) = try ask(agent, path, token)
      #expect(code == "target_unresponsive" && seconds < 2, "\(path): \(code) after \(seconds)")
    }
    #expect(try ask(agent, "/v1/posture", token).0 == "200")
    #expect(try ask(agent, "/v1/processes", token).0 == "200")
    // The refusals say who asked for what, also where the worker never came back.
    let events = try agent.audit.filter {
      $0["code"] as? String == "target_unresponsive" && $0["type"] as? String == "decision"
    }
    #expect(events.count == 11)
    for event in events {
      #expect(event["action"] as? String != nil && event["session"] as? String == agent.session, "\(event)")
    }
  }

  @Test("logs that are followed on a file system that dies: one worker, an end for each, and the rest goes on")
  func followedLogs() throws {
    let target = try HangingTarget("fuse")
    let agent = try AgentUnderTest([], options: ["--pid", "\(try target.pid("above"))", "--log", "app=/file"])
    defer { target.end() }
    let token = try concurrent(agent)
    let follows = try (0..<6).map { _ in try Follow(agent, "/v1/logs/app?follow=true&lines=1", token: token) }
    for follow in follows { try follow.wait(for: "content of a file") }
    try target.freeze()
    let deadline = Date().addingTimeInterval(60)
    while try stuckThreads(of: agent) == 0, Date() < deadline { usleep(50_000) }
    for _ in 0..<20 {
      // Also at once, while nobody knows yet that the file system is dead.
      let (code, seconds) = try ask(agent, "/v1/processes", token)
      #expect(code == "200" && seconds < 4.5, "\(code) after \(seconds)")
      usleep(300_000)
    }
    #expect(try stuckThreads(of: agent) == 1)
    // One was given up, the others were told.
    var told = 0
    for follow in follows where follow.text.contains("\"unreadable\"") { told += 1 }
    #expect(told == 5)
    let events = try agent.audit.filter { $0["type"] as? String == "completion" && $0["complete"] as? Bool == false }
    #expect(events.count == 1 && events.first?["reason"] as? String == "target_unresponsive", "\(events)")
    #expect(try ask(agent, "/v1/logs/app", token).0 == "target_unresponsive")
  }

  /// A token with room for eight at a time.
  private func concurrent(_ agent: AgentUnderTest) throws -> String {
    try agent.narrowToken { $0["limits"] = ["requests": 1000, "concurrency": 16] }
  }

  /// Threads of the collector that wait for the file system, or for the memory of a process that does.
  private func stuckThreads(of agent: AgentUnderTest) throws -> Int {
    let collector = try #require(agent.pids["collector"])
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(collector)/task")
    return threads.filter {
      let place = (try? String(contentsOfFile: "/proc/\(collector)/task/\($0)/wchan", encoding: .utf8)) ?? ""
      return place == "request_wait_answer" || place == "__access_remote_vm"
    }.count
  }

  @Test("a process whose environment cannot be read: its neighbours can")
  func environment() throws {
    let target = try HangingTarget("1")
    let agent = try AgentUnderTest([], options: ["--pid", "\(try target.pid("family"))"])
    let token = try agent.token()
    let (first, seconds) = try ask(agent, "/v1/files?path=/etc/passwd", token)
    // Whoever comes first stands still, and is answered for.
    #expect(first == "target_unresponsive" && seconds < 9, "\(first) after \(seconds)")
    #expect(try stuckThreads(of: agent) == 1)
    #expect(try ask(agent, "/v1/files?path=/etc/passwd", token).0 == "200")
    #expect(try ask(agent, "/v1/processes", token).0 == "200")
    let processes = try agent.processes(token: token)
    let hung = try #require(processes.first { $0["pid"] as? Int == Int(target.workloads["hung0"] ?? 0) })
    let (code, wait) = try ask(agent, "/v1/processes/\(hung["id"] as? String ?? "")/environment", token)
    #expect(code == "target_unresponsive" && wait < 2, "\(code) after \(wait)")
    #expect(try stuckThreads(of: agent) == 1)
  }

  @Test("many processes whose environments cannot be read: two workers at most are lost, the others serve")
  func manyStuck() throws {
    let target = try HangingTarget("4")
    let agent = try AgentUnderTest([], options: ["--pid", "\(try target.pid("family"))"])
    // Requests that hang count as under way until their worker comes back.
    let token = try concurrent(agent)
    var answers: [String] = []
    for _ in 0..<6 { answers.append(try ask(agent, "/v1/files?path=/etc/passwd", token).0) }
    #expect(answers.first == "target_unresponsive" && answers.suffix(3) == ["200", "200", "200"], "\(answers)")
    #expect((1...2).contains(try stuckThreads(of: agent)))
    for path in ["/v1/files?path=/etc/passwd", "/v1/processes", "/v1/logs"] {
      let (code, seconds) = try ask(agent, path, token)
      #expect(code == "200" && seconds < 2, "\(path): \(code) after \(seconds)")
    }
    #expect(try agent.get("/v1/posture", token: token).status == 200)
    #expect(try agent.get("/v1/posture", token: nil).code == "token_missing")
    target.end()
    let deadline = Date().addingTimeInterval(60)
    while try stuckThreads(of: agent) > 0, Date() < deadline { usleep(100_000) }
    #expect(try stuckThreads(of: agent) == 0)
    // The processes have ended with it; what is left is an agent that answers.
    #expect(try agent.get("/v1/posture", token: token).status == 200)
    #expect(try ask(agent, "/v1/files?path=/etc/passwd", token).0 != "overloaded")
  }
}
