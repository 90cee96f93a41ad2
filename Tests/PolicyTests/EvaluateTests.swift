import Grants
import Policy
import StrictJSON
import Testing

struct EvaluateTests {
  static func permit(_ decision: Decision) -> Permit? {
    if case .permit(let permit) = decision { permit } else { nil }
  }

  static func denial(_ decision: Decision) -> Denial? {
    if case .deny(let denial) = decision { denial } else { nil }
  }

  @Test func permits() throws {
    let policy = try Samples.policy(rules: Samples.look)
    let decision = policy.evaluate(Samples.request(target: try Samples.target()), at: 1000)
    let permit = try #require(Self.permit(decision))
    #expect(permit.rules == ["look"])
    #expect(permit.notAfter == 2800)
    #expect(permit.idle == 300)
    #expect(permit.ticket == "INC-1")
    #expect(permit.details.count == 1)
    let detail = permit.details[0]
    #expect(detail.containers.map(\.pattern) == ["app"])
    #expect(detail.processes.map(\.pattern) == ["**"])
    #expect(detail.sessionLimits == Limits(requests: 200, objects: 50))
    #expect(detail.limits == detail.sessionLimits)
  }

  @Test func deniesByDefault() throws {
    let policy = try Samples.policy(rules: Samples.look)
    let target = try Samples.target()
    func reasons(_ request: AccessRequest) -> [Reason]? { Self.denial(policy.evaluate(request, at: 0))?.reasons }
    #expect(reasons(Samples.request(target: target, sources: [])) == [.noGroup])
    #expect(reasons(Samples.request(target: target, sources: ["certificate:other"])) == [.noGroup])
    #expect(reasons(Samples.request(target: target, sources: ["oncall"])) == [.noGroup])
    #expect(reasons(Samples.request(target: target, sources: ["oidc:security"])) == [.noRule])
    #expect(reasons(Samples.request(target: try Samples.target(namespace: "other"))) == [.noRule])
    #expect(reasons(Samples.request(target: try Samples.target(labels: ["app": "cart"]))) == [.noRule])
    #expect(reasons(Samples.request(target: try Samples.target(labels: [:]))) == [.noRule])
    #expect(reasons(Samples.request(target: try Samples.target(containers: ["db"]))) == [.noRule])
    let empty = try Samples.policy(rules: "")
    #expect(Self.denial(empty.evaluate(Samples.request(target: target), at: 0))?.reasons == [.noRule])
  }

  @Test func saysWhatIsNeeded() throws {
    let rules = #"""
      {"id":"strict","groups":["oncall"],"targets":{"namespaces":["payments"]},
       "allow":[{"actions":["processes.list"]}],"session":{"maxConcurrent":1},
       "require":{"mfa":true,"justification":true,"ticket":"INC-[0-9]+"},
       "approval":{"approvers":{"groups":["security"],"count":2},"expires":"15m"}}
      """#
    let policy = try Samples.policy(rules: rules)
    let request = Samples.request(target: try Samples.target(), justification: "  ", openSessions: ["strict": 1])
    let denial = try #require(Self.denial(policy.evaluate(request, at: 0)))
    #expect(denial.rule == "strict")
    #expect(
      denial.description
        == "rule strict would grant it, but needs multi-factor authentication and a justification and "
        + "a justification that names a ticket of the form INC-[0-9]+ and approval by 2 of security and "
        + "fewer open sessions than 1")
  }

  @Test func denyWinsPerContainer() throws {
    let policy = try Samples.policy(
      rules: #"""
        {"id":"all","groups":["oncall"],"targets":{"namespaces":["*"]},"approval":{"automatic":true},
         "allow":[{"actions":["processes.list"]},{"actions":["environment.read"],"names":["**"]}]},
        {"id":"no-db-env","targets":{"namespaces":["payments"],"containers":["db"]},"deny":["environment.read"]}
        """#)
    let target = try Samples.target(containers: ["app", "db"])
    let permit = try #require(Self.permit(policy.evaluate(Samples.request(target: target), at: 0)))
    #expect(permit.details.map { $0.containers.map(\.pattern) } == [["app"], ["db"]])
    #expect(permit.details[0].actions == [.processesList, .environmentRead])
    #expect(permit.details[1].actions == [.processesList])
    #expect(permit.details[1].names.isEmpty)
  }

  @Test func denyOfEverythingNamesItsRule() throws {
    let policy = try Samples.policy(
      rules: Samples.look + #", {"id":"frozen","targets":{"namespaces":["payments"]},"deny":["*"]}"#)
    let denial = try #require(
      Self.denial(policy.evaluate(Samples.request(target: try Samples.target()), at: 0)))
    #expect(denial.reasons == [.denied(rule: "frozen")])
  }

  @Test func severalRulesGiveTheirUnionOnTheStrictestTerms() throws {
    let policy = try Samples.policy(
      rules: Samples.look
        + #"""
        , {"id":"more","groups":["oncall"],"targets":{"namespaces":["payments"]},"approval":{"automatic":true},
           "allow":[{"actions":["logs.list"],"logs":["audit"]},{"actions":["environment.read"],"names":["A/B"]}],
           "session":{"duration":"1m"},"limits":{"requests":500,"bytes":9}}
        """#)
    let permit = try #require(
      Self.permit(policy.evaluate(Samples.request(target: try Samples.target()), at: 0)))
    #expect(permit.rules == ["look", "more"])
    #expect(permit.notAfter == 60)
    // logs.tail on every log and logs.list on one: no single detail says that.
    #expect(permit.details.count == 2)
    #expect(permit.details[0].actions.contains(.logsTail))
    #expect(!permit.details[0].actions.contains(.logsList))
    #expect(permit.details[1].actions == [.logsList, .environmentRead])
    #expect(permit.details.allSatisfy { $0.sessionLimits == Limits(requests: 200, bytes: 9, objects: 50) })
  }

  @Test func aRuleWhoseNeedsAreUnmetAddsNothing() throws {
    let policy = try Samples.policy(
      rules: Samples.look
        + #"""
        , {"id":"gated","groups":["oncall"],"targets":{"namespaces":["payments"]},"require":{"mfa":true},
           "approval":{"automatic":true},"allow":[{"actions":["logs.list"]}],"limits":{"requests":1}}
        """#)
    let permit = try #require(
      Self.permit(policy.evaluate(Samples.request(target: try Samples.target()), at: 0)))
    #expect(permit.rules == ["look"])
    #expect(permit.details[0].sessionLimits?.requests == 200)
    #expect(permit.unmet == [.needs(rule: "gated", [.multiFactor])])
  }

  @Test func timeDoesNotOverflow() throws {
    let policy = try Samples.policy(rules: Samples.look)
    let permit = Self.permit(policy.evaluate(Samples.request(target: try Samples.target()), at: .max))
    #expect(permit?.notAfter == .max)
  }

  @Test func targetsAreChecked() {
    #expect(throws: Target.Invalid.noContainer) { try Target(namespace: "n", containers: []) }
    #expect(throws: Target.Invalid.containerName) { try Target(namespace: "n", containers: ["*"]) }
    #expect(throws: Target.Invalid.containerName) { try Target(namespace: "n", containers: [""]) }
    #expect(throws: Target.Invalid.sameContainer) { try Target(namespace: "n", containers: ["a", "a"]) }
  }
}
