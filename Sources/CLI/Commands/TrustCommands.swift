internal import API
internal import ArgumentParser
internal import Foundation

struct PostureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posture", abstract: "Show how the agent itself is confined, as the kernel tells it.",
    discussion: """
      "none" under CAPABILITIES means that all four sets that give rights are empty.

        sidelight posture
      """)

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let body = try await AgentSession.with(try state.installation(), actions: []) { try await $0.get(["posture"]) }
    switch output.output {
    case .json: Console.json(body)
    case .table: show(try Decoding.required(Posture.self, body, from: "the agent"))
    }
  }

  private func show(_ posture: Posture) {
    Console.facts([
      ("agent", Escaping.visible(posture.agent)), ("build", Escaping.visible(posture.build)),
      ("kernel", Escaping.visible(posture.kernel)), ("confinement", Escaping.visible(posture.confinement)),
      ("landlock", posture.landlockABI > 0 ? "ABI \(posture.landlockABI)" : "not in this kernel"),
    ])
    Console.out("\n")
    var table = Table([
      .left("ROLE"), .right("PID"), .right("UID"), .right("GID"), .left("SECCOMP"), .left("LANDLOCK"),
      .left("NO-NEW-PRIVS"), .left("DUMPABLE"), .left("CAPABILITIES"), .left("BOUNDING"), .right("THREADS"),
      .left("FILTER"),
    ])
    for role in posture.processes {
      let sets = role.capabilities
      let held = [sets.effective, sets.permitted, sets.inheritable, sets.ambient]
      table.append([
        Escaping.visible(role.role), "\(role.pid)", "\(role.uid)", "\(role.gid)",
        "\(Escaping.visible(role.seccomp)) ×\(role.seccompFilters)", yes(role.landlock), yes(role.noNewPrivileges),
        yes(role.dumpable),
        held.allSatisfy(isEmpty) ? "none" : held.map { Escaping.visible($0) }.joined(separator: "/"),
        isEmpty(sets.bounding) ? "none" : Escaping.visible(sets.bounding), "\(role.threads)",
        Escaping.visible(String(role.seccompDigest.prefix(12))),
      ])
    }
    Console.out(table.drawn(width: nil))
  }

  private func yes(_ flag: Bool) -> String { flag ? "yes" : "no" }

  private func isEmpty(_ set: String) -> Bool { UInt64(set, radix: 16) == 0 }
}

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Print an access token with all that the policy grants, for curl.",
    discussion: """
      It lives for five minutes at most and works only together with this session's client certificate. The names of \
      the files are in sidelight.json. For a narrower token see 'sidelight dev token'.

        curl --cacert CA --cert CERTIFICATE --key KEY \\
          -H "Authorization: Bearer $(sidelight token)" AGENT_URL/v1/processes
      """)

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    let installation = try state.installation()
    try await TokenPrinter.print(installation, TokenRequest(resource: installation.agent), output.output)
  }
}

enum TokenPrinter {
  /// Asks the broker and prints the token alone, or its whole answer.
  static func print(_ installation: Installation, _ request: TokenRequest, _ format: OutputFormat) async throws {
    let identity = try ClientIdentity(
      authority: installation.authority, certificate: installation.clientCertificate, key: installation.clientKey,
      now: Date())
    let broker = BrokerClient(installation, identity: identity)
    do {
      let (answer, text) = try await broker.token(request)
      switch format {
      case .json: Console.json(text)
      case .table: Console.out(Escaping.visible(answer.accessToken) + "\n")
      }
      try await broker.shutdown()
    } catch {
      try await broker.shutdown()
      throw error
    }
  }
}
