/// The system calls in a log of strace(1). With `-X raw -e raw=all` it has every argument as a number, and whether a
/// profile's conditions hold can be said; without, only the names count.
package struct StraceLog: Sendable {
  package struct Use: Sendable, Hashable {
    package var name: String
    /// Nil where they are not all numbers.
    package var arguments: [UInt64]?
  }

  /// Each different use once.
  package private(set) var uses: Set<Use> = []
  /// Lines that are neither a call nor a signal or an exit.
  package private(set) var unreadLines = 0

  package init() {}

  package mutating func add(_ text: String) {
    for line in text.split(separator: "\n") { add(line: line) }
  }

  private mutating func add(line: Substring) {
    var rest = line[...]
    // `[pid 12] `, `12 `, or a time before it.
    while let first = rest.first, first == "[" || first.isNumber || first == " " {
      guard let space = rest.firstIndex(of: first == "[" ? "]" : " ") else { break }
      rest = rest[rest.index(after: space)...]
    }
    if rest.hasPrefix("---") || rest.hasPrefix("+++") || rest.hasPrefix("<...") || rest.hasPrefix("strace:") { return }
    guard let open = rest.firstIndex(of: "("), open != rest.startIndex,
      rest[..<open].allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") })
    else {
      unreadLines += 1
      return
    }
    let name = String(rest[..<open])
    var inside = rest[rest.index(after: open)...]
    // The end of the arguments is the parenthesis before the result; a result may have parentheses of its own.
    if let end = inside.indices.first(where: {
      inside[$0] == ")" && inside[inside.index(after: $0)...].drop { $0 == " " }.first == "="
    }) {
      inside = inside[..<end]
    }
    if let unfinished = inside.range(of: " <unfinished") { inside = inside[..<unfinished.lowerBound] }
    var arguments: [UInt64]? = []
    for part in inside.split(separator: ",") {
      let word = part.drop { $0 == " " }
      let value = word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
      guard let value else {
        arguments = nil
        break
      }
      arguments?.append(value)
    }
    if let count = arguments?.count, count > 6 { arguments = nil }
    uses.insert(Use(name: name, arguments: arguments))
  }
}

extension Substring {
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
