package import Grants

/// One rule: to these groups, on these targets, either allows something under conditions, or denies actions.
package struct Rule: Sendable, Equatable {
  package let id: String
  /// The groups it is about; nil, in a rule that denies, for everybody.
  package let groups: Set<String>?
  package let targets: TargetPattern
  package let effect: Effect

  package enum Effect: Sendable, Equatable {
    case allow(Allowance)
    /// Nobody whom the rule is about may do these, whatever other rules allow.
    case deny(Set<Action>)
  }
}

/// Which workloads a rule is about.
package struct TargetPattern: Sendable, Equatable {
  package let namespaces: [Glob]
  /// Labels that the target must have, with these values.
  package let labels: [String: String]
  package let containers: [Glob]
  package let processes: [Glob]
}

/// What a rule allows, and under which conditions.
package struct Allowance: Sendable, Equatable {
  /// Actions and the lists that go with them, `containers` and the limits left empty.
  package let detail: AuthorizationDetail
  package let session: SessionTerms
  package let requirements: Requirements
  package let approval: Approval
  package let limits: Limits
  /// What masking is relaxed to under this rule.
  package let masking: MaskingTerms
}

package struct SessionTerms: Sendable, Equatable {
  /// Seconds until the session ends by itself.
  package let duration: Int64
  /// Seconds without a valid token after which it ends; nil for no such end.
  package let idle: Int64?
  /// Most sessions of one subject under this rule at one time; nil for no such limit.
  package let maxConcurrent: Int64?

  package static let defaultDuration: Int64 = 15 * 60
}

package struct Requirements: Sendable, Equatable {
  package let multiFactor: Bool
  package let justification: Bool
  /// The form of the ticket that the justification must name.
  package let ticket: TicketPattern?
}

package enum Approval: Sendable, Equatable {
  case automatic
  /// By this many members of these groups; the request waits `expires` seconds at most.
  case approvers(count: Int64, groups: [String], expires: Int64?)
}
