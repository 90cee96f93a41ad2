/// Finds every pattern of a set known only at run time in one pass, whatever the patterns are (Aho
/// and Corasick, 1975): edges in one hash table, so that memory follows the patterns' bytes.
struct TaintAutomaton: Sendable {
  struct Match {
    var start: Int
    var end: Int
    /// The pattern is a piece of base64: the run around it belongs to the secret.
    var isBase64: Bool
  }

  private var rootEdges = [UInt32](repeating: 0, count: 256)
  /// Open addressing: key is node << 8 | byte, plus one so that zero means free.
  private var keys: [UInt64] = []
  private var targets: [UInt32] = []
  private var mask = 0
  private var failure: [UInt32] = [0]
  /// Length of the longest pattern that ends in a node, or 0; the top bit marks base64.
  private var ending: [UInt32] = [0]
  private static let base64Mark: UInt32 = 1 << 31

  var isEmpty: Bool { failure.count == 1 }

  init(patterns: [(bytes: [UInt8], isBase64: Bool)]) {
    let total = patterns.reduce(0) { $0 + $1.bytes.count }
    guard total > 0 else { return }
    var capacity = 16
    while capacity < total * 2 { capacity *= 2 }
    keys = [UInt64](repeating: 0, count: capacity)
    targets = [UInt32](repeating: 0, count: capacity)
    mask = capacity - 1
    // Nodes are numbered by depth only through the queue below; remember each one's parent edge.
    var children: [(parent: UInt32, byte: UInt8)] = [(0, 0)]
    var order: [UInt32] = []
    for pattern in patterns {
      var node: UInt32 = 0
      for byte in pattern.bytes {
        var next = edge(from: node, byte)
        if next == 0 {
          next = UInt32(failure.count)
          failure.append(0)
          ending.append(0)
          children.append((node, byte))
          insert(node, byte, next)
        }
        node = next
      }
      let length = UInt32(pattern.bytes.count) | (pattern.isBase64 ? Self.base64Mark : 0)
      if ending[Int(node)] == 0 || !pattern.isBase64 { ending[Int(node)] = length }
    }
    // Breadth first: a node's parent always has a smaller depth.
    var depth = [UInt32](repeating: 0, count: failure.count)
    for node in 1..<failure.count { depth[node] = depth[Int(children[node].parent)] + 1 }
    order = (1..<UInt32(failure.count)).sorted { depth[Int($0)] < depth[Int($1)] }
    for node in order {
      let (parent, byte) = children[Int(node)]
      guard parent != 0 else { continue }
      var fallback = failure[Int(parent)]
      var link = edge(from: fallback, byte)
      while link == 0, fallback != 0 {
        fallback = failure[Int(fallback)]
        link = edge(from: fallback, byte)
      }
      failure[Int(node)] = link
      if ending[Int(node)] == 0 { ending[Int(node)] = ending[Int(link)] }
    }
  }

  private static func slot(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 20) }

  @inline(__always)
  private func edge(from node: UInt32, _ byte: UInt8) -> UInt32 {
    if node == 0 { return rootEdges[Int(byte)] }
    let key = UInt64(node) << 8 | UInt64(byte) + 1
    var index = Self.slot(key) & mask
    while keys[index] != 0 {
      if keys[index] == key { return targets[index] }
      index = (index + 1) & mask
    }
    return 0
  }

  private mutating func insert(_ node: UInt32, _ byte: UInt8, _ target: UInt32) {
    if node == 0 {
      rootEdges[Int(byte)] = target
      return
    }
    let key = UInt64(node) << 8 | UInt64(byte) + 1
    var index = Self.slot(key) & mask
    while keys[index] != 0 { index = (index + 1) & mask }
    keys[index] = key
    targets[index] = target
  }

  /// Calls `found` for each position at which a pattern ends, with the longest pattern there.
  func scan(_ bytes: Span<UInt8>, found: (Match) -> Void) {
    guard !isEmpty else { return }
    var node: UInt32 = 0
    for index in bytes.indices {
      let byte = bytes[index]
      var next = edge(from: node, byte)
      while next == 0, node != 0 {
        node = failure[Int(node)]
        next = edge(from: node, byte)
      }
      node = next
      let end = ending[Int(node)]
      if end != 0 {
        let length = Int(end & ~Self.base64Mark)
        found(Match(start: index + 1 - length, end: index + 1, isBase64: end & Self.base64Mark != 0))
      }
    }
  }
}
