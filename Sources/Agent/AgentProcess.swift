internal import Collector
internal import Endpoint
internal import Linux
internal import Opener
internal import Sandbox

/// Starts the three roles and connects them. Descriptors of a child: 3 its socket to the opener, 4 the stream between
/// collector and endpoint, 5 the listening socket (endpoint only).
enum AgentProcess {
  static let collectorWord = "collector-role"
  static let endpointWord = "endpoint-role"

  private enum Exit {
    static let asked: Int32 = 0
    static let failed: Int32 = 70
    static let refused: Int32 = 77
  }

  static func runOpener(_ arguments: Arguments) -> Never {
    do throws(SandboxError) {
      try Confinement.preflight(arguments.mode)
    } catch {
      StartFailure.report(error.description)
      Process.exitNow(Exit.refused)
    }
    do {
      let filter = try SeccompFilter(for: .opener)
      // Before the children, which so inherit no_new_privs. The file size limit they would inherit as well, and the
      // collector may have to write its audit events into a file.
      let hardened = try Confinement.harden(.opener, mode: arguments.mode, keepsFileSize: true)
      let report = hardened.report(filterDigest: filter.digest)
      try Poll.catchShutdownSignals()
      let (toCollector, collectorSide) = try Sockets.pair(.sequencedPacket)
      let (toEndpoint, endpointSide) = try Sockets.pair(.sequencedPacket)
      let (collectorStream, endpointStream) = try Sockets.pair(.stream)
      let listener: Int32 =
        switch arguments.listener {
        case .address(let address, let port): try Sockets.bind(address: address, port: port).release()
        case .descriptor(let number): number
        }
      let environment = ["TZ=UTC0", "SWIFT_BACKTRACE=enable=no"]
      let executable = "/proc/self/exe"
      let volumeNames = arguments.volumes.map(\.name)
      _ = try Process.spawn(
        executable,
        arguments: ["sidelight-agent", collectorWord, arguments.mode.rawValue, report.text] + volumeNames,
        environment: environment, inherited: [collectorSide, collectorStream])
      _ = try Process.spawn(
        executable, arguments: ["sidelight-agent", endpointWord, arguments.mode.rawValue],
        environment: environment, inherited: [endpointSide, endpointStream, listener])
      for raw in [collectorSide, collectorStream, endpointSide, endpointStream, listener] {
        _ = FileDescriptor(owning: raw)
      }
      let opener = Opener(
        files: .init(
          configuration: arguments.configuration, credentials: arguments.credentials,
          volumes: arguments.volumes.map(\.path)),
        collector: FileDescriptor(owning: toCollector), endpoint: FileDescriptor(owning: toEndpoint))
      try hardened.forbidFileWrites()
      let confined = try hardened.load(filter)
      // From here on it has no call to write with; the collector has the last word.
      do throws(SystemError) {
        switch try opener.run(confined) {
        case .asked: Process.exitNow(Exit.asked)
        case .peerEnded: Process.exitNow(Exit.failed)
        }
      } catch {
        Process.exitNow(Exit.failed)
      }
    } catch let error as SandboxError {
      StartFailure.report(error.description)
      Process.exitNow(Exit.refused)
    } catch {
      StartFailure.report("opener: \(error)")
      Process.exitNow(Exit.failed)
    }
  }

  static func runCollector(_ words: some Collection<String>) -> Never {
    let words = Array(words)
    guard words.count >= 2, let mode = ConfinementMode(rawValue: words[0]),
      let openerReport = ConfinementReport(text: words[1])
    else { Process.exitNow(64) }
    do {
      // The opener takes the closing of this socket for the end of this process, and ends itself. Number 3 stays open
      // until then, so that the last words come before.
      let opener = try FileDescriptor.duplicate(3)
      try Collector.run(
        .init(
          mode: mode, build: Process.buildID, openerReport: openerReport, volumes: Array(words.dropFirst(2))),
        opener: FileDescriptor(owning: opener), endpoint: FileDescriptor(owning: 4))
      Process.exitNow(Exit.asked)
    } catch {
      StartFailure.report("collector: \(error)")
      Process.exitNow(Exit.failed)
    }
  }

  static func runEndpoint(_ words: some Collection<String>) -> Never {
    guard let word = words.first, let mode = ConfinementMode(rawValue: word) else { Process.exitNow(64) }
    do throws(Endpoint.Failure) {
      try Endpoint.run(mode: mode, opener: 3, collector: 4, listener: 5)
      Process.exitNow(Exit.asked)
    } catch {
      StartFailure.report("endpoint: \(error)")
      Process.exitNow(Exit.failed)
    }
  }
}
