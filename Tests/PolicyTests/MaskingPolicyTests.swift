import Grants
import StrictJSON
import Testing

@testable import Policy

/// A policy may show named variables that are no secrets, and no others.
@Suite struct MaskingPolicyTests {
  private static func rule(_ id: String, masking: String?, actions: String = "processes.list") -> String {
    """
    {"id":"\(id)","groups":["oncall"],"targets":{"namespaces":["payments"]},"allow":[{"actions":["\(actions)"]}],
     \(masking.map { "\"masking\":\($0)," } ?? "")"approval":{"automatic":true}}
    """
  }

  private static func granted(_ rules: String...) throws -> [MaskingTerms?] {
    let policy = try Samples.policy(rules: rules.joined(separator: ","))
    let decision = policy.evaluate(Samples.request(target: try Samples.target()), at: 1000)
    guard case .permit(let permit) = decision else { return [] }
    return permit.details.map(\.masking)
  }

  @Test func goesIntoTheToken() throws {
    let masking = #"{"safe_names":["CHECKOUT_REGION","FEATURE_*"],"logs":"balanced"}"#
    #expect(
      try Self.granted(Self.rule("a", masking: masking))
        == [MaskingTerms(safeNames: ["CHECKOUT_REGION", "FEATURE_*"], lines: .balanced)])
    #expect(try Self.granted(Self.rule("a", masking: nil)) == [nil])
  }

  @Test func theStrictestOfTheContributingRulesCounts() throws {
    let wide = Self.rule("a", masking: #"{"safe_names":["REGION","COLOUR"],"logs":"balanced"}"#)
    let narrow = Self.rule("b", masking: #"{"safe_names":["COLOUR"]}"#, actions: "logs.tail")
    #expect(try Self.granted(wide, narrow) == [MaskingTerms(safeNames: ["COLOUR"])])
    #expect(try Self.granted(wide, Self.rule("c", masking: nil, actions: "logs.tail")) == [nil])
  }

  @Test(arguments: [
    #"["DB_PASSWORD"]"#, #"["API_TOKEN"]"#, #"["SECRET_*"]"#, #"["REGION","STRIPE_KEY"]"#, #"["AB_*"]"#, #"["*"]"#,
    #"["DB_PASS_*"]"#, #"["REGION*"]"#, #"["SESSION_COOKIE"]"#,
  ])
  func namesOfSecretsStopTheLoad(_ names: String) {
    #expect(throws: JSONError.self) {
      try Samples.policy(rules: Self.rule("a", masking: #"{"safe_names":\#(names)}"#))
    }
  }

  @Test func denyingRulesRelaxNothing() {
    #expect(throws: JSONError.self) {
      try Samples.policy(
        rules: #"{"id":"a","targets":{"namespaces":["x"]},"deny":["*"],"masking":{"logs":"balanced"}}"#)
    }
  }

  @Test func aClientMayAskForLessOnly() throws {
    var granted = AuthorizationDetail(actions: [.processesList])
    granted.masking = MaskingTerms(safeNames: ["REGION"], lines: .balanced)
    var asked = AuthorizationDetail(actions: [.processesList])
    #expect(try [granted].narrowed(to: asked).masking == granted.masking)
    asked.masking = MaskingTerms.none
    #expect(try [granted].narrowed(to: asked).masking == MaskingTerms.none)
    asked.masking = MaskingTerms(safeNames: ["REGION", "COLOUR"])
    #expect(throws: OverAsking.masking) { try [granted].narrowed(to: asked) }
    granted.masking = nil
    asked.masking = MaskingTerms(lines: .balanced)
    #expect(throws: OverAsking.masking) { try [granted].narrowed(to: asked) }
  }
}
