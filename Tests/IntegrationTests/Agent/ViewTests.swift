import Foundation
import Testing

/// The views beside what other programs say of the same system.
@Suite("What is shown", .serialized)
struct ViewTests {
  @Test("every secret of the workload stays inside: in no answer, no log of ours, no audit line")
  func secrets() throws {
    let password = "Zx9-\(UUID().uuidString.prefix(13))"
    let token = "tok_\(UUID().uuidString.replacing("-", with: "").lowercased())"
    let script = """
      echo "login with $DB_PASSWORD and header Authorization: Bearer $API_TOKEN"
      echo "GET /?access_token=$API_TOKEN" >&2
      ln -sf "/x/$API_TOKEN" "$TMPDIR/link"
      sleep 300 "$API_TOKEN" 2>/dev/null || python3 -c 'import time; time.sleep(300)' "$DB_PASSWORD" --password="$DB_PASSWORD" &
      wait
      """
    let folder = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let agent = try AgentUnderTest(
      ["sh", "-c", script],
      environment: [
        "DB_PASSWORD": password, "API_TOKEN": token, "TMPDIR": folder, "UNLISTED": "plain-\(password)",
        "DATABASE_URL": "postgres://app:\(password)@db.internal/app",
      ])
    let permit = try agent.token()
    let deadline = Date().addingTimeInterval(60)
    while try agent.processes(token: permit).count < 2, Date() < deadline { usleep(100_000) }
    let processes = try agent.processes(token: permit)
    #expect(processes.count >= 2)
    var answers = ""
    for process in processes {
      let id = try #require(process["id"] as? String)
      answers += try agent.get("/v1/processes/\(id)", token: permit).body
      answers += try agent.get("/v1/processes/\(id)/environment", token: permit).body
    }
    for path in [
      "/v1/processes", "/v1/logs", "/v1/logs/stdout", "/v1/logs/stderr", "/v1/posture", "/v1/files?path=\(folder)/link",
      "/v1/directories?path=\(folder)",
    ] {
      let answer = try agent.get(path, token: permit)
      #expect(answer.status == 200, "\(path): \(answer.body)")
      answers += answer.body
    }
    #expect(answers.contains("DB_PASSWORD") && answers.contains("db.internal") && answers.contains("GET /"))
    #expect(answers.contains("\"masked\""))
    var written = answers
    for file in ["log/agent.log", "log/broker.log", "audit/agent.jsonl", "audit/broker.jsonl"] {
      written += (try? String(contentsOfFile: agent.installation.state.path(file), encoding: .utf8)) ?? ""
    }
    let inside = try String(contentsOfFile: agent.installation.state.path("logs/stdout.log"), encoding: .utf8)
    for secret in [password, token] {
      #expect(inside.contains(secret), "the workload itself has written it: otherwise this test proves nothing")
      for shape in [secret, Data(secret.utf8).base64EncodedString().replacing("=", with: "")] {
        #expect(!written.contains(shape))
      }
    }
  }

  @Test("the environment: only safe names show, the rest is a presence token")
  func environment() throws {
    let agent = try AgentUnderTest(
      ["sleep", "300"],
      environment: [
        "LANG": "C.UTF-8", "GREETING": "hello", "COUNTRY_PIN": "1234", "EMPTY_ONE": "", "WITH_EQUALS": "a=b=c",
      ])
    let token = try agent.token()
    let id = try agent.workloadID(token: token)
    let answer = try agent.get("/v1/processes/\(id)/environment", token: token)
    let variables = try #require(try answer.json["variables"] as? [[String: Any]])
    func variable(_ name: String) throws -> [String: Any] {
      try #require(variables.first { $0["name"] as? String == name })
    }
    #expect(try variable("LANG")["value"] as? String == "C.UTF-8")
    for name in ["GREETING", "COUNTRY_PIN", "WITH_EQUALS"] {
      #expect(try variable(name)["value"] == nil, "\(name)")
      #expect((try variable(name)["masked"] as? [String: Any])?["kind"] is String, "\(name)")
    }
    // The same names, in the same order, as the kernel has them.
    let block = try Data(contentsOf: URL(filePath: "/proc/\(agent.workload)/environ"))
    let names = block.split(separator: 0).map { String(decoding: $0.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self) }
    #expect(variables.map { $0["name"] as? String ?? "" } == names)
    #expect(try answer.json["source"] as? String == "exec")
    let two = try agent.get("/v1/processes/\(id)/environment?name=LANG&name=GREETING", token: token)
    #expect((try two.json["variables"] as? [[String: Any]])?.count == 2)
  }

