internal import ArgumentParser

/// How a command prints its answer.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// For people: aligned, units, everything from the target escaped.
  case table
  /// For programs: the agent's or the broker's JSON as it came.
  case json
}

struct OutputOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "table for people, json for programs.")
  var output: OutputFormat = .table
}

extension Console {
  /// A document from agent or broker, ended by a line feed. On a terminal the characters that could act on it are
  /// written as `\uXXXX`, which is the same JSON.
  static func json(_ document: some Collection<UInt8>) {
    let text = String(decoding: document, as: UTF8.self)
    let line = text.hasSuffix("\n") ? text : text + "\n"
    out(isTerminal ? Escaping.json(line) : line)
  }
}
