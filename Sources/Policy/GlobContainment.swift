package import Grants

extension Glob {
  /// Whether every text that this pattern matches is matched by `other` too. Never true where it is not so; false also
  /// for some pairs where it is so, since only single patterns are compared, symbol by symbol.
  ///
  /// The idea: read this pattern as a text in which wildcards are symbols. A `**` of the other may stand for any run of
  /// components, `**` included; any other component only for a component that it covers. Within a component `*` may
  /// stand for any run of symbols, `?` for one byte or `?`, a byte for itself. Whatever text this pattern matches, the
  /// other then matches it by the same assignment. Takes time in the product of both lengths.
  package func isContained(in other: Glob) -> Bool {
    let mine = Self.components(of: pattern)
    let theirs = Self.components(of: other.pattern)
    // reachable[j]: the components of the other so far cover exactly the first j of mine.
    var reachable = [Bool](repeating: false, count: mine.count + 1)
    reachable[0] = true
    for component in theirs {
      var next = [Bool](repeating: false, count: mine.count + 1)
      if component == Self.anyComponents {
        var any = false
        for index in 0...mine.count {
          any = any || reachable[index]
          next[index] = any
        }
      } else {
        for index in mine.indices
        where reachable[index] && mine[index] != Self.anyComponents && Self.covers(component, mine[index]) {
          next[index + 1] = true
        }
      }
      reachable = next
    }
    return reachable[mine.count]
  }

  private static let anyComponents: ArraySlice<UInt8> = [UInt8(ascii: "*"), UInt8(ascii: "*")]

  private static func components(of pattern: String) -> [ArraySlice<UInt8>] {
    Array(pattern.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
  }

  /// The same for one component against another, neither being `**`.
  private static func covers(_ other: ArraySlice<UInt8>, _ mine: ArraySlice<UInt8>) -> Bool {
    let star = UInt8(ascii: "*")
    let symbols = Array(mine)
    var reachable = [Bool](repeating: false, count: symbols.count + 1)
    reachable[0] = true
    for symbol in other {
      var next = [Bool](repeating: false, count: symbols.count + 1)
      if symbol == star {
        var any = false
        for index in 0...symbols.count {
          any = any || reachable[index]
          next[index] = any
        }
      } else {
        for index in symbols.indices
        where reachable[index] && symbols[index] != star
          && (symbol == UInt8(ascii: "?") || symbol == symbols[index])
        {
          next[index + 1] = true
        }
      }
      reachable = next
    }
    return reachable[symbols.count]
  }
}

extension [Glob] {
  /// Whether one pattern of the list covers the given one. A union that covers it only together does not count.
  package func covers(_ glob: Glob) -> Bool { contains { glob.isContained(in: $0) } }
}
