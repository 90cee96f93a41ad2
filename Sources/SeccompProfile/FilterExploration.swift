package import Sandbox

/// All paths through one or two filters, each with a call that takes it. Filters have no loops and compare only
/// constants with masked words of the call, so the paths are finite and whether one can be taken is decided exactly.
package enum FilterExploration {
  /// What is known of a call before the first instruction: bits of its words.
  package struct Premise: Sendable {
    var words: [[WordConstraint]] = Array(repeating: [], count: 16)

    /// Any call of an audited architecture.
    package init(architecture: Architecture) {
      words[1] = [WordConstraint(.equal, architecture.audited)]
    }

    /// One call with any arguments.
    package init(number: UInt32, architecture: Architecture) {
      self.init(architecture: architecture)
      words[0] = [WordConstraint(.equal, number)]
    }

    /// The bits of `mask` in an argument are `value`'s.
    package mutating func require(argument: Int, mask: UInt64, equals value: UInt64) {
      for (half, shift) in [(0, UInt64(0)), (1, 32)] {
        let part = UInt32(truncatingIfNeeded: mask >> shift)
        if part != 0 {
          words[4 + 2 * argument + half].append(
            WordConstraint(part, .equal, UInt32(truncatingIfNeeded: value >> shift)))
        }
      }
    }

    /// At least one bit of `mask` is set in the argument's lower 32 bits.
    package mutating func requireAny(argument: Int, of mask: UInt32) {
      words[4 + 2 * argument].append(WordConstraint(mask, .notEqual, 0))
    }
  }

  /// Calls `visit` for each path that some call takes, with that call and the answer. `visit` returns false to end.
  package static func paths(
    of program: FilterProgram, where premise: Premise, visit: (SystemCall, FilterAction) -> Bool
  ) throws(FilterProgram.Invalid) {
    _ = try walk(program, State(words: premise.words)) { (state, action) throws(FilterProgram.Invalid) in
      guard let call = try state.example() else { return true }
      return visit(call, action)
    }
  }

  /// Calls `visit` for each pair of paths, one through each filter, that some call takes together. `first` says which
  /// answers of the first filter are of interest.
  package static func pairs(
    _ a: FilterProgram, _ b: FilterProgram, where premise: Premise, first: (FilterAction) -> Bool,
    visit: (SystemCall, FilterAction, FilterAction) -> Bool
  ) throws(FilterProgram.Invalid) {
    _ = try walk(a, State(words: premise.words)) { (state, actionA) throws(FilterProgram.Invalid) in
      guard first(actionA) else { return true }
      return try walk(b, State(words: state.words)) { (state, actionB) throws(FilterProgram.Invalid) in
        guard let call = try state.example() else { return true }
        return visit(call, actionA, actionB)
      }
    }
  }

  private struct State {
    var place = 0
    var accumulator = Value.constant(0)
    var words: [[WordConstraint]]

    init(words: [[WordConstraint]]) { self.words = words }

    enum Value {
      case constant(UInt32)
      case word(Int, mask: UInt32)
    }

    /// A call that takes this path: the smallest word for each.
    func example() throws(FilterProgram.Invalid) -> SystemCall? {
      var chosen: [UInt32] = []
      for word in words {
        guard let value = try word.smallestSolution() else { return nil }
        chosen.append(value)
      }
      return SystemCall(words: chosen)
    }
  }

  /// False where `leaf` has ended it.
  private static func walk(
    _ program: FilterProgram, _ start: State, leaf: (State, FilterAction) throws(FilterProgram.Invalid) -> Bool
  ) throws(FilterProgram.Invalid) -> Bool {
    var pending = [start]
    while var state = pending.popLast() {
      step: while true {
        let instruction = program.instructions[state.place]
        let constant = instruction.constant
        state.place += 1
        let relation: WordConstraint
        switch FilterProgram.Operation(rawValue: instruction.code) {
        case .loadWord?:
          state.accumulator = .word(Int(constant) / 4, mask: .max)
          continue step
        case .and?:
          switch state.accumulator {
          case .constant(let value): state.accumulator = .constant(value & constant)
          case .word(let index, let mask): state.accumulator = .word(index, mask: mask & constant)
          }
          continue step
        case .jump?:
          state.place += Int(constant)
          continue step
        case .returnConstant?:
          guard try leaf(state, FilterAction(code: constant)) else { return false }
          break step
        case .jumpEqual?: relation = WordConstraint(.equal, constant)
        case .jumpGreater?: relation = WordConstraint(.greater, constant)
        case .jumpGreaterOrEqual?: relation = WordConstraint(.greaterOrEqual, constant)
        case .jumpSet?: relation = WordConstraint(constant, .notEqual, 0)
        case nil: throw .instruction(at: state.place - 1, code: instruction.code)
        }
        switch state.accumulator {
        case .constant(let value):
          state.place += Int(relation.holds(value) ? instruction.jumpTrue : instruction.jumpFalse)
        case .word(let index, let mask):
          let taken = WordConstraint(relation.mask & mask, relation.relation, relation.value)
          let may = try (state.words[index] + [taken]).smallestSolution() != nil
          let mayNot = try (state.words[index] + [taken.negated]).smallestSolution() != nil
          if may, mayNot {
            var other = state
            other.words[index].append(taken.negated)
            other.place += Int(instruction.jumpFalse)
            pending.append(other)
            state.words[index].append(taken)
          } else if !may, !mayNot {
            break step  // The premise itself cannot be met.
          }
          state.place += Int(may ? instruction.jumpTrue : instruction.jumpFalse)
        }
      }
    }
    return true
  }
}
