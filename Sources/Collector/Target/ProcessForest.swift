/// Parents and children of one snapshot. A snapshot is not atomic, and pids are taken again: what it says of parents may
/// be of different moments. An edge counts only where the parent is in the snapshot and not younger than the child;
/// what has none then is an orphan; and where edges form a circle, one of them does not count. Linear in time, and
/// without recursion: chains may be as long as the snapshot.
struct ProcessForest {
  struct Node: Sendable, Equatable {
    var pid: Int32
    var parent: Int32
    /// Clock ticks since boot.
    var startTime: UInt64
    var threads: Int
    var residentBytes: Int64
    var cpuMilliseconds: Int64
  }

  struct Totals: Sendable, Equatable {
    var processes = 0
    var threads = 0
    var residentBytes: Int64 = 0
    var cpuMilliseconds: Int64 = 0
  }

  enum Parent: Sendable, Equatable {
    /// At the top: of the scope, or of the PID namespace.
    case none
    /// Not in the snapshot, or not to be believed.
    case unknown
    /// Its index in the nodes.
    case node(Int)
  }

  private(set) var parents: [Parent] = []
  private(set) var children: [[Int]] = []
  /// Levels below what has no parent.
  private(set) var depths: [Int] = []
  /// Of each node and all below it.
  private(set) var totals: [Totals] = []
  /// Every node once, parents before children.
  private(set) var order: [Int] = []

  /// - Parameter top: the pid of the scope's root, whose parent is none by definition; nil in a pod.
  init(_ nodes: [Node], top: Int32? = nil) {
    var byPID: [Int32: Int] = [:]
    byPID.reserveCapacity(nodes.count)
    for (index, node) in nodes.enumerated() where byPID[node.pid] == nil { byPID[node.pid] = index }
    parents = nodes.indices.map { index in
      let node = nodes[index]
      if node.pid == top || node.parent == 0 { return .none }
      guard let parent = byPID[node.parent], parent != index, nodes[parent].startTime <= node.startTime else {
        return .unknown
      }
      return .node(parent)
    }
    children = Array(repeating: [], count: nodes.count)
    for (index, parent) in parents.enumerated() {
      if case .node(let parent) = parent { children[parent].append(index) }
    }
    depths = Array(repeating: 0, count: nodes.count)
    order.reserveCapacity(nodes.count)
    var isReached = Array(repeating: false, count: nodes.count)
    for index in nodes.indices {
      switch parents[index] {
      case .none, .unknown: reach(index, &isReached)
      case .node: break
      }
    }
    // What is left is in a circle, or below one: all of it started in one tick, or the ages would not allow it.
    for index in nodes.indices where !isReached[index] {
      let first = circle(from: index, isReached)
      if case .node(let parent) = parents[first] { children[parent].removeAll { $0 == first } }
      parents[first] = .unknown
      reach(first, &isReached)
    }
    totals = nodes.map {
      Totals(
        processes: 1, threads: $0.threads, residentBytes: $0.residentBytes, cpuMilliseconds: $0.cpuMilliseconds)
    }
    for index in order.reversed() {
      guard case .node(let parent) = parents[index] else { continue }
      totals[parent].processes += totals[index].processes
      totals[parent].threads += totals[index].threads
      totals[parent].residentBytes &+= totals[index].residentBytes
      totals[parent].cpuMilliseconds &+= totals[index].cpuMilliseconds
    }
  }

  private mutating func reach(_ root: Int, _ isReached: inout [Bool]) {
    isReached[root] = true
    var next = order.count
    order.append(root)
    while next < order.count {
      let index = order[next]
      next += 1
      for child in children[index] where !isReached[child] {
        isReached[child] = true
        depths[child] = depths[index] + 1
        order.append(child)
      }
    }
  }

  /// The first node met twice on the way up: one that is in the circle itself and not only below it.
  private func circle(from start: Int, _ isReached: [Bool]) -> Int {
    var seen: Set<Int> = []
    var index = start
    while seen.insert(index).inserted, case .node(let parent) = parents[index] { index = parent }
    return index
  }

  /// The index and those of all below it, parents first, at most `depth` levels down.
  func descendants(of root: Int, depth: Int = .max) -> [Int] {
    var found = [root]
    var next = 0
    while next < found.count {
      let index = found[next]
      next += 1
      if depths[index] - depths[root] < depth { found += children[index] }
    }
    return found
  }
}
