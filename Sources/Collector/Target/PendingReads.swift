internal import Linux
internal import Synchronization

/// Reads of a process's memory that are under way. Such a read waits for a lock of the process (mmap_lock), which a
/// thread in an uninterruptible wait may hold for ever, and no reader can be called back. So whoever comes while one has
/// been waiting for long does not wait too: one process takes one worker at most.
final class PendingReads: Sendable {
  private struct Entry {
    var since: UInt64
    var readers: Int
  }

  private let entries = Mutex<[ProcessIdentity: Entry]>([:])
  private let now: @Sendable () -> UInt64
  private let stalls: StallWatch

  /// After how long a read counts as stalled; nanoseconds.
  static let patience: UInt64 = 250_000_000

  /// - Parameter now: monotonic nanoseconds.
  init(stalls: StallWatch = StallWatch(), now: @escaping @Sendable () -> UInt64 = { Clock.monotonic() }) {
    self.stalls = stalls
    self.now = now
  }

  /// Whether a read of this process has been waiting for longer than it should.
  func isStalled(_ process: ProcessIdentity) -> Bool {
    let time = now()
    return stalls.isClosed(process.place)
      || entries.withLock { $0[process].map { time - $0.since > Self.patience } ?? false }
  }

  /// Runs `body`, which reads; nil without running it where another read of the process is stalled.
  func run<Value, Failure>(
    of process: ProcessIdentity, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value? {
    let time = now()
    let enters = entries.withLock { entries in
      if let entry = entries[process] {
        if time - entry.since > Self.patience { return false }
        entries[process]?.readers += 1
      } else {
        entries[process] = Entry(since: time, readers: 1)
      }
      return true
    }
    guard enters else { return nil }
    defer {
      entries.withLock { entries in
        entries[process]?.readers -= 1
        if entries[process]?.readers == 0 { entries[process] = nil }
      }
    }
    // The watch answers for the one who stands still, and keeps the others away until it is over.
    do throws(SystemError) { try stalls.enter(process.place) } catch { return nil }
    defer { stalls.leave() }
    return try body()
  }
}
