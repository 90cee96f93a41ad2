package import Sandbox

/// Two filters on one machine, compared over every call with every argument.
package struct FilterComparison: Sendable {
  /// A call that the two answer differently. Both answers were computed by running the filters on it.
  package struct Difference: Sendable, Equatable {
    package var call: SystemCall
    package var a: FilterAction
    package var b: FilterAction
  }

  private let a: FilterProgram
  private let b: FilterProgram
  private let machine: Machine

  package init(_ a: FilterProgram, _ b: FilterProgram, on machine: Machine) {
    self.a = a
    self.b = b
    self.machine = machine
  }

  package init(_ a: Profile, _ b: Profile, on machine: Machine) throws(ProfileError) {
    self.init(try Rendering(a, on: machine).program(), try Rendering(b, on: machine).program(), on: machine)
  }

  /// Calls that A may let through and B does not, at most one for each number of each architecture and at most
  /// `limit`. None: A allows no more than B. A supervisor's or tracer's answer counts as yes for A and as no for B.
  package func excess(limit: Int = 1000) throws(ProfileError) -> [Difference] {
    try differences(limit: limit, first: \.mayPermit, where: { $0.mayPermit && !$1.permits })
  }

  /// Calls that are answered differently in any way.
  package func differences(limit: Int = 1000) throws(ProfileError) -> [Difference] {
    try differences(limit: limit, first: { _ in true }, where: { $0 != $1 })
  }

  private func differences(
    limit: Int, first: (FilterAction) -> Bool, where matters: (FilterAction, FilterAction) -> Bool
  ) throws(ProfileError) -> [Difference] {
    struct Key: Hashable {
      var number: UInt32
      var architecture: UInt32
    }
    var found: [Key: Difference] = [:]
    for architecture in machine.audited {
      do throws(FilterProgram.Invalid) {
        try FilterExploration.pairs(a, b, where: .init(architecture: architecture), first: first) { call, _, _ in
          // Believed only when both filters say so themselves.
          let difference = Difference(call: call, a: a.action(for: call), b: b.action(for: call))
          if matters(difference.a, difference.b) {
            let key = Key(number: call.number, architecture: call.architecture)
            if found[key] == nil { found[key] = difference }
          }
          return found.count < limit
        }
      } catch {
        throw .program(error)
      }
    }
    return found.values.sorted {
      ($0.call.architecture != machine.architecture.audited ? 1 : 0, $0.call.number)
        < ($1.call.architecture != machine.architecture.audited ? 1 : 0, $1.call.number)
    }
  }
}
