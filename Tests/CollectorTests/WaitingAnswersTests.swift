import Testing

@testable import Collector

struct WaitingAnswersTests {
  private let limit = 16 << 20
  private let answers = WaitingAnswers(limit: 16 << 20)

  @Test func largeOnesShareTheLimit() throws {
    var shares = try (0..<4).map { try #require(answers.share(bytes: 4 << 20, session: "\($0)")) }
    #expect(answers.share(bytes: WaitingAnswers.small + 1, session: "another") == nil)
    shares.removeLast()
    #expect(answers.share(bytes: 4 << 20, session: "another") != nil)
    #expect(
      answers.share(bytes: (4 << 20) + 1, session: "another") == nil, "the share before has gone, the three are there")
    shares = []
    #expect(answers.share(bytes: limit, session: "another") != nil)
  }

  @Test func oneSessionHasHalf() throws {
    var shares = try (0..<2).map { _ in try #require(answers.share(bytes: 4 << 20, session: "slow")) }
    #expect(answers.share(bytes: WaitingAnswers.small + 1, session: "slow") == nil)
    #expect(answers.share(bytes: 8 << 20, session: "another") != nil)
    shares.removeLast()
    #expect(answers.share(bytes: 4 << 20, session: "slow") != nil)
  }

  @Test func smallOnesAlwaysFit() throws {
    let all = try #require(answers.share(bytes: limit, session: "slow"))
    let small = ["slow", "another"].flatMap { session in
      (0..<1000).map { _ in answers.share(bytes: WaitingAnswers.small, session: session) }
    }
    #expect(!small.contains { $0 == nil })
    withExtendedLifetime(all) {}
  }

  @Test func oneAloneAlwaysFits() throws {
    let one = try #require(answers.share(bytes: limit + 1, session: "slow"))
    #expect(answers.share(bytes: WaitingAnswers.small + 1, session: "another") == nil)
    withExtendedLifetime(one) {}
  }
}
