internal import ArgumentParser
internal import Sandbox
internal import SeccompProfile
internal import StrictJSON

struct ProfileExplain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Which rule of a profile decides about a call, and how.",
    discussion: """
      Arguments are numbers (10, 0x0a, 012) or names from the headers, joined by '|'; those that are left out are 0. \
      Without any, all answers that the profile has for the call are shown, each with arguments that get it.

        sidelight profile explain profiles/sidelight-agent.json openat
        sidelight profile explain profiles/sidelight-agent.json openat AT_FDCWD 0 'O_WRONLY|O_CREAT'
      """)

  @Argument(help: "The profile.") var file: String
  @Argument(help: "The call's name.") var call: String
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Its arguments.", valueName: "args"))
  var words: [String] = []
  @OptionGroup var machine: MachineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let document = try ProfileInput.read(file)
    let machine = try machine.oneMachine()
    guard words.count <= 6 else { throw Failure(.usage, "a system call has at most six arguments") }
    var arguments: [UInt64] = []
    for word in words {
      guard let value = ArgumentWord.value(word, on: machine.architecture) else {
        throw Failure(.usage, "\(word) is neither a number nor a name that is known here")
      }
      arguments.append(value)
    }
    guard let call = SystemCall(call, on: machine.architecture, arguments: arguments) else {
      throw Failure(
        .usage, "\(self.call) is no system call of \(MachineOptions.Name(machine).rawValue)",
        hint: "libseccomp \(SystemCallName.libraryVersion) does not know it there")
    }
    let rendering = Rendering(document.profile, on: machine)
    let program = try ProfileInput.bounded(file) { () throws(ProfileError) in try rendering.program() }
    if words.isEmpty {
      try answers(program, call, rendering)
    } else {
      show([Explanation(rendering, program, call)], rendering)
    }
  }

  private func answers(_ program: FilterProgram, _ call: SystemCall, _ rendering: Rendering) throws(Failure) {
    let answers = try ProfileInput.bounded(file) { () throws(ProfileError) in
      try Explanation.answers(program, number: call.number, architecture: rendering.machine.architecture)
    }
    show(answers.map { Explanation(rendering, program, $0.example) }, rendering)
  }

  private func show(_ explanations: [Explanation], _ rendering: Rendering) {
    switch output.output {
    case .table:
      for (index, explanation) in explanations.enumerated() {
        if index > 0 { Console.out("\n") }
        Console.out("\(ProfileWord.text(explanation.call)): \(ProfileWord.text(explanation.action))\n")
        for rule in explanation.matching {
          Console.out("  \(rule.action == explanation.action ? "by" : "not by") \(text(rule))\n")
        }
        if explanation.matching.isEmpty { Console.out("  by defaultAction: no rule fits\n") }
        for rule in explanation.others { Console.out("  does not fit: \(text(rule))\n") }
      }
    case .json:
      var writer = JSONWriter()
      writer.array { writer in
        for explanation in explanations {
          writer.object { writer in
            writer.call(explanation.call)
            writer.member(object: "result") { $0.action(explanation.action) }
            writer.member(array: "rules") { writer in
              for rule in explanation.matching where rule.action == explanation.action {
                writer.object {
                  $0.member("entry", rule.entry)
                  $0.member("conditions", rule.conditions.map { ProfileWord.text($0) })
                }
              }
            }
          }
        }
      }
      Console.json(writer.bytes)
    }
  }

  private func text(_ rule: Rendering.Rule) -> String {
    let conditions = rule.conditions.isEmpty ? "whatever the arguments" : "where \(ProfileWord.text(rule.conditions))"
    return "syscalls[\(rule.entry)]: \(ProfileWord.word(rule.action)) \(conditions)"
  }
}
