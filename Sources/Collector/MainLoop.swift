internal import API
internal import LibCrypto
internal import Linux
internal import Privsep
internal import Synchronization

/// The collector's main thread: moves frames, hands requests to the workers, ticks the follows, and gives up what takes
/// too long. It touches neither the target nor the token.
final class MainLoop {
  private struct Entry {
    var stream: ResponseStream
    /// Monotonic nanoseconds: when an answer must have begun.
    var deadline: UInt64
    /// What the worker left; nil until it has finished.
    var record: ExchangeRecord?
    var workerFinished = false
    var answerEnded = false
    /// Given up by us or by the client.
    var complete = true
    var reason: String?
  }

  private struct Finished: Sendable {
    var stream: UInt32
    var record: ExchangeRecord?
  }

  private let endpoint: FileDescriptor
  private let opener: OpenerClient
  private let pool: WorkerPool
  private let log: Log
  private let makeService: (RoleStatus) throws(Collector.Failure) -> RequestService
  private var service: RequestService?
  private let wake: EventCounter
  private let finished = FinishedList()
  private var decoder = FrameDecoder(from: .endpoint)
  private var outbound: [UInt8] = []
  private var outboundSent = 0
  private var callers: [UInt32: Caller] = [:]
  private var entries: [UInt32: Entry] = [:]
  /// Until when answers may go on, once the agent has been asked to end; monotonic nanoseconds.
  private var endsAt: UInt64?
  private var lastTick: UInt64 = 0

  private static let answerTime: UInt64 = 10_000_000_000
  private static let stallTime: UInt64 = 30_000_000_000
  /// A second less than the opener waits, so that what is given up is recorded.
  private static let endingTime: UInt64 = 4_000_000_000
  private static let tick: UInt64 = 250_000_000
  private static let outboundLimit = 262_144
  private static let maximumStreams = 256
  private static let maximumConnections = 4096

  private final class FinishedList: Sendable {
    let items = Mutex<[Finished]>([])
  }

  init(
    endpoint: consuming FileDescriptor, opener: OpenerClient, pool: WorkerPool, wake: EventCounter, log: Log,
    makeService: @escaping (RoleStatus) throws(Collector.Failure) -> RequestService
  ) {
    self.endpoint = endpoint
    self.opener = opener
    self.pool = pool
    self.log = log
    self.makeService = makeService
    self.wake = wake
  }

  /// Returns when the endpoint has gone; throws where it sent what it may not.
  func run() throws(Collector.Failure) {
    defer { recordEnds() }
    while true {
      // This thread may have been the last that had a file.
      pool.tidy()
      let ready: [Poll.Ready]?
      do throws(SystemError) {
        ready = try Poll.wait(
          [
            Poll.Interest(endpoint.raw, read: true, write: outboundSent < outbound.count),
            Poll.Interest(wake.raw), Poll.Interest(opener.raw, read: false),
          ], timeoutMilliseconds: timeout)
      } catch {
        throw Collector.Failure("main loop: \(error)")
      }
      if let ready {
        if ready[2].closed { return }
        if ready[1].read { wake.wait() }
        if ready[0].read || ready[0].closed, try !receive() { return }
      }
      collectFinished()
      giveUpStalled()
      tickFollows()
      giveUpLate()
      do throws(SystemError) { try send() } catch {
        if error.number == Errno.brokenPipe { return }
        throw Collector.Failure("endpoint: \(error)")
      }
    }
  }

  /// No timer runs while nobody asks for anything and nothing is to be closed.
  private var timeout: Int32 {
    guard entries.isEmpty else { return 250 }
    return pool.isIdle && !pool.stalls.hasLeft ? -1 : 1000
  }

  // MARK: Frames from the endpoint

  /// False at the end of the connection.
  private func receive() throws(Collector.Failure) -> Bool {
    var bytes: [UInt8] = []
    do throws(SystemError) {
      if try endpoint.read(into: &bytes, count: 65536) == 0 { return false }
    } catch {
      if error.number == Errno.again { return true }
      throw Collector.Failure("endpoint: \(error)")
    }
    decoder.append(bytes)
    do throws(FrameError) {
      while let frame = try decoder.next() { try handle(frame) }
      return true
    } catch {
      throw Collector.Failure("endpoint: \(error)")
    }
  }

