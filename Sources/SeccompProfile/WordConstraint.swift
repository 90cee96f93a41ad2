/// What a path through a filter says of one 32-bit word: `word & mask` stands in a relation to a value.
struct WordConstraint: Hashable {
  enum Relation: Hashable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }

  var mask: UInt32
  var relation: Relation
  var value: UInt32

  init(_ mask: UInt32, _ relation: Relation, _ value: UInt32) {
    self.mask = mask
    self.relation = relation
    self.value = value
  }

  init(_ relation: Relation, _ value: UInt32) { self.init(.max, relation, value) }

  func holds(_ word: UInt32) -> Bool {
    let part = word & mask
    return switch relation {
    case .equal: part == value
    case .notEqual: part != value
    case .less: part < value
    case .lessOrEqual: part <= value
    case .greater: part > value
    case .greaterOrEqual: part >= value
    }
  }

  var negated: WordConstraint {
    let opposite: Relation =
      switch relation {
      case .equal: .notEqual
      case .notEqual: .equal
      case .less: .greaterOrEqual
      case .lessOrEqual: .greater
      case .greater: .lessOrEqual
      case .greaterOrEqual: .less
      }
    return WordConstraint(mask, opposite, value)
  }
}

extension [WordConstraint] {
  /// The smallest word for which all of them hold, or nil where there is none. Exact.
  ///
  /// A word is built from its highest bit down. What is left to decide after some bits is only which constraints are
  /// still tied, their masked bits so far being equal to their value's; so a set of tied constraints that has failed
  /// at a bit fails there always. Throws where more such sets come up than can be tried.
  func smallestSolution() throws(FilterProgram.Invalid) -> UInt32? {
    if isEmpty { return 0 }
    if let exact = first(where: { $0.relation == .equal && $0.mask == .max }) {
      return allSatisfy { $0.holds(exact.value) } ? exact.value : nil
    }
    var search = WordSearch(constraints: self)
    return try search.solve(bit: 31, tied: [Int](indices), word: 0)
  }
}

private struct WordSearch {
  struct Dead: Hashable {
    var bit: Int
    var tied: [Int]
  }

  let constraints: [WordConstraint]
  private var dead: Set<Dead> = []
  private var steps = 0

  init(constraints: [WordConstraint]) { self.constraints = constraints }

  mutating func solve(bit: Int, tied: [Int], word: UInt32) throws(FilterProgram.Invalid) -> UInt32? {
    if bit < 0 { return tied.allSatisfy(Self.mayStayTied(constraints)) ? word : nil }
    if tied.isEmpty { return word }
    let state = Dead(bit: bit, tied: tied)
    if dead.contains(state) { return nil }
    steps += 1
    if steps > 100_000 { throw .tooComplex }
    for choice in [false, true] {
      guard let left = after(bit, choice, tied) else { continue }
      if let found = try solve(bit: bit - 1, tied: left, word: choice ? word | 1 << UInt32(bit) : word) { return found }
    }
    dead.insert(state)
    return nil
  }

  /// The constraints that are tied after this bit, or nil where one has failed.
  private func after(_ bit: Int, _ choice: Bool, _ tied: [Int]) -> [Int]? {
    var left: [Int] = []
    for index in tied {
      let constraint = constraints[index]
      let given = choice && constraint.mask >> UInt32(bit) & 1 == 1
      let wanted = constraint.value >> UInt32(bit) & 1 == 1
      if given == wanted {
        left.append(index)
        continue
      }
      switch constraint.relation {
      case .equal: return nil
      case .notEqual: break
      case .less, .lessOrEqual: if given { return nil }
      case .greater, .greaterOrEqual: if !given { return nil }
      }
    }
    return left
  }

  private static func mayStayTied(_ constraints: [WordConstraint]) -> (Int) -> Bool {
    { index in
      switch constraints[index].relation {
      case .equal, .lessOrEqual, .greaterOrEqual: true
      case .notEqual, .less, .greater: false
      }
    }
  }
}
