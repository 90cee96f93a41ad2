import Foundation
import Testing

/// Tails and follows, beside tail(1) and with real writers.
@Suite("Logs", .serialized)
struct LogTests {
  @Test("the last lines are those of tail, also from the middle of a large file")
  func tail() throws {
    let agent = try AgentUnderTest(["sh", "-c", "seq 1 200000; echo -n unfinished; exec sleep 300"])
    let token = try agent.token()
    let file = agent.installation.state.path("logs/stdout.log")
    let deadline = Date().addingTimeInterval(60)
    while !((try? String(contentsOfFile: file, encoding: .utf8))?.hasSuffix("unfinished") ?? false), Date() < deadline {
      usleep(50_000)
    }
    for count in [1, 2, 10, 999] {
      let answer = try agent.get("/v1/logs/stdout?lines=\(count)", token: token)
      let lines = try #require(try answer.json["lines"] as? [[String: Any]]).compactMap { $0["text"] as? String }
      let real = try Sidelight.run(program: "/usr/bin/env", ["tail", "-n", "\(count)", file]).output
      #expect(lines == real.split(separator: "\n").map(String.init), "\(count)")
      #expect((try answer.json["bytes_scanned"] as? Int ?? .max) < 200_000)
    }
    let size = try #require(try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
    #expect(try agent.get("/v1/logs/stdout?lines=0", token: token).json["size"] as? Int == size)
  }

