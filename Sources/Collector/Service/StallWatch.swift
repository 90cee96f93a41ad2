internal import Linux
internal import Synchronization

/// Knows which worker is at which place of the target, sees who stands still there, and lets nobody else go after it.
///
/// No read of the target can be called off: a thread that waits for a dead file system stays until that comes back or
/// goes away, and no filter of ours allows to start another one. So one worker at a time is at a place, for one system
/// call or a few; and a place where one stands still is closed. It costs one worker, however many ask for it at once.
final class StallWatch: Sendable {
  /// What can fail to answer.
  enum Place: Sendable, Hashable {
    /// By mount id, which is unique on the machine while the mount is there.
    case mount(UInt64)
    case process(pid: Int32, startTime: UInt64)
  }

  /// How long a worker may be at one place without coming back; and how long nobody goes there after the one who stood
  /// still has come back.
  static let patience: UInt64 = 3_000_000_000
  static let quarantine: UInt64 = 30_000_000_000
  /// How long a worker may be busy otherwise: reading a log, masking.
  static let patienceElsewhere: UInt64 = 10_000_000_000
  /// Most places remembered; the oldest are forgotten.
  private static let maximumPlaces = 1024
  /// Most descriptors that are closed in one visit.
  private static let tidiedAtOnce = 32

  private struct Worker: Sendable {
    /// The stream that it works for.
    var stream: UInt32?
    var place: Place?
    /// Since when it has been at the place; monotonic nanoseconds.
    var since: UInt64 = 0
    /// Since when it has been at work; nil while it waits for some.
    var busySince: UInt64?
    var isStalled = false
  }

  private struct State: Sendable {
    var workers: [Worker]
    /// Until when nobody goes there; `max` while somebody stands still there.
    var closed: [Place: UInt64] = [:]
    /// What is to be closed at a place.
    var left: [Place: [SharedDescriptor]] = [:]

    /// Where there is something to close and nobody is.
    mutating func placeToTidy(at wanted: Place? = nil, now: UInt64) -> Place? {
      for place in left.keys where wanted ?? place == place && !StallWatch.isClosed(place, in: &self, now: now) {
        if !workers.contains(where: { $0.place == place }) { return place }
      }
      return nil
    }
  }

  private let state: Mutex<State>

  /// `workers` is the number of threads that have said `WorkerThread.become`.
  init(workers: Int = 0) {
    state = Mutex(State(workers: [Worker](repeating: Worker(), count: workers)))
  }

  /// Runs one call, or a few, that touch `place`. Fails with ETIMEDOUT at once where it is closed. Nothing else belongs
  /// into `body`: the time counts as the place's.
  func visit<Value: ~Copyable>(
    _ place: Place, _ body: () throws(SystemError) -> Value
  ) throws(SystemError) -> Value {
    try enter(place)
    defer { leave() }
    return try body()
  }

  /// Whether nobody is to go to `place` now.
  func isClosed(_ place: Place) -> Bool {
    state.withLock { Self.isClosed(place, in: &$0, now: Clock.monotonic()) }
  }

  /// Fails with ETIMEDOUT where nobody is to go to `place` now.
  func check(_ place: Place) throws(SystemError) {
    if isClosed(place) { throw Self.closed }
  }

  /// Nobody goes there for a while: it did not answer somebody else, such as the opener.
  func close(_ place: Place) {
    state.withLock { Self.close(place, until: Clock.monotonic() + Self.quarantine, in: &$0) }
  }

  /// A worker takes up a stream's request, and puts it down again.
  func begin(worker: Int, stream: UInt32?) {
    let now = Clock.monotonic()
    state.withLock { $0.workers[worker] = Worker(stream: stream, busySince: now) }
  }

  func end(worker: Int) {
    state.withLock { $0.workers[worker] = Worker() }
  }

