import Grants
import Policy
import StrictJSON

enum Samples {
  static func policy(_ text: String) throws(JSONError) -> AccessPolicy {
    try AccessPolicy(json: try JSONParser.parse(text))
  }

  /// A policy of one group, `oncall`, and the given rules.
  static func policy(rules: String) throws(JSONError) -> AccessPolicy {
    try policy(
      """
      {"apiVersion":"sidelight.dev/v1","kind":"AccessPolicy","metadata":{"name":"sample"},
       "groups":{"oncall":{"from":["certificate:oncall","oidc:oncall"]},"security":{"from":["oidc:security"]}},
       "rules":[\(rules)]}
      """)
  }

  static let look = """
    {"id":"look","groups":["oncall"],
     "targets":{"namespaces":["payments"],"labels":{"app":"checkout"},"containers":["app"]},
     "allow":[{"actions":["processes.list","logs.tail"]},{"actions":["environment.read"],"names":["*"]},
              {"actions":["files.stat","files.list"],"paths":["/etc/app/**","/var/log/**"]}],
     "session":{"duration":"30m","idle":"5m","maxConcurrent":2},
     "require":{"justification":true,"ticket":"^INC-[0-9]+$"},
     "approval":{"automatic":true},"limits":{"requests":200,"objects":50}}
    """

  static func target(
    namespace: String = "payments", labels: [String: String] = ["app": "checkout"], containers: [String] = ["app"]
  ) throws -> Target {
    try Target(namespace: namespace, labels: labels, containers: containers)
  }

  static func request(
    target: Target, sources: Set<String> = ["certificate:oncall"], justification: String? = "INC-1 is slow",
    openSessions: [String: Int64] = [:]
  ) -> AccessRequest {
    AccessRequest(
      subject: "user:ada", sources: sources, target: target, justification: justification, openSessions: openSessions)
  }

  static func globs(_ patterns: String...) throws -> [Glob] { try patterns.map { try Glob($0) } }
}

/// A seeded source, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
