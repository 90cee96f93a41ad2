internal import LibCrypto
internal import ProcFS

/// Names one process so that a successor with the same pid is told apart: pid, start time in ticks, the pidfs inode
/// where the kernel has one, and where these numbers count. Opaque to callers: `4242@123456.789-1f0c3a5b`.
struct ProcessIdentity: Sendable, Hashable {
  var pid: Int32
  var startTime: UInt64
  var inode: UInt64?
  var realm: ProcessRealm

  init(pid: Int32, startTime: UInt64, inode: UInt64?, realm: ProcessRealm) {
    self.pid = pid
    self.startTime = startTime
    self.inode = inode
    self.realm = realm
  }

  init?(_ text: String) {
    let halves = text.split(separator: "@", omittingEmptySubsequences: false)
    guard halves.count == 2, let pid = Self.number(halves[0]).flatMap(Int32.init(exactly:)), pid > 0 else { return nil }
    let parts = halves[1].split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let realm = ProcessRealm(String(parts[1])) else { return nil }
    let rest = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(rest.count), let start = Self.number(rest[0]) else { return nil }
    self.pid = pid
    self.realm = realm
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
    (inode.map { "\(pid)@\(startTime).\($0)" } ?? "\(pid)@\(startTime)") + "-" + realm.text
  }
}

/// Where pids and start times count: one boot, and one PID namespace. Eight hexadecimal digits of a hash over both, so
/// that an id from before a reboot, or of another machine's namespace, names nobody here.
struct ProcessRealm: Sendable, Hashable {
  let text: String

  init(bootID: String, pidNamespace: UInt64) throws(LibCrypto.Failure) {
    let digest = try LibCrypto.sha256(Array("\(bootID) \(pidNamespace)".utf8))
    text = digest.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  init?(_ text: String) {
    guard text.utf8.count == 8, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    self.text = text
  }
}

extension ProcessIdentity {
  /// For the watch over what does not answer.
  var place: StallWatch.Place { .process(pid: pid, startTime: startTime) }
}
