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

  @Test("by lines, bytes, text, time, older part and pattern: the lines of tail and grep on the same files")
  func selections() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "select-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func shell(_ command: String) throws -> [String] {
      let result = try Sidelight.run(program: "/bin/bash", ["-c", "cd \"$1\" && \(command)", "bash", folder])
      try #require(result.status == 0 || result.output.isEmpty, Comment(rawValue: result.error))
      return result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast()
    }
    _ = try shell(
      """
      awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%s.%03dZ %s order %d took %d ms\\n",
        strftime("%Y-%m-%dT%H:%M:%S", 1700000000 + i, 1), i % 1000, i % 7 ? "INFO" : "WARN", i, i % 91 }' > all
      head -8000 all > app.log.2; sed -n 8001,15000p all > app.log.1; tail -5000 all > app.log; rm all
      gzip -c app.log.2 > app.log.3.gz; seq 1 50 > other.log; touch -d @1700000000 other.log; chmod 644 *
      """)
    let agent = try AgentUnderTest(
      ["sleep", "300"], options: ["--log", "app=\(folder)/app.log", "--log", "any=\(folder)/*.log"])
    let token = try agent.token()
    func lines(_ query: String) throws -> [String] {
      let answer = try agent.get("/v1/logs/\(query)", token: token)
      try #require(answer.status == 200, "\(query): \(answer.body.prefix(300))")
      return try #require(try answer.json["lines"] as? [[String: Any]]).compactMap { $0["text"] as? String }
    }
    for count in [0, 1, 100, 4999, 5000] {
      #expect(try lines("app?lines=\(count)") == shell("tail -n \(count) app.log"), "\(count)")
    }
    #expect(try lines("app?lines=10000&predecessors=0") == shell("cat app.log"))
    #expect(try lines("app?lines=9000") == shell("cat app.log.1 app.log | tail -n 9000"))
    #expect(try lines("app?lines=6000&predecessors=8") == shell("cat app.log.2 app.log.1 app.log | tail -n 6000"))
    for count in [1, 47, 48, 1000, 100_000] {
      // tail cuts a line in two where the bytes do.
      let real = try shell(
        "tail -c \(count) app.log | tail -n +$(( $(tail -c \(count + 1) app.log | head -c 1 | wc -l) ? 1 : 2 ))")
      #expect(try lines("app?bytes=\(count)&predecessors=0") == real, "\(count)")
    }
    #expect(try lines("app?grep=WARN&lines=300&predecessors=0") == shell("grep -F WARN app.log | tail -n 300"))
    #expect(try lines("app?grep=took+90+ms&lines=10000") == shell("cat app.log.1 app.log | grep -F 'took 90 ms'"))
    #expect(try lines("app?grep=.%2A").isEmpty)
    let time = try shell("sed -n 3000p app.log | cut -d' ' -f1")[0]
    #expect(try lines("app?since=\(time)") == shell("tail -n +3000 app.log"))
    let earlier = try shell("sed -n 6500p app.log.1 | cut -d' ' -f1")[0]
    #expect(
      try lines("app?since=\(earlier)&grep=WARN") == shell("(tail -n +6500 app.log.1; cat app.log) | grep -F WARN"))
    #expect(
      try lines("any?lines=3") == shell("tail -n 3 app.log")
        && lines("any?file=other.log&lines=3") == ["48", "49", "50"])
    let list = try #require(try agent.get("/v1/logs", token: token).json["sources"] as? [[String: Any]])
    let files = try #require(list.first { $0["name"] as? String == "any" }?["files"] as? [[String: Any]])
    #expect(files.compactMap { $0["name"] as? String } == ["app.log", "other.log"])
    let older = try #require(files[0]["predecessors"] as? [[String: Any]])
    #expect(older.compactMap { $0["name"] as? String } == ["app.log.1", "app.log.2", "app.log.3.gz"])
    #expect(older.compactMap { $0["status"] as? String } == ["available", "available", "compressed"])
    for bad in [
      "app?since=now", "app?grep=", "app?bytes=0", "app?predecessors=9", "app?lines=1&lines=2", "app?cursor=x",
    ] {
      #expect(try agent.get("/v1/logs/\(bad)", token: token).code == "invalid_parameter", "\(bad)")
    }
    #expect(try agent.get("/v1/logs/any?file=%2Fetc%2Fpasswd", token: token).code == "log_not_found")
  }

  @Test("four follows of a fast log, one by a slow client: what is left out is said to the line, and memory is bounded")
  func slowClient() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "slow-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/fast.log"
    try "0\n".write(toFile: file, atomically: false, encoding: .utf8)
    let agent = try AgentUnderTest(["sleep", "300"], options: ["--log", "fast=\(file)"])
    let token = try agent.narrowToken { $0["limits"] = ["concurrency": 4, "follow_seconds": 300] }
    let follows = try (0..<4).map {
      try Follow(
        agent, "/v1/logs/fast?follow=true&lines=0", token: token, more: $0 == 0 ? ["--limit-rate", "100k"] : [])
    }
    defer { for follow in follows { follow.stop() } }
    for follow in follows { try follow.wait(for: "\"open\"", seconds: 60) }
    var most = 0
    // 52 MB, in steps, so that the log is always ahead of everybody.
    let filler = String(repeating: "fast ", count: 50)
    var next = 1
    let handle = try #require(FileHandle(forWritingAtPath: file))
    try handle.seekToEnd()
    for _ in 0..<20 {
      let text = (next..<(next + 10_000)).map { "\($0) \(filler)\n" }.joined()
      next += 10_000
      try handle.write(contentsOf: Data(text.utf8))
      usleep(200_000)
      most = max(most, try Self.proportionalSetSize(agent))
    }
    for follow in follows {
      try follow.wait(for: "\"dropped\"", seconds: 240)
      most = max(most, try Self.proportionalSetSize(agent))
    }
    print("four follows: \(most) KiB proportional set size")
    #expect(most < 32 << 10)
    for follow in follows {
      follow.stop()
      var expected = 1
      for record in follow.records {
        switch record["type"] as? String {
        case "line":
          let text = try #require(record["text"] as? String)
          #expect(text.hasPrefix("\(expected) fast "), "\(expected): \(text.prefix(20))")
          expected = (text.split(separator: " ").first.flatMap { Int($0) } ?? 0) + 1
        case "dropped": expected += try #require(record["lines"] as? Int)
        case _: break
        }
      }
      #expect(expected > 1000)
    }
  }

  /// Of opener, collector and endpoint together, in KiB.
  static func proportionalSetSize(_ agent: AgentUnderTest) throws -> Int {
    try agent.pids.values.reduce(0) { total, pid in
      let text = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Pss:") })
      return total + (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0)
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

  @Test("when nobody looks any more no log is held open: a removed one would keep its space")
  func nothingStaysOpen() throws {
    let agent = try AgentUnderTest(["sh", "-c", "echo here it is; exec sleep 3600"])
    let token = try agent.token()
    let folder = agent.installation.state.path("logs")
    func open() throws -> [String] {
      let collector = try #require(agent.pids["collector"])
      let list = try Sidelight.run(program: "/usr/bin/env", ["ls", "-l", "/proc/\(collector)/fd"]).output
      return list.split(separator: "\n").map(String.init).filter { $0.contains(folder + "/") }
    }
    for round in 0..<5 {
      let follow = try Follow(agent, "/v1/logs/stdout?follow=true", token: token)
      try follow.wait(for: "here it is")
      if round == 0 { #expect(try open().count == 1) }
      #expect(try agent.get("/v1/logs/stdout", token: token).status == 200)
      follow.stop()
    }
    let deadline = Date().addingTimeInterval(30)
    while try !open().isEmpty, Date() < deadline { usleep(50_000) }
    #expect(try open() == [])
  }

  @Test("a secret of a process that has just started, or has ended since, is masked in a follow and a tail")
  func passingProcesses() throws {
    // Word-like on purpose: only its being in an environment tells that it is a secret.
    let secret = "violet-otter.canyon_\(["maple", "birch", "aspen"].randomElement() ?? "oak")"
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    func wait(for name: String) -> String { "until [ -e \(folder.path(name)) ]; do sleep 0.1; done" }
    let job = "echo started with $JOB_PASSWORD; \(wait(for: "end"))"
    let script = "\(wait(for: "begin")); JOB_PASSWORD='\(secret)' sh -c '\(job)'; echo over; exec sleep 3600"
    let agent = try AgentUnderTest(["sh", "-c", script])
    let follow = try Follow(agent, "/v1/logs/stdout?follow=true", token: agent.token())
    try follow.wait(for: "\"type\":\"open\"")
    try folder.write("begin", "")
    try follow.wait(for: "started with")
    try folder.write("end", "")
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

  @Test("files of a pattern: the record names the one that is shown, and a new file's name shows no secret")
  func pattern() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "days-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try #require(unsafe chmod(folder, 0o777) == 0)
    let secret = "garnet-Otter-6620-plum"
    let agent = try AgentUnderTest(
      [
        "sh", "-c",
        "cd \(folder); echo one > day-01.log; until [ -e go ]; do sleep 0.1; done; "
          + "exec env JOB_TOKEN=\(secret) sh -c 'echo two > day-$JOB_TOKEN.log; exec sleep 300'",
      ], options: ["--log", "day=\(folder)/day-*.log"])
    let token = try agent.token()
    var first: AgentUnderTest.Answer
    let deadline = Date().addingTimeInterval(30)
    repeat { first = try agent.get("/v1/logs/day", token: token) } while first.status != 200 && Date() < deadline
    let cursor = try #require(try first.json["cursor"] as? String)
    let follow = try Follow(agent, "/v1/logs/day?follow=true", token: token)
    try follow.wait(for: "one")
    _ = FileManager.default.createFile(atPath: "\(folder)/go", contents: nil)
    try follow.wait(for: "two")
    let rotated = try #require(follow.records.first { $0["type"] as? String == "rotated" })
    #expect((rotated["file"] as? String)?.hasPrefix("day-‹recurring") == true, "\(rotated)")
    #expect(!follow.text.contains(secret))

    try "more of day one\n".appendLine(to: "\(folder)/day-01.log")
    let resumed = try Follow(agent, "/v1/logs/day?follow=true&cursor=\(cursor)", token: token)
    try resumed.wait(for: "more of day one")
    let decision = try #require(try agent.audit.last { $0["type"] as? String == "decision" })
    #expect(decision["path"] as? String == "day-01.log", "\(decision)")
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
