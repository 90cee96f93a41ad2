internal import ArgumentParser
internal import Glibc
internal import SeccompProfile
internal import StrictJSON

struct ProfileCoverage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coverage", abstract: "Whether each rule is used and each used call allowed, by logs of strace.",
    discussion: """
      With -X raw -e raw=all strace writes arguments as numbers, and conditions are checked; without, only names.

        strace -f -X raw -e raw=all -o run.log PROGRAM
        sidelight profile coverage profile.json --strace run.log
      """)

  @Argument(help: "The profile.") var file: String
  @Option(parsing: .upToNextOption, help: ArgumentHelp("Logs of strace.", valueName: "log")) var strace: [String]
  @OptionGroup var machine: MachineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let document = try ProfileInput.read(file)
    var log = StraceLog()
    for path in strace {
      log.add(String(decoding: try ProfileInput.bytes(path, limit: 256 << 20), as: UTF8.self))
    }
    if log.uses.isEmpty { throw Failure(.state, "the logs have no system call in strace's form") }
    let machine = try machine.oneMachine()
    let coverage = try ProfileInput.bounded(file) { () throws(ProfileError) in
      let rendering = Rendering(document.profile, on: machine)
      return Coverage(rendering, try rendering.program(), log)
    }
    switch output.output {
    case .table:
      for use in coverage.refused { Console.out("used but not allowed: \(text(use))\n") }
      for rule in coverage.unused {
        let conditions = rule.conditions.isEmpty ? "" : " where \(ProfileWord.text(rule.conditions))"
        Console.out("allowed but not used: \(rule.name)\(conditions)\n")
      }
      if log.unreadLines > 0 { Console.note("\(log.unreadLines) lines are not strace's") }
    case .json:
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("refused", coverage.refused.map { text($0) })
        writer.member(array: "unused") { writer in
          for rule in coverage.unused {
            writer.object {
              $0.member("call", rule.name)
              $0.member("conditions", rule.conditions.map { ProfileWord.text($0) })
            }
          }
        }
      }
      Console.json(writer.bytes)
    }
    if !coverage.unused.isEmpty || !coverage.refused.isEmpty { Glibc.exit(ExitStatus.general.rawValue) }
  }

  private func text(_ use: StraceLog.Use) -> String {
    let arguments = use.arguments.map { $0.map { ProfileWord.hexadecimal($0) }.joined(separator: ", ") } ?? "…"
    return "\(use.name)(\(arguments))"
  }
}
