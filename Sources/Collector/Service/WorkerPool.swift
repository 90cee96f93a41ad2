internal import Linux
internal import Synchronization

/// A fixed number of threads that take jobs in order, and one in reserve. They are started before the filter, which
/// allows no others; a worker that hangs is not replaced. When all of them do, the reserve still answers, but must not
/// touch the target itself.
final class WorkerPool: Sendable {
  /// `isReserve` where the job must not touch the target.
  typealias Job = @Sendable (_ isReserve: Bool) -> Void

  private struct Waiting: Sendable {
    var job: Job
    var stream: UInt32?
  }

  private let jobs = Mutex<[Waiting]>([])
  /// Jobs that wait or are under way.
  private let unfinished = Atomic<Int>(0)
  private let waiting: EventCounter
  private let rescued: EventCounter
  private let threads: Int
  private let capacity: Int
  let stalls: StallWatch

  /// Starts the threads, and returns when all of them run: glibc's calls at the start of a thread are behind them, so
  /// that no filter has to allow those.
  init(threads: Int, capacity: Int) throws(SystemError) {
    waiting = try EventCounter(semaphore: true)
    rescued = try EventCounter(semaphore: true)
    self.threads = threads
    self.capacity = capacity
    stalls = StallWatch(workers: threads + 1)
    let running = try EventCounter(semaphore: true)
    for worker in 0...threads {
      let isReserve = worker == threads
      try Process.startThread(stackKilobytes: 512) { [self] in
        WorkerThread.become(worker)
        running.signal()
        while true {
          (isReserve ? rescued : waiting).wait()
          guard runNext(worker: worker, isReserve: isReserve) else { continue }
          if !isReserve { stalls.tidy() }
          stalls.end(worker: worker)
          unfinished.subtract(1, ordering: .sequentiallyConsistent)
        }
      }
    }
    for _ in 0...threads { running.wait() }
  }

  /// False where there is none. What the job holds has gone when this returns.
  private func runNext(worker: Int, isReserve: Bool) -> Bool {
    guard let next = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return false }
    stalls.begin(worker: worker, stream: next.stream)
    next.job(isReserve)
    stalls.begin(worker: worker, stream: nil)
    return true
  }

  /// Nobody has a job, or anything that one held.
  var isIdle: Bool { unfinished.load(ordering: .sequentiallyConsistent) == 0 }

  /// Whether no worker but the reserve can be expected to take a job.
  var isStuck: Bool { stalls.stalledWorkers >= threads }

  /// False where too many jobs wait already.
  func submit(stream: UInt32?, _ job: @escaping Job) -> Bool {
    let taken = jobs.withLock {
      guard $0.count < capacity else { return false }
      $0.append(Waiting(job: job, stream: stream))
      return true
    }
    if taken {
      unfinished.add(1, ordering: .sequentiallyConsistent)
      (isStuck ? rescued : waiting).signal()
    }
    return taken
  }

  /// Has a worker close what can be closed, unless one comes by anyhow.
  func tidy() {
    guard stalls.canTidy, jobs.withLock({ $0.isEmpty }) else { return }
    _ = submit(stream: nil) { _ in }
  }

  /// Gives what waits for a worker to the reserve. Call while the pool is stuck.
  func rescue() {
    for _ in 0..<jobs.withLock({ $0.count }) { rescued.signal() }
  }
}
