internal import API
internal import Budgets
internal import Grants
internal import Linux
internal import Masking
internal import ProcFS
internal import StrictJSON
internal import Synchronization
internal import Tokens

/// One followed log. The main loop ticks it now and then on a worker; it reads what is new, as far as the client takes
/// it: the file itself is the buffer for a slow one, up to a limit from which on lines are left out. `end` is always its
/// last record.
final class LogFollow: Sendable {
  /// How much of a log goes through one follow.
  struct Limits: Sendable {
    /// Bytes read in a second, and at once.
    var perSecond: Int64 = 1 << 20
    var burst: Int64 = 4 << 20
    /// Bytes that a follow may fall behind while it runs, and those it goes on with when it did.
    var lag: UInt64 = 16 << 20
    var kept: UInt64 = 1 << 20
  }

  private struct State: Sendable {
    var log: FollowedLog
    /// The file whose lines are cut.
    var file: FileStatus
    var cutter: LineCutter
    /// For what comes late to the file before.
    var lateCutter: LineCutter?
    var masker: Masker
    var maskerGeneration: UInt64
    var pace: FollowPace
    var isThrottled = false
    /// How far behind it may be: as far as when it began, and some more; known after the first tick.
    var lagLimit: UInt64?
    var lastRecord: UInt64
    var backlog: [LogRecord]
    var ended = false
    /// Lines were written that may not be found again by counting: the filter sees what is shown, and what is known to be
    /// a secret grows.
    var owesCursor = false
  }

  /// What ends a follow, as the `end` record says it.
  enum Ending: String, Sendable {
    case tokenExpired = "token_expired"
    case sessionEnded = "session_ended"
    case followLimit = "follow_limit"
    case budget = "budget_exhausted"
    case shutdown, unreadable, gone
  }

  private let sourceKey: String
  private let target: Target
  private let cursorKey: [UInt8]
  private let session: String
  private let filter: TextFilter?
  private let limits: Limits
  private let makeMasker: @Sendable (Taint) -> Masker
  private let state: Mutex<State>
  /// Presence tokens so far, by kind. Apart from `state`, which a worker holds who may stand still at the file.
  private let masked: Mutex<[String: Int]>
  /// Set while a tick is on its way to or in a worker.
  let isBusy = Mutex(false)
  /// Seconds since 1970, and monotonic nanoseconds.
  private let credentialsEnd: Int64
  private let credentialsEnding: Ending
  private let followEnds: UInt64

  private static let heartbeat: UInt64 = 15_000_000_000
  private static let defaultSeconds: Int64 = 900
  /// Longest time, and most bytes of records, of one tick.
  private static let tickTime: UInt64 = 100_000_000
  private static let tickBytes = ResponseStream.highWater
  /// Most bytes whose lines are counted when they are left out, and in which the beginning of a line is looked for.
  private static let countedBytes: UInt64 = 64 << 20
  private static let searchedBytes: UInt64 = 1 << 20

  /// Where a follow begins.
  enum Beginning {
    /// After the last lines.
    case tail(LogTailReader.Tail, files: [OpenedLog])
    /// Where a cursor was sealed; `reset` says why it is not that place.
    case place(UInt64, reset: String?)
  }