  @Test("a file without a newline, a sparse one, a FIFO, a symlink, a hard link: bounded, or refused")
  func hostile() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "logs-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let script = """
      cd "\(folder)"
      head -c 64000000 /dev/zero | tr '\\0' x > long.log
      truncate -s 1G sparse.log
      mkfifo fifo.log; ln -s /etc/passwd link.log; echo inside > hard.log; ln hard.log other.log; mkdir directory.log
      echo done; exec sleep 300
      """
    let names = ["long", "sparse", "fifo", "link", "hard", "directory", "missing"]
    let agent = try AgentUnderTest(
      ["sh", "-c", script], options: names.flatMap { ["--log", "\($0)=\(folder)/\($0).log"] })
    let token = try agent.token()
    let deadline = Date().addingTimeInterval(60)
    while try !agent.get("/v1/logs/stdout", token: token).body.contains("done"), Date() < deadline { usleep(100_000) }
    for (name, code) in [
      ("fifo", "not_a_regular_file"), ("link", "not_a_regular_file"), ("directory", "not_a_regular_file"),
      ("hard", "path_refused"), ("missing", "log_not_found"),
    ] {
      #expect(try agent.get("/v1/logs/\(name)", token: token).code == code, "\(name)")
    }
    for name in ["long", "sparse"] {
      let answer = try agent.get("/v1/logs/\(name)?lines=10", token: token)
      #expect(answer.status == 200, "\(name): \(answer.body.prefix(200))")
      #expect(try answer.json["limit_hit"] as? String == (name == "sparse" ? "none" : "scan"), "\(name)")
      #expect((try answer.json["bytes_scanned"] as? Int ?? .max) <= 4 << 20, "\(name)")
      #expect(answer.body.utf8.count < 100_000, "\(name)")
      #expect(try answer.json["hole_bytes"] as? Int == (name == "sparse" ? 1 << 30 : nil), "\(name)")
    }
  }

  @Test("follow: new lines, rotation, truncation, and the end")
  func follow() throws {
    let script = """
      i=0; while sleep 0.1; do i=$((i+1)); echo "line $i password=hunter$i-secret"; done
      """
    let agent = try AgentUnderTest(["sh", "-c", script])
    let token = try agent.narrowToken({ $0["limits"] = ["follow_seconds": 15] })
    let follow = try Follow(agent, "/v1/logs/stdout?follow=true&lines=1", token: token)
    try follow.wait(for: "\"type\":\"line\"")
    let file = agent.installation.state.path("logs/stdout.log")
    // The writer appends, so that it goes on at the new end: copytruncate.
    try #require(try Sidelight.run(program: "/usr/bin/env", ["truncate", "-s", "0", file]).status == 0)
    try follow.wait(for: "\"type\":\"reset\"")
    try FileManager.default.moveItem(atPath: file, toPath: file + ".1")
    try "after the rotation\n".write(toFile: file, atomically: false, encoding: .utf8)
    try #require(
      try Sidelight.run(program: "/usr/bin/env", ["chmod", "--reference", file + ".1", file]).status == 0
        && Sidelight.run(program: "/usr/bin/env", ["chown", "--reference", file + ".1", file]).status == 0)
    try follow.wait(for: "after the rotation")
    let records = follow.finish()
    #expect(records.first?["type"] as? String == "open")
    #expect(records.last?["type"] as? String == "end")
    #expect(records.last?["reason"] as? String == "follow_limit")
    #expect(records.contains { $0["type"] as? String == "rotated" })
    #expect(!follow.text.contains("hunter"))
    let numbers = records.compactMap {
      ($0["text"] as? String)?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }
    #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
    // The cursor of the end resumes where it ended.
    let cursor = try #require(records.last?["cursor"] as? String)
    let again = try Follow(agent, "/v1/logs/stdout?follow=true&cursor=\(cursor)", token: try agent.token())
    try "one more\n".appendLine(to: file)
    try again.wait(for: "one more")
    again.stop()
    #expect(!again.text.contains("after the rotation"))
    let stranger = try agent.get("/v1/logs/stderr?follow=true&cursor=\(cursor)", token: token)
    #expect(stranger.code == "invalid_parameter")
  }

  @Test("a secret of a process that has just started, or has ended since, is masked in a follow and a tail")
  func passingProcesses() throws {
    // Word-like on purpose: only its being in an environment tells that it is a secret.
    let secret = "violet-otter.canyon_\(["maple", "birch", "aspen"].randomElement() ?? "oak")"
    let script =
      "sleep 2; JOB_PASSWORD='\(secret)' sh -c 'echo started with $JOB_PASSWORD; sleep 1'; echo over; exec sleep 300"
    let agent = try AgentUnderTest(["sh", "-c", script])
    let follow = try Follow(agent, "/v1/logs/stdout?follow=true", token: agent.token())
    try follow.wait(for: "over")
    follow.stop()
    // Longer than a survey is good for.
    sleep(11)
    let later = try agent.get("/v1/logs/stdout", token: agent.token()).body
    #expect(follow.text.contains("started with ‹") && later.contains("started with ‹"))
    #expect(!(follow.text + later).contains(secret))
  }

  @Test("the beginning of a secret at the end of an unfinished line does not show")
  func unfinished() throws {
    let secret = "correct-horse.battery_staple-\(["wolf", "lynx"].randomElement() ?? "hare")"
    let script = "printf 'connecting with %.22s' \"$DB_PASSWORD\"; exec sleep 300"
    let agent = try AgentUnderTest(["sh", "-c", script], environment: ["DB_PASSWORD": secret])
    let deadline = Date().addingTimeInterval(60)
    var body = ""
    repeat {
      body = try agent.get("/v1/logs/stdout", token: agent.token()).body
    } while !body.contains("connecting") && Date() < deadline
    #expect(body.contains("connecting with ‹"))
    #expect(!body.contains("correct-horse"))
  }

  @Test("a key block that began before the follow stays masked, also after a resume")
  func multipleLines() throws {
    // The body is drawn as a base64 of random bytes: no line of it may show, in whatever part of the stream it stands.
    let body = (0..<40).map { _ in Data((0..<48).map { _ in UInt8.random(in: 0...255) }).base64EncodedString() }
    let folder = FileManager.default.temporaryDirectory.appending(path: "pem-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/app.log"
    let head = "start\n-----BEGIN PRIVATE KEY-----\n" + body[..<10].joined(separator: "\n") + "\n"
    try head.write(toFile: file, atomically: false, encoding: .utf8)
    let agent = try AgentUnderTest(["sleep", "300"], options: ["--log", "app=\(file)"])
    let first = try Follow(
      agent, "/v1/logs/app?follow=true&lines=2", token: agent.narrowToken({ $0["limits"] = ["follow_seconds": 3] }))
    try (body[10..<20].joined(separator: "\n") + "\n").appendLine(to: file)
    let records = first.finish()
    let cursor = try #require(records.last?["cursor"] as? String)
    let second = try Follow(agent, "/v1/logs/app?follow=true&cursor=\(cursor)", token: agent.token())
    try (body[20...].joined(separator: "\n") + "\n-----END PRIVATE KEY-----\nthe end of it\n").appendLine(to: file)
    try second.wait(for: "the end of it")
    second.stop()
    let shown = first.text + second.text + (try agent.get("/v1/logs/app?lines=100", token: agent.token()).body)
    for line in body { #expect(!shown.contains(line.prefix(20)), "a line of the key shows") }
    #expect(shown.contains("start"))
  }

  @Test("a follow ends with the token, and when the agent is asked to end")
  func endings() throws {
    let agent = try AgentUnderTest(["sh", "-c", "while sleep 0.1; do echo tick; done"])
    let now = Int(Date().timeIntervalSince1970)
    let short = try agent.token(claims: { $0["exp"] = now + 4 })
    let first = try Follow(agent, "/v1/logs/stdout?follow=true", token: short)
    let second = try Follow(agent, "/v1/logs/stdout?follow=true", token: try agent.token())
    #expect(first.finish().last?["reason"] as? String == "token_expired")
    try second.wait(for: "tick")
    kill(pid_t(try #require(agent.pids["opener"])), SIGTERM)
    #expect(second.finish().last?["reason"] as? String == "shutdown")
    let deadline = Date().addingTimeInterval(60)
    while agent.pids.values.contains(where: DevelopmentInstallation.isRunning), Date() < deadline { usleep(50_000) }
    #expect(!agent.pids.values.contains(where: DevelopmentInstallation.isRunning))
    #expect(DevelopmentInstallation.isRunning(agent.workload))
    let completion = try agent.audit.last { $0["type"] as? String == "completion" }
    #expect(completion?["complete"] as? Bool == true)
  }
}

extension String {
  fileprivate func appendLine(to path: String) throws {
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(utf8))
    try handle.close()
  }
}
