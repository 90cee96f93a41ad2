internal import API
internal import ArgumentParser

/// A process as somebody names it on the command line: a pid, or the opaque id of `ps -o json`.
struct ProcessChoice: ExpressibleByArgument, Sendable {
  let text: String

  /// nil where it is neither.
  init?(argument: String) {
    guard argument.contains("@") || Int(argument).map({ $0 > 0 }) == true else { return nil }
    text = argument
  }

  var isPID: Bool { !text.contains("@") }

  /// The opaque id that it has now. A pid is looked up in the agent's list, which takes the action `processes.list`.
  func identify(_ session: AgentSession) async throws(Failure) -> String {
    guard isPID else { return text }
    let list = try await session.list(ProcessList.self, ["processes"], query: [("fields", "pid")])
    for page in list.pages {
      if let found = page.processes.first(where: { "\($0.pid)" == text }) { return found.id }
    }
    throw Failure(
      .notFound, "there is no process \(text) in this agent's scope",
      hint: "'sidelight ps' shows the processes in scope now")
  }
}
