import Budgets
import Grants
import Masking
import StrictJSON
import Testing

@testable import Collector

struct ConfigurationTests {
  static let members: [(String, String)] = [
    ("agent", "\"spiffe://prod.example/ns/a/agent/1\""), ("issuer", "\"https://broker.example\""),
    ("trust_domain", "\"prod.example\""), ("scope", "{\"type\":\"process\",\"pid\":42,\"start_time\":7}"),
  ]

  static func text(_ changes: [String: String?] = [:]) -> String {
    var all = members.compactMap { name, value in changes[name].map { $0.map { (name, $0) } } ?? (name, value) }
    for (name, value) in changes where !members.contains(where: { $0.0 == name }) {
      if let value { all.append((name, value)) }
    }
    return "{" + all.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  static func read(_ changes: [String: String?] = [:], volumes: [String] = []) throws(JSONError) -> Configuration {
    try Configuration(json: Array(text(changes).utf8), volumes: volumes)
  }

  @Test func theLeast() throws {
    let configuration = try Self.read()
    #expect(configuration.scope == .process(pid: 42, startTime: 7))
    #expect(configuration.container == "workload" && configuration.logs.isEmpty)
    #expect(configuration.ceilings == Ceilings() && configuration.masking.logMode == .strict)
    #expect(try Self.read(["scope": "{\"type\":\"pod\"}"]).scope == .pod)
  }

  @Test func logs() throws {
    let configuration = try Self.read(
      [
        "container": "\"app\"",
        "logs": """
        [{"name":"out","path":"/var/log/out"},{"name":"out","container":"side","path":"/x"},
         {"name":"vol","volume":"b","path":"a/b.log","allow_hard_links":true},
         {"name":"all","glob":"/var/log/app/*.log"},{"name":"here","volume":"a","glob":"app-?.log"}]
        """,
      ], volumes: ["a", "b"])
    #expect(configuration.logs.map(\.container) == ["app", "side", "app", "app", "app"])
    #expect(configuration.logs.map(\.volume) == [nil, nil, 1, nil, 0])
    #expect(configuration.logs.map(\.allowsHardLinks) == [false, false, true, false, false])
    #expect(
      configuration.logs.map { String(decoding: $0.folder, as: UTF8.self) } == [
        "/var/log/", "/", "a/", "/var/log/app/", "",
      ])
    #expect(
      configuration.logs.map { String(decoding: $0.file, as: UTF8.self) } == [
        "out", "x", "b.log", "*.log", "app-?.log",
      ])
    #expect(configuration.logs.map { $0.pattern?.pattern } == [nil, nil, nil, "*.log", "app-?.log"])
  }

  @Test func grantsMayRelaxMaskingUnlessForbidden() throws {
    #expect(try Self.read().grantsRelaxMasking)
    #expect(try Self.read(["masking": "{\"logs\":\"balanced\"}"]).grantsRelaxMasking)
    let forbidding = try Self.read(["masking": "{\"grants_relax\":false}"])
    #expect(!forbidding.grantsRelaxMasking)
    let terms = MaskingTerms(safeNames: ["REGION"], lines: .balanced)
    #expect(try RequestService.maskingRules(Self.read(), terms).logMode == .balanced)
    #expect(try RequestService.maskingRules(Self.read(), nil).logMode == .strict)
    #expect(try RequestService.maskingRules(forbidding, terms).logMode == .strict)
    let secret = MaskingTerms(safeNames: ["DB_PASSWORD"])
    #expect(throws: Refusal.self) { try RequestService.maskingRules(Self.read(), secret) }
  }

  @Test func ceilings() throws {
    let configuration = try Self.read([
      "ceilings": """
      {"session_requests":{"per_second":1,"burst":2},"peer_requests":{"per_second":3,"burst":4},
       "agent_requests":{"per_second":5,"burst":6},"session_concurrency":7,"agent_concurrency":8,"waiting_bytes":1048577,
       "session_objects":9}
      """
    ])
    let ceilings = configuration.ceilings
    #expect(ceilings.session == .init(perSecond: 1, burst: 2) && ceilings.peer == .init(perSecond: 3, burst: 4))
    #expect(ceilings.agent == .init(perSecond: 5, burst: 6) && ceilings.objects == 9)
    #expect(ceilings.sessionConcurrency == 7 && ceilings.agentConcurrency == 8)
    #expect(ceilings.waitingBytes == 1_048_577)
  }

  /// Whatever is not understood stops the start.
  @Test(
    arguments: [
      ("agent", nil), ("issuer", nil), ("trust_domain", nil), ("scope", nil), ("unknown", "1"), ("agent", "\"x\""),
      ("agent", "\"spiffe://other.example/a\""), ("agent", "\"spiffe://prod.example\""), ("scope", "{}"),
      ("scope", "\"pod\""),
      ("scope", "{\"type\":\"node\"}"), ("scope", "{\"type\":\"pod\",\"pid\":1}"), ("scope", "{\"type\":\"process\"}"),
      ("scope", "{\"type\":\"process\",\"pid\":0,\"start_time\":1}"),
      ("scope", "{\"type\":\"process\",\"pid\":2147483648,\"start_time\":1}"),
      ("scope", "{\"type\":\"process\",\"pid\":1,\"start_time\":-1}"), ("container", "null"), ("logs", "{}"),
      ("logs", "[1]"),
      ("logs", "[{\"name\":\"a\"}]"), ("logs", "[{\"path\":\"/a\"}]"), ("logs", "[{\"name\":\"\",\"path\":\"/a\"}]"),
      ("logs", "[{\"name\":\"a/b\",\"path\":\"/a\"}]"), ("logs", "[{\"name\":\"a b\",\"path\":\"/a\"}]"),
      ("logs", "[{\"name\":\"é\",\"path\":\"/a\"}]"), ("logs", "[{\"name\":\"a\",\"path\":\"relative\"}]"),
      ("logs", "[{\"name\":\"a\",\"path\":\"\"}]"), ("logs", "[{\"name\":\"a\",\"path\":\"/a/\"}]"),
      ("logs", "[{\"name\":\"a\",\"path\":\"/a\\u0000\"}]"), ("logs", "[{\"name\":\"a\",\"path\":\"/a\",\"glob\":1}]"),
      ("logs", "[{\"name\":\"a\",\"path\":\"b\",\"volume\":\"none\"}]"),
      ("logs", "[{\"name\":\"a\",\"glob\":\"/var/*/x.log\"}]"), ("logs", "[{\"name\":\"a\",\"glob\":\"*.log\"}]"),
      ("logs", "[{\"name\":\"a\",\"glob\":\"/var/x.log\"}]"), ("logs", "[{\"name\":\"a\",\"glob\":\"/a/x**.log\"}]"),
      ("logs", "[{\"name\":\"a\",\"path\":\"/a/..\"}]"), ("logs", "[{\"name\":\"a\",\"glob\":\"/*/\"}]"),
      ("logs", "[{\"name\":\"a\",\"path\":\"/a\"},{\"name\":\"a\",\"path\":\"/b\"}]"),
      ("logs", "[{\"name\":\"a\",\"path\":\"/a\",\"allow_hard_links\":1}]"),
      ("ceilings", "{\"session_requests\":{\"per_second\":0,\"burst\":1}}"),
      ("ceilings", "{\"session_requests\":{\"per_second\":1}}"),
      ("ceilings", "{\"session_requests\":{\"per_second\":1,\"burst\":1,\"x\":1}}"),
      ("ceilings", "{\"sesion_requests\":{}}"),
      ("ceilings", "{\"session_concurrency\":0}"), ("ceilings", "{\"waiting_bytes\":1000}"), ("ceilings", "[]"),
      ("masking", "{\"logs\":\"off\"}"),
      ("masking", "{\"off\":true}"), ("masking", "{\"grants_relax\":\"yes\"}"),
      ("masking", "{\"safe_names\":[\"*\"]}"), ("masking", "{\"safe_names\":[\"DB_PASSWORD\"]}"),
      ("masking", "{\"safe_names\":\"A\"}"),
    ] as [(String, String?)])
  func refuses(_ name: String, _ value: String?) {
    #expect(throws: JSONError.self) { try Self.read([name: value]) }
  }

  @Test(arguments: ["", "[]", "null", "{", "{}x"])
  func whatIsNoObject(_ text: String) {
    #expect(throws: JSONError.self) { try Configuration(json: Array(text.utf8), volumes: []) }
  }
}
