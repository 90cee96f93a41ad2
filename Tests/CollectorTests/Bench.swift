import API
import AuditLog
import Budgets
import Crypto
import Foundation
import Glibc
import Grants
import LibCrypto
import Linux
import Masking
import Privsep
import ProcFS
import StrictJSON
import Tokens

@testable import Collector

/// The views on a real process and real files, with a real token. The opener is a thread with the same two lines of work.
struct Bench: ~Copyable {
  let pid: Int32
  let target: Target
  private let end: Linux.FileDescriptor

  /// - Parameter script: what the process does; it has to write a byte to its descriptor 3 before it is looked at.
  init(
    environment: [String] = ["A=1"], script: String = "printf r >&3; read word <&3",
    scope wanted: Configuration.Scope? = nil
  ) throws {
    let (left, right) = try Sockets.pair(.stream)
    let child = try Linux.Process.spawn(
      "/bin/sh", arguments: ["sh", "-c", script], environment: environment, inherited: [right])
    close(right)
    let ours = FileDescriptor(owning: left)
    var ready: [UInt8] = []
    _ = try ours.read(into: &ready, count: 1)

    let proc = SharedProc(try ProcFileSystem())
    let start = try proc.fileSystem.open(child).stat().startTime
    let scope = try Scope(
      root: wanted ?? .process(pid: child, startTime: start), containerName: "app", proc: proc)
    let (client, server) = try Sockets.pair(.sequencedPacket)
    let opener = OpenerClient(socket: SharedDescriptor(FileDescriptor(owning: client)), timeoutMilliseconds: 5000)
    Thread { Self.serve(FileDescriptor(owning: server)) }.start()
    let own = try Linux.Process.Identity()
    target = Target(scope: scope, proc: proc, opener: opener, own: own, rules: .builtIn)
    pid = child
    end = ours
  }

  /// A line for the process's descriptor 3.
  func goOn() throws { try end.writeAll([0x0A]) }

  deinit {
    kill(pid, SIGKILL)
    var status: Int32 = 0
    _ = unsafe waitpid(pid, &status, 0)
  }

  /// Ends with the client.
  private static func serve(_ peer: consuming Linux.FileDescriptor) {
    while let (bytes, passed) = try? Sockets.receive(from: peer.raw, limit: OpenerMessage.size), !bytes.isEmpty {
      guard let passed, case .openProcessEntry(let sequence, let entry)? = try? OpenerMessage(bytes) else { return }
      let directory = FileDescriptor(owning: passed)
      do throws(SystemError) {
        let opened = try directory.open(entry.name, entry.mode)
        try Sockets.send(
          OpenerMessage.reply(sequence: sequence, error: 0).encoded, descriptor: opened.raw, to: peer.raw)
      } catch {
        try? Sockets.send(OpenerMessage.reply(sequence: sequence, error: error.number).encoded, to: peer.raw)
      }
    }
  }

  static let peer = PeerMessage(
    certificate: [1, 2, 3], spiffeID: "spiffe://prod.example/session/s-1", notAfter: 4_000_000_000, address: "127.0.0.1"
  )
  static let audience = "spiffe://prod.example/ns/payments/agent/5f0c"

  /// A verifier, and the text of a token for it.
  static func token(_ detail: String, id: String = "t-1", expires: Int64? = nil) throws -> (TokenVerifier, String) {
    let key = Curve25519.Signing.PrivateKey()
    let now = expires.map { $0 - 200 } ?? Clock.now().seconds
    let point = Base64URL.encode(Array(key.publicKey.rawRepresentation))
    let keys = try KeySet(
      json: Array(#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"\#(point)"}]}"#.utf8))
    let thumbprint = Base64URL.encode(try LibCrypto.sha256(peer.certificate))
    let payload = """
      {"iss":"i","sub":"u","aud":"\(audience)","exp":\(now + 200),"iat":\(now),"jti":"\(id)","sid":"s-1","gid":"g-1",
       "cnf":{"x5t#S256":"\(thumbprint)"},"authorization_details":[\(detail)]}
      """
    let signed =
      Base64URL.encode(Array(#"{"typ":"at+jwt","alg":"EdDSA","kid":"k1"}"#.utf8)) + "."
      + Base64URL.encode(Array(payload.utf8))
    let verifier = TokenVerifier(
      keys: keys, issuer: "i", audience: audience, trustDomain: "prod.example", started: now - 100)
    return (verifier, signed + "." + Base64URL.encode(Array(try key.signature(for: Data(signed.utf8)))))
  }

  /// A request as the service would make it, with those members of the grant.
  func request(_ route: Route, _ query: String, _ grant: String, byteAllowance: Int64 = .max) throws -> Request {
    let (verifier, text) = try Self.token(
      #"{"type":"sidelight","containers":["*"],"processes":["**"],"actions":[],\#(grant)}"#)
    let caller = try Caller(Self.peer)
    let token = try caller.authenticate(
      authorization: "Bearer " + text, keys: .init(verifier: verifier, generation: 0), now: Clock.now().seconds)
    let budgets = BudgetKeeper(ceilings: Ceilings())
    let account = BudgetKeeper.account(for: token, caller: caller)
    try budgets.admit(account)
    return Request(
      id: "r", route: route, token: token, account: account, facts: AuditRequest(),
      parameters: Parameters(try RequestTarget("/?" + query).parameters), byteAllowance: byteAllowance,
      credentialsEnd: min(token.expires, caller.notAfter), budgets: budgets,
      masker: { Masker(rules: .builtIn, fingerprinter: Fingerprinter { _ in [] }, taint: $0) })
  }

  static func percent(_ text: String) -> String {
    text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
