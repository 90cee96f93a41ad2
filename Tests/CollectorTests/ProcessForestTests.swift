import Testing

@testable import Collector

/// The tree of a snapshot, whatever the snapshot says.
struct ProcessForestTests {
  static func node(_ pid: Int32, _ parent: Int32, start: UInt64 = 1) -> ProcessForest.Node {
    ProcessForest.Node(
      pid: pid, parent: parent, startTime: start, threads: 1, residentBytes: Int64(pid), cpuMilliseconds: 2)
  }

  @Test func aPlainTree() {
    let forest = ProcessForest([
      Self.node(1, 0), Self.node(2, 1, start: 2), Self.node(3, 1, start: 2), Self.node(4, 3, start: 3),
    ])
    #expect(forest.parents == [.none, .node(0), .node(0), .node(2)])
    #expect(forest.depths == [0, 1, 1, 2])
    #expect(forest.totals.map(\.processes) == [4, 1, 2, 1] && forest.totals.map(\.residentBytes) == [10, 2, 7, 4])
    #expect(forest.descendants(of: 0) == [0, 1, 2, 3] && forest.descendants(of: 2) == [2, 3])
    #expect(forest.descendants(of: 0, depth: 0) == [0] && forest.descendants(of: 0, depth: 1) == [0, 1, 2])
  }

  /// What a snapshot says of parents that cannot be.
  @Test func whatIsNotToBelieve() {
    // A parent that is missing, that is younger, that is the process itself.
    let forest = ProcessForest([Self.node(5, 4), Self.node(7, 8, start: 1), Self.node(8, 0, start: 2), Self.node(9, 9)])
    #expect(forest.parents == [.unknown, .unknown, .none, .unknown])
    // Circles of two and three, and a tail that hangs on one: all in one tick.
    let circles = ProcessForest([
      Self.node(1, 2), Self.node(2, 1), Self.node(3, 4), Self.node(4, 5), Self.node(5, 3), Self.node(6, 5),
    ])
    #expect(circles.parents.count { $0 == .unknown } == 2)
    #expect(Set(circles.order) == Set(0..<6) && circles.order.count == 6)
    #expect(circles.parents[5] == .node(4), "what hangs below a circle stays where it is")
    // The scope's top has no parent, whoever has the number of it.
    let top = ProcessForest([Self.node(3, 2, start: 5), Self.node(2, 3, start: 5)], top: 3)
    #expect(top.parents == [.none, .node(0)])
  }

  @Test func tablesOfAnyKind() {
    var random = SplitMix(state: 311)
    for round in 0..<2000 {
      let count = Int.random(in: 0...(round % 40), using: &random)
      let pids = Int32(max(1, count))
      // Few pids and few ticks, so that all goes wrong that can: the same pid twice, circles, younger parents.
      let nodes = (0..<count).map { _ in
        ProcessForest.Node(
          pid: Int32.random(in: 1...pids, using: &random), parent: Int32.random(in: 0...pids, using: &random),
          startTime: UInt64.random(in: 0...2, using: &random), threads: Int.random(in: 0...3, using: &random),
          residentBytes: Int64.random(in: 0...9, using: &random),
          cpuMilliseconds: Int64.random(in: 0...9, using: &random))
      }
      Self.check(ProcessForest(nodes), nodes)
    }
  }

  @Test func aChainAsLongAsASnapshot() {
    let nodes = (1...60_000).map { Self.node(Int32($0), Int32($0 - 1), start: UInt64($0)) }
    let forest = ProcessForest(nodes.shuffled())
    #expect(forest.depths.max() == 59_999 && forest.totals.map(\.processes).max() == 60_000)
    let round: [ProcessForest.Node] = (1...60_000).map { (pid: Int) in Self.node(Int32(pid), Int32(pid % 60_000 + 1)) }
    let circle = ProcessForest(round)
    #expect(circle.parents.count { $0 == ProcessForest.Parent.unknown } == 1)
    #expect(circle.depths.max() == 59_999)
  }

  /// The laws of every forest.
  static func check(_ forest: ProcessForest, _ nodes: [ProcessForest.Node]) {
    #expect(forest.order.sorted() == Array(nodes.indices), "every process once")
    var seen: Set<Int> = []
    for index in forest.order {
      switch forest.parents[index] {
      case .none, .unknown: #expect(forest.depths[index] == 0)
      case .node(let parent):
        #expect(seen.contains(parent), "parents before children, so there is no circle")
        #expect(forest.depths[index] == forest.depths[parent] + 1)
        #expect(nodes[parent].startTime <= nodes[index].startTime && nodes[parent].pid == nodes[index].parent)
        #expect(forest.children[parent].contains(index))
      }
      seen.insert(index)
    }
    let tops = nodes.indices.filter { forest.depths[$0] == 0 }
    #expect(tops.reduce(0) { $0 + forest.totals[$1].processes } == nodes.count, "all is counted, once")
    #expect(
      tops.reduce(0) { $0 + forest.totals[$1].residentBytes } == nodes.reduce(0) { $0 + $1.residentBytes })
    for index in nodes.indices {
      let below = forest.descendants(of: index)
      #expect(below.count == forest.totals[index].processes && Set(below).count == below.count)
      #expect(below.reduce(0) { $0 + nodes[$1].threads } == forest.totals[index].threads)
    }
  }
}
