internal import Linux
internal import Synchronization

/// Reads of a process's memory that are under way. Such a read waits for a lock of the process (mmap_lock), which a
/// thread in an uninterruptible wait may hold for ever, and no reader can be called back. So whoever comes while one has
/// been waiting for long does not wait too: one process takes one worker at most, all processes together take two, and
/// while one is taken nobody asks a process that itself is in an uninterruptible wait.
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
  /// Most stalled reads, and most reads at one time: some of the four workers are always left.
  private static let maximumStalled = 2
  private static let maximumReaders = 3

  /// - Parameter now: monotonic nanoseconds.
  init(stalls: StallWatch = StallWatch(), now: @escaping @Sendable () -> UInt64 = { Clock.monotonic() }) {
    self.stalls = stalls
    self.now = now
  }

  /// Whether a read of this process has been waiting for longer than it should.
  func isStalled(_ process: ProcessIdentity) -> Bool {
    let time = now()
    return stalls.isClosed(process.place)
      || entries.withLock { $0[process].map { Clock.elapsed(from: $0.since, to: time) > Self.patience } ?? false }
  }

  private enum Entrance { case open, closed, crowded }

  /// Runs `body`, which reads; nil without running it where another read of the process is stalled, or too many are of
  /// others. May wait for as long as `patience`.
  /// - Parameter isWaiting: the process is in an uninterruptible wait itself (state D).
  func run<Value, Failure>(
    of process: ProcessIdentity, isWaiting: Bool = false, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value? {
    let start = now()
    var entrance = enter(process, isWaiting: isWaiting)
    while entrance == .crowded, Clock.elapsed(from: start, to: now()) < Self.patience {
      Process.sleep(milliseconds: 1)
      entrance = enter(process, isWaiting: isWaiting)
    }
    guard entrance == .open else { return nil }
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

  private func enter(_ process: ProcessIdentity, isWaiting: Bool) -> Entrance {
    let time = now()
    return entries.withLock { entries in
      let stalled = entries.values.count { Clock.elapsed(from: $0.since, to: time) > Self.patience }
      if stalled >= (isWaiting ? 1 : Self.maximumStalled) { return .closed }
      if let entry = entries[process], Clock.elapsed(from: entry.since, to: time) > Self.patience { return .closed }
      if entries.values.reduce(0, { $0 + $1.readers }) >= Self.maximumReaders { return .crowded }
      entries[process, default: Entry(since: time, readers: 0)].readers += 1
      return .open
    }
  }
}
