internal import ArgumentParser
internal import Foundation  // Data.write atomically
internal import Sandbox
internal import SeccompProfile

struct ProfileWrite: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Write the profiles of Sidelight's own programs, and the table they come from.",
    discussion: """
      The files are sidelight-agent.json, sidelight-broker.json and README.md, made from what is compiled into this \
      program.

        sidelight profile write profiles
      """)

  @Argument(help: "A folder; files of these names in it are replaced.") var folder: String

  func run() throws {
    try write("README.md", SystemCallTable.markdown)
    for program in Program.allCases { try write("\(program.rawValue).json", Profile.own(program).json) }
  }

  private func write(_ name: String, _ text: String) throws(Failure) {
    let url = URL(fileURLWithPath: folder).appending(path: name)
    do {
      try Data(text.utf8).write(to: url, options: .atomic)
    } catch {
      throw Failure(.general, "\(url.path) cannot be written", hint: "the folder must be there")
    }
  }
}
