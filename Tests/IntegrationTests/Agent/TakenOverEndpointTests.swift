import Foundation
import Glibc
import Linux
import Privsep
import Sandbox
import Testing

/// Somebody has taken over the endpoint, and speaks to the shipped collector as they like: frame by frame.
@Suite("A taken-over endpoint", .serialized, .enabled(if: getuid() == 0, "starts the agent in an odd way"))
struct TakenOverEndpointTests {
  /// The collector as the attacker sees it.
  private final class Attacker {
    private let socket: FileDescriptor
    private var decoder = FrameDecoder(from: .collector)
    private var nextStream: UInt32 = 1
    let agent: AgentUnderTest
    let relaunch: Relaunch

    struct Answer {
      var status: UInt16 = 0
      var body: [UInt8] = []
      var text: String { String(decoding: body, as: UTF8.self) }
    }

    init(_ command: [String] = ["sleep", "300"], environment: [String: String] = [:]) throws {
      agent = try AgentUnderTest(command, environment: environment)
      relaunch = try Relaunch(agent, .init(), options: [], program: "AttackRole")
      let port = try #require(agent.url.split(separator: ":").last.flatMap { UInt16($0) })
      var raw: Int32 = -1
      for _ in 0..<3000 {
        raw = Self.connected(to: port)
        if raw >= 0 { break }
        usleep(20_000)
      }
      try #require(raw >= 0, "\(relaunch.log)")
      socket = FileDescriptor(owning: raw)
      var timeout = timeval(tv_sec: 20, tv_usec: 0)
      _ = unsafe setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      // The endpoint itself has said hello.
      try #require(try frame()?.kind == .ready, "\(relaunch.log)")
      // A token from the second of the start is refused.
      usleep(1_100_000)
    }

    private static func connected(to port: UInt16) -> Int32 {
      let raw = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      let result = unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if result == 0 { return raw }
      close(raw)
      return -1
    }

    func send(_ bytes: [UInt8]) { try? socket.writeAll(bytes) }

    func send(_ frame: Frame) { send(frame.encoded) }

    /// nil where the collector has gone.
    func frame() throws -> Frame? {
      while true {
        if let frame = try decoder.next() { return frame }
        var bytes: [UInt8] = []
        let count = try? socket.read(into: &bytes, count: 65536)
        guard let count, count > 0 else { return nil }
        decoder.append(bytes)
      }
    }

    /// Says that a connection has come, with a certificate that the collector cannot check.
    func connection(_ number: UInt32, certificate: [UInt8], spiffeID: String) {
      let message = PeerMessage(
        certificate: certificate, spiffeID: spiffeID, notAfter: Int64.max, address: "203.0.113.9:1")
      send(Frame(.connection, stream: number, payload: message.encoded))
    }

    func request(_ target: String, token: String?, connection: UInt32 = 1, method: String = "GET") throws -> Answer? {
      let stream = nextStream
      nextStream += 1
      let message = RequestMessage(
        connection: connection, method: method, target: target, authorization: token.map { "Bearer \($0)" } ?? "")
      send(Frame(.request, stream: stream, payload: message.encoded))
      var answer = Answer()
      while let frame = try frame() {
        guard frame.stream == stream else { continue }
        switch frame.kind {
        case .head: answer.status = try HeadMessage(frame.payload).status
        case .body:
          answer.body += frame.payload
          send(Frame(.credit, stream: stream, payload: CreditMessage(bytes: UInt32(frame.payload.count)).encoded))
        case .end, .abort: return answer
        case _: Issue.record("\(frame.kind)")
        }
      }
      return nil
    }

