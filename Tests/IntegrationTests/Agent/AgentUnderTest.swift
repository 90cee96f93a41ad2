import Crypto
import Foundation
import Testing

/// A real installation with a real workload, and what it takes to speak to its agent as anybody: curl with the session's
/// certificate, and the broker's own signing key to make tokens that no broker would issue.
final class AgentUnderTest {
  let installation = DevelopmentInstallation()
  let url: String
  let authority: String
  let certificate: String
  let key: String
  let session: String
  let agent: String
  let issuer: String
  let workload: Int
  let pids: [String: Int]
  private let signingKey: Curve25519.Signing.PrivateKey
  private let keyID: String

  init(_ command: [String], options: [String] = [], environment: [String: String] = [:]) throws {
    try installation.up(options + (command.isEmpty ? [] : ["--"] + command), environment: environment)
    let record = try installation.record
    func text(_ name: String) throws -> String { try #require(record[name] as? String) }
    url = try text("agent_url")
    authority = try text("ca")
    certificate = try text("client_certificate")
    key = try text("client_key")
    session = try text("session_id")
    agent = try text("agent")
    issuer = try text("broker_url")
    workload = try #require(record["workload_pid"] as? Int)
    pids = try #require(record["agent_pids"] as? [String: Int])
    let pem = try String(contentsOfFile: installation.state.path("broker/signing.key"), encoding: .utf8)
    let base64 = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    // PKCS #8 of an Ed25519 key ends with its 32 bytes (RFC 8410 §7).
    let der = try #require(Data(base64Encoded: base64))
    signingKey = try .init(rawRepresentation: der.suffix(32))
    let keySet = try Data(contentsOf: URL(filePath: installation.state.path("agent/credentials/jwks.json")))
    let keys = try #require(
      (try JSONSerialization.jsonObject(with: keySet) as? [String: Any])?["keys"] as? [[String: Any]])
    keyID = try #require(keys.first?["kid"] as? String)
  }

  // MARK: Tokens

  /// The claims of a token that is good in every way; tests change one thing.
  func claims() throws -> [String: Any] {
    let now = Int(Date().timeIntervalSince1970)
    return [
      "iss": issuer, "sub": "user:test", "aud": agent, "iat": now, "exp": now + 300, "jti": UUID().uuidString,
      "sid": session, "gid": "grant-of-tests", "client_id": "tests", "cnf": ["x5t#S256": try thumbprint()],
      "authorization_details": [detail()],
    ]
  }

  func detail() -> [String: Any] {
    [
      "type": "sidelight", "containers": ["*"], "processes": ["**"], "names": ["*"], "paths": ["/**"], "logs": ["*"],
      "actions": [
        "processes.list", "environment.read", "files.stat", "files.list", "files.digest", "logs.list", "logs.tail",
      ], "limits": ["requests": 1000, "concurrency": 4, "follow_seconds": 60],
    ]
  }

  func header() -> [String: Any] { ["typ": "at+jwt", "alg": "EdDSA", "kid": keyID] }

  func sign(
    _ claims: [String: Any], header: [String: Any]? = nil, key: Curve25519.Signing.PrivateKey? = nil
  ) throws -> String {
    let parts = try [header ?? self.header(), claims].map {
      Self.base64URL(try JSONSerialization.data(withJSONObject: $0))
    }
    let signed = parts.joined(separator: ".")
    return signed + "." + Self.base64URL(try (key ?? signingKey).signature(for: Data(signed.utf8)))
  }

  /// A good token, after a change to its claims.
  func token() throws -> String { try sign(claims()) }

  func token(claims change: (inout [String: Any]) -> Void) throws -> String {
    var claims = try claims()
    change(&claims)
    return try sign(claims)
  }

  /// A good token whose one authorization detail is changed.
  func narrowToken(_ change: (inout [String: Any]) -> Void) throws -> String {
    var detail = detail()
    change(&detail)
    return try token(claims: { $0["authorization_details"] = [detail] })
  }

  static func base64URL(_ data: some DataProtocol) -> String {
    Data(data).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  private func thumbprint() throws -> String {
    let der = installation.state.path("client.der")
    try #require(
      try Sidelight.run(
        program: "/usr/bin/openssl", ["x509", "-in", certificate, "-outform", "DER", "-out", der]
      ).status == 0)
    return Self.base64URL(Data(SHA256.hash(data: try Data(contentsOf: URL(filePath: der)))))
  }

  // MARK: Requests, with a client that is not ours

  struct Answer {
    var status: Int
    var headers: [String: String]
    var body: String

    var json: [String: Any] {
      get throws { try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) }
    }
    var code: String? { (try? json)?["code"] as? String }
  }

  /// `status` is 0 where there was no answer at all, as without a certificate.
  func get(_ path: String, token: String?, more: [String] = [], withCertificate: Bool = true) throws -> Answer {
    var arguments = ["curl", "--silent", "--include", "--max-time", "30", "--cacert", authority]
    if withCertificate { arguments += ["--cert", certificate, "--key", key] }
    if let token { arguments += ["--header", "Authorization: Bearer \(token)"] }
    let result = try Sidelight.run(program: "/usr/bin/env", arguments + more + [url + path])
    let halves = result.output.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard result.status == 0, let head = halves.first, head.hasPrefix("HTTP/") else {
      return Answer(status: 0, headers: [:], body: result.error)
    }
    let lines = head.split(separator: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let pair = line.split(separator: ":", maxSplits: 1)
      if pair.count == 2 { headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces) }
    }
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(status: status, headers: headers, body: halves.count > 1 ? String(halves[1]) : "")
  }

  /// The processes that the agent shows.
  func processes(token: String) throws -> [[String: Any]] {
    try #require(try get("/v1/processes", token: token).json["processes"] as? [[String: Any]])
  }

  /// The opaque id of the workload.
  func workloadID(token: String) throws -> String {
    let processes = try processes(token: token)
    return try #require(processes.first { $0["pid"] as? Int == workload }?["id"] as? String)
  }

  // MARK: What it left behind

  var audit: [[String: Any]] {
    get throws {
      try String(contentsOfFile: installation.state.path("audit/agent.jsonl"), encoding: .utf8)
        .split(separator: "\n")
        .map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }
  }

  /// The audit event of type `decision` for an answer.
  func decision(of answer: Answer) throws -> [String: Any]? {
    let id = try answer.json["request_id"] as? String ?? answer.headers["x-request-id"]
    return try audit.first { $0["type"] as? String == "decision" && $0["request_id"] as? String == id }
  }
}