  init(
    _ opened: OpenedLog, place: LogPlace, from beginning: Beginning, filter: TextFilter?, request: Request,
    target: Target, sourceKey: String, cursorKey: [UInt8], limits: Limits
  ) throws(Refusal) {
    self.sourceKey = sourceKey
    self.target = target
    self.cursorKey = cursorKey
    self.filter = filter
    self.limits = limits
    session = request.token.session
    makeMasker = request.masker
    masked = Mutex(request.masked)
    let now = Clock.monotonic()
    let seconds = UInt64(max(0, request.followSeconds ?? Self.defaultSeconds))
    followEnds = now + min(seconds, 86400) * 1_000_000_000
    credentialsEnd = request.credentialsEnd
    // A person's session lasts as long as its certificate.
    credentialsEnding = request.credentialsEnd < request.token.expires ? .sessionEnded : .tokenExpired
    let known = try target.known()
    let masker = request.masker(known.taint)
    let name = TargetText(bytes: masker.text(opened.name).rendered())
    do throws(SystemError) {
      let offset: UInt64
      switch beginning {
      case .tail(let tail, _): offset = tail.end
      case .place(let place, _): offset = place
      }
      let log = try FollowedLog(opened, offset: offset, place: place, now: now)
      let cutter = try LineCutter.before(offset, in: opened, masker: masker, values: known.values)
      state = Mutex(
        State(
          log: log, file: opened.status, cutter: cutter, masker: masker, maskerGeneration: known.generation,
          pace: FollowPace(perSecond: limits.perSecond, burst: limits.burst, now: now), lastRecord: now,
          backlog: []))
    } catch {
      throw Refusal(process: .init(error))
    }
    var backlog = [LogRecord(.open, of: name)]
    switch beginning {
    case .tail(let tail, let files):
      // An unfinished last line is held back until its newline comes.
      let complete = tail.lines.filter { !$0.isUnfinished }
      if let first = complete.first {
        backlog[0].cursor = try seal(first.line.start, in: files[first.file])
      } else {
        backlog[0].cursor = try seal(tail.end, in: opened)
      }
      backlog += complete.map { LogRecord(line: $0.line.line) }
    case .place(let place, let reset):
      backlog[0].cursor = try seal(place, in: opened)
      if let reset {
        var record = LogRecord(.reset)
        record.reason = reset
        record.cursor = backlog[0].cursor
        backlog.append(record)
      }
    }
    let first = backlog
    let isCounted = filter == nil || first.count == 1
    state.withLock {
      $0.backlog = first
      $0.owesCursor = !isCounted
    }
  }

  var maskedCounts: [String: Int] { masked.withLock { $0 } }

  /// Looks for news and hands it to `emit` as NDJSON; true with the last of it. `charge` takes the bytes that were read
  /// and says whether the budget had them. Where the client has no room nothing is read, and only the end is said.
  /// Blocks on the file system; runs on a worker.
  func tick(
    asked ending: Ending?, hasRoom: Bool = true, charge: (Int64) -> Bool, emit: ([UInt8]) -> Void
  ) -> Bool {
    state.withLock { state in
      guard !state.ended else { return true }
      var out = JSONLines()
      let now = Clock.monotonic()
      // Also where nothing can be written: else each of many slow follows would keep another generation.
      let last = target.lastKnown()
      if last.generation > state.maskerGeneration { take(last, &state) }
      var ending = ending
      if ending == nil, Clock.now().seconds >= credentialsEnd { ending = credentialsEnding }
      if ending == nil, now >= followEnds { ending = .followLimit }
      // Before the end all of it: its cursor stands behind these lines.
      if hasRoom || ending != nil { writeBacklog(&state, to: &out, atMost: ending == nil ? Self.tickBytes : .max) }
      if ending == nil, hasRoom, state.backlog.isEmpty {
        ending = advance(&state, now: now, charge: charge, to: &out)
      }
      if !out.isEmpty { state.lastRecord = now }
      let isSilent = hasRoom && Clock.elapsed(from: state.lastRecord, to: now) >= Self.heartbeat
      if ending == nil, isSilent || state.owesCursor && state.backlog.isEmpty {
        state.lastRecord = now
        state.owesCursor = false
        var heartbeat = LogRecord(.heartbeat)
        heartbeat.time = Clock.now().rfc3339(.milliseconds)
        write(heartbeat, to: &out, &state)
      }
      if let ending {
        state.ended = true
        var end = LogRecord(.end)
        end.reason = ending.rawValue
        write(end, to: &out, &state)
      }
      if !out.isEmpty { emit(out.bytes) }
      return state.ended
    }
  }

  private func writeBacklog(_ state: inout State, to out: inout JSONLines, atMost most: Int) {
    var written = 0
    while written < state.backlog.count, out.bytes.count < most {
      out.append(state.backlog[written])
      written += 1
    }
    if written > 0 { state.backlog.removeFirst(written) }
  }