  private func handle(_ frame: Frame) throws(FrameError) {
    switch frame.kind {
    case .hello: try greet(RoleStatus(frame.payload))
    case .connection:
      guard callers.count < Self.maximumConnections, callers[frame.stream] == nil else {
        throw .invalidField("connection")
      }
      let message = try PeerMessage(frame.payload)
      do throws(LibCrypto.Failure) {
        callers[frame.stream] = try Caller(message)
      } catch {
        log.write(.error, error.description)
      }
    case .disconnection: callers[frame.stream] = nil
    case .request:
      let message = try RequestMessage(frame.payload)
      start(.request(message), connection: message.connection, stream: frame.stream)
    case .rejected:
      let message = try RejectedMessage(frame.payload)
      start(.rejected(message.reason), connection: message.connection, stream: frame.stream)
    case .credit: entries[frame.stream]?.stream.giveCredit(Int(try CreditMessage(frame.payload).bytes))
    case .cancel: clientWent(frame.stream)
    case .log:
      let message = try LogMessage(frame.payload)
      let level: Log.Level =
        switch message.level {
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
      log.write(level, "endpoint: " + message.text)
    case .shutdown:
      endsAt = Clock.monotonic() + Self.endingTime
      lastTick = 0
    case .ready, .head, .body, .end, .abort: throw .wrongDirection(kind: "\(frame.kind)")
    }
  }

  /// Once: a second one would begin anew with empty budgets.
  private func greet(_ status: RoleStatus) throws(FrameError) {
    guard service == nil else { throw .invalidField("hello") }
    do throws(Collector.Failure) {
      service = try makeService(status)
    } catch {
      log.write(.error, error.description)
      throw .invalidField("confinement")
    }
    outbound += Frame(.ready).encoded
    log.write(.info, "ready")
  }

  private func start(_ work: RequestService.Work, connection: UInt32, stream id: UInt32) {
    let now = Clock.monotonic()
    let stream = ResponseStream(id: id, connection: connection, started: now, wake: wake)
    let isKnown = entries[id] != nil
    guard let service, !isKnown, entries.count < Self.maximumStreams else {
      outbound += Frame(.abort, stream: id).encoded
      return
    }
    entries[id] = Entry(stream: stream, deadline: now + Self.answerTime)
    let caller = callers[connection]
    let finished = finished
    let wake = wake
    let taken = pool.submit(stream: id) { isReserve in
      let record = service.handle(work, caller: caller, stream: stream, isReserve: isReserve)
      finished.items.withLock { $0.append(Finished(stream: id, record: record)) }
      wake.signal()
    }
    if !taken {
      entries[id]?.workerFinished = true
      _ = service.turnAway(.overloaded, retryAfter: 1, log: "too many requests wait for a worker", caller, stream)
    }
  }

  // MARK: Answers

  private func collectFinished() {
    for item in finished.items.withLock({ items in
      defer { items = [] }
      return items
    }) {
      entries[item.stream]?.workerFinished = true
      entries[item.stream]?.record = item.record
      closeIfDone(item.stream)
    }
  }

  private func tickFollows() {
    let now = Clock.monotonic()
    guard Clock.elapsed(from: lastTick, to: now) >= Self.tick, let service else { return }
    lastTick = now
    let ending: LogFollow.Ending? = endsAt != nil ? .shutdown : nil
    for entry in entries.values {
      guard let record = entry.record, let follow = record.follow, !entry.answerEnded else { continue }
      // A client that takes nothing is told of the end all the same, and holds nothing longer than it may.
      let hasRoom = entry.stream.hasRoom
      let isFree = follow.isBusy.withLock { busy in
        defer { busy = true }
        return !busy
      }
      guard isFree else { continue }
      let stream = entry.stream
      let taken = pool.submit(stream: stream.id) { isReserve in
        if !isReserve, service.tick(record, stream: stream, ending: ending, hasRoom: hasRoom) {
          stream.append([], finished: true)
        }
        follow.isBusy.withLock { $0 = false }
      }
      if !taken { follow.isBusy.withLock { $0 = false } }
    }
  }

  /// Answers for the workers that stand still. Nobody else is sent to the same place for a while.
  private func giveUpStalled() {
    for id in pool.stalls.stalledStreams(now: Clock.monotonic()) {
      guard let entry = entries[id], !entry.answerEnded else { continue }
      if entry.stream.isBegun {
        giveUp(id, reason: ProblemCode.targetUnresponsive.rawValue, tellEndpoint: true)
      } else {
        turnAway(id, entry, log: "a worker stands still at the target")
      }
    }
    if pool.isStuck { pool.rescue() }
  }

  private func turnAway(_ id: UInt32, _ entry: Entry, log text: String) {
    let caller = callers[entry.stream.connection]
    guard
      let service,
      service.turnAway(.targetUnresponsive, retryAfter: 10, log: text, caller, entry.stream)
    else { return }
    entries[id]?.complete = false
    entries[id]?.reason = ProblemCode.targetUnresponsive.rawValue
  }

  private func giveUpLate() {
    let now = Clock.monotonic()
    let isOver = endsAt.map { now > $0 } ?? false
    for (id, entry) in entries where !entry.answerEnded {
      if isOver {
        giveUp(id, reason: "the agent was asked to end", tellEndpoint: true)
      } else if !entry.stream.isBegun, now > entry.deadline {
        turnAway(id, entry, log: "no worker has answered in time")
      } else if let since = entry.stream.stalledSince, Clock.elapsed(from: since, to: now) > Self.stallTime {
        giveUp(id, reason: "the client took nothing for 30 seconds", tellEndpoint: true)
      }
    }
  }

  /// A client that knows the answer's length goes as soon as it has it, which may be before the endpoint hears of the end.
  private func clientWent(_ id: UInt32) {
    guard let entry = entries[id], !entry.answerEnded else { return }
    guard entry.stream.isWhollyTaken else {
      return giveUp(id, reason: "the client went away", tellEndpoint: false)
    }
    entries[id]?.answerEnded = true
    closeIfDone(id)
  }

  private func giveUp(_ id: UInt32, reason: String, tellEndpoint: Bool) {
    guard let entry = entries[id], !entry.answerEnded else { return }
    entry.stream.cancel()
    if tellEndpoint { outbound += Frame(.abort, stream: id).encoded }
    entries[id]?.complete = false
    entries[id]?.reason = reason
    entries[id]?.answerEnded = true
    closeIfDone(id)
  }

  /// Of what is under way when another of the three processes has ended, or has to.
  private func recordEnds() {
    collectFinished()
    guard let service else { return }
    for entry in entries.values {
      guard let record = entry.record else { continue }
      service.completed(
        record, bytes: entry.stream.bodyBytes, complete: false, reason: entry.reason ?? "the agent has ended")
    }
  }

  /// Once the answer has ended and its worker has finished, its end is recorded.
  private func closeIfDone(_ id: UInt32) {
    guard let entry = entries[id], entry.answerEnded, entry.workerFinished else { return }
    entries[id] = nil
    guard let record = entry.record, let service else { return }
    let bytes = entry.stream.bodyBytes
    let complete = entry.complete
    let reason = entry.reason
    // Recorded here where no worker is free: an end that is not recorded would hold its place in the budget for ever.
    let job: WorkerPool.Job = { _ in
      service.completed(record, bytes: bytes, complete: complete, reason: reason)
    }
    // So it is at the end, which does not wait for workers.
    if endsAt != nil || !pool.submit(stream: nil, job) { job(false) }
  }

  private func send() throws(SystemError) {
    let now = Clock.monotonic()
    for (id, entry) in entries where !entry.answerEnded {
      guard outbound.count - outboundSent < Self.outboundLimit else { break }
      let (frames, progress) = entry.stream.frames(now: now)
      for frame in frames { outbound += frame.encoded }
      if case .ended = progress {
        entries[id]?.answerEnded = true
        closeIfDone(id)
      }
    }
    do throws(SystemError) {
      outboundSent += try endpoint.write(outbound[outboundSent...])
    } catch {
      if error.number != Errno.again { throw error }
    }
    if outboundSent == outbound.count {
      outbound = []
      outboundSent = 0
    }
  }
}