  /// The streams whose worker has been found to stand still since the last call; their places are closed from now on.
  func stalledStreams(now: UInt64) -> [UInt32] {
    state.withLock { state in
      var streams: [UInt32] = []
      for index in state.workers.indices {
        let worker = state.workers[index]
        guard !worker.isStalled, let busySince = worker.busySince else { continue }
        if let place = worker.place, now > worker.since + Self.patience {
          Self.close(place, until: .max, in: &state)
        } else if now <= busySince + Self.patienceElsewhere {
          continue
        }
        state.workers[index].isStalled = true
        if let stream = worker.stream { streams.append(stream) }
      }
      return streams
    }
  }

  /// How many workers stand still.
  var stalledWorkers: Int { state.withLock { $0.workers.count { $0.isStalled } } }

  /// Has a descriptor closed by a worker, as soon as its place answers. Does not wait.
  func leaveBehind(_ descriptor: SharedDescriptor, at place: Place) {
    state.withLock { if !$0.workers.isEmpty { $0.left[place, default: []].append(descriptor) } }
  }

  /// Whether a worker could close something now.
  var canTidy: Bool {
    let now = Clock.monotonic()
    return state.withLock { !$0.left.isEmpty && $0.placeToTidy(now: now) != nil }
  }

  /// Whether there is something to close.
  var hasLeft: Bool { state.withLock { !$0.left.isEmpty } }

  /// Closes what was left behind where that is possible now, or at one place. For a worker, in between visits.
  func tidy(at place: Place? = nil) {
    // What is taken is closed by the end of the condition.
    while takeLeft(at: place) != nil { leave() }
  }

  /// Some of what was left at one place, where this worker is from now on.
  private func takeLeft(at wanted: Place?) -> [SharedDescriptor]? {
    let worker = WorkerThread.current
    let now = Clock.monotonic()
    return state.withLock { state in
      guard state.workers.indices.contains(worker), let place = state.placeToTidy(at: wanted, now: now),
        let left = state.left.removeValue(forKey: place)
      else { return nil }
      state.workers[worker].place = place
      state.workers[worker].since = now
      let rest = left.dropFirst(Self.tidiedAtOnce)
      if !rest.isEmpty { state.left[place] = Array(rest) }
      return Array(left.prefix(Self.tidiedAtOnce))
    }
  }

  /// The first half of `visit`; then `leave` is owed.
  func enter(_ place: Place) throws(SystemError) {
    let worker = WorkerThread.current
    var tries = 0
    while true {
      let now = Clock.monotonic()
      let answer: Entrance = state.withLock { state in
        if Self.isClosed(place, in: &state, now: now) { return .closed }
        guard state.workers.indices.contains(worker) else { return .open }
        if state.workers.contains(where: { $0.place == place }) { return .occupied }
        state.workers[worker].place = place
        state.workers[worker].since = now
        return .open
      }
      switch answer {
      case .open: return
      case .closed: throw Self.closed
      case .occupied:
        // A visit takes microseconds; one that takes long ends with the place closed.
        Process.sleep(milliseconds: tries < 32 ? 0 : 1)
        tries += 1
      }
    }
  }

  private enum Entrance { case open, occupied, closed }

  func leave() {
    let worker = WorkerThread.current
    state.withLock { state in
      guard state.workers.indices.contains(worker) else { return }
      if state.workers[worker].isStalled, let place = state.workers[worker].place {
        Self.close(place, until: Clock.monotonic() + Self.quarantine, in: &state)
      }
      state.workers[worker].place = nil
      state.workers[worker].isStalled = false
    }
  }

  private static let closed = SystemError("quarantine", Errno.timedOut)

  private static func isClosed(_ place: Place, in state: inout State, now: UInt64) -> Bool {
    guard let until = state.closed[place] else { return false }
    if until > now { return true }
    state.closed[place] = nil
    return false
  }

  private static func close(_ place: Place, until: UInt64, in state: inout State) {
    if state.closed.count >= maximumPlaces, let oldest = state.closed.min(by: { $0.value < $1.value })?.key {
      state.closed[oldest] = nil
    }
    state.closed[place] = until
  }
}
