internal import CAttack
internal import Linux
internal import Opener
internal import Privsep
internal import Sandbox

/// The agent with a taken-over endpoint: the shipped opener and collector, started as the shipped agent starts them, and
/// an endpoint in its whole confinement that does what the first one to connect tells it. Whatever that one sends goes
/// to the collector as it is, and whatever the collector answers comes back.
///
/// `run --config FILE --credentials DIR --volume NAME=DIR --listen ADDRESS:PORT --collector PROGRAM`
enum TakenOverAgent {
  static let endpointWord = "taken-over-endpoint"

  static func run(_ words: [String]) -> Never {
    var options: [String: String] = [:]
    for index in stride(from: 0, to: words.count - 1, by: 2) { options[words[index]] = words[index + 1] }
    guard let configuration = options["--config"], let credentials = options["--credentials"],
      let volume = options["--volume"]?.split(separator: "=").map(String.init),
      let port = options["--listen"]?.split(separator: ":").last.flatMap({ UInt16($0) }),
      let program = options["--collector"]
    else { fail("usage") }
    do {
      let listener = try Sockets.listen(address: "127.0.0.1", port: port)
      _ = try OpenerHost.run(
        .init(configuration: configuration, credentials: credentials, volumes: [volume[1]])
      ) { report, ends in
        _ = try Process.spawn(
          program, arguments: ["sidelight-agent", "collector-role", "strict", report, volume[0]],
          environment: OpenerHost.environment, inherited: [ends.collector, ends.collectorStream])
        _ = try Process.spawn(
          "/proc/self/exe", arguments: ["AttackRole", endpointWord], environment: OpenerHost.environment,
          inherited: [ends.endpoint, ends.endpointStream, listener.raw])
      }
      Process.exitNow(0)
    } catch {
      fail("\(error)")
    }
  }

  static func endpoint() -> Never {
    do {
      var attacker: Int32 = -1
      // SAFETY: a pointer to a local for the call.
      let epoll = unsafe ca_take_attacker(5, 4, &attacker)
      guard epoll >= 0 else { fail("no attacker") }
      let filter = try SeccompFilter(for: .endpoint)
      let confined = try Confinement.harden(.endpoint, mode: .strict).load(filter)
      let hello = Frame(
        .hello, payload: RoleStatus(pid: Process.pid, report: confined.report.text).encoded)
      let collector = FileDescriptor(owning: 4)
      try collector.writeAll(hello.encoded)
      ca_relay(epoll, attacker, collector.raw)
      Process.exitNow(0)
    } catch {
      Process.exitNow(70)
    }
  }
}