  /// Reads until nothing is new, the pace is reached, or the tick is over.
  private func advance(
    _ state: inout State, now: UInt64, charge: (Int64) -> Bool, to out: inout JSONLines
  ) -> Ending? {
    do throws(SystemError) {
      while out.bytes.count < Self.tickBytes {
        // A log that is cut again and again has all its older parts opened each time.
        state.log.opened.tidy()
        let time = Clock.monotonic()
        guard Clock.elapsed(from: now, to: time) < Self.tickTime else { break }
        guard state.pace.allowance(now: time) > 0 else {
          if !state.isThrottled, try state.log.lag > 0 {
            state.isThrottled = true
            var record = LogRecord(.throttled)
            record.reason = "rate"
            write(record, to: &out, &state)
          }
          break
        }
        guard let event = try state.log.next(now: time) else {
          state.isThrottled = false
          break
        }
        if let ending = take(event, &state, charge: charge, to: &out) { return ending }
      }
      // Only now: what follows a hole, and all files, are known.
      try leaveOut(&state, to: &out)
      return nil
    } catch {
      return .unreadable
    }
  }

  private func take(
    _ event: FollowedLog.Event, _ state: inout State, charge: (Int64) -> Bool, to out: inout JSONLines
  ) -> Ending? {
    switch event {
    case .bytes(let bytes), .late(let bytes):
      state.pace.take(Int64(bytes.count))
      guard charge(Int64(bytes.count)) else {
        var record = LogRecord(.throttled)
        record.reason = "budget"
        write(record, to: &out, &state)
        return .budget
      }
      // Before anything new is shown: a process that has just started may have written it.
      guard refreshMasker(&state) else { return .unreadable }
      if case .late = event {
        var cutter = state.lateCutter ?? lateCutter(values: state.cutter.values)
        cut(&state, to: &out, isLate: true) { cutter.lines(bytes[...], masker: $0, $1) }
        state.lateCutter = cutter
      } else {
        var cutter = state.cutter
        state.cutter = LineCutter()
        cut(&state, to: &out) { cutter.lines(bytes[...], masker: $0, $1) }
        state.cutter = cutter
      }
    case .hole(let count): state.cutter.skip(count)
    case .rotated:
      // The new file's name is text of the target, too.
      guard goOn(&state, to: &out) else { return .unreadable }
      var record = LogRecord(.rotated, of: TargetText(bytes: state.masker.text(state.log.opened.name).rendered()))
      record.reason = "replaced"
      write(record, to: &out, &state)
    case .reset(let reason):
      guard goOn(&state, to: &out) else { return .unreadable }
      var record = LogRecord(.reset)
      record.reason = reason
      write(record, to: &out, &state)
    case .gone: return .gone
    }
    return nil
  }

  /// For a file of which nobody knows where in a line it was left.
  private func lateCutter(values: KnownValues) -> LineCutter {
    var cutter = LineCutter()
    cutter.values = values
    cutter.beginInsideLine()
    return cutter
  }

  /// Ends the present file's last line. The cutter keeps what it knows of blocks of several lines, which may go on in the
  /// next file. False where it cannot be known what may not show.
  private func goOn(_ state: inout State, to out: inout JSONLines) -> Bool {
    let isKnown = refreshMasker(&state)
    let isInside = state.cutter.hasUnfinished
    finishPending(&state, to: &out)
    if !state.log.opened.isSame(as: state.file) {
      // What is written to the old file from now on is the rest of a line, or a new one.
      state.lateCutter = state.cutter
      if isInside { state.lateCutter?.beginInsideLine() }
      state.file = state.log.opened.status
    }
    state.cutter.move(to: state.log.offset)
    return isKnown
  }

  private func refreshMasker(_ state: inout State) -> Bool {
    do throws(Refusal) {
      take(try target.known(), &state)
      return true
    } catch {
      return false
    }
  }

  private func take(_ known: TaintSurvey.Known, _ state: inout State) {
    guard known.generation != state.maskerGeneration else { return }
    state.masker = makeMasker(known.taint)
    state.cutter.values = known.values
    state.lateCutter?.values = known.values
    state.maskerGeneration = known.generation
  }

  /// Where a client takes less than the log grows, the part between is left out and said to be.
  private func leaveOut(_ state: inout State, to out: inout JSONLines) throws(SystemError) {
    let lag = try state.log.lag
    guard let lagLimit = state.lagLimit else {
      state.lagLimit = lag.addingClamped(limits.lag)
      return
    }
    guard lag > lagLimit else { return }
    state.lagLimit = limits.lag
    let size = try state.log.opened.statusNow().size
    let kept = state.log.hasMore ? 0 : limits.kept
    guard size > kept, size - kept > state.log.offset else { return }
    let start = state.cutter.lineStart
    let place = try lineStart(from: size - kept, in: state.log.opened, before: size)
    var record = LogRecord(.dropped)
    record.bytes = Int64(clamping: place - start)
    record.lines = try lines(from: state.log.offset, to: place, in: state.log.opened)
    record.reason = "slow"
    try state.log.jump(to: place)
    state.cutter = try LineCutter.before(
      place, in: state.log.opened, masker: state.masker, values: state.cutter.values)
    write(record, to: &out, &state)
  }

