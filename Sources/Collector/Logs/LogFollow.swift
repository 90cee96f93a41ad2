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
/// it: the file itself is the buffer for a slow one. `end` is always its last record.
final class LogFollow: Sendable {
  private struct State: Sendable {
    var opened: LogFiles.OpenedLog
    var offset: UInt64
    var cutter: LineCutter
    var masker: Masker
    var values: [[UInt8]]
    var maskerGeneration: UInt64
    var lastRecord: UInt64
    var lastLook: UInt64
    /// Another file has this name now; the old one is read to its end first.
    var successor: LogFiles.OpenedLog?
    var rotatedAt: UInt64?
    var backlog: [LogRecord]
    var ended = false
    var masked: [String: Int] = [:]
  }

  /// What ends a follow, as the `end` record says it.
  enum Ending: String, Sendable {
    case tokenExpired = "token_expired"
    case followLimit = "follow_limit"
    case budget = "budget_exhausted"
    case shutdown, unreadable, gone
  }

  private let source: Configuration.LogSource
  private let files: LogFiles
  private let target: Target
  private let cursorKey: [UInt8]
  private let session: String
  private let makeMasker: @Sendable (Taint) -> Masker
  private let state: Mutex<State>
  /// Set while a tick is on its way to or in a worker.
  let isBusy = Mutex(false)
  /// Seconds since 1970, and monotonic nanoseconds.
  let credentialsEnd: Int64
  let followEnds: UInt64

  private static let chunk = 65536
  private static let heartbeat: UInt64 = 15_000_000_000
  private static let look: UInt64 = 1_000_000_000
  private static let rotationTime: UInt64 = 5_000_000_000
  private static let defaultSeconds: Int64 = 900

  private init(
    source: Configuration.LogSource, opened: LogFiles.OpenedLog, files: LogFiles, request: Request, target: Target,
    cursorKey: [UInt8], offset: UInt64, backlog: [LogRecord]
  ) throws(Refusal) {
    self.source = source
    self.files = files
    self.target = target
    self.cursorKey = cursorKey
    session = request.token.session
    makeMasker = request.masker
    let now = Clock.monotonic()
    let seconds = UInt64(max(0, request.followSeconds ?? Self.defaultSeconds))
    followEnds = now + min(seconds, 86400) * 1_000_000_000
    credentialsEnd = request.credentialsEnd
    let known = try target.known()
    let masker = request.masker(known.taint)
    let cutter: LineCutter
    do throws(SystemError) {
      cutter = try LogTailReader(file: opened.file, masker: masker).cutter(before: offset)
    } catch {
      throw Refusal(process: .init(error))
    }
    state = Mutex(
      State(
        opened: opened, offset: offset, cutter: cutter, masker: masker, values: known.values,
        maskerGeneration: known.generation,
        lastRecord: now, lastLook: now,
        backlog: backlog))
  }

  /// After the last lines of a file.
  convenience init(
    source: Configuration.LogSource, opened: LogFiles.OpenedLog, files: LogFiles, request: Request, target: Target,
    cursorKey: [UInt8], after tail: LogTailReader.Tail
  ) throws(Refusal) {
    var open = LogRecord(.open)
    open.cursor = try LogCursor(file: opened.status, offset: tail.start).sealed(
      key: cursorKey, source: "\(source.container)/\(source.name)", session: request.token.session)
    var backlog = [open]
    // An unfinished last line is held back until its newline comes.
    let complete = tail.unfinished > 0 ? tail.lines.dropLast() : tail.lines[...]
    backlog += complete.map { LogRecord(line: $0) }
    try self.init(
      source: source, opened: opened, files: files, request: request, target: target, cursorKey: cursorKey,
      offset: tail.end - tail.unfinished, backlog: backlog)
  }

  /// From where a cursor was sealed.
  convenience init(
    source: Configuration.LogSource, opened: LogFiles.OpenedLog, files: LogFiles, request: Request, target: Target,
    cursorKey: [UInt8], resumeAt cursor: LogCursor
  ) throws(Refusal) {
    var backlog = [LogRecord(.open)]
    var offset = cursor.offset
    if !cursor.names(opened.status) || cursor.offset > opened.status.size {
      var reset = LogRecord(.reset)
      reset.reason = cursor.names(opened.status) ? "truncated" : "replaced"
      backlog.append(reset)
      offset = 0
    }
    try self.init(
      source: source, opened: opened, files: files, request: request, target: target, cursorKey: cursorKey,
      offset: offset, backlog: backlog)
  }

  var maskedCounts: [String: Int] { state.withLock { $0.masked } }

