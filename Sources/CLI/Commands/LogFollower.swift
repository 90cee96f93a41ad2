internal import API
internal import StrictJSON

/// Follows a log over as many connections and tokens as it takes. Where one ends, the next goes on at the last cursor, and
/// passes over the lines behind it that were shown already. A cursor is good for one life of the agent: behind a restart it
/// begins anew.
struct LogFollower {
  let session: AgentSession
  let source: String
  /// The query of the first request, and what of it goes with a cursor.
  let first: [(name: String, value: String?)]
  let later: [(name: String, value: String?)]
  let output: OutputFormat

  /// Tries in a row that bring nothing.
  private static let maximumTries = 6

  private struct Position {
    var cursor: String?
    /// Lines since the cursor that are behind it.
    var behind = 0
    /// Those of them that come again.
    var toSkip = 0
    /// How the agent ended it; nil where the connection broke off.
    var end: String?
    /// It was taken up.
    var began = false
    /// More than its beginning and end came.
    var broughtSomething = false
  }

  func run() async throws {
    var position = Position()
    var tries = 0
    while true {
      position.end = nil
      position.began = false
      position.broughtSomething = false
      position.toSkip = position.behind
      position.behind = 0
      var failure = Failure(
        .unavailable, "the connection to the agent broke off", hint: "run the command again; lines may have been missed"
      )
      let start = ContinuousClock.now
      do throws(Failure) {
        try await stream(&position)
      } catch {
        failure = error
      }
      // What was not sent again is still behind the cursor.
      position.behind += position.toSkip
      let hasLasted = position.began && start.duration(to: .now) > .seconds(1)
      tries = hasLasted || position.broughtSomething ? 1 : tries + 1
      switch position.end {
      case "token_expired":
        await session.renewToken()
        if output == .table { Console.note("the token has expired; going on with a new one") }
        guard tries <= Self.maximumTries else {
          throw Failure(
            .unavailable, "each token expires as soon as it is used",
            hint: "compare the clocks of the broker and of the agent")
        }
        // Behind one that has lasted its time the next goes on at once.
        if tries > 1 { try await pause(tries) }
        continue
      case .some: return
      case nil: break
      }
      if position.cursor != nil, !position.began, Self.isOfCursor(failure) {
        Console.note(
          "the agent does not know the place any more, as after a restart; beginning anew: lines may be missing, or come twice"
        )
        position = Position()
        continue
      }
      guard position.cursor != nil, Self.mayPass(failure), tries <= Self.maximumTries else { throw failure }
      Console.note("\(Escaping.visible(failure.what)); going on where it was")
      try await pause(tries)
    }
  }

  private func pause(_ tries: Int) async throws(Failure) {
    do {
      try await ContinuousClock().sleep(for: .milliseconds(250 << tries))
    } catch {
      throw Failure(.general, "interrupted")
    }
  }

  /// Whether the same request may succeed a little later.
  private static func mayPass(_ failure: Failure) -> Bool {
    switch failure.status {
    case .unavailable: true
    // The broken connection may still count for a moment.
    case .tooMuch: failure.what.hasPrefix(ProblemCode.tooManyConcurrent.rawValue)
    case _: false
    }
  }

  /// Whether a cursor was refused that the agent itself gave out; nothing else of a request that was good once is.
  private static func isOfCursor(_ failure: Failure) -> Bool {
    failure.what.hasPrefix(ProblemCode.invalidParameter.rawValue)
  }

  private func stream(_ position: inout Position) async throws(Failure) {
    let query = position.cursor.map { [("cursor", Optional($0))] + later } ?? first
    try await session.stream(["logs", source], query: query + [("follow", "true")]) { line throws(Failure) in
      guard !line.isEmpty else { return }
      let record = try Decoding.required(LogRecord.self, Array(line), from: "the agent")
      position.began = true
      if record.type != .open, record.type != .end { position.broughtSomething = true }
      if record.type == .hole {
        // Those between the first lines were not said.
        guard position.toSkip == 0 else { return }
      } else if record.type == .line, record.late != true {
        position.behind += 1
        guard position.toSkip == 0 else {
          position.toSkip -= 1
          return
        }
      } else if [.rotated, .reset, .dropped].contains(record.type) {
        // Nothing of what comes now was shown.
        position.toSkip = 0
      }
      if let cursor = record.cursor {
        position.cursor = cursor
        position.behind = 0
      }
      if record.type == .end { position.end = record.reason ?? "" }
      switch output {
      case .json: Console.json(line)
      case .table: Self.show(record)
      }
    }
  }

  private static func show(_ record: LogRecord) {
    let reason = record.reason.map { " (\(Escaping.visible($0)))" } ?? ""
    switch record.type {
    case .line:
      Console.out(
        LogText.line(record.text ?? "", base64: record.base64, masked: record.masked, truncated: record.truncated))
    case .open, .heartbeat: break
    case .hole: Console.note("\(amount(record)) of NULs are left out\(reason)")
    case .rotated: Console.note("the log was rotated\(reason)")
    case .reset: Console.note("the log was cut or replaced; going on from its beginning\(reason)")
    case .dropped: Console.note("\(amount(record)) were left out: the log grows faster than it is taken\(reason)")
    case .throttled: Console.note("slowed down by the agent's limits\(reason)")
    case .end: if record.reason != "token_expired" { Console.note("the agent ended it\(reason)") }
    }
  }

  private static func amount(_ record: LogRecord) -> String {
    switch (record.lines, record.bytes) {
    case (let lines?, _): "\(lines) lines"
    case (nil, let bytes?): "\(Units.bytes(bytes)) bytes"
    case (nil, nil): "some lines"
    }
  }
}
