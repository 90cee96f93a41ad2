import Foundation
import Testing

@Suite("The command line, against an agent that says what it likes")
struct LookTests {
  @Test("nothing that could act on a terminal comes through, in any table")
  func escaping() throws {
    let nasty = "a\u{1B}[2J\r\n\u{7F}\u{9B}\u{202E}\u{2066}\u{200B}\u{FEFF}\u{E000}\u{2028}\u{61C}\u{0}\tz"
    let peer = try ScriptedPeer([
      "/v1/processes": [
        try ScriptedPeer.processes([ScriptedPeer.process(7, parent: 1, command: nasty, arguments: ["app", nasty])])
      ]
    ])
    for arguments in [["ps"], ["ps", "--tree"]] {
      let result = try peer.run(arguments)
      #expect(result.status == 0, Comment(rawValue: result.error))
      #expect(!result.output.unicodeScalars.contains { Self.isDangerous($0) })
      for escape in ["\\x1b[2J", "\\r", "\\n", "\\x7f", "\\u{9b}", "\\u{202e}", "\\u{200b}", "\\u{feff}", "\\t"] {
        #expect(result.output.contains(escape), "\(escape)")
      }
    }
  }

  @Test("text that is not UTF-8 is shown byte by byte, and refusals are escaped too")
  func invalidBytesAndRefusals() throws {
    let lines = #"{"text":"x�y","base64":"eP95"},{"text":"tab\there","masked":1}"#
    let peer = try ScriptedPeer([
      "/v1/logs/app": [
        .init(
          body:
            #"{"source":"app","container":"w","file":"app.log","file_id":"0011223344556677","size":9,"modified":"2026-01-01T00:00:00Z","bytes_scanned":9,"#
            + #""limit_hit":"none","predecessors":[],"cursor":"c","lines":["# + lines + "]}")
      ],
      "/v1/files": [try ScriptedPeer.problem("path_not_granted", status: 403, ["detail": "\u{1B}]0;owned\u{7}"])],
    ])
    let tail = try peer.run(["tail", "app"])
    #expect(tail.output == "x\\xffy\ntab     here\n")
    let refusal = try peer.run(["stat", "/etc/passwd"])
    #expect(refusal.status == 77)
    #expect(!refusal.error.contains("\u{1B}"))
    #expect(refusal.error.contains("path_not_granted") && refusal.error.contains("req-7"))
    #expect(refusal.error.split(separator: "\n").count == 2)
    #expect(refusal.error.contains("\nhint: "))
  }

  @Test("cycles, missing parents and long chains are all drawn, once each")
  func tree() throws {
    var list = [
      ScriptedPeer.process(10, parent: 1, command: "top"), ScriptedPeer.process(11, parent: 10, command: "child"),
      ScriptedPeer.process(12, parent: 13, command: "loop-a"), ScriptedPeer.process(13, parent: 12, command: "loop-b"),
      ScriptedPeer.process(14, parent: 14, command: "self"),
      ScriptedPeer.process(15, parent: 11, command: "older", start: "2025-01-01T00:00:00Z"),
    ]
    for pid in 100..<3000 { list.append(ScriptedPeer.process(pid, parent: pid == 100 ? 11 : pid - 1, command: "deep")) }
    let peer = try ScriptedPeer(["/v1/processes": [try ScriptedPeer.processes(list)]])
    let result = try peer.run(["ps", "--tree"])
    #expect(result.status == 0, Comment(rawValue: result.error))
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 1 + list.count + 1)
    #expect(lines.filter { $0.contains("(parent not in this view)") }.count == 1)
    #expect(lines.contains { $0.contains("├─ ") } && lines.contains { $0.contains("└─ ") })
    for name in ["top", "child", "loop-a", "loop-b", "self", "older"] {
      #expect(lines.filter { $0.contains(" \(name)") }.count == 1, "\(name)")
    }
    #expect(result.output.utf8.count < 2 << 20)
  }

