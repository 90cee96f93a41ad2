internal import API

/// The processes of one snapshot as a drawn tree. The snapshot is data from a target that may lie: parents that are
/// missing, cycles, and chains of any length all end in a drawing of bounded size, and no process is left out.
struct ProcessTree {
  /// Deeper levels are drawn at this one.
  static let maximumDrawnDepth = 48
  /// The name of the root for what has no parent here.
  static let orphanage = "(parent not in this view)"

  /// One line: what is drawn before the name, and the process, or nil for the orphans' root.
  struct Line: Equatable {
    let prefix: String
    let process: Int?
  }

  private let processes: [ProcessEntry]
  /// Indices into `processes`, by the parent's index.
  private var children: [[Int]]
  private var roots: [Int] = []
  private var orphans: [Int] = []

  init(_ processes: [ProcessEntry]) {
    self.processes = processes
    children = Array(repeating: [], count: processes.count)
    var byPID: [Int: Int] = [:]
    for (index, process) in processes.enumerated() where byPID[process.pid] == nil { byPID[process.pid] = index }
    for (index, process) in processes.enumerated() {
      // Where the agent names the parent's id, it must be that very process; where it says `unknown`, none is.
      let named = process.text(.parent)?.text
      if let parent = byPID[process.ppid], parent != index, Self.mayBeParent(processes[parent], of: process),
        named.map({ $0 == processes[parent].id }) ?? true
      {
        children[parent].append(index)
      } else if named.map({ $0 == ProcessList.noParent }) ?? (process.ppid == 0) {
        roots.append(index)
      } else {
        orphans.append(index)
      }
    }
    // One process without a parent is the top of the view, not an orphan.
    if roots.isEmpty, orphans.count == 1 { swap(&roots, &orphans) }
    adoptCycles()
    for index in children.indices { children[index].sort { processes[$0].pid < processes[$1].pid } }
  }

  /// A parent does not start after its child; where it seems so the number was reused. Times in the agent's one form
  /// compare as text; other forms say nothing.
  private static func mayBeParent(_ parent: ProcessEntry, of child: ProcessEntry) -> Bool {
    guard let older = parent.text(.startTime)?.text, let younger = child.text(.startTime)?.text,
      older.utf8.count == younger.utf8.count
    else { return true }
    return older <= younger
  }

  /// Whatever no root leads to is in a cycle or below one: the first of each becomes an orphan.
  private mutating func adoptCycles() {
    var reached = Set<Int>()
    func reach(_ start: [Int]) {
      var stack = start
      while let index = stack.popLast() {
        if reached.insert(index).inserted { stack += children[index] }
      }
    }
    reach(roots + orphans)
    for index in processes.indices where !reached.contains(index) {
      for parent in children.indices { children[parent].removeAll { $0 == index } }
      orphans.append(index)
      reach([index])
    }
  }

  /// Top down, children by pid.
  var lines: [Line] {
    var lines: [Line] = []
    for root in roots { draw(root, branch: "", below: "", depth: 0, into: &lines) }
    guard !orphans.isEmpty else { return lines }
    lines.append(Line(prefix: "", process: nil))
    for (place, index) in orphans.enumerated() {
      let isLast = place == orphans.count - 1
      draw(index, branch: isLast ? "└─ " : "├─ ", below: isLast ? "   " : "│  ", depth: 1, into: &lines)
    }
    return lines
  }

  /// Without recursion: a chain may be as long as the list.
  private func draw(_ root: Int, branch: String, below: String, depth: Int, into lines: inout [Line]) {
    var stack = [(index: root, branch: branch, below: below, depth: depth)]
    while let node = stack.popLast() {
      lines.append(Line(prefix: node.branch, process: node.index))
      let isDeep = node.depth >= Self.maximumDrawnDepth
      for (place, child) in children[node.index].enumerated().reversed() {
        let isLast = place == children[node.index].count - 1
        stack.append(
          (
            child, isDeep ? node.branch : node.below + (isLast ? "└─ " : "├─ "),
            isDeep ? node.below : node.below + (isLast ? "   " : "│  "), node.depth + 1
          ))
      }
    }
  }
}