  @Test("records of the environment that are no variables do not show")
  func oddRecords() throws {
    let program = """
      import ctypes, os
      libc = ctypes.CDLL(None)
      words = [b"orange-tiger-banana", b"", b"=nameless-secret", b"LANG=C", b"LANG=D"]
      envp = (ctypes.c_char_p * (len(words) + 1))(*words, None)
      argv = (ctypes.c_char_p * 3)(b"sleep", b"300", None)
      libc.execve(b"/usr/bin/sleep", argv, envp)
      """
    let agent = try AgentUnderTest(["/usr/bin/python3", "-c", program])
    let token = try agent.token()
    let deadline = Date().addingTimeInterval(60)
    while try agent.processes(token: token).first?["command"] as? String != "sleep", Date() < deadline {
      usleep(50_000)
    }
    let answer = try agent.get("/v1/processes/\(agent.workloadID(token: token))/environment", token: token)
    let variables = try #require(try answer.json["variables"] as? [[String: Any]])
    #expect(variables.count == 5)
    #expect(variables.first?["flags"] as? [String] == ["no_equals_sign"])
    #expect(variables.last?["flags"] as? [String] == ["duplicate"])
    #expect(!answer.body.contains("tiger") && !answer.body.contains("nameless-secret"))
  }

  @Test("processes agree with ps, and only the workload's are there")
  func processes() throws {
    let agent = try AgentUnderTest(["sh", "-c", "sleep 301 & sleep 302 & wait"])
    let token = try agent.token()
    let deadline = Date().addingTimeInterval(60)
    while try agent.processes(token: token).count < 3, Date() < deadline { usleep(50_000) }
    let shown = try agent.processes(token: token)
    #expect(shown.count == 3)
    for process in shown {
      let pid = try #require(process["pid"] as? Int)
      let line = try Sidelight.run(
        program: "/usr/bin/env", ["ps", "-o", "ppid=,uid=,gid=,nlwp=,comm=", "-p", "\(pid)"]
      ).output.split(separator: " ").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
      try #require(line.count == 5)
      #expect(process["ppid"] as? Int == Int(line[0]))
      #expect(process["uid"] as? Int == Int(line[1]))
      #expect(process["gid"] as? Int == Int(line[2]))
      #expect(process["threads"] as? Int == Int(line[3]))
      #expect(process["command"] as? String == line[4])
      #expect(process["state"] as? String == "S")
    }
    // A process that has ended is gone, also under its old id.
    let sleeper = try #require(shown.first { ($0["arguments"] as? [String])?.contains("301") == true })
    let id = try #require(sleeper["id"] as? String)
    kill(pid_t(try #require(sleeper["pid"] as? Int)), SIGKILL)
    let end = Date().addingTimeInterval(60)
    var code: String?
    repeat {
      code = try agent.get("/v1/processes/\(id)", token: token).code
      usleep(50_000)
    } while code == nil && Date() < end
    #expect(code == "process_gone")
  }

  @Test("files agree with stat")
  func files() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    for path in ["/etc/passwd", "/usr/bin", "/usr/bin/env", "/var/tmp"] {
      let answer = try agent.get("/v1/files?path=\(path)", token: token)
      let file = try #require(try answer.json["file"] as? [String: Any], "\(path)")
      let stat = try Sidelight.run(
        program: "/usr/bin/env", ["stat", "--printf", "%s %b %a %u %g %h %i %Y", path]
      ).output.split(separator: " ").map(String.init)
      #expect(file["size"] as? Int == Int(stat[0]), "\(path)")
      #expect(file["allocated_bytes"] as? Int == Int(stat[1]).map { $0 * 512 }, "\(path)")
      #expect((file["mode"] as? String).map { Int($0, radix: 8) } == Int(stat[2], radix: 8), "\(path)")
      #expect(file["uid"] as? Int == Int(stat[3]) && file["gid"] as? Int == Int(stat[4]), "\(path)")
      #expect(file["links"] as? Int == Int(stat[5]), "\(path)")
      #expect(file["inode"] as? UInt64 == UInt64(stat[6]), "\(path)")
      let seconds = try Date((file["modified"] as? String ?? "").prefix(19) + "Z", strategy: .iso8601)
      #expect(Int(seconds.timeIntervalSince1970) == Int(stat[7]), "\(path)")
    }
    let listing = try agent.get("/v1/directories?path=/etc", token: token)
    let names = try #require(try listing.json["entries"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    let real = try FileManager.default.contentsOfDirectory(atPath: "/etc").sorted {
      Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
    }
    #expect(names == real)
    // Part by part it is the same list.
    var parts: [String] = []
    var cursor: String? = ""
    while let from = cursor {
      let part = try agent.get("/v1/directories?path=/etc&limit=7\(from)", token: token).json
      parts += (part["entries"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
      cursor = (part["next"] as? String).map { "&cursor=\($0)" }
    }
    #expect(parts == real)
  }
}