  /// Looks for news and hands it to `emit` as NDJSON; true with the last of it. `charge` takes the bytes that were read
  /// and says whether the budget had them. Blocks on the file system; runs on a worker.
  func tick(
    asked ending: Ending?, charge: (Int64) -> Bool, emit: ([UInt8]) -> Void
  ) -> Bool {
    state.withLock { state in
      guard !state.ended else { return true }
      var out = JSONLines()
      let now = Clock.monotonic()
      var ending = ending
      if ending == nil, Clock.now().seconds >= credentialsEnd { ending = .tokenExpired }
      if ending == nil, now >= followEnds { ending = .followLimit }
      for record in state.backlog { write(record, to: &out, &state) }
      state.backlog = []
      if ending == nil { ending = read(&state, now: now, charge: charge, to: &out) }
      if !out.isEmpty { state.lastRecord = now }
      if ending == nil, now - state.lastRecord >= Self.heartbeat {
        state.lastRecord = now
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

  /// Reads one chunk, and goes over to the next file where the name leads to another one.
  private func read(
    _ state: inout State, now: UInt64, charge: (Int64) -> Bool, to out: inout JSONLines
  ) -> Ending? {
    do throws(Refusal) {
      // Before anything new is shown: a process that has just started may have written it.
      let known = try target.known()
      if known.generation != state.maskerGeneration {
        state.masker = makeMasker(known.taint)
        state.values = known.values
        state.maskerGeneration = known.generation
      }
    } catch {
      return .unreadable
    }
    if now - state.lastLook >= Self.look {
      state.lastLook = now
      state.successor = lookForSuccessor(state)
      if state.successor != nil, state.rotatedAt == nil { state.rotatedAt = now }
    }
    let got: Int
    do throws(SystemError) {
      let size = try state.opened.file.descriptor.status().size
      if size < state.offset { restart(&state, "truncated", to: &out) }
      var bytes: [UInt8] = []
      got = try state.opened.file.descriptor.read(into: &bytes, count: Self.chunk, at: Int64(state.offset))
      if got > 0 {
        guard charge(Int64(got)) else { return .budget }
        state.offset += UInt64(got)
        emitLines(bytes[...], &state, to: &out)
      }
    } catch {
      return .unreadable
    }
    // A writer may go on with the old file for a while after the rename: it is read until it is quiet, or for so long.
    if let rotatedAt = state.rotatedAt, let successor = state.successor,
      got == 0 || now - rotatedAt >= Self.rotationTime
    {
      finishPending(&state, to: &out)
      state.opened = successor
      state.offset = 0
      state.successor = nil
      state.rotatedAt = nil
      var rotated = LogRecord(.rotated)
      rotated.reason = "replaced"
      write(rotated, to: &out, &state)
    }
    return nil
  }

  /// The file that the name leads to now, where it is another one. Between a rename and the new file there is none.
  private func lookForSuccessor(_ state: State) -> LogFiles.OpenedLog? {
    do throws(Refusal) {
      let current = try files.open(source)
      return current.status.isSameFile(as: state.opened.status) ? nil : current
    } catch {
      return nil
    }
  }

  private func restart(_ state: inout State, _ reason: String, to out: inout JSONLines) {
    finishPending(&state, to: &out)
    state.offset = 0
    var reset = LogRecord(.reset)
    reset.reason = reason
    write(reset, to: &out, &state)
  }

  private func finishPending(_ state: inout State, to out: inout JSONLines) {
    guard state.cutter.hasUnfinished else { return }
    var records: [LogRecord] = []
    state.cutter.finishUnfinished(values: state.values, masker: state.masker) { line, _ in
      records.append(LogRecord(line: line))
    }
    for record in records { write(record, to: &out, &state) }
  }

  private func emitLines(_ bytes: ArraySlice<UInt8>, _ state: inout State, to out: inout JSONLines) {
    var records: [LogRecord] = []
    var counts = state.masked
    state.cutter.lines(bytes, masker: state.masker) { line, masked in
      records.append(LogRecord(line: line))
      for case .masked(let token) in masked.segments { counts[token.kind.rawValue, default: 0] += 1 }
    }
    state.masked = counts
    for record in records { write(record, to: &out, &state) }
  }

  /// Every record but a line carries the cursor behind it; a client that counts lines needs no more.
  private func write(_ record: LogRecord, to out: inout JSONLines, _ state: inout State) {
    var record = record
    if record.type != .line, record.cursor == nil {
      let cursor = LogCursor(file: state.opened.status, offset: state.offset - UInt64(state.cutter.pendingCount))
      do throws(Refusal) {
        record.cursor = try cursor.sealed(
          key: cursorKey, source: "\(source.container)/\(source.name)", session: session)
      } catch {
        record.cursor = nil
      }
    }
    out.append(record)
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
