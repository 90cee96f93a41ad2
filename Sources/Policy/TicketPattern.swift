/// The form of a ticket's name: a regular expression over ASCII that must match the whole name, whether or not it is
/// written between `^` and `$`. Has alternatives, groups, classes, `.`, `\d`, `\w`, and `* + ? {n} {n,} {n,m}`.
///
/// Matches in time linear in the text: all alternatives are followed at once, and nothing is ever tried again.
package struct TicketPattern: Sendable, Equatable, CustomStringConvertible {
  package let pattern: String
  private let program: [Step]
  private let start: Int

  package static let maximumPatternLength = 128
  package static let maximumTextLength = 128
  private static let maximumSteps = 2048

  package enum Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    case length, character, unbalanced, quantifier, characterClass, anchor, tooComplex
    package var description: String {
      switch self {
      case .length: "must be 1 to \(TicketPattern.maximumPatternLength) bytes"
      case .character: "has an escape or a character that is not supported"
      case .unbalanced: "has unbalanced parentheses"
      case .quantifier: "has a quantifier with nothing to repeat or with wrong bounds"
      case .characterClass: "has a broken character class"
      case .anchor: "may use ^ only at its start and $ only at its end"
      case .tooComplex: "repeats too much"
      }
    }
  }

  private enum Step: Sendable, Equatable {
    case byte(Set<UInt8>, next: Int)
    case split(Int, Int)
    case accept
  }

  package init(_ pattern: String) throws(Invalid) {
    var bytes = Array(pattern.utf8)[...]
    guard (1...Self.maximumPatternLength).contains(bytes.count) else { throw .length }
    guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .character }
    if bytes.first == UInt8(ascii: "^") { bytes.removeFirst() }
    if bytes.last == UInt8(ascii: "$"), bytes.dropLast().last != UInt8(ascii: "\\") { bytes.removeLast() }
    var parser = TicketPatternParser(rest: bytes)
    let node = try parser.alternatives()
    guard parser.rest.isEmpty else { throw .unbalanced }
    self.pattern = pattern
    var program: [Step] = [.accept]
    start = try Self.compile(node, next: 0, into: &program)
    self.program = program
  }

  package static func == (a: TicketPattern, b: TicketPattern) -> Bool { a.pattern == b.pattern }

  package var description: String { pattern }

  package func matches(_ text: some StringProtocol) -> Bool {
    guard text.utf8.count <= Self.maximumTextLength else { return false }
    var states = closure(of: [start])
    for byte in text.utf8 {
      var next: [Int] = []
      for state in states {
        if case .byte(let set, let target) = program[state], set.contains(byte) { next.append(target) }
      }
      if next.isEmpty { return false }
      states = closure(of: next)
    }
    return states.contains(0)
  }

  /// The first word of a text that matches, punctuation around it left out.
  package func firstMatch(inWordsOf text: String) -> String? {
    for word in text.split(whereSeparator: \.isWhitespace) {
      if matches(word) { return String(word) }
      let bare = word.drop(while: \.isPunctuation)
      let trimmed = bare.prefix(bare.count - bare.reversed().prefix(while: \.isPunctuation).count)
      if matches(trimmed) { return String(trimmed) }
    }
    return nil
  }

  private func closure(of seeds: [Int]) -> [Int] {
    var seen = [Bool](repeating: false, count: program.count)
    var pending = seeds
    var states: [Int] = []
    while let state = pending.popLast() {
      if seen[state] { continue }
      seen[state] = true
      states.append(state)
      if case .split(let first, let second) = program[state] { pending += [first, second] }
    }
    return states
  }

  /// Adds the steps of a node that go on to `next`; returns where they begin.
  private static func compile(
    _ node: TicketPatternNode, next: Int, into program: inout [Step]
  ) throws(Invalid) -> Int {
    guard program.count <= maximumSteps else { throw .tooComplex }
    switch node {
    case .bytes(let set):
      program.append(.byte(set, next: next))
      return program.count - 1
    case .sequence(let nodes):
      var next = next
      for node in nodes.reversed() { next = try compile(node, next: next, into: &program) }
      return next
    case .either(let nodes):
      var start = try compile(nodes[nodes.count - 1], next: next, into: &program)
      for node in nodes.dropLast().reversed() {
        let branch = try compile(node, next: next, into: &program)
        program.append(.split(branch, start))
        start = program.count - 1
      }
      return start
    case .repeated(let node, let least, let most):
      var start = next
      if let most {
        for _ in least..<most {
          let once = try compile(node, next: start, into: &program)
          program.append(.split(once, next))
          start = program.count - 1
        }
      } else {
        program.append(.split(next, next))
        let loop = program.count - 1
        program[loop] = .split(try compile(node, next: loop, into: &program), next)
        start = loop
      }
      for _ in 0..<least { start = try compile(node, next: start, into: &program) }
      return start
    }
  }
}

indirect enum TicketPatternNode {
  case bytes(Set<UInt8>)
  case sequence([TicketPatternNode])
  /// Not empty.
  case either([TicketPatternNode])
  case repeated(TicketPatternNode, least: Int, most: Int?)
}
