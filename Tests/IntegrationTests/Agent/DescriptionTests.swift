import Foundation
import Testing

/// The API's description against the agent that serves it.
@Suite("The API's description", .serialized)
struct DescriptionTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let file = root.appending(path: "Sources/API/openapi.yaml")
  private static let workload = ["sh", "-c", "while sleep 0.1; do echo tick $((n=n+1)); done"]

  @Test("the agent serves the file, as it is in the repository, to whoever has a token")
  func served() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let answer = try agent.get("/v1/openapi.yaml", token: agent.narrowToken { $0["actions"] = ["logs.list"] })
    #expect(answer.status == 200 && answer.headers["content-type"] == "application/yaml")
    #expect(try answer.body == String(contentsOf: Self.file, encoding: .utf8))
    #expect(try agent.get("/v1/openapi.yaml", token: nil).status == 401)
    #expect(try agent.get("/v1/openapi.yaml?x=1", token: agent.token()).code == "invalid_parameter")
  }

  /// A generator of requests that is not ours, from the description alone: examples, every border of every parameter,
  /// random ones, and chains of requests. Each answer must be one that the description has.
  @Test("schemathesis finds no answer that the description does not have")
  func generated() throws {
    let agent = try AgentUnderTest(Self.workload)
    let limits = ["requests": 20_000, "objects": 1_000_000, "concurrency": 4, "follow_seconds": 1]
    let token = try agent.narrowToken { $0["limits"] = limits }
    let folder = try TemporaryFolder()
    try folder.write(
      "schemathesis.toml",
      """
      # A request as the description has it may be refused for what no schema can say: the process has ended, the path
      # is no directory, the agent has not sealed this cursor.
      [checks.positive_data_acceptance]
      expected-statuses = ["2xx", "400", "401", "403", "404", "410", "422", "429"]
      # One that is wrong in two ways may be told that its process has ended.
      [checks.negative_data_rejection]
      expected-statuses = ["400", "401", "403", "404", "405", "410", "422", "5xx"]
      """)
    let result = try Command.run(
      Self.root.appending(path: ".build/python/bin/schemathesis").path,
      [
        "--config-file", folder.path("schemathesis.toml"), "run", Self.file.path, "--url", agent.url, "--tls-verify",
        agent.authority, "--request-cert", agent.certificate, "--request-cert-key", agent.key, "--header",
        "Authorization: Bearer \(token)", "--checks", "all", "--seed", "1", "--generation-database", "none",
        "--max-examples", "15", "--rate-limit", "40/s", "--continue-on-failure", "--no-color",
      ], folder: folder.path, timeout: 280)
    // Codes, counts and reproductions; without the lines of `curl`, which hold the token.
    let report = result.output.split(separator: "\n").filter { !$0.contains("curl") }.joined(separator: "\n")
    #expect(result.status == 0, "\(report)")
    // It has really looked at each route, and was let in.
    let routes = try String(contentsOf: Self.file, encoding: .utf8).matches(of: /(?m)^  \/v1\//).count
    #expect(report.contains("Tested: \(routes)"))
    #expect(!report.contains("Authentication failed") && !report.contains("Rate limited"), "\(report)")
  }

  /// Records of a follow are lines of their own, which the generator above does not split.
  @Test("each record of a follow is one that the description has")
  func records() throws {
    let agent = try AgentUnderTest(Self.workload)
    let token = try agent.narrowToken { $0["limits"] = ["follow_seconds": 3] }
    let answer = try agent.get("/v1/logs/stdout?follow=true&lines=5", token: token)
    let records = answer.body.split(separator: "\n")
    #expect(answer.status == 200 && records.count > 5)
    #expect(records.last?.contains(#""type":"end""#) == true)
    let folder = try TemporaryFolder()
    try folder.write("records", answer.body)
    let script = """
      import json, sys, yaml
      from jsonschema import Draft202012Validator
      document = yaml.safe_load(open(sys.argv[1]))
      schema = {"$ref": "#/components/schemas/LogRecord", "components": document["components"]}
      validator = Draft202012Validator(schema)
      for line in open(sys.argv[2]):
          for error in validator.iter_errors(json.loads(line)):
              print(error.message, line)
      """
    let result = try Command.run(
      Self.root.appending(path: ".build/python/bin/python3").path,
      ["-c", script, Self.file.path, folder.path("records")])
    #expect(result.status == 0 && result.output.isEmpty, "\(result.output)\(result.error)")
  }
}
