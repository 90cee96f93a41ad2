import Grants
import Policy
import StrictJSON
import Testing

struct PolicyReadTests {
  @Test func readsEverything() throws {
    let policy = try Samples.policy(rules: Samples.look)
    #expect(policy.name == "sample")
    #expect(policy.groups["oncall"] == ["certificate:oncall", "oidc:oncall"])
    let rule = try #require(policy.rules.first)
    guard case .allow(let allowance) = rule.effect else {
      Issue.record("look allows")
      return
    }
    #expect(allowance.detail.actions.count == 5)
    #expect(allowance.detail.logs.map(\.pattern) == ["**"])
    #expect(allowance.session.duration == 1800)
    #expect(allowance.session.idle == 300)
    #expect(allowance.session.maxConcurrent == 2)
    #expect(allowance.requirements.ticket?.pattern == "^INC-[0-9]+$")
    #expect(allowance.approval == .automatic)
    #expect(allowance.limits == Limits(requests: 200, objects: 50))
  }

  static let head = #""id":"r","groups":["oncall"],"targets":{"namespaces":["n"]}"#
  static let allow = #""allow":[{"actions":["processes.list"]}],"approval":{"automatic":true}"#

  @Test(arguments: [
    // People
    (#"{"id":"r","users":["ada"],"targets":{"namespaces":["n"]},\#(allow)}"#, "policy.rules[0].users", "person"),
    (#"{"id":"r","groups":["user:ada"],"targets":{"namespaces":["n"]},\#(allow)}"#, "rules[0].groups[0]", "person"),
    (#"{"id":"r","groups":["ada@example.com"],"targets":{"namespaces":["n"]},\#(allow)}"#, "groups[0]", "person"),
    (
      #"{"id":"r","groups":["spiffe://td/user/ada"],"targets":{"namespaces":["n"]},\#(allow)}"#, "groups[0]", "person"
    ),
    (#"{"id":"r","groups":["nobody"],"targets":{"namespaces":["n"]},\#(allow)}"#, "groups[0]", "not a group"),
    // Unknown members
    (#"{\#(head),\#(allow),"colour":1}"#, "policy.rules[0].colour", "not a known member"),
    (#"{\#(head),\#(allow),"session":{"lenght":"1m"}}"#, "policy.rules[0].session.lenght", "not a known member"),
    (#"{\#(head),\#(allow),"require":{"mfaa":true}}"#, "require.mfaa", "not a known member"),
    (#"{\#(head),\#(allow),"limits":{"byte":1}}"#, "limits.byte", "not a known member"),
    (#"{\#(head),\#(allow),"deny":["*"]}"#, "policy.rules[0].allow", "not a known member"),
    (
      #"{"id":"r","groups":["oncall"],"targets":{"namespaces":["n"],"pods":["x"]},\#(allow)}"#, "targets.pods",
      "not a known member"
    ),
    // Missing
    (#"{"id":"r","targets":{"namespaces":["n"]},\#(allow)}"#, "rules[0].groups", "missing"),
    (#"{"id":"r","groups":["oncall"],"targets":{},\#(allow)}"#, "targets.namespaces", "missing"),
    (#"{\#(head),"allow":[{"actions":["processes.list"]}]}"#, "rules[0].approval", "missing"),
    (#"{\#(head),"approval":{"automatic":true}}"#, "rules[0].allow", "missing"),
    (#"{\#(head),"allow":[{"actions":["files.stat"]}],"approval":{"automatic":true}}"#, "allow[0].paths", "missing"),
    (
      #"{\#(head),"allow":[{"actions":["environment.read"]}],"approval":{"automatic":true}}"#, "allow[0].names",
      "missing"
    ),
    // Wrong
    (#"{\#(head),"allow":[],"approval":{"automatic":true}}"#, "rules[0].allow", "empty"),
    (#"{\#(head),"allow":[{"actions":["exec"]}],"approval":{"automatic":true}}"#, "actions[0]", "not a known action"),
    (
      #"{\#(head),"allow":[{"actions":["files.stat"],"paths":["/a**"]}],"approval":{"automatic":true}}"#,
      "paths[0]", "whole component"
    ),
    (
      #"{\#(head),"allow":[{"actions":["processes.list"],"paths":["/a"]}],"approval":{"automatic":true}}"#,
      "allow[0].paths", "concerns none"
    ),
    (#"{\#(head),\#(allow),"session":{"duration":"30"}}"#, "session.duration", "duration"),
    (#"{\#(head),\#(allow),"session":{"duration":"25h"}}"#, "session.duration", "duration"),
    (#"{\#(head),\#(allow),"session":{"duration":"0s"}}"#, "session.duration", "duration"),
    (#"{\#(head),\#(allow),"session":{"duration":"1m","idle":"2m"}}"#, "session.idle", "longer"),
    (#"{\#(head),\#(allow),"require":{"ticket":"("}}"#, "require.ticket", "parentheses"),
    (#"{\#(head),"allow":[{"actions":["processes.list"]}],"approval":{}}"#, "approval", "automatic or name approvers"),
    (
      #"{\#(head),"allow":[{"actions":["processes.list"]}],"approval":{"approvers":{"groups":["x"],"count":1}}}"#,
      "approvers.groups[0]", "not a group"
    ),
    (
      #"{\#(head),"allow":[{"actions":["processes.list"]}],"approval":{"automatic":true,"approvers":{"groups":["security"],"count":1}}}"#,
      "approval.automatic", "beside approvers"
    ),
    (#"{"id":"r","targets":{"namespaces":["n"],"processes":["/bin/*"]},"deny":["*"]}"#, "processes", "denies"),
    (#"{"id":"r","targets":{"namespaces":["n"]},"deny":[]}"#, "rules[0].deny", "empty"),
    (#"{\#(head),\#(allow)},{\#(head),\#(allow)}"#, "rules[1].id", "earlier"),
    // One detail would allow more than the entries say
    (
      #"{\#(head),"allow":[{"actions":["files.stat"],"paths":["/a"]},{"actions":["files.list"],"paths":["/b"]}],"approval":{"automatic":true}}"#,
      "rules[0].allow[1]", "one rule for each"
    ),
  ])
  func refuses(rule: String, place: String, reason: String) throws {
    let error = #expect(throws: JSONError.self) { try Samples.policy(rules: rule) }
    let text = try #require(error).description
    #expect(text.contains(place), "\(text)")
    #expect(text.contains(reason), "\(text)")
  }

  @Test(arguments: [
    (#"{"kind":"AccessPolicy"}"#, "policy.apiVersion is missing"),
    (#"{"apiVersion":"sidelight.dev/v2"}"#, "policy.apiVersion is not"),
    (#"{"apiVersion":"sidelight.dev/v1","kind":"Policy"}"#, "policy.kind is not"),
    ("[]", "policy must be an object"),
    (
      #"{"apiVersion":"sidelight.dev/v1","kind":"AccessPolicy","metadata":{"name":"x"},"groups":{"g":{"from":["ada"]}},"rules":[]}"#,
      "must be <method>:<name>"
    ),
    (
      #"{"apiVersion":"sidelight.dev/v1","kind":"AccessPolicy","metadata":{"name":"x"},"groups":{"g":{"from":["oidc-user:ada"]}},"rules":[]}"#,
      "names a person"
    ),
    (
      #"{"apiVersion":"sidelight.dev/v1","kind":"AccessPolicy","metadata":{"name":"x"},"groups":{"g":{"from":["ldap:x"]}},"rules":[]}"#,
      "must begin with one of"
    ),
    (
      #"{"apiVersion":"sidelight.dev/v1","kind":"AccessPolicy","metadata":{"name":"x"},"groups":{},"rules":[],"extra":1}"#,
      "policy.extra is not a known member"
    ),
  ])
  func refusesDocument(text: String, reason: String) throws {
    let error = #expect(throws: JSONError.self) { try Samples.policy(text) }
    #expect(try #require(error).description.contains(reason))
  }

  @Test func entriesThatOneDetailCanSayAreJoined() throws {
    let policy = try Samples.policy(
      rules: #"""
        {"id":"r","groups":["oncall"],"targets":{"namespaces":["n"]},"approval":{"automatic":true},
         "allow":[{"actions":["files.stat"],"paths":["/a"]},{"actions":["files.list"],"paths":["/a"]},
                  {"actions":["files.stat","files.list"],"paths":["/b"]}]}
        """#)
    guard case .allow(let allowance) = policy.rules[0].effect else {
      Issue.record("it allows")
      return
    }
    #expect(allowance.detail.actions == [.filesStat, .filesList])
    #expect(allowance.detail.paths.map(\.pattern) == ["/a", "/b"])
  }
}
