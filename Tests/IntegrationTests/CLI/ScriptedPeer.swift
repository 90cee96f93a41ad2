import Foundation
import Glibc
import Testing

/// A TLS server in Python that is agent and broker at once and says exactly what a test tells it, true or not: what
/// the command line must survive is an agent that was taken over. Certificates come from openssl, so that neither side
/// of the connection but the one under test is ours.
final class ScriptedPeer {
  static let agent = "spiffe://sidelight.local/ns/test/agent/1"

  /// One answer; the last of a list is repeated.
  struct Answer: Codable {
    var status = 200
    var type = "application/json"
    var body: String
  }

  let folder: TemporaryFolder
  private let server: Child
  private let port: Int

  /// - Parameters:
  ///   - answers: by the path without the query. `/token` has one already.
  ///   - identity: the SPIFFE ID in the server's certificate.
  init(_ answers: [String: [Answer]], identity: String = agent) throws {
    folder = try TemporaryFolder()
    var all = answers
    if all["/token"] == nil {
      all["/token"] = [Answer(body: #"{"access_token":"tok.en.1","token_type":"Bearer","expires_in":300}"#)]
    }
    try folder.write("answers.json", String(decoding: JSONEncoder().encode(all), as: UTF8.self))
    try folder.write("peer.py", Self.script)
    try Self.makeCertificates(folder, identity: identity)

    server = try Child(
      "/usr/bin/env", ["python3", folder.path("peer.py"), folder.path], output: folder.path("port"),
      error: folder.path("peer.log"))
    port = try Self.port(folder)
    try writeState()
  }

  deinit {
    server.stop()
  }

  private static func port(_ folder: borrowing TemporaryFolder) throws -> Int {
    for _ in 0..<6000 {
      let text =
        FileManager.default.contents(atPath: folder.path("port")).map { String(decoding: $0, as: UTF8.self) } ?? ""
      if text.hasSuffix("\n"), let port = Int(text.dropLast()) { return port }
      usleep(10_000)
    }
    throw CocoaError(.fileReadUnknown)
  }

  func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Sidelight.Result {
    try Sidelight.run(arguments + ["--state", folder.path], environment: environment)
  }

  /// What the peer was asked, in order: `METHOD target authorization body`.
  func requests() throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder.path("requests")) else { return [] }
    return try folder.read("requests").split(separator: "\n").map(String.init)
  }

  private func writeState() throws {
    let state: [String: String] = [
      "agent_url": "https://127.0.0.1:\(port)", "broker_url": "https://127.0.0.1:\(port)", "agent": Self.agent,
      "broker": Self.agent, "ca": "ca.crt", "client_certificate": "client.crt", "client_key": "client.key",
    ]
    try folder.write("sidelight.json", String(decoding: JSONEncoder().encode(state), as: UTF8.self))
  }

  private static func makeCertificates(_ folder: borrowing TemporaryFolder, identity: String) throws {
    let commands = """
      set -e
      cd "$1"
      new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$1" "${@:2}"; }
      sign() { openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$1.crt" \
        -extfile <(echo "subjectAltName=$2"); }
      new ca -x509 -days 2 -out ca.crt -addext keyUsage=critical,keyCertSign
      new server -out server.csr
      sign server "URI:$2"
      new client -out client.csr
      sign client "URI:spiffe://sidelight.local/session/1"
      """
    let made = try Sidelight.run(program: "/bin/bash", ["-c", commands, "bash", folder.path, identity])
    try #require(made.status == 0, Comment(rawValue: made.error))
  }

  private static let script = #"""
    import http.server, json, os, ssl, sys
    folder = sys.argv[1]
    answers = json.load(open(folder + "/answers.json"))
    class Peer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def answer(self):
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            with open(folder + "/requests", "a") as log:
                log.write(" ".join([self.command, self.path, self.headers.get("authorization") or "-", body]) + "\n")
            known = answers.get(self.path.split("?")[0]) or [{"status": 404, "type": "text/plain", "body": "?"}]
            one = known.pop(0) if len(known) > 1 else known[0]
            text = one["body"].encode()
            self.send_response(one["status"])
            self.send_header("content-type", one["type"])
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        do_GET = do_POST = answer
        def log_message(self, *_): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/server.crt", folder + "/server.key")
    context.load_verify_locations(folder + "/ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """#
}

extension ScriptedPeer {
  /// A process as the agent describes it.
  static func process(
    _ pid: Int, parent: Int, command: String = "app", arguments: [String] = ["app"],
    start: String = "2026-01-01T00:00:00Z"
  ) -> [String: Any] {
    [
      "id": "\(pid)@77", "pid": pid, "ppid": parent, "container": "workload", "command": command,
      "arguments": arguments, "state": "S", "uid": 65534, "gid": 65534, "threads": 1, "resident_bytes": 13_000_000,
      "cpu_milliseconds": 1234, "start_time": start, "age_seconds": 3700,
    ]
  }

  static func processes(_ list: [[String: Any]], next: String? = nil) throws -> Answer {
    var answer: [String: Any] = [
      "snapshot_start": "2026-01-01T00:00:00Z", "snapshot_end": "2026-01-01T00:00:00Z", "vanished": 0, "hidden": 0,
      "truncated": false, "processes": list,
    ]
    answer["next"] = next
    return Answer(body: String(decoding: try JSONSerialization.data(withJSONObject: answer), as: UTF8.self))
  }

  static func problem(_ code: String, status: Int, _ more: [String: Any] = [:]) throws -> Answer {
    let body: [String: Any] = ["code": code, "title": "A title.", "status": status, "request_id": "req-7"]
    let text = try JSONSerialization.data(withJSONObject: body.merging(more) { $1 })
    return Answer(status: status, type: "application/problem+json", body: String(decoding: text, as: UTF8.self))
  }
}
