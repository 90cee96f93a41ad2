internal import ArgumentParser
internal import Foundation  // FileHandle
internal import Policy

/// `sidelight-broker check-policy FILE`
struct CheckPolicy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-policy", abstract: "Reads a policy as the broker would, and says what is wrong with it.")

  @Argument(help: ArgumentHelp("The policy, YAML or JSON.", valueName: "file"))
  var file: String

  func run() throws {
    let policy = try PolicyFile.load(file).policy
    let line = "policy \(policy.name): \(policy.groups.count) groups, \(policy.rules.count) rules\n"
    try FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
  }
}
