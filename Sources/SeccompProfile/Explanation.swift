package import Sandbox

/// Which rule of a profile decides about a call, and how.
package struct Explanation: Sendable {
  package var call: SystemCall
  package var action: FilterAction
  /// The rules whose conditions hold, the deciding ones first. Empty: the default action decides.
  package var matching: [Rendering.Rule]
  /// Rules of the same name whose conditions do not hold.
  package var others: [Rendering.Rule]
  /// The call is of an architecture that the profile does not name: no rule is asked.
  package var isOfOtherArchitecture: Bool

  package init(_ rendering: Rendering, _ program: FilterProgram, _ call: SystemCall) {
    let action = program.action(for: call)
    let name = call.name
    let named = rendering.rules.filter { $0.name == name }
    let holding = named.filter { $0.conditions.allSatisfy { $0.holds(call.arguments[Int($0.argument)]) } }
    self.call = call
    self.action = action
    matching = holding.filter { $0.action == action } + holding.filter { $0.action != action }
    others = named.filter { !holding.contains($0) }
    isOfOtherArchitecture = call.abi.map { !rendering.architectures.contains($0) } ?? true
  }

  /// Every answer that the profile has for a call on an architecture, each with arguments that get it.
  package static func answers(
    _ program: FilterProgram, number: UInt32, architecture: Architecture
  ) throws(ProfileError) -> [(action: FilterAction, example: SystemCall)] {
    var found: [(action: FilterAction, example: SystemCall)] = []
    do throws(FilterProgram.Invalid) {
      try FilterExploration.paths(of: program, where: .init(number: number, architecture: architecture)) {
        call, action in
        if !found.contains(where: { $0.action == action }) { found.append((action, call)) }
        return true
      }
    } catch {
      throw .program(error)
    }
    return found
  }
}
