package import Grants

/// What the policy says to a request.
package enum Decision: Sendable, Equatable {
  case permit(Permit)
  case deny(Denial)
}

/// A session that the policy grants.
package struct Permit: Sendable, Equatable {
  /// The rules that grant it, in the policy's order.
  package let rules: [String]
  /// What it allows: everything in any one of these. More than one where no single detail says it without allowing
  /// more; the first is what a token gets that asks for nothing in particular. Not empty; session limits always set.
  package let details: [AuthorizationDetail]
  /// Seconds since 1970 at which the session ends.
  package let notAfter: Int64
  /// Seconds without a valid token after which it ends.
  package let idle: Int64?
  /// The ticket that the justification named, where a rule asked for one.
  package let ticket: String?
  /// Rules that would have allowed more, with what they need.
  package let unmet: [Reason]
}

/// Why there is no session: never empty.
package struct Denial: Sendable, Equatable {
  package let reasons: [Reason]

  /// The rule that decided, or the first that needs something; nil where no rule is about the request.
  package var rule: String? { reasons.lazy.compactMap(\.rule).first }

  package var description: String { reasons.map(\.description).joined(separator: "; ") }
}

package enum Reason: Sendable, Equatable, CustomStringConvertible {
  /// The subject is in none of the policy's groups.
  case noGroup
  /// No rule that allows something is about the subject's groups and this target.
  case noRule
  /// This rule denies what others allow.
  case denied(rule: String)
  /// This rule would allow it, but something is missing.
  case needs(rule: String, [Need])

  package var rule: String? {
    switch self {
    case .noGroup, .noRule: nil
    case .denied(let rule), .needs(let rule, _): rule
    }
  }

  package var description: String {
    switch self {
    case .noGroup: "the policy knows none of the caller's groups"
    case .noRule: "no rule grants the caller's groups anything on this target"
    case .denied(let rule): "rule \(rule) denies it"
    case .needs(let rule, let needs):
      "rule \(rule) would grant it, but needs \(needs.map(\.description).joined(separator: " and "))"
    }
  }
}

package enum Need: Sendable, Equatable, CustomStringConvertible {
  case multiFactor
  case justification
  case ticket(TicketPattern)
  case approval(count: Int64, groups: [String])
  /// Ending one of the sessions that are open.
  case fewerSessions(than: Int64)

  package var description: String {
    switch self {
    case .multiFactor: "multi-factor authentication"
    case .justification: "a justification"
    case .ticket(let pattern): "a justification that names a ticket of the form \(pattern)"
    case .approval(let count, let groups): "approval by \(count) of \(groups.joined(separator: ", "))"
    case .fewerSessions(let most): "fewer open sessions than \(most)"
    }
  }
}
