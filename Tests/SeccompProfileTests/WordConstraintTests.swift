import Testing

@testable import SeccompProfile

/// The solver against trying every word, on words of few bits.
struct WordConstraintTests {
  static let relations: [WordConstraint.Relation] = [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]

  @Test func agreesWithTryingEveryWord() throws {
    var random = SplitMix(state: 7)
    var solvable = 0
    for _ in 0..<3000 {
      // Six bits, spread over the word, so that there are few enough words and masks with holes.
      let constraints = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        WordConstraint(
          Self.spread(.random(in: 0..<64, using: &random)), Self.relations.randomElement(using: &random)!,
          Self.spread(.random(in: 0..<64, using: &random)))
      }
      let outside = WordConstraint(~Self.spread(63), .equal, 0)
      let expected = (0..<64).map { Self.spread($0) }.filter { word in constraints.allSatisfy { $0.holds(word) } }.min()
      let found = try (constraints + [outside]).smallestSolution()
      #expect(found == expected, "\(constraints)")
      if found != nil { solvable += 1 }
    }
    #expect((300...2900).contains(solvable))
  }

  @Test func negationIsTheRest() {
    var random = SplitMix(state: 8)
    for relation in Self.relations {
      for _ in 0..<200 {
        let constraint = WordConstraint(
          .random(in: 0...255, using: &random), relation, .random(in: 0...255, using: &random))
        let word = UInt32.random(in: 0...255, using: &random)
        #expect(constraint.holds(word) != constraint.negated.holds(word))
      }
    }
  }

  /// An adversary's masks would take for ever: it gives up instead of answering wrongly.
  @Test func tooComplexIsSaid() {
    var random = SplitMix(state: 9)
    let constraints = (0..<200).map { _ in
      let mask = UInt32.random(in: 0...UInt32.max, using: &random) & .random(in: 0...UInt32.max, using: &random)
      return WordConstraint(mask, .notEqual, mask & .random(in: 0...UInt32.max, using: &random))
    }
    do {
      if let word = try constraints.smallestSolution() { #expect(constraints.allSatisfy { $0.holds(word) }) }
    } catch {
      #expect(error == .tooComplex)
    }
  }

  static func spread(_ six: Int) -> UInt32 {
    var word: UInt32 = 0
    for (bit, place) in [0, 1, 7, 16, 30, 31].enumerated() where six >> bit & 1 == 1 { word |= 1 << UInt32(place) }
    return word
  }
}
