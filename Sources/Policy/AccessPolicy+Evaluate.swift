internal import Grants

extension AccessPolicy {
  /// Judges a request. Total and pure: the same policy, request and time give the same decision.
  ///
  /// Allowed is what an allowing rule allows whose conditions are met, less what a denying rule denies, container by
  /// container. Where several rules contribute, the strictest of their terms hold: the earliest end, the shortest idle
  /// time, the smallest of each limit.
  /// - Parameter now: seconds since 1970.
  package func evaluate(_ request: AccessRequest, at now: Int64) -> Decision {
    let groups = groupNames(of: request.sources)
    let relevant = rules.filter { $0.isAbout(groups) && $0.targets.matches(request.target) }
    var open: [(rule: Rule, allowance: Allowance)] = []
    var denying: [(rule: Rule, actions: Set<Action>)] = []
    var unmet: [Reason] = []
    for rule in relevant {
      switch rule.effect {
      case .deny(let actions): denying.append((rule, actions))
      case .allow(let allowance):
        let needs = allowance.needs(of: request, rule: rule.id)
        if needs.isEmpty { open.append((rule, allowance)) } else { unmet.append(.needs(rule: rule.id, needs)) }
      }
    }

    var details: [AuthorizationDetail] = []
    var contributing: Set<String> = []
    var deniedBy: [String] = []
    for (name, glob) in request.target.containers {
      var alternatives: [AuthorizationDetail] = []
      for (rule, allowance) in open where rule.targets.containers.matches(name) {
        var detail = allowance.detail
        for (denier, actions) in denying where denier.targets.containers.matches(name) {
          if !detail.actions.isDisjoint(with: actions), !deniedBy.contains(denier.id) { deniedBy.append(denier.id) }
          detail = detail.without(actions)
        }
        guard !detail.actions.isEmpty else { continue }
        contributing.insert(rule.id)
        Self.add(detail, to: &alternatives)
      }
      for detail in alternatives {
        if let index = details.firstIndex(where: { $0.allowsTheSame(as: detail) }) {
          details[index].containers.append(glob)
        } else {
          details.append(detail.in(container: glob))
        }
      }
    }

    let granting = open.filter { contributing.contains($0.rule.id) }
    guard let first = granting.first else {
      let denials = deniedBy.map { Reason.denied(rule: $0) }
      let reasons = denials + unmet
      return .deny(Denial(reasons: reasons.isEmpty ? [groups.isEmpty ? .noGroup : .noRule] : reasons))
    }
    let limits = granting.reduce(first.allowance.limits) { $0.narrowed(by: $1.allowance.limits) }
    let masking = granting.reduce(first.allowance.masking) { $0.narrowed(by: $1.allowance.masking) }
    for index in details.indices {
      details[index].masking = masking.relaxesNothing ? nil : masking
      details[index].limits = limits
      details[index].sessionLimits = limits
    }
    let duration = granting.reduce(first.allowance.session.duration) { min($0, $1.allowance.session.duration) }
    return .permit(
      Permit(
        rules: granting.map(\.rule.id), details: details, notAfter: now.addingClamped(duration),
        idle: granting.compactMap(\.allowance.session.idle).min(),
        ticket: granting.lazy.compactMap { $0.allowance.requirements.ticket }.first
          .flatMap { $0.firstMatch(inWordsOf: request.justification ?? "") },
        unmet: unmet))
  }

  private func groupNames(of sources: Set<String>) -> Set<String> {
    Set(groups.filter { !$0.value.isDisjoint(with: sources) }.keys)
  }

  /// Joins a detail to the first alternative that can take it without allowing more, or adds it as one of its own.
  private static func add(_ detail: AuthorizationDetail, to alternatives: inout [AuthorizationDetail]) {
    for index in alternatives.indices {
      if let merged = alternatives[index].merged(with: detail) {
        alternatives[index] = merged
        return
      }
    }
    alternatives.append(detail)
  }
}

extension Rule {
  fileprivate func isAbout(_ names: Set<String>) -> Bool {
    guard let groups else { return true }
    return !groups.isDisjoint(with: names)
  }
}

extension TargetPattern {
  /// Whether the rule is about the target at all; containers are judged one by one.
  fileprivate func matches(_ target: Target) -> Bool {
    namespaces.matches(target.namespace)
      && labels.allSatisfy { target.labels[$0.key] == $0.value }
      && target.containers.contains { containers.matches($0.name) }
  }
}

extension Allowance {
  /// Longest justification considered, in bytes.
  private static let maximumJustification = 4096

  fileprivate func needs(of request: AccessRequest, rule: String) -> [Need] {
    var needs: [Need] = []
    let text = request.justification ?? ""
    let justification = text.utf8.count <= Self.maximumJustification ? text : ""
    if requirements.multiFactor, !request.multiFactor { needs.append(.multiFactor) }
    if requirements.justification, justification.allSatisfy(\.isWhitespace) { needs.append(.justification) }
    if let ticket = requirements.ticket, ticket.firstMatch(inWordsOf: justification) == nil {
      needs.append(.ticket(ticket))
    }
    switch approval {
    case .automatic: break
    case .approvers(let count, let groups, _): needs.append(.approval(count: count, groups: groups))
    }
    if let most = session.maxConcurrent, request.openSessions[rule, default: 0] >= most {
      needs.append(.fewerSessions(than: most))
    }
    return needs
  }
}

extension AuthorizationDetail {
  fileprivate func allowsTheSame(as other: AuthorizationDetail) -> Bool {
    actions == other.actions && Set(processes) == Set(other.processes)
      && ActionKind.allCases.allSatisfy { Set(self[$0]) == Set(other[$0]) }
  }

  fileprivate func `in`(container: Glob) -> AuthorizationDetail {
    var result = self
    result.containers = [container]
    return result
  }
}

extension Int64 {
  fileprivate func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