  @Test("one process whole: each value with its unit, and in place of what is missing the reason")
  func oneProcess() throws {
    let body = #"""
      {"id":"7@77","pid":7,"ppid":1,"parent":"unknown","container":"w","kind":"user","command":"a\u001bb\ufffd",
      "command_base64":"YRti/w==","state":"S","subtree":{"processes":2,"threads":3,"resident_bytes":2048,
      "cpu_milliseconds":1500},"arguments":["x","","a b","\u202e"],"capabilities":[],"swap_bytes":1048576,
      "cpu_milliseconds":61000,"limits":[{"name":"Max open files","soft":"1024","hard":"4096","unit":"files"}],
      "from_a_newer_agent":1,"unread":[{"field":"executable","status":"denied","reason":"different_uid"},
      {"field":"arguments","status":"truncated"},{"field":"terminal","status":"empty"},
      {"field":"working_directory","status":"empty","reason":"zombie"},{"field":"io","status":"unsupported"}]}
      """#
    let peer = try ScriptedPeer([
      "/v1/processes": [try ScriptedPeer.processes([ScriptedPeer.process(7, parent: 1)])],
      "/v1/processes/7%4077": [.init(body: body)],
    ])
    let result = try peer.run(["ps", "7"])
    #expect(result.status == 0, Comment(rawValue: result.error))
    var lines: [String: String] = [:]
    for line in result.output.split(separator: "\n") {
      guard let gap = line.range(of: "  ") else { continue }
      lines[String(line[..<gap.lowerBound])] = line[gap.upperBound...].trimmingCharacters(in: .whitespaces)
    }
    #expect(lines["command"] == #"a\x1bb\xff"# && lines["swap"] == "1.0M" && lines["cpu"] == "1m01s")
    #expect(lines["arguments"] == #"x '' 'a b' \u{202e} …"# && lines["capabilities"] == "none")
    #expect(lines["executable"] == "(denied: different_uid)" && lines["terminal"] == "none")
    #expect(lines["working directory"] == "none (zombie)" && lines["io"] == "(unsupported)")
    #expect(lines["subtree"] == "processes: 2, threads: 3, resident: 2.0K, cpu: 1.50s")
    #expect(lines["limits"] == "Max open files: 1024, at most 4096 files")
    #expect(try peer.requests().contains { $0.contains("GET /v1/processes/7%4077?fields=all ") })
    #expect(try peer.run(["ps", "7", "-o", "json"]).output.hasPrefix("{\"id\":\"7@77\""))
    #expect(try peer.run(["ps", "8"]).status == 66)
  }

  @Test("what ps asks the agent for")
  func parameters() throws {
    let peer = try ScriptedPeer([
      "/v1/processes": [try ScriptedPeer.processes([ScriptedPeer.process(7, parent: 1)])]
    ])
    let expected: [([String], String)] = [
      (["ps", "--sort", "memory", "--limit", "3"], "sort=-resident_bytes&limit=3"),
      (["ps", "--container", "a b", "--root", "7@77", "--depth", "0"], "container=a%20b&root=7%4077&depth=0"),
      (["ps", "--fields", "command,memory", "--kernel-threads"], "fields=command%2Cmemory&kernel_threads=true"),
      (["ps", "--root", "7"], "root=7%4077"),
    ]
    for (arguments, query) in expected {
      let result = try peer.run(arguments)
      #expect(result.status == 0, "\(result.error)")
      #expect(try peer.requests().last?.contains("GET /v1/processes?\(query) ") == true, "\(arguments)")
    }
  }

  @Test("a pid becomes its opaque id, which is percent-encoded; masked values are presence tokens")
  func environment() throws {
    let peer = try ScriptedPeer([
      "/v1/processes": [try ScriptedPeer.processes([ScriptedPeer.process(7, parent: 1)])],
      "/v1/processes/7%4077/environment": [
        .init(
          body: #"{"process":"7@77","source":"exec","bytes_read":9,"truncated":false,"hidden":2,"variables":["#
            + #"{"name":"PATH","value":"/bin"},"#
            + #"{"name":"DB_PASSWORD","masked":{"kind":"secret","length":"16-31","fingerprint":"f00d"}}]}"#)
      ],
    ])
    let result = try peer.run(["env", "7", "PATH", "DB_PASSWORD", "A B&C"])
    #expect(result.output == "PATH=/bin\nDB_PASSWORD=‹secret:16-31:f00d›\n")
    #expect(result.error.contains("2 more that the grant does not include"))
    #expect(result.error.contains("not set: A B&C"))
    #expect(result.status == 66)
    let last = try #require(try peer.requests().last)
    #expect(
      last.hasPrefix("GET /v1/processes/7%4077/environment?name=PATH&name=DB_PASSWORD&name=A%20B%26C Bearer tok.en.1"))
    #expect(try peer.run(["env", "8"]).status == 66)
    #expect(try peer.run(["env", "7@77"]).status == 0)
  }

  @Test("-o json is the agent's own text; several parts become one document")
  func json() throws {
    let one = try ScriptedPeer.processes([ScriptedPeer.process(1, parent: 0)], next: "c&1")
    let two = try ScriptedPeer.processes([ScriptedPeer.process(2, parent: 1)])
    let raw = "{ \"sources\": [ ],   \"x\": 1.50 }"
    let peer = try ScriptedPeer(["/v1/processes": [one, two], "/v1/logs": [.init(body: raw)]])
    #expect(try peer.run(["logs", "-o", "json"]).output == raw + "\n")
    let merged = try peer.run(["ps", "-o", "json"])
    let document = try JSONSerialization.jsonObject(with: Data(merged.output.utf8)) as? [String: Any]
    #expect((document?["processes"] as? [[String: Any]])?.compactMap { $0["pid"] as? Int } == [1, 2])
    #expect(document?["next"] == nil)
    #expect(try peer.requests().contains { $0.contains("/v1/processes?cursor=c%261 ") })
  }

  @Test("a list that leads back to itself ends")
  func cursorLoop() throws {
    let page = try ScriptedPeer.processes([ScriptedPeer.process(1, parent: 0)], next: "same")
    let result = try ScriptedPeer(["/v1/processes": [page]]).run(["ps"])
    #expect(result.status == 70)
    #expect(result.error.contains("leads back"))
  }

  @Test("a followed log: lines on standard output, the rest on standard error, and a broken stream is an error")
  func follow() throws {
    let records = """
      {"type":"open"}
      {"type":"line","text":"one"}
      {"type":"heartbeat"}
      {"type":"rotated"}
      {"type":"dropped","lines":3}
      {"type":"line","text":"two"}

      """
    let end = #"{"type":"end","reason":"max_duration"}"# + "\n"
    let peer = try ScriptedPeer([
      "/v1/logs/app": [
        .init(type: "application/x-ndjson", body: records + end), .init(type: "application/x-ndjson", body: records),
        .init(type: "application/x-ndjson", body: records + end),
      ]
    ])
    let whole = try peer.run(["tail", "app", "-f", "-n", "5"])
    #expect(whole.status == 0, Comment(rawValue: whole.error))
    #expect(whole.output == "one\ntwo\n")
    #expect(whole.error.contains("rotated") && whole.error.contains("3 lines") && whole.error.contains("max_duration"))
    #expect(!whole.error.contains("heartbeat"))
    #expect(try peer.requests().contains { $0.contains("/v1/logs/app?lines=5&follow=true ") })
    #expect(try peer.run(["tail", "app", "-f"]).status == 69)
    #expect(try peer.run(["tail", "app", "-f", "-o", "json"]).output == records + end)
  }

  @Test("a follow goes on after a broken connection and an expired token, and shows no line twice")
  func followOn() throws {
    func answer(_ records: [String]) -> ScriptedPeer.Answer {
      .init(type: "application/x-ndjson", body: records.map { $0 + "\n" }.joined())
    }
    func line(_ text: String) -> String { #"{"type":"line","text":"\#(text)"}"# }
    let peer = try ScriptedPeer([
      "/v1/logs/app": [
        answer([
          #"{"type":"open","cursor":"c1"}"#, line("one"), line("two"),
          #"{"type":"line","text":"to the old file","late":true}"#,
          #"{"type":"hole","bytes":5000}"#,
        ]),
        // Breaks off again, before all of that has come once more, and with a heartbeat in between.
        answer([#"{"type":"open","cursor":"c1"}"#, line("one"), #"{"type":"heartbeat","cursor":"c2"}"#]),
        answer([
          #"{"type":"open","cursor":"c2"}"#, line("two"), #"{"type":"hole","bytes":5000}"#, line("three"),
          #"{"type":"end","reason":"token_expired","cursor":"c3"}"#,
        ]),
        answer([
          #"{"type":"open","cursor":"c3"}"#, #"{"type":"rotated","reason":"replaced","cursor":"c4"}"#, line("four"),
          #"{"type":"end","reason":"follow_limit","cursor":"c5"}"#,
        ]),
      ]
    ])
    let result = try peer.run(["tail", "app", "-f", "--since", "10m", "--grep", "o&e", "--file", "x.log"])
    #expect(result.status == 0, Comment(rawValue: result.error))
    #expect(result.output == "one\ntwo\nto the old file\nthree\nfour\n")
    #expect(result.error.components(separatedBy: "going on where it was").count == 3)
    #expect(result.error.contains("token has expired") && result.error.contains("follow_limit"))
    let requests = try peer.requests()
    #expect(requests.filter { $0.hasPrefix("POST /token") }.count == 2)
    let looks = requests.filter { $0.hasPrefix("GET") }.compactMap { $0.split(separator: " ").dropFirst().first }
    #expect(
      looks == [
        "/v1/logs/app?since=10m&grep=o%26e&file=x.log&follow=true",
        "/v1/logs/app?cursor=c1&grep=o%26e&file=x.log&follow=true",
        "/v1/logs/app?cursor=c2&grep=o%26e&file=x.log&follow=true",
        "/v1/logs/app?cursor=c3&grep=o%26e&file=x.log&follow=true",
      ])
  }

  @Test("where the tokens expire at once, as behind a clock that is wrong, a follow does not ask for ever")
  func tokensThatExpireAtOnce() throws {
    let over = ScriptedPeer.Answer(
      type: "application/x-ndjson",
      body: #"{"type":"open","cursor":"c1"}"# + "\n" + #"{"type":"end","reason":"token_expired","cursor":"c1"}"# + "\n")
    let peer = try ScriptedPeer(["/v1/logs/app": [over]])
    let result = try peer.run(["tail", "app", "-f"])
    #expect(result.status == 69 && result.error.contains("compare the clocks"), Comment(rawValue: result.error))
    #expect(try peer.requests().count { $0.hasPrefix("GET") } == 7)
  }

  @Test("a follow begins anew, and says so, where the agent does not know its cursor any more")
  func followAnew() throws {
    func answer(_ records: [String]) -> ScriptedPeer.Answer {
      .init(type: "application/x-ndjson", body: records.map { $0 + "\n" }.joined())
    }
    let refusal = ScriptedPeer.Answer(
      status: 400, type: "application/problem+json",
      body: #"{"type":"https://sidelight.dev/problems/invalid_parameter","title":"t","status":400,"#
        + #""code":"invalid_parameter","detail":"cursor","request_id":"r"}"#)
    let anew = answer([
      #"{"type":"open","cursor":"d1"}"#, #"{"type":"line","text":"two"}"#,
      #"{"type":"end","reason":"follow_limit","cursor":"d2"}"#,
    ])
    let peer = try ScriptedPeer([
      "/v1/logs/app": [
        answer([#"{"type":"open","cursor":"c1"}"#, #"{"type":"line","text":"one"}"#]), refusal, anew,
      ]
    ])
    let result = try peer.run(["tail", "app", "-f", "-n", "5", "--grep", "o"])
    #expect(result.status == 0, Comment(rawValue: result.error))
    #expect(result.output == "one\ntwo\n")
    #expect(result.error.contains("beginning anew: lines may be missing, or come twice"))
    let looks = try peer.requests().filter { $0.hasPrefix("GET") }.map { $0.split(separator: " ")[1] }
    #expect(
      looks == [
        "/v1/logs/app?lines=5&grep=o&follow=true", "/v1/logs/app?cursor=c1&grep=o&follow=true",
        "/v1/logs/app?lines=5&grep=o&follow=true",
      ])
    // Without a cursor there is nothing to begin anew.
    let wrong = try ScriptedPeer(["/v1/logs/app": [refusal]]).run(["tail", "app", "-f"])
    #expect(wrong.status == 64)
  }

  @Test("what was cut from a tail, and what is left, is said on standard error")
  func tailNotes() throws {
    let peer = try ScriptedPeer([
      "/v1/logs/app": [
        .init(
          body: #"{"source":"app","container":"w","file":"app.log","file_id":"0011223344556677","size":9,"#
            + #""modified":"2026-01-01T00:00:00Z","bytes_scanned":4194304,"limit_hit":"scan","hole_bytes":5000,"#
            + #""lines_scanned":9,"without_time":2,"without_zone":3,"#
            + #""predecessors":[{"name":"app\u001b.log.1","lines":1}],"cursor":"c","lines":[{"text":"a"},{"text":"b"}]}"#
        )
      ],
      "/v1/logs": [
        .init(
          body: #"{"sources":[{"name":"app","container":"w","status":"available","size":9,"truncated":true,"#
            + #""modified":"2026-01-01T00:00:00Z","files":[{"id":"0011223344556677","name":"a\u202e‹name:8-15:-›","#
            + #""status":"available","size":9,"modified":"2026-01-01T00:00:00Z","truncated":false,"predecessors":["#
            + #"{"name":"app.log.2.gz","status":"compressed","size":7,"modified":"2026-01-01T00:00:00Z"}]}]}]}"#)
      ],
    ])
    let tail = try peer.run(["tail", "app", "-c", "100", "--since", "1h", "--predecessors", "2"])
    #expect(tail.output == "a\nb\n")
    for part in [
      "1 of these lines are of app\\x1b.log.1", "no further", "NULs", "2 of 9 lines", "3 lines name no time zone",
    ] {
      #expect(tail.error.contains(part), "\(part)")
    }
    #expect(try peer.requests().contains { $0.contains("/v1/logs/app?bytes=100&since=1h&predecessors=2 ") })
    let logs = try peer.run(["logs"])
    #expect(logs.output.contains("--file 0011223344556677") && logs.output.contains("compressed"))
    #expect(logs.output.contains("a\\u{202e}") && logs.error.contains("more files"))
  }

  @Test(
    "each kind of refusal has its exit status",
    arguments: [
      ("token_invalid", 401, 77), ("action_not_granted", 403, 77), ("file_not_found", 404, 66),
      ("process_gone", 410, 66),
      ("not_a_directory", 422, 1), ("rate_limited", 429, 75), ("internal_error", 500, 70), ("overloaded", 503, 69),
      ("invalid_parameter", 400, 64), ("a_code_from_later", 418, 1),
    ])
  func statuses(code: String, status: Int, expected: Int32) throws {
    let peer = try ScriptedPeer(["/v1/files": [try ScriptedPeer.problem(code, status: status, ["retry_after": 3])]])
    let result = try peer.run(["stat", "/x"])
    #expect(result.status == expected)
    #expect(result.error.contains(code) && result.error.contains("retry after 3 s"))
    #expect(result.error.split(separator: "\n").count == 2)
  }

  @Test("a token from the second of the agent's start is replaced, once")
  func beforeStart() throws {
    let early = try ScriptedPeer.problem("token_before_start", status: 401)
    let fine = try ScriptedPeer([
      "/v1/processes": [early, try ScriptedPeer.processes([ScriptedPeer.process(1, parent: 0)])]
    ])
    #expect(try fine.run(["ps"]).status == 0)
    #expect(try fine.requests().filter { $0.hasPrefix("POST /token") }.count == 2)
    let never = try ScriptedPeer(["/v1/processes": [early]])
    #expect(try never.run(["ps"]).status == 77)
    #expect(try never.requests().filter { $0.hasPrefix("GET") }.count == 2)
  }

  @Test("each command asks for its own action and no other")
  func narrowTokens() throws {
    let peer = try ScriptedPeer([:])
    let expected: [([String], [String])] = [
      (["ps"], ["processes.list"]), (["env", "1@1"], ["environment.read"]),
      (["env", "1"], ["environment.read", "processes.list"]), (["stat", "/"], ["files.stat"]),
      (["ls", "/"], ["files.list"]), (["digest", "/"], ["files.digest"]), (["logs"], ["logs.list"]),
      (["tail", "x"], ["logs.tail"]),
    ]
    for (arguments, actions) in expected {
      _ = try peer.run(arguments)
      let form = try #require(try peer.requests().last { $0.hasPrefix("POST /token") })
      let list = actions.map { "%22\($0)%22" }.joined(separator: "%2C")
      #expect(form.contains("grant_type=client_credentials"))
      #expect(form.contains("resource=spiffe%3A%2F%2Fsidelight.local%2Fns%2Ftest%2Fagent%2F1"))
      #expect(form.contains("%22actions%22%3A%5B\(list)%5D"), Comment(rawValue: form))
    }
  }

  @Test("a peer with another SPIFFE ID is sent nothing")
  func otherPeer() throws {
    let peer = try ScriptedPeer([:], identity: "spiffe://sidelight.local/ns/test/agent/2")
    let result = try peer.run(["ps"])
    #expect(result.status == 69)
    #expect(result.error.contains("another SPIFFE ID"))
    #expect(try peer.requests().isEmpty)
  }

  @Test("the broker's refusal names the rule")
  func brokerRefusal() throws {
    let peer = try ScriptedPeer([
      "/token": [
        .init(
          status: 400,
          body: #"{"error":"invalid_authorization_details","error_description":"not all of it","rule":"look"}"#)
      ]
    ])
    let result = try peer.run(["ps"])
    #expect(result.status == 77)
    #expect(result.error.contains("invalid_authorization_details: not all of it (rule look)"))
  }

  @Test("dim only on a terminal, and not with NO_COLOR")
  func colour() throws {
    let peer = try ScriptedPeer([
      "/v1/processes/1%401/environment": [
        .init(
          body: #"{"process":"1@1","source":"exec","bytes_read":9,"truncated":false,"hidden":0,"variables":["#
            + #"{"name":"A","masked":{"kind":"secret","length":"0-7"}}]}"#)
      ]
    ])
    let arguments = ["env", "1@1", "--state", peer.folder.path]
    let command = ([Sidelight.path] + arguments).joined(separator: " ")
    let terminal = try Sidelight.run(
      program: "/usr/bin/script", ["-qec", command, "/dev/null"], environment: ["TERM": "xterm"])
    #expect(terminal.output.contains("A=\u{1B}[2m‹secret:0-7:-›\u{1B}[22m"))
    let plain = try Sidelight.run(
      program: "/usr/bin/script", ["-qec", command, "/dev/null"], environment: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(plain.output.contains("A=‹secret:0-7:-›"))
    #expect(try peer.run(["env", "1@1"]).output == "A=‹secret:0-7:-›\n")
  }

  private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A: false
    case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xE000...0xF8FF: true
    case _: false
    }
  }
}

@Suite("The command line, before it asks anybody")
struct UsageTests {
  @Test("a wrong command line is 64, an unusable state directory 65, and both say what to do")
  func usage() throws {
    for arguments in [
      ["nothing"], ["env"], ["env", "abc"], ["tail", "x", "-n", "-1"], ["dev", "up"], ["ps", "-o", "xml"],
    ] {
      let result = try Sidelight.run(arguments)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.error.hasPrefix("error: "))
    }
    let nowhere = try Sidelight.run(["ps"])
    #expect(nowhere.status == 65)
    #expect(nowhere.error.contains("SIDELIGHT_STATE") && nowhere.error.contains("\nhint: "))
    #expect(try Sidelight.run(["ps", "--state", "/nonexistent"]).status == 65)
    #expect(try Sidelight.run(["ps"], environment: ["SIDELIGHT_STATE": "/nonexistent"]).status == 65)
    #expect(try Sidelight.run(["dev", "token", "--state", "/x", "--actions", "ps", "--names", ","]).status == 64)
    #expect(try Sidelight.run(["--help"]).status == 0)
  }

  @Test("a peer that is not there is 69")
  func unreachable() throws {
    let peer = try ScriptedPeer([:])
    var text = try peer.folder.read("sidelight.json")
    text.replace(/127.0.0.1:[0-9]+/, with: "127.0.0.1:1")
    try peer.folder.write("sidelight.json", text)
    let result = try peer.run(["ps"])
    #expect(result.status == 69)
    #expect(
      result.error.hasPrefix("error: the broker at https://127.0.0.1:1 cannot be reached: Connection refused\nhint: "))
  }

  @Test("a folder that is not ours is left alone")
  func foreignFolder() throws {
    let folder = try TemporaryFolder()
    try folder.write("notes.txt", "mine")
    let result = try Sidelight.run(["dev", "down", "--state", folder.path])
    #expect(result.status == 65)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["notes.txt"])
  }
}
