import Foundation
import Glibc
import Testing

/// Clients with a certificate and no token, who ask for as much as they can and take nothing.
@Suite("Floods of requests", .serialized)
struct FloodTests {
  /// Sends the shortest requests on many connections until no more is taken, then goes, with or without a word.
  private static let script = """
    import select, socket, ssl, sys, time
    port, authority, certificate, key, connections, seconds, kind = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    open = []
    for _ in range(int(connections)):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        raw.connect(("127.0.0.1", int(port)))
        try:
            open.append(context.wrap_socket(raw, server_hostname="127.0.0.1"))
        except OSError:
            break
        open[-1].setblocking(False)
    print(len(open), flush=True)
    records = {
        "requests": b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" * 606,
        # The head does not end; it is a little less than it may be.
        "fields": b"GET / HTTP/1.1\\r\\n" + b"a:\\r\\n" * 4085,
    }
    end = time.time() + float(seconds)
    while time.time() < end:
        for connection in open:
            try:
                connection.send(records[kind])
            except OSError:
                pass
        time.sleep(0.01)
    """

  @Test(
    "the endpoint keeps little of what clients send, also when they vanish, and answers others afterwards",
    arguments: ["requests", "fields"])
  func pipelined(kind: String) throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    try #require(try agent.get("/v1/posture", token: token).status == 200)
    let endpoint = try #require(agent.pids["endpoint"])
    let before = try Self.peak(endpoint)
    let port = try #require(agent.url.split(separator: ":").last.map(String.init))
    for _ in 0..<3 {
      let run = try Sidelight.run(
        program: "/usr/bin/python3",
        ["-c", Self.script, port, agent.authority, agent.certificate, agent.key, "48", "3", kind])
      #expect((Int(run.output.prefix { $0.isNumber }) ?? 0) > 30, "\(run.output) \(run.error)")
    }
    let after = try Self.peak(endpoint)
    print("pipelined \(kind): \(after - before) KiB more in the endpoint, \(before) before")
    // 32 connections, each with a record kept and what TLS has of the next; an unbounded endpoint took 40 MB.
    #expect(after - before < 12_000, "\(before), \(after) KiB")
    let deadline = Date().addingTimeInterval(30)
    var status = 0
    repeat { status = try agent.get("/v1/posture", token: token).status } while status != 200 && Date() < deadline
    #expect(status == 200)
  }

  /// Most memory that a process has had; KiB.
  private static func peak(_ pid: Int) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber)))
  }
}
