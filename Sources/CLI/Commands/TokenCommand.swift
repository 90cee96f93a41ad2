internal import API
internal import ArgumentParser
internal import Foundation  // Date for swift-certificates

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
