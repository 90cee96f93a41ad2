import Foundation
import Glibc
import Testing

/// What a good token does not include.
@Suite("What may not be asked for", .serialized)
struct GrantTests {
  @Test("the record says what was looked at, however it was asked for")
  func record() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    let dots = String(repeating: "./", count: 350)
    let back = String(repeating: "x/../", count: 170)
    for route in ["/v1/files", "/v1/files/digest"] {
      for path in ["/\(dots)etc/passwd", "/\(back)etc/passwd"] {
        #expect(try agent.get("\(route)?path=\(path)", token: token).status == 200)
        #expect(try agent.audit.last { $0["type"] as? String == "decision" }?["path"] as? String == "/etc/passwd")
      }
    }
    #expect(try agent.get("/v1/files?path=/a%ff", token: token).status == 404)
    #expect(try agent.audit.last { $0["type"] as? String == "decision" }?["path"] as? String == "/a\\xff")
    let id = try agent.workloadID(token: token)
    let names = (0...32).map { "name=V\($0)" }
    let environment = "/v1/processes/\(id)/environment?"
    #expect(try agent.get(environment + names.joined(separator: "&"), token: token).code == "invalid_parameter")
    #expect(try agent.get(environment + names.dropLast().joined(separator: "&"), token: token).status == 200)
  }

  @Test("the record says where symlinks led, without the secrets in a name")
  func resolvedPath() throws {
    let secret = "correct-horse-battery-7"
    let agent = try AgentUnderTest(["sleep", "300"], environment: ["DB_PASSWORD": secret])
    let token = try agent.token()
    let folder = try TemporaryFolder()
    try folder.write("file-\(secret)", String(repeating: "x", count: 64))
    try #require(unsafe chmod(folder.path, 0o755) == 0 && chmod(folder.path("file-\(secret)"), 0o644) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: folder.path("file-\(secret)"))
    func record(_ request: String) throws -> [String: Any] {
      let answer = try agent.get(request, token: token)
      try #require(answer.status == 200, "\(answer.body)")
      return try #require(try agent.audit.last { $0["type"] as? String == "decision" })
    }
    #expect(try record("/v1/files?path=/etc/./passwd")["resolved_path"] == nil)
    #expect(try record("/v1/files?path=\(folder.path("link"))")["resolved_path"] == nil)
    let digest = try record("/v1/files/digest?path=\(folder.path("link"))")
    #expect(digest["path"] as? String == folder.path("link"))
    #expect((digest["resolved_path"] as? String)?.hasPrefix(folder.path("file-") + "‹") == true)
    #expect(!"\(try agent.audit)".contains(secret))
    try FileManager.default.createSymbolicLink(atPath: folder.path("up"), withDestinationPath: "/etc")
    #expect(try record("/v1/files?path=\(folder.path("up/passwd"))")["resolved_path"] as? String == "/etc/passwd")
    #expect(try record("/v1/directories?path=\(folder.path("up"))")["resolved_path"] as? String == "/etc")
  }

  @Test("actions, containers, processes, names, paths and logs outside the grant")
  func outside() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let all = try agent.token()
    let id = try agent.workloadID(token: all)
    func narrowed(_ member: String, _ value: [String]) throws -> String {
      try agent.narrowToken({ $0[member] = value })
    }

    let routes = [
      ("processes.list", "/v1/processes"), ("processes.list", "/v1/processes/\(id)"),
      ("environment.read", "/v1/processes/\(id)/environment"), ("files.stat", "/v1/files?path=/etc"),
      ("files.list", "/v1/directories?path=/etc"), ("files.digest", "/v1/files/digest?path=/etc/passwd"),
      ("logs.list", "/v1/logs"), ("logs.tail", "/v1/logs/stdout"),
    ]
    let actions = Set(routes.map(\.0))
    for (action, path) in routes {
      #expect(try agent.get(path, token: narrowed("actions", [action])).status == 200, "\(path)")
      let others = actions.subtracting([action]).sorted()
      let refused = try agent.get(path, token: narrowed("actions", others))
      #expect(refused.status == 403 && refused.code == "action_not_granted", "\(path)")
    }
    // Posture is for whoever has a token; without any action nothing else is.
    let nothing = try narrowed("actions", [])
    #expect(try agent.get("/v1/posture", token: nothing).status == 200)

    let cases: [(String, String, String)] = [
      ("/v1/files?path=/etc/passwd&container=other", "container_not_granted", try narrowed("containers", ["workload"])),
      ("/v1/files?path=/etc/passwd", "container_not_granted", try narrowed("containers", [])),
      ("/v1/processes/\(id)", "process_not_granted", try narrowed("processes", ["/opt/**"])),
      ("/v1/processes/\(id)/environment", "process_not_granted", try narrowed("processes", [])),
      ("/v1/processes/\(id)/environment?name=HOME", "name_not_granted", try narrowed("names", ["PATH"])),
      ("/v1/files?path=/etc/passwd", "path_not_granted", try narrowed("paths", ["/var/**"])),
      ("/v1/files?path=/var/../etc/passwd", "path_not_granted", try narrowed("paths", ["/var/**"])),
      ("/v1/files?path=/no/such/file", "path_not_granted", try narrowed("paths", ["/var/**"])),
      ("/v1/directories?path=/", "path_not_granted", try narrowed("paths", ["/var/**"])),
      ("/v1/logs/stdout", "log_not_granted", try narrowed("logs", ["app*"])),
      ("/v1/logs/nothing", "log_not_granted", try narrowed("logs", ["app*"])),
    ]
    for (path, code, token) in cases {
      let answer = try agent.get(path, token: token)
      #expect(answer.status == 403, "\(path): \(answer.body)")
      #expect(answer.code == code, "\(path): \(answer.body)")
      #expect(try agent.decision(of: answer)?["outcome"] as? String == "refused", "\(path)")
    }
  }

  @Test("a grant shows the variables that it names, but no secret and none that a name gives away")
  func masking() throws {
    let agent = try AgentUnderTest(
      ["sleep", "300"],
      environment: ["CHECKOUT_GREETING": "midnight", "CHECKOUT_NOTE": "ghp_" + String(repeating: "a1B2", count: 9)])
    let id = try agent.workloadID(token: try agent.token())
    func shown(_ name: String, _ masking: [String: Any]?) throws -> String? {
      let token = try agent.narrowToken { $0["masking"] = masking }
      let answer = try agent.get("/v1/processes/\(id)/environment?name=\(name)", token: token)
      #expect(answer.status == 200, "\(answer.body)")
      let variables = try #require(try answer.json["variables"] as? [[String: Any]])
      return try #require(variables.first)["value"] as? String
    }
    #expect(try shown("CHECKOUT_GREETING", nil) == nil)
    #expect(try shown("CHECKOUT_GREETING", ["safe_names": ["CHECKOUT_GREETING"]]) == "midnight")
    #expect(try shown("CHECKOUT_GREETING", ["safe_names": ["CHECKOUT_*"], "logs": "balanced"]) == "midnight")
    // The detectors object all the same.
    #expect(try shown("CHECKOUT_NOTE", ["safe_names": ["CHECKOUT_*"]])?.contains("a1B2a1B2") != true)
    for names in [["DB_PASSWORD"], ["*"], ["API_TOKEN_*"]] {
      let token = try agent.narrowToken { $0["masking"] = ["safe_names": names] }
      let refused = try agent.get("/v1/processes/\(id)/environment", token: token)
      #expect(refused.code == "token_details_invalid", "\(names): \(refused.body)")
    }
  }

  @Test("a symlink does not lead out of the grant, and does not tell what is there")
  func symlinks() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "grant-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder + "/inside", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, target) in [
      ("out", "/etc"), ("dangling", "/no/such/place"), ("up", "../../.."), ("loop", "loop"), ("proc", "/proc"),
    ] {
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/inside/\(name)", withDestinationPath: target)
    }
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.narrowToken({ $0["paths"] = ["\(folder)/inside/**"] })
    func ask(_ route: String, _ path: String) throws -> AgentUnderTest.Answer {
      try agent.get("/v1/\(route)?path=\(folder)/inside/\(path)", token: token)
    }
    // The link itself is inside: its own metadata, and its target as text.
    let link = try ask("files", "out")
    #expect(link.status == 200)
    #expect((try link.json["file"] as? [String: Any])?["target"] as? String == "/etc")
    for path in ["out/passwd", "out/no-such-file", "dangling/x", "up/etc/passwd", "proc/self/environ"] {
      let answer = try ask("files", path)
      #expect(answer.code == "path_not_granted", "\(path): \(answer.body)")
    }
    #expect(try ask("directories", "out").code == "path_not_granted")
    #expect(try ask("files", "loop/x").code == "path_refused")
    #expect(try ask("files", "nothing").code == "file_not_found")
  }

  @Test("malformed parameters and unknown routes")
  func parameters() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    let cases = [
      ("/v1/processes?shell=1", "invalid_parameter"), ("/v1/processes?limit=0", "invalid_parameter"),
      ("/v1/processes?limit=1&limit=2", "invalid_parameter"), ("/v1/files", "invalid_parameter"),
      ("/v1/files?path=etc", "invalid_parameter"), ("/v1/files?path=/a%00b", "malformed_request"),
      ("/v1/files?path=/a%2", "malformed_request"), ("/v1/logs/stdout?lines=-1", "invalid_parameter"),
      ("/v1/logs/stdout?follow=maybe", "invalid_parameter"),
      ("/v1/logs/stdout?follow=true&cursor=AAAA", "invalid_parameter"),
      ("/v1/nothing", "no_such_route"), ("/v2/processes", "no_such_route"), ("/", "no_such_route"),
      ("/v1/processes/1", "process_not_found"), ("/v1/processes/1@1/environment", "process_not_found"),
      ("/v1/processes/1@1-00000000/environment", "process_gone"), ("/v1/processes/", "no_such_route"),
      ("/v1/processes?fields=environ", "invalid_parameter"), ("/v1/processes?fields=", "invalid_parameter"),
      ("/v1/processes?fields=unique_bytes", "invalid_parameter"), ("/v1/processes?sort=command", "invalid_parameter"),
      ("/v1/processes?cursor=1", "invalid_parameter"), ("/v1/processes?depth=-1", "invalid_parameter"),
      ("/v1/processes?root=1", "process_not_found"), ("/v1/processes?root=1@1-00000000", "process_gone"),
      ("/v1/files?path=/etc/passwd/x", "not_a_directory"), ("/v1/directories?path=/etc/passwd", "not_a_directory"),
      ("/v1/files?path=/proc/1/environ", "path_refused"), ("/v1/files?path=/sys/kernel", "path_refused"),
      ("/v1/files?path=/dev/null", "path_refused"),
    ]
    for (path, code) in cases {
      let answer = try agent.get(path, token: token)
      #expect(answer.code == code, "\(path): \(answer.body)")
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
      let answer = try agent.get("/v1/processes", token: token, more: ["--request", method])
      #expect(answer.status == 405 && answer.code == "method_not_allowed", "\(method)")
    }
    #expect(try agent.get("/v1/processes", token: token, more: ["--data", "x"]).code == "body_not_allowed")
  }
}
