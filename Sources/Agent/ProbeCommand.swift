internal import Endpoint
internal import Linux
internal import Probe

/// `sidelight-agent probe live|ready`, for a kubelet's exec probes. Exit status 0: yes; 1: no, and why on standard output;
/// 64: usage.
enum ProbeCommand {
  static func run(_ words: [String]) -> Never {
    let question: Probe.Question
    switch words {
    case ["live"]: question = .live
    case ["ready"]: question = .ready
    case _:
      StartFailure.report("probe takes one word: live or ready")
      Process.exitNow(64)
    }
    do throws(Probe.No) {
      try Probe.confine()
      try Probe.ask(question, port: port)
      Process.exitNow(0)
    } catch {
      say("\(question): no: \(error)\n")
      Process.exitNow(1)
    }
  }

  /// The port of a `run` command line, as its own parser reads it.
  private static func port(_ commandLine: [String]) -> UInt16? {
    guard commandLine.count > 1, commandLine[1] == "run" else { return nil }
    do throws(Arguments.Usage) {
      guard case .address(_, let port) = try Arguments(commandLine.dropFirst(2)).listener, port != 0 else { return nil }
      return port
    } catch {
      return nil
    }
  }

  private static func say(_ text: String) {
    let output = FileDescriptor(owning: 1)
    do throws(SystemError) { try output.writeAll(Array(text.utf8)) } catch {}
    _ = output.release()
  }
}
