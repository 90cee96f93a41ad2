internal import API
internal import ArgumentParser
internal import StrictJSON

struct PostureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posture", abstract: "Show how the agent itself is confined, and whether that is what was reviewed.",
    discussion: """
      "none" under CAPABILITIES means that all four sets that give rights are empty. SELF-TEST says how much of what \
      must fail was tried at the start and refused; -o json has each attempt.

      With --verify the filters that run are compared with digests.json in DIR (profiles/ of the source tree), and the \
      rest with what every agent must be. Exit status 0: verified, 1: it differs, 65: DIR cannot be used.

        sidelight posture
        sidelight posture --verify profiles/
      """)

  @Option(name: .long, help: ArgumentHelp("Compare with digests.json in this folder.", valueName: "dir"))
  var verify: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var state: StateOptions

  func run() async throws {
    // Read first: without it there is nothing to ask the agent for.
    let pinned = try verify.map { folder throws(Failure) in try PinnedDigests.read(folder: folder) }
    let body = try await AgentSession.with(try state.installation(), actions: []) { try await $0.get(["posture"]) }
    guard let pinned else {
      switch output.output {
      case .json: Console.json(body)
      case .table: show(try Decoding.required(Posture.self, body, from: "the agent"))
      }
      return
    }
    let posture = try Decoding.required(Posture.self, body, from: "the agent")
    try report(PostureVerification(of: posture, against: pinned), of: posture)
  }

  private func show(_ posture: Posture) {
    Console.facts([
      ("agent", Escaping.visible(posture.agent)), ("build", Escaping.visible(posture.build)),
      ("kernel", "\(Escaping.visible(posture.kernel)) \(Escaping.visible(posture.architecture))"),
      ("confinement", Escaping.visible(posture.confinement)),
      ("landlock", posture.landlockABI > 0 ? "ABI \(posture.landlockABI)" : "not in this kernel"),
      (
        "missing",
        posture.missing.isEmpty ? "nothing" : posture.missing.map { Escaping.visible($0) }.joined(separator: ", ")
      ),
      ("root", posture.readOnlyRoot ? "read-only" : "writable"),
    ])
    Console.out("\n")
    var table = Table([
      .left("ROLE"), .right("PID"), .right("UID"), .right("GID"), .left("SECCOMP"), .left("LANDLOCK"),
      .left("NO-NEW-PRIVS"), .left("DUMPABLE"), .left("CAPABILITIES"), .left("BOUNDING"), .right("THREADS"),
      .left("SELF-TEST"), .left("FILTER"),
    ])
    for role in posture.processes {
      let sets = role.capabilities
      let held = [sets.effective, sets.permitted, sets.inheritable, sets.ambient]
      table.append([
        Escaping.visible(role.role), "\(role.pid)", "\(role.uid)", "\(role.gid)",
        "\(Escaping.visible(role.seccomp)) ×\(role.seccompFilters)", yes(role.landlock), yes(role.noNewPrivileges),
        yes(role.dumpable),
        held.allSatisfy { UInt64($0, radix: 16) == 0 }
          ? "none" : held.map { Escaping.visible($0) }.joined(separator: "/"),
        UInt64(sets.bounding, radix: 16) == 0 ? "none" : Escaping.visible(sets.bounding),
        role.threadsAlike ? "\(role.threads)" : "\(role.threads), unlike",
        selfTest(role.selfTest.map(\.after)),
        Escaping.visible(String(role.seccompDigest.prefix(12))),
      ])
    }
    Console.out(table.drawn(width: nil))
  }

  private func yes(_ flag: Bool) -> String { flag ? "yes" : "no" }

  /// What could not be tried, as there was nothing to try it with, is not counted against anybody.
  private func selfTest(_ outcomes: [String]) -> String {
    let missing = outcomes.count { $0 == "unavailable" }
    let refused = "\(outcomes.count { $0 == "refused" })/\(outcomes.count - missing) refused"
    return missing == 0 ? refused : refused + ", \(missing) not possible"
  }

  private func report(_ verification: PostureVerification, of posture: Posture) throws(Failure) {
    switch output.output {
    case .json:
      var writer = JSONWriter()
      writer.object {
        $0.member("verified", verification.holds)
        $0.member("agent", posture.agent)
        $0.member("build", posture.build)
        $0.member(array: "findings") {
          for finding in verification.findings {
            $0.object {
              $0.member("process", finding.process)
              $0.member("holds", finding.holds)
              $0.member("what", finding.what)
            }
          }
        }
        $0.member("missing", posture.missing)
      }
      Console.json(writer.bytes)
    case .table:
      var table = Table([.left("RESULT"), .left("PROCESS"), .left("WHAT")])
      for finding in verification.findings {
        table.append([
          finding.holds ? "holds" : "DIFFERS", Escaping.visible(finding.process), Escaping.visible(finding.what),
        ])
      }
      Console.out(table.drawn(width: nil))
      if !posture.missing.isEmpty {
        Console.note(
          "the machine does not give: \(posture.missing.map { Escaping.visible($0) }.joined(separator: ", "))")
      }
    }
    if !verification.holds {
      throw Failure(
        .general, "what runs is not what these files say",
        hint: "compare the agent's build with the source that the files are from; libseccomp's version matters too")
    }
  }
}