    /// Asks, waits for the whole answer, and says in one breath that the client has taken it (or all but a byte) and gone.
    func untilTaken(takesAll: Bool, _ target: String, token: String) throws -> (head: HeadMessage, body: Int) {
      let message = RequestMessage(
        connection: 1, method: "GET", target: target, authorization: "Bearer \(token)")
      send(Frame(.request, stream: nextStream, payload: message.encoded))
      let head = try HeadMessage(try #require(try frame()).payload)
      var body = 0
      while body < Int(head.length ?? 0) { body += try #require(try frame()).payload.count }
      let taken = CreditMessage(bytes: UInt32(takesAll ? body : body - 1))
      send(
        Frame(.credit, stream: nextStream, payload: taken.encoded).encoded
          + Frame(.cancel, stream: nextStream).encoded)
      nextStream += 1
      return (head, body)
    }

    var sessionCertificate: [UInt8] {
      get throws {
        _ = try agent.token()
        return Array(try Data(contentsOf: URL(filePath: agent.installation.state.path("client.der"))))
      }
    }

    var sessionID: String { "spiffe://sidelight.local/session/\(agent.session)" }

    /// Waits until all three have gone.
    func ending() -> Int32? { relaunch.ending() }
  }

  @Test("without a token of the broker's it gets nothing, whatever it says of the connection")
  func noToken() throws {
    let attacker = try Attacker(environment: ["DB_PASSWORD": "correct-horse-battery-7"])
    let agent = attacker.agent
    let certificate = try attacker.sessionCertificate
    // A connection that it has not told of.
    #expect(try attacker.request("/v1/processes", token: agent.token(), connection: 9)?.status == 400)
    attacker.connection(1, certificate: certificate, spiffeID: attacker.sessionID)
    attacker.connection(2, certificate: certificate, spiffeID: "spiffe://sidelight.local/session/another")
    attacker.connection(3, certificate: Array(certificate.dropLast()) + [0], spiffeID: attacker.sessionID)
    attacker.connection(4, certificate: certificate, spiffeID: "")
    for target in ["/v1/processes", "/v1/posture", "/v1/files?path=/etc/passwd", "/v1/logs"] {
      #expect(try attacker.request(target, token: nil)?.status == 401)
    }
    let good = try agent.token()
    // What is refused below is not refused for another reason.
    #expect(try attacker.request("/v1/processes", token: good)?.status == 200)
    // The token with another certificate, or another session's name, and tokens that are not the broker's.
    for connection in [2, 3, 4] as [UInt32] {
      #expect(try attacker.request("/v1/processes", token: good, connection: connection)?.status == 401)
    }
    let parts = good.split(separator: ".").map(String.init)
    let none = AgentUnderTest.base64URL(Data(#"{"typ":"at+jwt","alg":"none"}"#.utf8))
    for forged in [
      "\(parts[0]).\(parts[1]).", "\(none).\(parts[1]).", "\(parts[0]).\(parts[0]).\(parts[2])", parts[1],
      try agent.token(claims: { $0["exp"] = Int(Date().timeIntervalSince1970) - 120 }),
      try agent.token(claims: { $0["aud"] = "spiffe://sidelight.local/ns/dev/agent/another" }),
    ] {
      // Who keeps failing waits; with a new connection it need not.
      let answer = try attacker.request("/v1/processes", token: forged)
      #expect(answer?.status == 401 || answer?.status == 429, "\(forged): \(answer?.text ?? "gone")")
    }
  }

  @Test("with a token that it has seen it gets what the token grants: masked, within the budget, and recorded")
  func seenToken() throws {
    let secret = "correct-horse-battery-7"
    let attacker = try Attacker(environment: ["DB_PASSWORD": secret])
    let agent = attacker.agent
    attacker.connection(1, certificate: try attacker.sessionCertificate, spiffeID: attacker.sessionID)
    let narrow = try agent.narrowToken {
      $0["actions"] = ["processes.list", "environment.read"]
      $0["limits"] = ["requests": 6, "concurrency": 2, "follow_seconds": 5]
    }
    let list = try #require(try attacker.request("/v1/processes", token: narrow))
    // Said in the threat model: it can use what it has seen.
    #expect(list.status == 200)
    let processes = try #require(
      (try JSONSerialization.jsonObject(with: Data(list.body)) as? [String: Any])?["processes"] as? [[String: Any]])
    let id = try #require(processes.first { $0["pid"] as? Int == agent.workload }?["id"] as? String)
    let environment = try #require(try attacker.request("/v1/processes/\(id)/environment", token: narrow))
    #expect(environment.status == 200 && environment.text.contains("DB_PASSWORD"))
    #expect(!environment.text.contains(secret))
    #expect(try attacker.request("/v1/files?path=/etc/passwd", token: narrow)?.status == 403)
    #expect(try attacker.request("/v1/processes/1@1/environment", token: narrow)?.status != 200)
    var last: UInt16 = 0
    for _ in 0..<4 { last = try attacker.request("/v1/processes", token: narrow)?.status ?? 0 }
    #expect(last == 429)
    // It can lie about the address; subject, session and grant are the token's.
    let event = try #require(try agent.audit.last { $0["type"] as? String == "decision" })
    #expect("\(event)".contains("203.0.113.9") && "\(event)".contains("grant-of-tests"))
  }

  @Test(
    "a client that goes once it has the whole answer leaves a complete one in the record, and one that goes before does not",
    arguments: [true, false])
  func goingAtOnce(takesAll: Bool) throws {
    let attacker = try Attacker()
    let agent = attacker.agent
    attacker.connection(1, certificate: try attacker.sessionCertificate, spiffeID: attacker.sessionID)
    let token = try agent.token()
    let (head, body) = try attacker.untilTaken(takesAll: takesAll, "/v1/posture", token: token)
    try #require(head.status == 200 && head.length == UInt64(body))
    var end: [String: Any]?
    for _ in 0..<500 where end == nil {
      end = try agent.audit.last { $0["type"] as? String == "completion" }
      usleep(20_000)
    }
    #expect(end?["complete"] as? Bool == takesAll)
    #expect(end?["reason"] as? String == (takesAll ? nil : "the client went away"))
    #expect(end?["bytes"] as? Int == body)
  }

  @Test("a second hello does not begin anew with empty budgets; it ends the agent")
  func secondHello() throws {
    let attacker = try Attacker()
    let agent = attacker.agent
    attacker.connection(1, certificate: try attacker.sessionCertificate, spiffeID: attacker.sessionID)
    let token = try agent.narrowToken { $0["limits"] = ["requests": 1, "concurrency": 1, "follow_seconds": 5] }
    let posture = try #require(try attacker.request("/v1/posture", token: token))
    #expect(posture.status == 200)
    #expect(try attacker.request("/v1/processes", token: token)?.status == 429)
    // The very one that the endpoint has sent.
    let roles = try #require(
      (try JSONSerialization.jsonObject(with: Data(posture.body)) as? [String: Any])?["processes"] as? [[String: Any]])
    let endpoint = try #require(roles.last)
    let report = ConfinementReport(
      filterDigest: try #require(endpoint["seccomp_digest"] as? String),
      securebits: UInt32(try #require(endpoint["securebits"] as? Int)), hasLandlockDomain: true,
      selfTests: SelfTest.attempts(for: .endpoint, landlockABI: Landlock.abi).map {
        SelfTest($0, before: .permitted, after: .refused)
      }, shortfalls: [])
    let pid = Int32(try #require(endpoint["pid"] as? Int))
    attacker.send(Frame(.hello, payload: RoleStatus(pid: pid, report: report.text).encoded))
    #expect(try attacker.request("/v1/processes", token: token) == nil)
    #expect(attacker.ending() == 0 && attacker.relaunch.log.contains("hello"), "\(attacker.relaunch.log)")
    #expect(DevelopmentInstallation.isRunning(agent.workload))
  }

  @Test(
    "what is no frame, or not one of the endpoint's, ends the agent and not the workload",
    arguments: [
      Frame(.ready).encoded, Frame(.head, stream: 1, payload: [0, 1]).encoded,
      Frame(.body, stream: 1, payload: [1]).encoded,
      [UInt8](repeating: 0, count: 12), [UInt8](repeating: 0xFF, count: 4096),
      [0xFF, 0xFF, 0xFF, 0x7F, 4, 0, 0, 0, 1, 0, 0, 0], Array("GET /v1/processes HTTP/1.1\r\n\r\n".utf8),
      Frame(.request, stream: 1, payload: [1, 2, 3]).encoded, Frame(.connection, stream: 1, payload: []).encoded,
    ])
  func badFrames(bytes: [UInt8]) throws {
    let attacker = try Attacker()
    attacker.send(bytes)
    #expect(try attacker.frame() == nil)
    #expect(attacker.ending() == 0, "\(attacker.relaunch.log)")
    #expect(DevelopmentInstallation.isRunning(attacker.agent.workload))
  }
}
