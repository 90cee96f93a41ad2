internal import Endpoint
internal import Linux
internal import Probe
internal import Sandbox

/// `sidelight-agent probe live|ready`, for a kubelet's exec probes. Exit status 0: yes; 1: no, and why on standard output;
/// 64: usage. A yes may say something, too.
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
      let confined = try Probe.confine()
      var mode = ConfinementMode.strict
      try Probe.ask(question, confined) { commandLine in
        guard let arguments = arguments(of: commandLine) else { return nil }
        mode = arguments.mode
        return listener(of: arguments)
      }
      // For whoever asks by hand: a kubelet shows only the reasons of a no.
      if question == .ready, mode == .bestEffort {
        say("ready, with \(mode.rawValue) confinement; the posture says what is missing\n")
      }
      Process.exitNow(0)
    } catch {
      say("\(question): no: \(error)\n")
      Process.exitNow(1)
    }
  }

  /// A `run` command line, as its own parser reads it.
  private static func arguments(of commandLine: [String]) -> Arguments? {
    guard commandLine.count > 1, commandLine[1] == "run" else { return nil }
    do throws(Arguments.Usage) { return try Arguments(commandLine.dropFirst(2)) } catch { return nil }
  }

  private static func listener(of arguments: Arguments) -> Probe.Listener? {
    guard case .address(let address, let port) = arguments.listener, port != 0 else { return nil }
    do throws(SystemError) {
      return Probe.Listener(address: try Sockets.bytes(ofLiteral: address), port: port)
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
