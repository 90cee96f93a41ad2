internal import FoundationEssentials
internal import Glibc

/// A process that cannot be mistaken for a later one with the same number, within one boot.
struct ProcessIdentity: Sendable, Equatable {
  var pid: Int32
  /// Ticks since boot: field 22 of proc_pid_stat(5).
  var startTime: Int64

  init(pid: Int32, startTime: Int64) {
    self.pid = pid
    self.startTime = startTime
  }

  /// The process that has the number now; nil where there is none, or only what is left of one that has ended.
  init?(running pid: Int32) {
    guard let stat = ProcessStat(pid: pid), !stat.hasEnded else { return nil }
    self.init(pid: pid, startTime: stat.startTime)
  }

  /// Whether this very process still runs.
  var isRunning: Bool { ProcessIdentity(running: pid) == self }

  /// Sends a signal if this very process still runs. False where it does not.
  func send(_ signal: Int32) -> Bool {
    guard isRunning else { return false }
    return kill(pid, signal) == 0
  }

  /// Numbers and start times count from boot.
  static func currentBoot() throws(Failure) -> String {
    let path = "/proc/sys/kernel/random/boot_id"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Failure(.internalError, "\(path) cannot be read", hint: "is /proc mounted?")
    }
    return String(String(decoding: data, as: UTF8.self).prefix { !$0.isNewline })
  }
}

/// The fields of proc_pid_stat(5) that are of use here.
struct ProcessStat: Sendable, Equatable {
  var state: Character
  var parent: Int32
  /// The session id.
  var session: Int32
  var startTime: Int64

  var hasEnded: Bool { state == "Z" || state == "X" }

  init?(pid: Int32) {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    self.init(text: String(decoding: data, as: UTF8.self))
  }

  /// The name may contain anything, so fields count from the last parenthesis.
  init?(text: String) {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
      let session = Int32(fields[3]), let startTime = Int64(fields[19])
    else { return nil }
    self.state = state
    self.parent = parent
    self.session = session
    self.startTime = startTime
  }
}
