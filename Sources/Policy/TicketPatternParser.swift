/// Reads the notation of `TicketPattern`. Its depth is bounded by the pattern's length.
struct TicketPatternParser {
  private(set) var rest: ArraySlice<UInt8>

  private static let maximumRepeat = 64
  private static let any = Set(UInt8(0x20)...UInt8(0x7E))
  private static let digits = Set(UInt8(ascii: "0")...UInt8(ascii: "9"))
  private static let word =
    digits.union(UInt8(ascii: "a")...UInt8(ascii: "z")).union(UInt8(ascii: "A")...UInt8(ascii: "Z"))
    .union([UInt8(ascii: "_")])

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func alternatives() throws(TicketPattern.Invalid) -> TicketPatternNode {
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return .either(branches)
  }

  private mutating func sequence() throws(TicketPattern.Invalid) -> TicketPatternNode {
    var nodes: [TicketPatternNode] = []
    while let byte = rest.first, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      nodes.append(try quantified(try atom()))
    }
    return .sequence(nodes)
  }

  private mutating func atom() throws(TicketPattern.Invalid) -> TicketPatternNode {
    let byte = rest.removeFirst()
    switch byte {
    case UInt8(ascii: "("):
      let node = try alternatives()
      guard take(")") else { throw .unbalanced }
      return node
    case UInt8(ascii: "["): return .bytes(try characterClass())
    case UInt8(ascii: "."): return .bytes(Self.any)
    case UInt8(ascii: "\\"): return .bytes(try escape())
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"): throw .quantifier
    case UInt8(ascii: "^"), UInt8(ascii: "$"): throw .anchor
    case UInt8(ascii: "]"), UInt8(ascii: "}"): throw .character
    case _: return .bytes([byte])
    }
  }

  private mutating func escape() throws(TicketPattern.Invalid) -> Set<UInt8> {
    guard let byte = rest.popFirst() else { throw .character }
    switch byte {
    case UInt8(ascii: "d"): return Self.digits
    case UInt8(ascii: "w"): return Self.word
    case _ where Self.word.contains(byte): throw .character
    case _: return [byte]
    }
  }

  private mutating func characterClass() throws(TicketPattern.Invalid) -> Set<UInt8> {
    let negated = take("^")
    var set: Set<UInt8> = []
    while true {
      guard let byte = rest.popFirst() else { throw .characterClass }
      if byte == UInt8(ascii: "]") { break }
      if byte == UInt8(ascii: "\\") {
        set.formUnion(try escape())
      } else if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first, end != UInt8(ascii: "]") {
        rest.removeFirst(2)
        guard end >= byte, end != UInt8(ascii: "\\") else { throw .characterClass }
        set.formUnion(byte...end)
      } else {
        set.insert(byte)
      }
    }
    guard !set.isEmpty else { throw .characterClass }
    return negated ? Self.any.subtracting(set) : set
  }

  private mutating func quantified(_ node: TicketPatternNode) throws(TicketPattern.Invalid) -> TicketPatternNode {
    let result: TicketPatternNode
    if take("*") {
      result = .repeated(node, least: 0, most: nil)
    } else if take("+") {
      result = .repeated(node, least: 1, most: nil)
    } else if take("?") {
      result = .repeated(node, least: 0, most: 1)
    } else if take("{") {
      let least = try count()
      var most: Int? = least
      if take(",") { most = rest.first == UInt8(ascii: "}") ? nil : try count() }
      guard take("}"), most.map({ $0 >= least && $0 > 0 }) ?? true else { throw .quantifier }
      result = .repeated(node, least: least, most: most)
    } else {
      return node
    }
    // A quantifier on a quantifier: lazy and possessive forms, or a slip.
    if let byte = rest.first,
      [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{")].contains(byte)
    {
      throw .quantifier
    }
    return result
  }

  private mutating func count() throws(TicketPattern.Invalid) -> Int {
    var value = 0
    var any = false
    while let byte = rest.first, Self.digits.contains(byte) {
      rest.removeFirst()
      value = value * 10 + Int(byte - 0x30)
      any = true
      guard value <= Self.maximumRepeat else { throw .quantifier }
    }
    guard any else { throw .quantifier }
    return value
  }
}
