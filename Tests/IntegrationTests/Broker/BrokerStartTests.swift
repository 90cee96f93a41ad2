import Foundation
import Testing

struct BrokerStartTests {
  static let program = Products.path("sidelight-broker")

  /// What the broker says when it does not start.
  static func failure(_ broker: BrokerInstance, configuration: String) throws -> String {
    try broker.files.write("config.json", configuration.replacingOccurrences(of: "PORT", with: "1"))
    let result = try Command.run(program, ["serve", "--config", broker.files.path("config.json")], timeout: 20)
    #expect(result.status != 0)
    #expect(result.output.isEmpty)
    return result.error
  }

  @Test func refusesABadConfiguration() throws {
    let broker = try BrokerInstance(starting: false)
    for (old, new, reason) in [
      ("\"listen_fd\": 3", "\"listen\": \"127.0.0.1:0\", \"colour\": 1", "config.colour is not a known member"),
      ("\"listen_fd\": 3,", "", "config.listen is missing"),
      ("\"listen_fd\": 3", "\"listen_fd\": 3, \"listen\": \"127.0.0.1:0\"", "listen_fd cannot stand beside"),
      ("\"listen_fd\": 3", "\"listen\": \"nonsense\"", "config.listen must be an address and a port"),
      ("https://127.0.0.1:PORT", "http://127.0.0.1", "config.issuer must be https://"),
      ("https://127.0.0.1:PORT", "https://127.0.0.1/path", "config.issuer must be https://"),
      ("\"dev.example\"", "\"Dev\"", "config.trust_domain"),
      ("\"dev.example\"", "\"other.example\"", "agent belongs to another trust domain"),
      ("server.pem", "ada.pem", "private key does not belong to the certificate"),
      ("server.key", "server.pem", "private key file holds no usable PEM private key"),
      ("server.pem", "missing.pem", "No such file"),
      ("ca.key", "foreign.key", "private key does not belong to its certificate"),
      ("\"ca_certificate\": \"ca.pem\"", "\"ca_certificate\": \"ada.pem\"", "not a P-256 CA certificate"),
      ("signing.key", "server.key", "no Ed25519 private key"),
      ("audit.jsonl", "missing/audit.jsonl", "the audit log cannot be written"),
      ("audit.jsonl", "/dev/full", "the audit log cannot be written"),
      ("broker.sqlite", "missing/broker.sqlite", "database"),
      ("[\"app\", \"db\"]", "[]", "config.targets[0].containers must name a container"),
      ("\"namespace\": \"dev\"", "\"namespace\": \"prod\"", "namespace is not the one in the agent's ID"),
      ("\"policy.yaml\"", "\"policy.yaml\", \"policy\": \"x\"", "occurs twice"),
    ] {
      let text = try Self.failure(broker, configuration: BrokerInstance.configuration(replacing: old, by: new))
      #expect(text.contains(reason), "\(new): \(text)")
    }
    #expect(try Self.failure(broker, configuration: "{").contains("not valid JSON"))
    let missing = try Command.run(Self.program, ["serve", "--config", broker.files.path("nothing.json")])
    #expect(missing.status != 0)
  }

  @Test func refusesSecretsThatOthersMayRead() throws {
    let broker = try BrokerInstance(starting: false)
    for name in ["signing.key", "ca.key", "server.key"] {
      let path = broker.files.path(name)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      let text = try Self.failure(
        broker,
        configuration: BrokerInstance.configuration(replacing: "\"listen_fd\": 3", by: "\"listen\": \"127.0.0.1:0\""))
      #expect(text.contains("readable by others"), "\(name): \(text)")
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
  }

  @Test func doesNotStartUnderABadPolicy() throws {
    let policy = BrokerInstance.policy.replacingOccurrences(of: "groups: [oncall]", with: "users: [ada]")
    let broker = try BrokerInstance(policy: policy, starting: false)
    let text = try Self.failure(broker, configuration: BrokerInstance.configuration())
    #expect(text.contains("policy.rules[0].users names a person"))
  }

  @Test func checksPolicies() throws {
    let files = try TemporaryFolder()
    func check(_ text: String, name: String = "policy.yaml") throws -> Command {
      try files.write(name, text)
      return try Command.run(Self.program, ["check-policy", files.path(name)])
    }
    let good = try check(BrokerInstance.policy)
    #expect(good.status == 0)
    #expect(good.output == "policy dev: 1 groups, 1 rules\n")
    let json = """
      {"apiVersion":"sidelight.dev/v1","kind":"AccessPolicy","metadata":{"name":"x"},"groups":{},"rules":[]}
      """
    #expect(try check(json, name: "policy.json").status == 0)
    #expect(try check(json).status == 0)
    func changed(_ old: String, _ new: String) -> String {
      BrokerInstance.policy.replacingOccurrences(of: old, with: new)
    }
    for (text, reason) in [
      (changed("groups: [oncall]", "groups: [\"user:ada\"]"), "policy.rules[0].groups[0] names a person"),
      (changed("groups: [oncall]", "groups: [ada@example.com]"), "names a person"),
      (changed("groups: [oncall]", "groups: [others]"), "is not a group that this policy defines"),
      (changed("limits:", "limit:"), "policy.rules[0].limit is not a known member"),
      (changed("idle: 10m", "idle: 1d"), "session.idle must be a duration"),
      (changed("automatic: true", "automatic: yes"), "approval.automatic must be true or false"),
      (changed("automatic: true", "automatic: \"true\""), "approval.automatic must be true or false"),
      (changed("id: look", "id: look\n    id: again"), "occurs twice"),
      (changed("id: look", "id: &a look"), "anchors and aliases"),
      (changed("id: look", "id: !!int look"), "tags are not taken"),
      (changed("rules:", "\trules:"), "line"),
      (BrokerInstance.policy + "\n---\n{}", "line"),
      ("", "holds no document"),
      ("[", "line"),
      ("- 1", "policy must be an object"),
    ] {
      let result = try check(text)
      #expect(result.status != 0, "\(reason)")
      #expect(result.error.contains(reason), "\(reason): \(result.error)")
    }
    #expect(try check("{\"a\":1,}", name: "policy.json").error.contains("not valid JSON"))
  }

  @Test func theDocumentedPolicyIsOne() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/policy.md")
    let text = String(decoding: try Data(contentsOf: page), as: UTF8.self)
    let start = try #require(text.range(of: "```yaml\n"))
    let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
    let files = try TemporaryFolder()
    try files.write("policy.yaml", String(text[start.upperBound..<end.lowerBound]))
    let result = try Command.run(Self.program, ["check-policy", files.path("policy.yaml")])
    #expect(result.output == "policy payments: 2 groups, 2 rules\n", "\(result.error)")
  }

  @Test func neverOverwritesASigningKey() throws {
    let files = try TemporaryFolder()
    let path = files.path("signing.key")
    #expect(try Command.run(Self.program, ["init-signing-key", path]).status == 0)
    let before = try files.read("signing.key")
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    #expect(try Command.run("openssl", ["pkey", "-in", path, "-noout", "-text"]).output.contains("ED25519"))
    #expect(try Command.run(Self.program, ["init-signing-key", path]).status != 0)
    #expect(try files.read("signing.key") == before)
  }
}
