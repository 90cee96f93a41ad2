internal import ArgumentParser

/// `sidelight-broker`: the one issuer of access.
@main
struct SidelightBroker: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sidelight-broker", abstract: "Issues sessions and access tokens under a policy.",
    subcommands: [Serve.self, InitSigningKey.self, CheckPolicy.self])
}
