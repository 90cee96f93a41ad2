internal import ArgumentParser
internal import Glibc

/// The root command.
struct Sidelight: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sidelight",
    abstract: "Look into a running process without a shell, without root, and without seeing its secrets.",
    discussion: """
      Every command asks the agent that --state DIR (or SIDELIGHT_STATE) names, with a token for just that action.

        sidelight dev up --state /tmp/s -- python3 -m http.server 0
        export SIDELIGHT_STATE=/tmp/s
        sidelight ps --tree
        sidelight env 4711 PATH DB_PASSWORD
        sidelight tail stdout -f

      Exit status: 0 done, 64 wrong command line, 65 no usable state directory or file, 66 no such thing, 69 agent or broker \
      not reachable, 70 failure inside, 75 too much (wait), 77 refused, 1 anything else.
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Look",
        subcommands: [
          PsCommand.self, EnvCommand.self, StatCommand.self, LsCommand.self, DigestCommand.self, LogsCommand.self,
          TailCommand.self,
        ]),
      CommandGroup(name: "Trust", subcommands: [PostureCommand.self, TokenCommand.self, MaskCommand.self]),
      CommandGroup(name: "Audit", subcommands: [ProfileCommand.self]),
      CommandGroup(name: "Development", subcommands: [DevCommand.self]),
    ])

  /// Parses, runs, and ends the process with the status that docs/cli.md promises.
  static func start() async -> Never {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      Glibc.exit(ExitStatus.success.rawValue)
    } catch let failure as Failure {
      Console.error(failure.message)
      Glibc.exit(failure.status.rawValue)
    } catch {
      let code = exitCode(for: error)
      if code.isSuccess { exit(withError: error) }  // --help and --version
      let message = fullMessage(for: error)
      Console.error((message.hasPrefix("Error: ") ? "error: " + message.dropFirst(7) : message) + "\n")
      Glibc.exit(code.rawValue)
    }
  }
}
