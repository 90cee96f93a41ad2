import Foundation
import Glibc
import Testing

/// A client in Python that sends requests for the same on one connection, all at once, and takes nothing but the first byte
/// of the first answer until it is told to; until the value goes.
final class SlowClient {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  /// Returns when the first answer has begun to come.
  init(_ agent: AgentUnderTest, _ path: String, token: String, requests: Int = 1, method: String = "GET") throws {
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = [
      "-c", Self.script, try #require(agent.url.split(separator: ":").last.map(String.init)), agent.authority,
      agent.certificate, agent.key, path, token, String(requests), method,
    ]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try #require(output.fileHandleForReading.availableData.starts(with: "begun".utf8))
  }

  /// SIGKILL: whatever thread started it may have blocked SIGTERM, which a child inherits.
  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Takes all answers; whether they came, each with status 200.
  func takeAll() throws -> Bool {
    try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  private static let script = """
    import re, socket, ssl, sys
    port, authority, certificate, key, path, token, requests, method = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", int(port)))
    connection = context.wrap_socket(raw, server_hostname="127.0.0.1")
    request = method + " " + path + " HTTP/1.1\\r\\nHost: a\\r\\nAuthorization: Bearer " + token + "\\r\\n\\r\\n"
    connection.sendall(request.encode() * int(requests))
    answers = connection.recv(1)
    def more():
        part = connection.recv(1 << 16)
        if not part:
            sys.exit("cut off")
        return part
    print("begun", flush=True)
    sys.stdin.readline()
    for _ in range(int(requests)):
        while b"\\r\\n\\r\\n" not in answers:
            answers += more()
        head, _, answers = answers.partition(b"\\r\\n\\r\\n")
        length = int(re.search(rb"content-length: (\\d+)", head)[1])
        while len(answers) < length:
            answers += more()
        if not head.startswith(b"HTTP/1.1 200 OK"):
            sys.exit("refused: " + repr(answers))
        answers = answers[length:]
    """
}
