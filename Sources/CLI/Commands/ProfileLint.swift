internal import ArgumentParser
internal import Glibc
internal import SeccompProfile
internal import StrictJSON

struct ProfileLint: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Find what a profile allows that it should not, and rules that do nothing.",
    discussion: """
      Looks at the file and at the filter that comes out of it, for each machine. Ends with 1 where there is an error or \
      a warning; notes are for information. docs/seccomp.md says what each finding means.

        sidelight profile lint profiles/sidelight-agent.json
        sidelight profile lint --machine amd64 --kernel 5.10 /usr/share/containers/seccomp.json
      """)

  @Argument(help: "The profile.") var file: String
  @OptionGroup var machine: MachineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let document = try ProfileInput.read(file)
    var findings: [(finding: LintFinding, machines: [String])] = []
    for machine in try machine.machines() {
      let found = try ProfileInput.bounded(file) { () throws(ProfileError) in
        try Lint.findings(document, on: machine)
      }
      let name = MachineOptions.Name(machine).rawValue
      for finding in found {
        // The same on both machines is one finding; its example is the first machine's.
        let known = findings.firstIndex {
          $0.finding.rule == finding.rule && $0.finding.entry == finding.entry && $0.finding.message == finding.message
        }
        if let known { findings[known].machines.append(name) } else { findings.append((finding, [name])) }
      }
    }
    findings.sort { ($0.finding.entry ?? -1) < ($1.finding.entry ?? -1) }
    switch output.output {
    case .table: table(findings)
    case .json: json(findings)
    }
    if findings.contains(where: { $0.finding.rule.severity != .note }) { Glibc.exit(ExitStatus.general.rawValue) }
  }

  private func table(_ findings: [(finding: LintFinding, machines: [String])]) {
    if findings.isEmpty { return Console.out("nothing found\n") }
    for (finding, machines) in findings {
      let place = finding.entry.map { " syscalls[\($0)]" } ?? ""
      let example = finding.example.map { "; for example \(ProfileWord.text($0))" } ?? ""
      Console.out(
        "\(finding.rule.severity.rawValue): \(finding.rule.rawValue):\(place) \(Escaping.visible(finding.message))"
          + "\(example) (\(machines.joined(separator: ", ")))\n")
    }
  }

  private func json(_ findings: [(finding: LintFinding, machines: [String])]) {
    var writer = JSONWriter()
    writer.array { writer in
      for (finding, machines) in findings {
        writer.object { writer in
          writer.member("rule", finding.rule.rawValue)
          writer.member("severity", finding.rule.severity.rawValue)
          writer.member(optional: "entry", finding.entry)
          writer.member("message", finding.message)
          writer.member("machines", machines)
          if let example = finding.example { writer.member(object: "example") { $0.call(example) } }
        }
      }
    }
    Console.json(writer.bytes)
  }
}