  /// The first beginning of a line at or after a place, not too far from it.
  private func lineStart(from place: UInt64, in opened: OpenedLog, before end: UInt64) throws(SystemError) -> UInt64 {
    var offset = place
    while offset < min(end, place + Self.searchedBytes) {
      var bytes: [UInt8] = []
      let got = try opened.read(into: &bytes, count: FollowedLog.chunk, at: Int64(offset))
      if got == 0 { break }
      if let newline = bytes.firstIndex(of: 0x0A) { return offset + UInt64(newline) + 1 }
      offset += UInt64(got)
    }
    return place
  }

  /// How many lines end there; nil where it is too much to count.
  private func lines(from start: UInt64, to end: UInt64, in opened: OpenedLog) throws(SystemError) -> Int64? {
    guard end - start <= Self.countedBytes else { return nil }
    var count: Int64 = 0
    var offset = start
    while offset < end {
      var bytes: [UInt8] = []
      let wanted = Int(min(UInt64(FollowedLog.chunk), end - offset))
      let got = try opened.read(into: &bytes, count: wanted, at: Int64(offset))
      if got == 0 { break }
      count += Int64(bytes.count { $0 == 0x0A })
      offset += UInt64(got)
    }
    return count
  }

  private func finishPending(_ state: inout State, to out: inout JSONLines) {
    guard state.cutter.hasUnfinished else { return }
    var cutter = state.cutter
    cut(&state, to: &out) { cutter.finishUnfinished(masker: $0, $1) }
    state.cutter = cutter
  }

  /// Writes the lines that `body` makes, and says which holes are between them.
  private func cut(
    _ state: inout State, to out: inout JSONLines, isLate: Bool = false,
    _ body: (Masker, (LineCutter.Piece) -> Void) -> Void
  ) {
    var counts: [String: Int] = [:]
    var records: [LogRecord] = []
    body(state.masker) { piece in
      switch piece {
      case .line(let line):
        guard filter?.matches(line.shown) ?? true else { return }
        records.append(LogRecord(line: line.line, isLate: isLate))
        for case .masked(let token) in line.text.segments { counts[token.kind.rawValue, default: 0] += 1 }
      case .hole(let bytes):
        var record = LogRecord(.hole)
        record.bytes = Int64(clamping: bytes)
        records.append(record)
      }
    }
    let new = counts
    masked.withLock { $0.merge(new, uniquingKeysWith: +) }
    if filter != nil, !records.isEmpty { state.owesCursor = true }
    for record in records { out.append(record) }
  }

  /// Every record but a line and a hole carries the cursor behind it; a client that counts lines needs no more.
  private func write(_ record: LogRecord, to out: inout JSONLines, _ state: inout State) {
    var record = record
    if record.cursor == nil {
      do throws(Refusal) {
        record.cursor = try seal(state.cutter.lineStart, in: state.log.opened)
      } catch {
        record.cursor = nil
      }
    }
    out.append(record)
  }

  private func seal(_ offset: UInt64, in opened: OpenedLog) throws(Refusal) -> String {
    let before: [UInt8]
    do throws(SystemError) {
      before = try FollowedLog.bytes(before: offset, in: opened)
    } catch {
      throw Refusal(process: .init(error))
    }
    return try LogCursor(file: opened.status, offset: offset, mark: LogCursor.mark(of: before, key: cursorKey)).sealed(
      key: cursorKey, source: sourceKey, session: session)
  }
}

/// Records as lines of JSON.
private struct JSONLines {
  var bytes: [UInt8] = []
  var isEmpty: Bool { bytes.isEmpty }
  mutating func append(_ record: LogRecord) {
    var writer = JSONWriter()
    record.write(to: &writer)
    bytes += writer.bytes
    bytes.append(0x0A)
  }
}
