internal import Linux
internal import Synchronization

/// A fixed number of threads that take jobs in order. They are started before the filter, which allows no others; a
/// worker that hangs is not replaced.
final class WorkerPool: Sendable {
  typealias Job = @Sendable () -> Void

  private let jobs = Mutex<[Job]>([])
  private let waiting: EventCounter
  private let capacity: Int

  /// Starts the threads, and returns when all of them run: glibc's calls at the start of a thread are behind them, so
  /// that no filter has to allow those.
  init(threads: Int, capacity: Int) throws(SystemError) {
    waiting = try EventCounter(semaphore: true)
    self.capacity = capacity
    let running = try EventCounter(semaphore: true)
    for _ in 0..<threads {
      try Process.startThread(stackKilobytes: 512) { [self] in
        running.signal()
        while true {
          waiting.wait()
          if let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { job() }
        }
      }
    }
    for _ in 0..<threads { running.wait() }
  }

  /// False where too many jobs wait already.
  func submit(_ job: @escaping Job) -> Bool {
    let taken = jobs.withLock {
      guard $0.count < capacity else { return false }
      $0.append(job)
      return true
    }
    if taken { waiting.signal() }
    return taken
  }
}
