import Foundation
import Glibc
import Testing

/// Environments as odd as they come, and compared.
@Suite("Environments", .serialized)
struct EnvironmentTests {
  /// Executes sleep(1) with these environments, and is ready with the pids.
  static func command(_ blocks: [[[UInt8]]]) -> [String] {
    let literal = blocks.map { "[" + $0.map { "bytes(\($0))" }.joined(separator: ",") + "]" }.joined(separator: ",")
    return PythonWorkload.command(
      """
      def run(words):
          envp = (ctypes.c_char_p * (len(words) + 1))(*words, None)
          argv = (ctypes.c_char_p * 3)(b'sleep', b'600', None)
          libc.execve(b'/usr/bin/sleep', argv, envp)
      pids = [child(lambda words=words: run(words)) for words in [\(literal)]]
      while any(b'sleep' not in open(f'/proc/{pid}/cmdline', 'rb').read() for pid in pids): time.sleep(0.01)
      ready(*pids)
      stay()
      """)
  }

  static func bytes(_ words: [String]) -> [[UInt8]] { words.map { Array($0.utf8) } }

  @Test("every record is kept and flagged: empty, duplicate, without '=', not UTF-8; names as bytes")
  func records() throws {
    let words: [[UInt8]] =
      Self.bytes(["", "LANG=C", "orange-tiger-banana", "LANG=D", "=nameless", "EMPTY="])
      + [[0xFF, 0x41, 0x3D, 0x31], Array("GREETING\u{1B}[2J=x".utf8), Array("LC_ALL=".utf8) + [0xC3, 0x28]]
    let agent = try AgentUnderTest(Self.command([words]))
    let pid = try #require(try PythonWorkload.words(agent).first.flatMap { Int($0) })
    let token = try agent.token()
    let id = try #require(try agent.process(pid, fields: "pid", token: token)["id"] as? String)
    let answer = try agent.get("/v1/processes/\(id)/environment", token: token)
    let variables = try #require(try answer.json["variables"] as? [[String: Any]], "\(answer.body)")
    #expect(try answer.json["source"] as? String == "exec")
    #expect(variables.count == words.count, "\(answer.body)")
    let flags = variables.map { $0["flags"] as? [String] ?? [] }
    #expect(
      flags == [
        ["empty"], [], ["no_equals_sign"], ["duplicate"], [], [], ["not_utf8"], [], ["not_utf8"],
      ])
    #expect(variables[6]["name_base64"] as? String == "/0E=" && variables[6]["name"] as? String == "\u{FFFD}A")
    #expect(variables[7]["name"] as? String == "GREETING\u{1B}[2J")
    #expect(!answer.body.contains("tiger") && !answer.body.contains("nameless"))
    let table = try agent.installation.run(["env", "\(pid)"])
    #expect(
      table.status == 0 && !table.output.contains("\u{1B}") && table.output.contains(#"\xffA="#), "\(table.output)")
  }

  @Test("a comparison tells which are the same, and nothing else; both processes and all names must be granted")
  func comparison() throws {
    let secret = "hush-Zq8-77-hush"
    let agent = try AgentUnderTest(
      Self.command([
        Self.bytes(["PATH=/bin", "DB_PASSWORD=\(secret)", "PIN=1234", "ONLY=1", "D=1", "D=2", "odd"]),
        Self.bytes(["PIN=1234", "PATH=/usr/bin", "DB_PASSWORD=\(secret)x", "EXTRA=2", "D=1", "D=2"]),
      ]))
    let pids = try PythonWorkload.words(agent).compactMap(Int.init)
    try #require(pids.count == 2)
    let token = try agent.token()
    let ids = try pids.map { try #require(try agent.process($0, fields: "pid", token: token)["id"] as? String) }
    let path = "/v1/processes/\(ids[0])/environment?compare=\(ids[1])"
    let answer = try agent.get(path, token: token)
    let variables = try #require(try answer.json["variables"] as? [[String: Any]], "\(answer.body)")
    let results = Dictionary(
      uniqueKeysWithValues: variables.map { ($0["name"] as? String ?? "", $0["result"] as? String ?? "") })
    #expect(
      results == [
        "PATH": "differs", "DB_PASSWORD": "differs", "PIN": "same", "ONLY": "only_here", "D": "same",
        "EXTRA": "only_there",
      ])
    #expect(try answer.json["unnamed_here"] as? Int == 1 && (answer.json["compared_with"] as? String) == ids[1])
    #expect(variables.allSatisfy { Set($0.keys) == ["name", "result"] }, "no value, length, kind or fingerprint")
    #expect(!answer.body.contains("hush") && !answer.body.contains("/usr/bin"))
    let event = try #require(try agent.decision(of: answer))
    #expect(event["process"] as? String == ids[0] && event["compared_with"] as? String == ids[1])

    // Charged as if both had been shown: two processes, and the four names that both have and the two that one has, twice.
    func objects(_ limit: Int, _ query: String) throws -> String? {
      let narrow = try agent.token { claims in
        var detail = agent.detail()
        detail["limits"] = ["requests": 100, "concurrency": 4, "objects": limit]
        claims["authorization_details"] = [detail]
        claims["gid"] = UUID().uuidString
      }
      return try agent.get(path + query, token: narrow).code
    }
    #expect(try objects(13, "") == "budget_exhausted" && objects(14, "") == nil)
    #expect(try objects(3, "&name=PIN") == "budget_exhausted" && objects(4, "&name=PIN") == nil)

    let names = try agent.narrowToken { $0["names"] = ["P*"] }
    let some = try agent.get(path, token: names)
    #expect(
      try Set((some.json["variables"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }) == [
        "PATH", "PIN",
      ])
    #expect(try some.json["hidden"] as? Int == 4)
    #expect(try agent.get(path + "&name=DB_PASSWORD", token: names).code == "name_not_granted")
    #expect(
      try agent.get(path, token: agent.narrowToken { $0["actions"] = ["processes.list"] }).code == "action_not_granted")
    #expect(
      try agent.get("/v1/processes/\(ids[0])/environment?compare=1@1-00000000", token: token).code == "process_gone")
    let refused = try #require(try agent.audit.last { $0["type"] as? String == "decision" })
    #expect(refused["process"] as? String == ids[0] && refused["compared_with"] as? String == "1@1-00000000")
    #expect(try agent.get("/v1/processes/\(ids[0])/environment?compare=x", token: token).code == "process_not_found")
    let outside = try agent.narrowToken { $0["processes"] = ["/nothing"] }
    #expect(try agent.get(path, token: outside).code == "process_not_granted")

    let table = try agent.installation.run(["env", "\(pids[0])", "--compare", "\(pids[1])"])
    #expect(table.status == 0 && table.output.contains("differs     DB_PASSWORD\n"), "\(table.output)\(table.error)")
    #expect(table.output.contains("same        PIN\n") && table.error.contains("1 records without '='"))
    let one = try agent.installation.run(["env", "\(pids[0])", "PIN", "NONE", "--compare", "\(pids[1])"])
    #expect(one.output == "RESULT  NAME\nsame    PIN\n" && one.status == 66 && one.error.contains("not set: NONE"))
  }
}
