/// Finds every one of a fixed set of words in one pass (Aho and Corasick, 1975), letters without case.
///
/// Built once from the table in `Trigger`; a step is one table look-up whatever the input is.
struct KeywordAutomaton: Sendable {
  /// Column of each byte: 0 for all bytes that stand in no word.
  let columns: [UInt8]
  let columnCount: Int
  /// Next row for (row, column), as the offset of that row in the table.
  let transitions: [UInt32]
  /// Rows from this offset on end at least one word.
  let firstEnding: UInt32
  /// For each ending row, the words that end there: a range of `endings`.
  private let endingRanges: [Range<Int>]
  private let endings: [UInt16]

  /// - Parameter words: non-empty, lower case; the index of a word is its identity.
  init(words: [[UInt8]]) {
    var columns = [UInt8](repeating: 0, count: 256)
    var columnCount = 1
    for word in words {
      for byte in word where columns[Int(byte)] == 0 {
        columns[Int(byte)] = UInt8(columnCount)
        if ByteClass.isLower(byte) { columns[Int(byte & 0xDF)] = UInt8(columnCount) }
        columnCount += 1
      }
    }

    // The trie. Node 0 is the root; 0 as a child means none, since no edge leads back to the root.
    var children: [[Int]] = [[Int](repeating: 0, count: columnCount)]
    var ends: [[UInt16]] = [[]]
    for (identity, word) in words.enumerated() {
      var node = 0
      for byte in word {
        let column = Int(columns[Int(byte)])
        if children[node][column] == 0 {
          children.append([Int](repeating: 0, count: columnCount))
          ends.append([])
          children[node][column] = children.count - 1
        }
        node = children[node][column]
      }
      ends[node].append(UInt16(identity))
    }

    // Failure links, breadth first, folded into the transitions.
    var failure = [Int](repeating: 0, count: children.count)
    var queue = children[0].filter { $0 != 0 }
    var head = 0
    while head < queue.count {
      let node = queue[head]
      head += 1
      for column in 0..<columnCount {
        let child = children[node][column]
        if child == 0 {
          children[node][column] = children[failure[node]][column]
        } else {
          failure[child] = children[failure[node]][column]
          ends[child] += ends[failure[child]]
          queue.append(child)
        }
      }
    }

    // Rows that end a word go last, so that one comparison tells them.
    let order = (0..<children.count).filter { ends[$0].isEmpty } + (0..<children.count).filter { !ends[$0].isEmpty }
    var row = [Int](repeating: 0, count: children.count)
    for (position, node) in order.enumerated() { row[node] = position }
    var transitions: [UInt32] = []
    transitions.reserveCapacity(children.count * columnCount)
    var endings: [UInt16] = []
    var endingRanges: [Range<Int>] = []
    var plainRows = 0
    for node in order {
      for column in 0..<columnCount { transitions.append(UInt32(row[children[node][column]] * columnCount)) }
      if ends[node].isEmpty {
        plainRows += 1
      } else {
        endingRanges.append(endings.count..<endings.count + ends[node].count)
        endings += ends[node]
      }
    }
    self.columns = columns
    self.columnCount = columnCount
    self.transitions = transitions
    self.firstEnding = UInt32(plainRows * columnCount)
    self.endings = endings
    self.endingRanges = endingRanges
  }

  /// The words that end in `row`, longest first; `row` must be at or past `firstEnding`.
  @inline(__always)
  func words(endingIn row: UInt32) -> ArraySlice<UInt16> {
    endings[endingRanges[Int(row - firstEnding) / columnCount]]
  }
}
