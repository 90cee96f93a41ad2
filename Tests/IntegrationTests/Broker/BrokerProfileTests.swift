import Foundation
import Glibc
import Sandbox
import SeccompProfile
import StrictJSON
import Testing

/// The broker's own filter and its container's profile, under the real broker.
struct BrokerProfileTests {
  private func exercise(_ broker: BrokerInstance) throws {
    #expect(try broker.request("/healthz").status == 200)
    _ = try broker.openSession()
    #expect(try broker.token().status == 200)
    #expect(try broker.request("/nothing").status == 404)
    // What is no request at all is answered by half-closing.
    let garbage = """
      import socket, ssl, sys
      context = ssl.create_default_context(cafile=sys.argv[2])
      for data in (b"GET\\r\\n\\r\\n", b"GET / HTTP/9.9\\r\\n\\r\\n", b"\\x00" * 3000):
          with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as raw:
              with context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
                  try:
                      connection.sendall(data)
                      connection.recv(4096)
                  except OSError:
                      pass
      """
    try #require(
      try Command.run("python3", ["-c", garbage, "\(broker.port)", broker.files.path("ca.pem")]).status == 0)
    #expect(try broker.request("/healthz").status == 200)
  }

  /// Lines of /proc/<pid>/task/*/status that every thread must have.
  private func expectEveryThread(of broker: BrokerInstance, filters: Int) throws {
    let pid = try #require(broker.pid)
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
    #expect(threads.count > 1)
    for thread in threads {
      guard let status = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/status", encoding: .utf8) else {
        continue  // It has ended.
      }
      for line in ["Seccomp:\t2\n", "Seccomp_filters:\t\(filters)\n", "NoNewPrivs:\t1\n"] {
        #expect(status.contains(line), "\(thread): \(line)")
      }
    }
  }

  @Test func everyThreadIsFiltered() throws {
    let broker = try BrokerInstance()
    try exercise(broker)
    try expectEveryThread(of: broker, filters: 1)
    #expect(try broker.files.read("log").contains(try SeccompFilter.broker().digest))
    #expect(try broker.stop() == 0)
  }

  /// Who is not root may not raise a thread's priority, which Dispatch tries for some qualities of service.
  @Test(.enabled(if: getuid() == 0, "another user's broker is only root's to start"))
  func anOrdinaryUsersBrokerServes() throws {
    let broker = try BrokerInstance(starting: false)
    try broker.start(filter: try ProfileTests.compiled(ProfileTests.folder + "/sidelight-broker.json"), user: 64125)
    try exercise(broker)
    for _ in 0..<3 { #expect(try broker.token().status == 200) }
    #expect(try broker.stop() == 0)
  }

  @Test func theContainersProfileSuffices() throws {
    let broker = try BrokerInstance(starting: false)
    try broker.start(filter: try ProfileTests.compiled(ProfileTests.folder + "/sidelight-broker.json"))
    try exercise(broker)
    try expectEveryThread(of: broker, filters: 2)
    #expect(try broker.stop() == 0)
  }

  /// Every call of every thread of a run after the filter, with its arguments.
  private func trace(into log: inout StraceLog) throws {
    let traces = try TemporaryFolder()
    let broker = try BrokerInstance(starting: false)
    try broker.start(trace: traces.path)
    try exercise(broker)
    #expect(try broker.stop() == 0)
    try ProfileTests.awaitEnds(of: traces)
    let lines = try FileManager.default.contentsOfDirectory(atPath: traces.path)
      .flatMap { try traces.read($0).split(separator: "\n").map(String.init) }
    func time(_ line: String) -> Double { Double(line.prefix { $0 != " " }) ?? 0 }
    let since = try #require(
      lines.filter { $0.contains(" seccomp(0x1, 0x") && $0.hasSuffix("= 0") }.map(time).max(), "no filter")
    for line in lines where time(line) > since { log.add(line) }
  }

  /// Which threads Dispatch starts, and when, is another thing in each run: what three of them use is enough.
  @Test func straceSeesNoCallThatTheTableLacks() throws {
    var log = StraceLog()
    for _ in 0..<3 { try trace(into: &log) }
    #expect(log.uses.count > 20)
    let rules = SystemCallTable.broker.filter { $0.applies(on: .native) }
    let profile = Profile(
      defaultAction: SystemCallTable.brokerOtherwise,
      rules: rules.map { .init([$0.name], $0.action, $0.conditions.map(\.comparison)) })
    let rendering = Rendering(profile, on: Machine(.native))
    let coverage = Coverage(rendering, try rendering.program(), log)
    // clone3 is refused on purpose.
    #expect(coverage.refused.filter { $0.name != "clone3" } == [])
    for rule in coverage.unused { #expect(rules[rule.entry].isRare, "nothing uses \(rule.name)") }
  }
}
