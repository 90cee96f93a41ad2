import Foundation
import Testing

/// A real workload of many processes, described in Python. The script says `ready()` when it is as it should be.
enum PythonWorkload {
  /// What every script has: `libc`, `child(body)`, `name(bytes)`, `stay()`, `ready()`.
  private static let prelude = """
    import ctypes, os, signal, struct, subprocess, sys, threading, time
    libc = ctypes.CDLL(None, use_errno=True)
    def stay():
        while True:
            time.sleep(600)
    def name(text):
        libc.prctl(15, text, 0, 0, 0)
    def child(body):
        pid = os.fork()
        if pid == 0:
            try:
                body()
            finally:
                os._exit(9)
        return pid
    def title(text):
        fields = open('/proc/self/stat', 'rb').read().rsplit(b')', 1)[1].split()
        start, end = int(fields[45]), int(fields[46])
        with open('/proc/self/mem', 'r+b', buffering=0) as memory:
            memory.seek(start)
            memory.write(text.ljust(end - start, b'\\0')[:end - start])
    def ready(*words):
        print(*words, flush=True)

    """

  static func command(_ script: String) -> [String] { ["/usr/bin/python3", "-I", "-c", prelude + script] }

  /// The words with which the script said that it is ready: the first line of its output.
  static func words(_ agent: AgentUnderTest) throws -> [String] {
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline {
      let text = try String(contentsOfFile: agent.installation.state.path("logs/stdout.log"), encoding: .utf8)
      if let line = text.split(separator: "\n", omittingEmptySubsequences: false).first, text.contains("\n") {
        return line.split(separator: " ").map(String.init)
      }
      usleep(20_000)
    }
    Issue.record("the workload did not get ready")
    return []
  }
}

extension AgentUnderTest {
  /// The process of a pid, with these fields.
  func process(_ pid: Int, fields: String? = nil, token: String) throws -> [String: Any] {
    let list = try get("/v1/processes?fields=pid", token: token).json["processes"] as? [[String: Any]]
    let id = try #require(list?.first { $0["pid"] as? Int == pid }?["id"] as? String, "\(pid) is not in scope")
    let answer = try get("/v1/processes/\(id)" + (fields.map { "?fields=\($0)" } ?? ""), token: token)
    #expect(answer.status == 200, "\(answer.body)")
    return try answer.json
  }

  /// Status and reason of a field; nil where it is whole.
  static func status(_ field: String, in process: [String: Any]) -> String? {
    let unread = process["unread"] as? [[String: Any]] ?? []
    return unread.first { $0["field"] as? String == field }.map {
      ([$0["status"], $0["reason"]] as [Any?]).compactMap { $0 as? String }.joined(separator: " ")
    }
  }
}
