import Testing

@testable import Collector

struct WaitingAnswersTests {
  private let limit = 16 << 20
  private let answers = WaitingAnswers(limit: 16 << 20)

  @Test func largeOnesShareTheLimit() throws {
    var shares = try (0..<4).map { _ in try #require(answers.share(bytes: 4 << 20)) }
    #expect(answers.share(bytes: WaitingAnswers.small + 1) == nil)
    shares.removeLast()
    #expect(answers.share(bytes: 4 << 20) != nil)
    #expect(answers.share(bytes: (4 << 20) + 1) == nil, "the share before has gone, the three are there")
    shares = []
    #expect(answers.share(bytes: limit) != nil)
  }

  @Test func smallOnesAlwaysFit() throws {
    let all = try #require(answers.share(bytes: limit))
    let small = (0..<1000).map { _ in answers.share(bytes: WaitingAnswers.small) }
    #expect(!small.contains { $0 == nil })
    withExtendedLifetime(all) {}
  }

  @Test func oneAloneAlwaysFits() throws {
    let one = try #require(answers.share(bytes: limit + 1))
    #expect(answers.share(bytes: WaitingAnswers.small + 1) == nil)
    withExtendedLifetime(one) {}
  }
}
