import Crypto
import Foundation
import Testing

/// Files that are renewed under a running agent, as a mounted Secret is.
@Suite("Renewal", .serialized)
struct RenewalTests {
  /// The agent looks at most every ten seconds, and only when somebody asks.
  private static let patience: TimeInterval = 60

  @Test("a new certificate and key are used for new connections; what cannot be used is left alone, and said")
  func certificate() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let credentials = agent.installation.state.path("agent/credentials")
    let before = try serial(agent)
    // A certificate whose key is not there yet, as between two writes.
    try openssl(agent, "ecparam -name prime256v1 -genkey -noout -out new.key")
    try openssl(agent, "req -new -key new.key -subj / -out new.csr")
    try openssl(
      agent,
      "x509 -req -in new.csr -CA ca/ca.crt -CAkey ca/ca.key -days 2 -set_serial 0x5151 -copy_extensions none "
        + "-extfile extensions -out new.crt")
    try replace("\(credentials)/tls.crt", with: agent.installation.state.path("new.crt"))
    try waitForLog(agent, "the credentials from before stay")
    #expect(try serial(agent) == before)
    #expect(try agent.get("/v1/posture", token: agent.token()).status == 200)
    // Now its key as well.
    try replace("\(credentials)/tls.key", with: agent.installation.state.path("new.key"))
    let deadline = Date().addingTimeInterval(Self.patience)
    while try serial(agent) != "5151", Date() < deadline { usleep(200_000) }
    #expect(try serial(agent) == "5151")
    #expect(try agent.get("/v1/posture", token: agent.token()).status == 200)
  }

  @Test("a key that has left the key set is not believed any more, also on a connection that has used it")
  func signingKey() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let keySet = agent.installation.state.path("agent/credentials/jwks.json")
    let old = try agent.token()
    #expect(try agent.get("/v1/posture", token: old).status == 200)
    let connection = try KeptConnection(agent, token: old)
    #expect(connection.statuses == ["200"])

    // Not a key set: the keys from before stay.
    try FileManager.default.moveItem(atPath: keySet, toPath: keySet + ".old")
    try agent.installation.state.write("bad.json", "{")
    try replace(keySet, with: agent.installation.state.path("bad.json"), like: keySet + ".old")
    try waitForLog(agent, "the keys from before stay")
    #expect(try agent.get("/v1/posture", token: old).status == 200)

    let next = Curve25519.Signing.PrivateKey()
    let point = AgentUnderTest.base64URL(next.publicKey.rawRepresentation)
    try agent.installation.state.write(
      "good.json", #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"next","x":"\#(point)"}]}"#)
    try replace(keySet, with: agent.installation.state.path("good.json"), like: keySet + ".old")
    let deadline = Date().addingTimeInterval(Self.patience)
    while try agent.get("/v1/posture", token: old).status == 200, Date() < deadline { usleep(500_000) }
    #expect(try agent.get("/v1/posture", token: old).code == "token_invalid")
    var header = agent.header()
    header["kid"] = "next"
    let fresh = try agent.sign(agent.claims(), header: header, key: next)
    #expect(try agent.get("/v1/posture", token: fresh).status == 200)
    try connection.ask()
    #expect(connection.statuses == ["200", "401"])
  }

  // MARK: -

  private func serial(_ agent: AgentUnderTest) throws -> String {
    let result = try Sidelight.run(
      program: "/bin/sh",
      [
        "-c",
        "openssl s_client -connect \(agent.url.dropFirst("https://".count)) </dev/null 2>/dev/null | openssl x509 -noout -serial",
      ])
    return result.output.replacing("serial=", with: "").trimmingCharacters(in: .newlines)
  }

  private func openssl(_ agent: AgentUnderTest, _ arguments: String) throws {
    try agent.installation.state.write(
      "extensions",
      "subjectAltName=URI:\(agent.agent),IP:127.0.0.1\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
    )
    let result = try Sidelight.run(
      program: "/bin/sh", ["-c", "cd \(agent.installation.state.path) && openssl \(arguments)"])
    try #require(result.status == 0, "\(result.error)")
  }

  /// In one step, with the owner and mode that the file had.
  private func replace(_ path: String, with source: String, like model: String? = nil) throws {
    let result = try Sidelight.run(
      program: "/bin/sh",
      [
        "-c",
        "cp \(source) \(path).next && chown --reference=\(model ?? path) \(path).next && chmod --reference=\(model ?? path) \(path).next && mv \(path).next \(path)",
      ])
    try #require(result.status == 0, "\(result.error)")
  }

  private func waitForLog(_ agent: AgentUnderTest, _ text: String) throws {
    let file = agent.installation.state.path("log/agent.log")
    let deadline = Date().addingTimeInterval(Self.patience)
    let token = try agent.token()
    func log() -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
    while !log().contains(text), Date() < deadline {
      _ = try agent.get("/v1/posture", token: token)
      usleep(300_000)
    }
    try #require(log().contains(text), "\(log().suffix(600))")
  }
}

/// One TLS connection that stays open, of python's; asks once at the start, and once for each file that appears.
private final class KeptConnection {
  private let folder: TemporaryFolder
  private let process: Process

  init(_ agent: AgentUnderTest, token: String) throws {
    folder = try TemporaryFolder()
    let script = """
      import http.client, os, ssl, sys, time
      port, ca, cert, key, token, folder = sys.argv[1:7]
      context = ssl.create_default_context(cafile=ca)
      context.load_cert_chain(cert, key)
      connection = http.client.HTTPSConnection("127.0.0.1", int(port), context=context)
      for number in (1, 2):
          while not os.path.exists(f"{folder}/ask{number}"):
              if not os.path.isdir(folder):
                  sys.exit()
              time.sleep(0.05)
          connection.request("GET", "/v1/posture", headers={"Authorization": "Bearer " + token})
          answer = connection.getresponse()
          answer.read()
          print(answer.status, connection.sock is not None, flush=True)
      """
    try folder.write("output", "")
    process = try Command.start(
      "python3",
      [
        "-c", script, String(agent.url.split(separator: ":").last ?? ""), agent.authority, agent.certificate, agent.key,
        token, folder.path,
      ], output: FileHandle(forWritingAtPath: folder.path("output")), error: FileHandle.nullDevice)
    try ask(1)
  }

  deinit { process.terminate() }

  func ask(_ number: Int = 2) throws {
    try folder.write("ask\(number)", "")
    let deadline = Date().addingTimeInterval(30)
    while statuses.count < number, Date() < deadline { usleep(20_000) }
  }

  var statuses: [String] {
    ((try? folder.read("output")) ?? "").split(separator: "\n").map {
      $0.hasSuffix("True") ? String($0.prefix(3)) : "closed"
    }
  }
}
