/// Finds every pattern of a set known only at run time in one pass, whatever the patterns are (Aho and Corasick, 1975).
/// Nearly every node has one edge, to the node that was made after it: those are a byte each, and only the others are in a
/// table. So memory is nine bytes for each byte of a pattern, which a target chooses, and not tens.
struct TaintAutomaton: Sendable {
  struct Match {
    var start: Int
    var end: Int
    /// The pattern is a piece of base64: the run around it belongs to the secret.
    var isBase64: Bool
  }

  private var rootEdges = [UInt32](repeating: 0, count: 256)
  /// Of each node the byte that leads to it, where to go on when none of its edges fits, and what it is.
  private var labels: [UInt8] = [0]
  private var failure: [UInt32] = [0]
  private var nodes: [Node] = [Node()]
  private var branches = Branches()

  /// Length of the longest pattern that ends in a node, or 0, and three marks.
  private struct Node: Sendable {
    private var bits: UInt32 = 0
    private static let lengthMask: UInt32 = 1 << 29 - 1

    var length: Int { Int(bits & Self.lengthMask) }
    var isBase64: Bool { bits & 1 << 31 != 0 }
    /// The node before it is its parent.
    var isNext: Bool { bits & 1 << 30 != 0 }
    var hasBranches: Bool { bits & 1 << 29 != 0 }

    init(isNext: Bool = false) { bits = isNext ? 1 << 30 : 0 }

    mutating func end(length: UInt32, isBase64: Bool) {
      bits = bits & 3 << 29 | length & Self.lengthMask | (isBase64 ? 1 << 31 : 0)
    }

    mutating func end(as other: Node) { end(length: UInt32(other.length), isBase64: other.isBase64) }
    mutating func addBranch() { bits |= 1 << 29 }
  }

  init() {}

  var isEmpty: Bool { nodes.count == 1 }

  /// Before `link`.
  /// - Parameter pattern: less than 512 MiB.
  mutating func insert(_ pattern: [UInt8], isBase64: Bool = false) {
    guard !pattern.isEmpty else { return }
    var node: UInt32 = 0
    for byte in pattern {
      var next = edge(from: node, byte)
      if next == 0 {
        next = UInt32(nodes.count)
        let isNext = node != 0 && next == node + 1
        labels.append(byte)
        failure.append(0)
        nodes.append(Node(isNext: isNext))
        if node == 0 {
          rootEdges[Int(byte)] = next
        } else if !isNext {
          nodes[Int(node)].addBranch()
          branches.insert(from: node, byte, to: next)
        }
      }
      node = next
    }
    if nodes[Int(node)].length == 0 || !isBase64 {
      nodes[Int(node)].end(length: UInt32(pattern.count), isBase64: isBase64)
    }
  }

  /// After the last `insert`, and once.
  mutating func link() {
    let order = breadthFirst()
    for (node, parent) in order {
      guard parent != 0 else { continue }
      let byte = labels[Int(node)]
      var fallback = failure[Int(parent)]
      var next = edge(from: fallback, byte)
      while next == 0, fallback != 0 {
        fallback = failure[Int(fallback)]
        next = edge(from: fallback, byte)
      }
      failure[Int(node)] = next
      if nodes[Int(node)].length == 0 { nodes[Int(node)].end(as: nodes[Int(next)]) }
    }
  }

  /// All nodes but the root, those nearer to it first, each with its parent.
  private func breadthFirst() -> [(node: UInt32, parent: UInt32)] {
    var order: [(node: UInt32, parent: UInt32)] = []
    order.reserveCapacity(nodes.count)
    for next in rootEdges where next != 0 { order.append((next, 0)) }
    let byParent = branches.sorted()
    var index = 0
    /// The first branch from a node, or from a later one.
    func firstBranch(from node: UInt32) -> Int {
      var (low, high) = (0, byParent.count)
      while low < high {
        let middle = (low + high) / 2
        if byParent[middle].parent < node { low = middle + 1 } else { high = middle }
      }
      return low
    }
    while index < order.count {
      let node = order[index].node
      let next = Int(node) + 1
      if next < nodes.count, nodes[next].isNext { order.append((UInt32(next), node)) }
      if nodes[Int(node)].hasBranches {
        var branch = firstBranch(from: node)
        while branch < byParent.count, byParent[branch].parent == node {
          order.append((byParent[branch].node, node))
          branch += 1
        }
      }
      index += 1
    }
    return order
  }

  @inline(__always)
  private func edge(from node: UInt32, _ byte: UInt8) -> UInt32 {
    if node == 0 { return rootEdges[Int(byte)] }
    let next = Int(node) + 1
    if next < nodes.count, labels[next] == byte, nodes[next].isNext { return UInt32(next) }
    return nodes[Int(node)].hasBranches ? branches.edge(from: node, byte) : 0
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
      let ending = nodes[Int(node)]
      if ending.length != 0 {
        found(Match(start: index + 1 - ending.length, end: index + 1, isBase64: ending.isBase64))
      }
    }
  }
}

/// The edges that lead elsewhere than to the next node: a hash table with open addressing. The target has a say in which
/// there are, so where they go depends on a number that it does not know (Swift's own, new with each process).
private struct Branches: Sendable {
  private let multiplier = UInt64(truncatingIfNeeded: 0.hashValue) | 1
  /// Node << 8 | byte, plus one so that zero means free.
  private var keys: [UInt64] = []
  private var targets: [UInt32] = []
  private var count = 0

  func edge(from node: UInt32, _ byte: UInt8) -> UInt32 {
    guard !keys.isEmpty else { return 0 }
    let key = Self.key(node, byte)
    let index = slot(of: key)
    return keys[index] == key ? targets[index] : 0
  }

  mutating func insert(from node: UInt32, _ byte: UInt8, to target: UInt32) {
    if count * 2 >= keys.count { grow() }
    let key = Self.key(node, byte)
    let index = slot(of: key)
    keys[index] = key
    targets[index] = target
    count += 1
  }

  /// By parent.
  func sorted() -> [(parent: UInt32, node: UInt32)] {
    zip(keys, targets).lazy.filter { $0.0 != 0 }.map { (UInt32(($0.0 - 1) >> 8), $0.1) }.sorted { $0.0 < $1.0 }
  }

  private mutating func grow() {
    let old = zip(keys, targets)
    keys = [UInt64](repeating: 0, count: max(16, keys.count * 2))
    targets = [UInt32](repeating: 0, count: keys.count)
    for (key, target) in old where key != 0 {
      let index = slot(of: key)
      keys[index] = key
      targets[index] = target
    }
  }

  /// Where a key is, or would be.
  private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    // The upper bits of the product: those depend on all of the key.
    var index = Int(truncatingIfNeeded: (key &* multiplier) >> UInt64(64 - mask.nonzeroBitCount))
    while keys[index] != 0, keys[index] != key { index = (index + 1) & mask }
    return index
  }

  private static func key(_ node: UInt32, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) + 1 }
}
