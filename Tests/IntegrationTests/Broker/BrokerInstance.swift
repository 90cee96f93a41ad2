import Foundation
import StrictJSON
import Testing

/// The real broker, with an installation of its own, stopped when the value goes.
final class BrokerInstance {
  static let agent = "spiffe://dev.example/ns/dev/agent/a1"

  static let policy = """
    apiVersion: sidelight.dev/v1
    kind: AccessPolicy
    metadata: { name: dev }
    groups:
      oncall: { from: ["certificate:oncall"] }
    rules:
      - id: look
        groups: [oncall]
        targets: { namespaces: [dev], labels: { app: shop } }
        allow:
          - { actions: [processes.list, logs.list, logs.tail] }
          - { actions: [environment.read], names: ["*"] }
          - { actions: [files.stat, files.list], paths: ["/etc/app/**", "/var/log/*"] }
        session: { duration: 30m, idle: 10m }
        approval: { automatic: true }
        limits: { requests: 200, objects: 50 }
    """

  let files: TemporaryFolder
  private(set) var port = 0
  private var process: Process?

  /// Makes the files, and starts the broker unless told not to.
  init(policy: String = BrokerInstance.policy, starting: Bool = true) throws {
    files = try Self.makeFiles(policy: policy)
    if starting { try start() }
  }

  private static func makeFiles(policy: String) throws -> TemporaryFolder {
    let files = try TemporaryFolder()
    let made = try Command.run("python3", ["-c", BrokerCredentials.script, files.path])
    try #require(made.status == 0, "\(made.error)")
    let key = try Command.run(Products.path("sidelight-broker"), ["init-signing-key", files.path("signing.key")])
    try #require(key.status == 0, "\(key.error)")
    try files.write("policy.yaml", policy)
    try files.write("config.template", configuration())
    return files
  }

