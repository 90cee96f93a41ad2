internal import Sandbox

/// The command line of `sidelight-agent run`. Strict: whatever is not understood stops the start.
struct Arguments {
  enum Listener: Equatable {
    case address(String, UInt16)
    /// An inherited listening socket.
    case descriptor(Int32)
  }

  struct Usage: Error, CustomStringConvertible {
    let description: String
  }

  var configuration = ""
  var credentials = ""
  var listener = Listener.address("127.0.0.1", 7443)
  var volumes: [(name: String, path: String)] = []
  var mode = ConfinementMode.strict

  static let help = """
    sidelight-agent: looks into the processes beside it, for whoever shows a token of the broker.

    usage: sidelight-agent run --config FILE --credentials DIR [options]
           sidelight-agent probe live|ready (exit status 0: yes; 1: no, and why)
           sidelight-agent system-calls     (what each role may call and why, as Markdown)
           sidelight-agent system-calls --digests   (SHA-256 of each role's filter, as JSON)
           sidelight-agent --help | --version

      --config FILE         strict JSON: agent, issuer, trust_domain, scope, logs, ceilings, masking
      --credentials DIR     holds tls.crt, tls.key, ca.crt (trust bundle) and jwks.json (the broker's keys)
      --listen ADDRESS:PORT default 127.0.0.1:7443; IPv6 in brackets
      --listen-fd N         an inherited listening socket instead
      --volume NAME=DIR     a directory that log sources may name; may be repeated
      --confinement MODE    strict (default), or best-effort: start without Landlock or from a readable
                            executable, and say so in /v1/posture

    Start it with the workload's uid and gid, without capabilities, from an executable that this user
    cannot read (root-owned, mode 0711). It refuses to run otherwise, and says why.
    Audit events go to standard output, the log to standard error. SIGTERM ends it.

    exit status: 0 asked to end, 64 usage, 70 a part of it failed, 77 refused to run unconfined
    """

  init(_ words: some Collection<String>) throws(Usage) {
    var rest = Array(words.reversed())
    while let next = rest.popLast() {
      // `--name value` or `--name=value`; a value may hold further equals signs.
      let equals = next.hasPrefix("--") ? next.firstIndex(of: "=") : nil
      let word = equals.map { String(next[..<$0]) } ?? next
      let inline = equals.map { String(next[next.index(after: $0)...]) }
      func value() throws(Usage) -> String {
        if let inline { return inline }
        guard let value = rest.popLast() else { throw Usage(description: "\(word) needs a value") }
        return value
      }
      switch word {
      case "--config": configuration = try value()
      case "--credentials": credentials = try value()
      case "--listen": listener = try Self.address(try value())
      case "--listen-fd":
        guard let number = Int32(try value()), number > 2 else {
          throw Usage(description: "--listen-fd needs a number over 2")
        }
        listener = .descriptor(number)
      case "--volume":
        let text = try value()
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
          throw Usage(description: "--volume needs NAME=DIR")
        }
        let name = String(text[..<equals])
        guard volumes.count < 64, !volumes.contains(where: { $0.name == name }) else {
          throw Usage(description: "--volume \(name) is given twice, or there are too many")
        }
        volumes.append((name, String(text[text.index(after: equals)...])))
      case "--confinement":
        let text = try value()
        guard let known = ConfinementMode(rawValue: text) else {
          throw Usage(description: "--confinement must be strict or best-effort, not \(text)")
        }
        mode = known
      case _: throw Usage(description: "unknown option \(word)")
      }
    }
    guard !configuration.isEmpty else { throw Usage(description: "--config is required") }
    guard !credentials.isEmpty else { throw Usage(description: "--credentials is required") }
  }

  private static func address(_ text: String) throws(Usage) -> Listener {
    let usage = Usage(description: "--listen needs ADDRESS:PORT with a literal address, not \(text)")
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { throw usage }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { throw usage }
    return .address(String(host), port)
  }
}
