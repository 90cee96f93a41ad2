internal import ProcFS

/// Names one process so that a successor with the same pid is told apart: pid, start time in ticks, and the pidfs inode
/// where the kernel has one. Opaque to callers: `4242@123456.789`.
struct ProcessIdentity: Sendable, Hashable {
  var pid: Int32
  var startTime: UInt64
  var inode: UInt64?

  init(pid: Int32, startTime: UInt64, inode: UInt64?) {
    self.pid = pid
    self.startTime = startTime
    self.inode = inode
  }

  init?(_ text: String) {
    let halves = text.split(separator: "@", omittingEmptySubsequences: false)
    guard halves.count == 2, let pid = Self.number(halves[0]).flatMap(Int32.init(exactly:)), pid > 0 else { return nil }
    let rest = halves[1].split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(rest.count), let start = Self.number(rest[0]) else { return nil }
    self.pid = pid
    startTime = start
    if rest.count == 2 {
      guard let inode = Self.number(rest[1]) else { return nil }
      self.inode = inode
    }
    // One text for each process: leading zeros would make another object for the budget.
    guard self.text == text else { return nil }
  }

  private static func number(_ text: Substring) -> UInt64? {
    guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(text)
  }

  var text: String {
    inode.map { "\(pid)@\(startTime).\($0)" } ?? "\(pid)@\(startTime)"
  }
}
