import Foundation
import Glibc
import Testing

/// What the agent really answers, held against the OpenAPI file by a validator that is not ours.
@Suite("Answers and their schemas", .serialized)
struct SchemaTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// What the validator has to say; empty where all is as documented.
  static func complaints(_ answers: [(schema: String, body: String)]) throws -> String {
    let folder = try TemporaryFolder()
    try folder.write(
      "answers.json",
      String(
        decoding: try JSONSerialization.data(withJSONObject: answers.map { ["schema": $0.schema, "body": $0.body] }),
        as: UTF8.self))
    try folder.write(
      "check.py",
      """
      import json, sys, yaml
      from jsonschema import Draft202012Validator
      document = yaml.safe_load(open(sys.argv[1]))
      for answer in json.load(open(sys.argv[2])):
          schema = {"$ref": "#/components/schemas/" + answer["schema"], "components": document["components"]}
          for error in Draft202012Validator(schema).iter_errors(json.loads(answer["body"])):
              print(answer["schema"], list(error.absolute_path), error.message[:300])
      """)
    let result = try Sidelight.run(
      program: root.appending(path: ".build/python/bin/python3").path,
      [folder.path("check.py"), root.appending(path: "Sources/API/openapi.yaml").path, folder.path("answers.json")])
    #expect(result.status == 0, "\(result.error)")
    return result.output
  }

  @Test("processes of every kind, one and many, and environments, plain and compared")
  func processes() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        def odd():
            name(b'a\\xff'); os.setsid(); stay()
        def capable():
            subprocess.run(['true']); stay()
        pids = [child(odd), child(capable), child(lambda: None)]
        pids.append(subprocess.Popen([b'sleep', b'600'], env={b'A': b'1', b'B\\xff': b'2'}).pid)
        pids.append(subprocess.Popen([b'odd\\xff', b'-c', b'import time; time.sleep(600)', b''], executable='/usr/bin/python3').pid)
        time.sleep(0.3)
        ready(*pids)
        stay()
        """))
    _ = try PythonWorkload.words(agent)
    let token = try agent.token()
    var answers: [(String, String)] = []
    for query in ["", "?fields=all", "?limit=2", "?fields=pid&sort=-pid&limit=1", "?depth=0"] {
      answers.append(("ProcessList", try agent.get("/v1/processes\(query)", token: token).body))
    }
    var ids: [String] = []
    for process in try agent.processes(token: token) {
      let id = try #require(process["id"] as? String)
      ids.append(id)
      for query in ["", "?fields=all", "?fields=pid"] {
        answers.append(("Process", try agent.get("/v1/processes/\(id)\(query)", token: token).body))
      }
      let environment = try agent.get("/v1/processes/\(id)/environment", token: token)
      answers.append((environment.status == 200 ? "Environment" : "Problem", environment.body))
      let comparison = try agent.get("/v1/processes/\(id)/environment?compare=\(ids[0])", token: token)
      answers.append((comparison.status == 200 ? "EnvironmentComparison" : "Problem", comparison.body))
    }
    #expect(ids.count == 6 && answers.count == 5 + 6 * 5)
    #expect(try Self.complaints(answers).isEmpty)
  }

  @Test("the validator sees what is wrong: otherwise the test above proves nothing")
  func validator() throws {
    let complaints = try Self.complaints([("ProcessList", "{}"), ("Process", #"{"id":"1@1-00000000","extra":1}"#)])
    #expect(complaints.contains("'snapshot_start' is a required property") && complaints.contains("'extra'"))
  }
}
