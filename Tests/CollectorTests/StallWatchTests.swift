import Foundation
import Linux
import Synchronization
import Testing

@testable import Collector

/// The watch, on threads of its own that really wait.
struct StallWatchTests {
  /// A thread that becomes a worker and stays in a visit until it is let go.
  final class Visitor: Sendable {
    let entered: EventCounter
    let release: EventCounter
    let ended: EventCounter
    private let refused = Atomic<Bool>(false)
    var wasRefused: Bool { refused.load(ordering: .sequentiallyConsistent) }

    init(_ watch: StallWatch, worker: Int, place: StallWatch.Place) throws {
      entered = try EventCounter(semaphore: true)
      release = try EventCounter(semaphore: true)
      ended = try EventCounter(semaphore: true)
      Thread { [self] in
        WorkerThread.become(worker)
        watch.begin(worker: worker, stream: UInt32(worker + 100))
        do throws(SystemError) {
          try watch.visit(place) { () throws(SystemError) in
            entered.signal()
            release.wait()
          }
        } catch {
          refused.store(error.number == Errno.timedOut, ordering: .sequentiallyConsistent)
          entered.signal()
        }
        watch.end(worker: worker)
        ended.signal()
      }.start()
    }
  }

  static func later() -> UInt64 { Clock.monotonic() + StallWatch.patience + 1_000_000_000 }

  @Test func whoStandsStillIsFoundOnceAndThePlaceIsClosed() throws {
    let watch = StallWatch(workers: 2)
    let place = StallWatch.Place.mount(7)
    let visitor = try Visitor(watch, worker: 0, place: place)
    visitor.entered.wait()
    #expect(watch.stalledStreams(now: Clock.monotonic()) == [] && !watch.isClosed(place))
    #expect(watch.stalledStreams(now: Self.later()) == [100])
    #expect(watch.stalledStreams(now: Self.later()) == [] && watch.stalledWorkers == 1)
    #expect(watch.isClosed(place) && !watch.isClosed(.mount(8)) && !watch.isClosed(.process(pid: 7, startTime: 7)))
    #expect(throws: SystemError("quarantine", Errno.timedOut)) { try watch.check(place) }
    #expect(throws: SystemError("quarantine", Errno.timedOut)) { try watch.visit(place) { () throws(SystemError) in } }
    try watch.visit(.mount(8)) { () throws(SystemError) in }
    visitor.release.signal()
    visitor.ended.wait()
    // It came back: nobody is stuck any more, and the place stays closed for a while.
    #expect(watch.stalledWorkers == 0 && watch.isClosed(place))
  }

  @Test func whatIsLeftBehindIsClosedByAWorkerWhereThePlaceAnswers() throws {
    let watch = StallWatch(workers: 2)
    let place = StallWatch.Place.mount(7)
    let visitor = try Visitor(watch, worker: 0, place: place)
    visitor.entered.wait()
    /// The other end of what is left there.
    func leave(at place: StallWatch.Place) throws -> Linux.FileDescriptor {
      let (ours, theirs) = try Sockets.pair(.stream)
      watch.leaveBehind(SharedDescriptor(FileDescriptor(owning: theirs)), at: place)
      return FileDescriptor(owning: ours)
    }
    func isOpen(_ other: borrowing Linux.FileDescriptor) throws -> Bool {
      try Poll.wait([Poll.Interest(other.raw)], timeoutMilliseconds: 0) == nil
    }
    let hung = try leave(at: place)
    let other = try leave(at: .mount(8))
    let tidied = try EventCounter(semaphore: true)
    func tidy() {
      Thread {
        WorkerThread.become(1)
        watch.tidy()
        tidied.signal()
      }.start()
      tidied.wait()
    }
    #expect(try watch.canTidy && watch.hasLeft && isOpen(hung) && isOpen(other))
    tidy()
    #expect(try !watch.canTidy && isOpen(hung) && !isOpen(other))
    visitor.release.signal()
    visitor.ended.wait()
    #expect(watch.canTidy)
    tidy()
    #expect(try !watch.canTidy && !watch.hasLeft && !isOpen(hung))
  }

  /// The second waits outside, and is refused when the first turns out to stand still: it costs one worker.
  @Test func oneAtATime() throws {
    let watch = StallWatch(workers: 3)
    let place = StallWatch.Place.process(pid: 1, startTime: 2)
    let first = try Visitor(watch, worker: 0, place: place)
    first.entered.wait()
    let second = try Visitor(watch, worker: 1, place: place)
    usleep(50_000)
    #expect(watch.stalledStreams(now: Self.later()) == [100])
    second.entered.wait()
    #expect(second.wasRefused)
    #expect(watch.stalledWorkers == 1)
    first.release.signal()
    first.ended.wait()
    second.ended.wait()
    #expect(!first.wasRefused)
  }

  @Test func theSecondEntersWhenTheFirstLeaves() throws {
    let watch = StallWatch(workers: 2)
    let first = try Visitor(watch, worker: 0, place: .mount(1))
    first.entered.wait()
    let second = try Visitor(watch, worker: 1, place: .mount(1))
    first.release.signal()
    second.entered.wait()
    #expect(!second.wasRefused)
    second.release.signal()
    second.ended.wait()
    #expect(!watch.isClosed(.mount(1)))
  }

  @Test func aPlaceIsClosedByHandForAWhile() throws {
    let watch = StallWatch()
    watch.close(.mount(1))
    #expect(watch.isClosed(.mount(1)))
    // Many places do not grow without bound, and the newest are kept.
    for id in 0..<5000 { watch.close(.mount(UInt64(id))) }
    #expect(watch.isClosed(.mount(4999)) && !watch.isClosed(.mount(0)))
  }

  @Test func aWorkerBusyElsewhereIsFoundLater() throws {
    let watch = StallWatch(workers: 1)
    watch.begin(worker: 0, stream: 5)
    #expect(watch.stalledStreams(now: Self.later()) == [])
    #expect(watch.stalledStreams(now: Clock.monotonic() + StallWatch.patienceElsewhere + 1_000_000_000) == [5])
    watch.end(worker: 0)
    #expect(watch.stalledWorkers == 0)
  }

  /// All workers stand still: the reserve takes what waits, and says so to the job.
  @Test func theReserve() throws {
    let pool = try WorkerPool(threads: 2, capacity: 8)
    let release = try EventCounter(semaphore: true)
    let entered = try EventCounter(semaphore: true)
    for place in 0..<2 {
      let taken = pool.submit(stream: UInt32(place)) { isReserve in
        try? pool.stalls.visit(.mount(UInt64(place))) { () throws(SystemError) in
          entered.signal()
          release.wait()
        }
      }
      #expect(taken)
    }
    for _ in 0..<2 { entered.wait() }
    let answers = Mutex<[Bool]>([])
    let answered = try EventCounter(semaphore: true)
    func ask() {
      _ = pool.submit(stream: nil) { isReserve in
        answers.withLock { $0.append(isReserve) }
        answered.signal()
      }
    }
    ask()
    usleep(50_000)
    #expect(answers.withLock { $0 } == [], "nobody is known to stand still yet")
    #expect(pool.stalls.stalledStreams(now: Self.later()).sorted() == [0, 1])
    #expect(pool.isStuck)
    pool.rescue()
    answered.wait()
    ask()
    answered.wait()
    #expect(answers.withLock { $0 } == [true, true])
    for _ in 0..<2 { release.signal() }
    while pool.isStuck { usleep(1000) }
    ask()
    answered.wait()
    #expect(answers.withLock { $0 } == [true, true, false])
  }
}
