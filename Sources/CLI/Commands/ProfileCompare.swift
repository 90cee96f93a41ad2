internal import ArgumentParser
internal import Glibc
internal import Sandbox
internal import SeccompProfile
internal import StrictJSON

struct ProfileSubset: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "subset", abstract: "Whether A allows no more than B.",
    discussion: """
      Decided exactly, over every call and every argument. Where A allows more, there is an example for each call: \
      arguments that A lets through and B does not, which both filters were run on before it is printed.

        sidelight profile subset profiles/sidelight-agent.json /usr/share/containers/seccomp.json
      """)

  @Argument(help: "The profile that should allow less.") var a: String
  @Argument(help: "The profile that it is held against.") var b: String
  @OptionGroup var machine: MachineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let found = try Differences.find(a, b, on: machine.machines()) { comparison throws(ProfileError) in
      try comparison.excess()
    }
    switch output.output {
    case .json:
      Differences.json(found, holds: "subset")
    case .table:
      if found.isEmpty {
        Console.out("\(Escaping.visible(a)) allows nothing that \(Escaping.visible(b)) does not\n")
      } else {
        Differences.table(found)
      }
    }
    if !found.isEmpty { Glibc.exit(ExitStatus.general.rawValue) }
  }
}

struct ProfileDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Calls that A and B answer differently, with arguments that show it.",
    discussion: """
      Decided exactly, over every call and every argument; one example for each call. Ends with 0 where they answer \
      everything alike, however their files are written, and with 1 where they do not.

        sidelight profile diff old.json new.json
      """)

  @Argument(help: "A profile.") var a: String
  @Argument(help: "Another one.") var b: String
  @OptionGroup var machine: MachineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let found = try Differences.find(a, b, on: machine.machines()) { comparison throws(ProfileError) in
      try comparison.differences()
    }
    switch output.output {
    case .json: Differences.json(found, holds: "equal")
    case .table: if found.isEmpty { Console.out("no difference\n") } else { Differences.table(found) }
    }
    if !found.isEmpty { Glibc.exit(ExitStatus.general.rawValue) }
  }
}

/// The calls that two profiles differ on, machine by machine.
private enum Differences {
  typealias Found = (machine: Machine, difference: FilterComparison.Difference)

  static func find(
    _ a: String, _ b: String, on machines: [Machine],
    _ compare: (FilterComparison) throws(ProfileError) -> [FilterComparison.Difference]
  ) throws(Failure) -> [Found] {
    let (profileA, profileB) = (try ProfileInput.read(a).profile, try ProfileInput.read(b).profile)
    var found: [Found] = []
    for machine in machines {
      let programA = try ProfileInput.bounded(a) { () throws(ProfileError) in
        try Rendering(profileA, on: machine).program()
      }
      let programB = try ProfileInput.bounded(b) { () throws(ProfileError) in
        try Rendering(profileB, on: machine).program()
      }
      let differences = try ProfileInput.bounded("\(a) and \(b)") { () throws(ProfileError) in
        try compare(FilterComparison(programA, programB, on: machine))
      }
      found += differences.map { (machine, $0) }
    }
    return found
  }

  static func table(_ found: [Found]) {
    var table = Table([.left("MACHINE"), .left("ABI"), .left("CALL"), .left("A"), .left("B")])
    for (machine, difference) in found {
      table.append([
        MachineOptions.Name(machine).rawValue, abi(difference.call), ProfileWord.text(difference.call),
        ProfileWord.text(difference.a), ProfileWord.text(difference.b),
      ])
    }
    Console.out(table.drawn(width: nil))
  }

  static func json(_ found: [Found], holds name: String) {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member(name, found.isEmpty)
      writer.member(array: "differences") { writer in
        for (machine, difference) in found {
          writer.object { writer in
            writer.member("machine", MachineOptions.Name(machine).rawValue)
            writer.call(difference.call)
            writer.member(object: "a") { $0.action(difference.a) }
            writer.member(object: "b") { $0.action(difference.b) }
          }
        }
      }
    }
    Console.json(writer.bytes)
  }

  static func abi(_ call: SystemCall) -> String {
    call.abi?.rawValue ?? ProfileWord.hexadecimal(UInt64(call.architecture))
  }
}

extension JSONWriter {
  mutating func action(_ action: FilterAction) {
    member("action", ProfileWord.word(action))
    switch action {
    case .errno(let number), .trace(let number): member("errno", number)
    case .killProcess, .killThread, .trap, .notify, .log, .allow: break
    }
  }

  /// Arguments are text: JSON's numbers do not hold 64 bits everywhere.
  mutating func call(_ call: SystemCall) {
    member("architecture", call.abi?.rawValue ?? ProfileWord.hexadecimal(UInt64(call.architecture)))
    member("call", call.name)
    member("number", call.number)
    member("arguments", call.arguments.map { ProfileWord.hexadecimal($0) })
  }
}