  deinit {
    guard let process, process.isRunning else { return }
    process.terminate()
    let deadline = Date().addingTimeInterval(30)
    while process.isRunning, Date() < deadline { usleep(5000) }
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      Issue.record("the broker did not end when it was asked to")
    }
    process.waitUntilExit()
  }

  /// The configuration, with `PORT` for the launcher to fill in.
  static func configuration(replacing old: String = "", by new: String = "") -> String {
    """
    {"listen_fd": 3, "issuer": "https://127.0.0.1:PORT", "trust_domain": "dev.example",
     "certificate": "server.pem", "private_key": "server.key", "ca_certificate": "ca.pem", "ca_private_key": "ca.key",
     "signing_key": "signing.key", "policy": "policy.yaml", "database": "broker.sqlite", "audit_log": "audit.jsonl",
     "targets": [{"agent": "\(agent)", "namespace": "dev", "labels": {"app": "shop"}, "containers": ["app", "db"],
                  "url": "https://127.0.0.1:9"}]}
    """.replacingOccurrences(of: old, with: new)
  }

  /// - Parameters:
  ///   - output: where standard output goes.
  ///   - filter: a seccomp program, as a container's runtime loads it before the broker's first instruction.
  ///   - trace: a folder for strace's logs, one for each thread, with all arguments as numbers.
  ///   - user: an ordinary user's uid and gid; else it is who the tests are.
  func start(
    output: FileHandle? = FileHandle.nullDevice, filter: [UInt8]? = nil, trace: String? = nil, user: UInt32? = nil
  ) throws {
    if let user { try files.write("user", "\(user)") }
    if let filter { try Data(filter).write(to: URL(fileURLWithPath: files.path("filter"))) }
    // The tracer is a grandchild, so that the child is the broker.
    let tracer = trace.map { ["strace", "-D", "-ff", "-ttt", "-X", "raw", "-e", "raw=all", "-o", "\($0)/trace"] } ?? []
    let words = tracer + ["python3", "-c", BrokerCredentials.launcher, files.path, Products.path("sidelight-broker")]
    try? FileManager.default.removeItem(atPath: files.path("port"))
    try files.write("log", "")
    let log = FileHandle(forWritingAtPath: files.path("log"))
    let process = try Command.start(words[0], Array(words.dropFirst()), output: output, error: log)
    self.process = process
    let deadline = Date().addingTimeInterval(120)
    while Date() < deadline {
      let text = try files.read("log")
      try #require(process.isRunning, "the broker ended: \(text)")
      if text.contains("listening") { break }
      usleep(10_000)
    }
    port = try #require(Int(try files.read("port")))
  }

  var pid: Int32? { process?.processIdentifier }

  /// Sends SIGTERM; returns the exit status.
  func stop() throws -> Int32 {
    let process = try #require(process)
    process.terminate()
    let deadline = Date().addingTimeInterval(60)
    while process.isRunning, Date() < deadline { usleep(5000) }
    #expect(!process.isRunning)
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    self.process = nil
    return process.terminationStatus
  }

  var url: String { "https://127.0.0.1:\(port)" }

  struct Answer {
    /// curl's exit status.
    let exit: Int32
    /// 0 where there was no answer.
    let status: Int
    let headers: String
    let body: String
    let json: JSONObject

    var error: String? { json["error"]?.string }
    var description: String? { json["error_description"]?.string }
  }

  /// One request by curl.
  func request(
    _ path: String, certificate: String? = nil, method: String? = nil, json: String? = nil,
    form: [(name: String, value: String)]? = nil, body: String? = nil, arguments: [String] = []
  ) throws -> Answer {
    let answer = try TemporaryFolder()
    var words = [
      "--silent", "--show-error", "--max-time", "20", "--cacert", files.path("ca.pem"), "--dump-header",
      answer.path("headers"), "--output", answer.path("body"), "--write-out", "%{http_code}",
    ]
    if let certificate {
      words += ["--cert", files.path("\(certificate).pem"), "--key", files.path("\(certificate).key")]
    }
    if let method { words += ["--request", method] }
    if json != nil { words += ["--header", "Content-Type: application/json"] }
    if json ?? body != nil { words += ["--data-binary", "@-"] }
    for (name, value) in form ?? [] { words += ["--data-urlencode", "\(name)=\(value)"] }
    for name in ["headers", "body"] { try answer.write(name, "") }
    let command = try Command.run("curl", words + arguments + [url + path], input: json ?? body ?? "")
    let text = try answer.read("body")
    return Answer(
      exit: command.status, status: Int(command.output) ?? 0, headers: try answer.read("headers").lowercased(),
      body: text, json: (try? JSONParser.parse(text))?.object ?? JSONObject())
  }

  /// Makes a key and a signing request, asks for a session, and keeps `<name>.pem` and `<name>.key`.
  func openSession(
    _ name: String = "session", user: String? = "ada", agent: String = BrokerInstance.agent,
    justification: String? = nil
  ) throws -> Answer {
    let made = try Command.run(
      "openssl",
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        files.path("\(name).key"), "-out", files.path("\(name).csr"), "-subj", "/O=oncall/CN=root",
      ])
    try #require(made.status == 0, "\(made.error)")
    var writer = JSONWriter()
    let csr = try files.read("\(name).csr")
    writer.object {
      $0.member("csr", csr)
      $0.member("agent", agent)
      $0.member(optional: "justification", justification)
    }
    let answer = try request("/v1/sessions", certificate: user, json: writer.text)
    if let certificate = answer.json["certificate"]?.string { try files.write("\(name).pem", certificate) }
    return answer
  }

  /// Asks the token endpoint.
  func token(
    session: String? = "session", resource: String? = BrokerInstance.agent, grantType: String? = "client_credentials",
    _ more: (name: String, value: String)...
  ) throws -> Answer {
    var form = more
    if let grantType { form.append(("grant_type", grantType)) }
    if let resource { form.append(("resource", resource)) }
    return try request("/token", certificate: session, form: form)
  }

  /// The token's claims, after a library that is not ours has verified it with the published keys.
  func verifiedClaims(_ token: String) throws -> (header: JSONObject, claims: JSONObject) {
    let keys = try request("/jwks.json").body
    let script = """
      import json, sys
      from joserfc import jwt
      from joserfc.jwk import KeySet
      request = json.load(sys.stdin)
      keys = KeySet.import_key_set(json.loads(request["keys"]))
      token = jwt.decode(request["token"], keys, algorithms=["EdDSA"])
      assert all(key.kid == key.thumbprint() for key in keys.keys), "kid is not the RFC 7638 thumbprint"
      print(json.dumps({"header": token.header, "claims": token.claims}))
      """
    var writer = JSONWriter()
    writer.object {
      $0.member("keys", keys)
      $0.member("token", token)
    }
    let result = try Command.run("python3", ["-W", "ignore", "-c", script], input: writer.text)
    try #require(result.status == 0, "\(result.error)")
    let object = try #require(try JSONParser.parse(result.output).object)
    return (try #require(object["header"]?.object), try #require(object["claims"]?.object))
  }

  /// The audit log's events.
  func audit(_ name: String = "audit.jsonl") throws -> [JSONObject] {
    try files.read(name).split(separator: "\n").map { try #require(try JSONParser.parse(String($0)).object) }
  }
}

extension JSONObject {
  subscript(strings name: String) -> [String] { (self[name]?.array ?? []).compactMap(\.string) }
}
