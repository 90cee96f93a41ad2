internal import API
internal import AuditLog
internal import Linux
internal import Privsep
internal import StrictJSON
internal import Synchronization
internal import Tokens

/// The way from a worker to the endpoint for one answer. Workers append and never wait for the client; the main loop
/// sends as far as the endpoint has given credit.
final class ResponseStream: Sendable {
  struct State: Sendable {
    var head: HeadMessage?
    var headSent = false
    var body: [UInt8] = []
    /// Held while the body is.
    var share: WaitingAnswers.Share?
    var sent = 0
    var credit = Credit.initial
    /// The whole body has been appended.
    var finished = false
    /// The client has gone, or the stream was given up: appends are dropped.
    var cancelled = false
    /// Monotonic nanoseconds: since when the client has taken nothing though there was something.
    var stalledSince: UInt64?
    var bodyBytes: Int64 = 0
    var identified: (token: VerifiedToken, facts: AuditRequest)?

    /// The kernel has all that was sent, and nothing waits.
    var isTaken: Bool { sent == body.count && credit == Credit.initial }
  }

  let id: UInt32
  /// For the answer, the audit events and the log: 128 random bits, hexadecimal.
  let requestID = Exchange.identifier()
  let connection: UInt32
  let started: UInt64
  let state = Mutex(State())
  private let wake: EventCounter

  /// A stream that only grows (a follow) stops appending above this; the file waits.
  static let highWater = 262_144

  /// Bytes of the body in a frame. A shorter one waits until nothing is under way, as a frame costs the endpoint several
  /// kilobytes however short it is: a follow that is taken slowly would fill its memory with many of one line each.
  static let frameSize = 32_768

  init(id: UInt32, connection: UInt32, started: UInt64, wake: EventCounter) {
    self.id = id
    self.connection = connection
    self.started = started
    self.wake = wake
  }

  /// Starts the answer. False where it has been started or cancelled already: then nothing may follow.
  func begin(_ head: HeadMessage, body: [UInt8], share: WaitingAnswers.Share? = nil, finished: Bool) -> Bool {
    let begun = state.withLock {
      guard $0.head == nil, !$0.cancelled else { return false }
      $0.head = head
      $0.body = body
      $0.share = share
      $0.bodyBytes = Int64(body.count)
      $0.finished = finished
      return true
    }
    wake.signal()
    return begun
  }

  /// Answers with a problem, whole.
  func begin(_ problem: Problem) -> Bool {
    var writer = JSONWriter()
    problem.write(to: &writer)
    var fields = [
      ("content-type", Problem.contentType), ("cache-control", "no-store"), ("x-request-id", problem.requestID),
    ]
    // RFC 6750 §3.1: no error code where no token came.
    if problem.status == 401 {
      let isMissing = problem.code == ProblemCode.tokenMissing.rawValue
      fields.append(("www-authenticate", isMissing ? "Bearer" : "Bearer error=\"invalid_token\""))
    }
    if problem.status == 405 { fields.append(("allow", "GET")) }
    if let seconds = problem.retryAfter {
      fields.append(("retry-after", String(seconds)))
      // draft-ietf-httpapi-ratelimit-headers: what is used up, and when it is there again.
      if let limit = problem.limit { fields.append(("ratelimit", "\"\(limit)\";r=0;t=\(seconds)")) }
    }
    let head = HeadMessage(
      status: UInt16(problem.status), fields: fields.map { (name: $0.0, value: $0.1) },
      length: UInt64(writer.bytes.count))
    return begin(head, body: writer.bytes, finished: true)
  }

  func append(_ bytes: [UInt8], finished: Bool) {
    state.withLock {
      guard !$0.cancelled, !$0.finished else { return }
      $0.body.append(contentsOf: bytes)
      $0.bodyBytes += Int64(bytes.count)
      $0.finished = finished
    }
    wake.signal()
  }

  var hasRoom: Bool { state.withLock { $0.body.count - $0.sent < Self.highWater } }
  var stalledSince: UInt64? { state.withLock { $0.stalledSince } }
  var isCancelled: Bool { state.withLock { $0.cancelled } }
  var isBegun: Bool { state.withLock { $0.head != nil } }
  /// The kernel has the whole answer, whether or not the endpoint has been told of the end.
  var isWhollyTaken: Bool { state.withLock { $0.headSent && $0.finished && $0.isTaken } }
  var bodyBytes: Int64 { state.withLock { $0.bodyBytes } }

  enum Progress: Sendable { case waiting, ended }

  /// Frames that may be sent now. `ended` where the last one is among them or the stream is cancelled. The end is told
  /// when the endpoint has handed the whole body to the kernel and given all credit back: until then the answer counts as
  /// under way, and the connection's next request waits.
  func frames(now: UInt64) -> (frames: [Frame], progress: Progress) {
    state.withLock { state in
      var frames: [Frame] = []
      if state.cancelled { return (frames, .ended) }
      guard let head = state.head else { return (frames, .waiting) }
      if !state.headSent {
        frames.append(Frame(.head, stream: id, payload: head.encoded))
        state.headSent = true
      }
      while state.sent < state.body.count, state.credit > 0 {
        let rest = state.body.count - state.sent
        let count = min(rest, state.credit, Self.frameSize)
        let isLast = state.finished && count == rest
        guard count == Self.frameSize || state.credit == Credit.initial || isLast else { break }
        frames.append(Frame(.body, stream: id, payload: Array(state.body[state.sent..<(state.sent + count)])))
        state.sent += count
        state.credit -= count
      }
      if state.sent == state.body.count {
        state.body = []
        state.share = nil
        state.sent = 0
      }
      if state.isTaken {
        state.stalledSince = nil
      } else if state.stalledSince == nil {
        state.stalledSince = now
      }
      if state.finished, state.isTaken {
        frames.append(Frame(.end, stream: id))
        return (frames, .ended)
      }
      return (frames, .waiting)
    }
  }

  func giveCredit(_ bytes: Int) {
    state.withLock {
      $0.credit = min($0.credit + bytes, Credit.initial)
      $0.stalledSince = nil
    }
  }

  /// Remembers who asks for what, for a record that somebody else may have to write.
  func identify(_ token: VerifiedToken, _ facts: AuditRequest) {
    state.withLock { $0.identified = (token, facts) }
  }

  var identified: (token: VerifiedToken, facts: AuditRequest)? { state.withLock { $0.identified } }

  func cancel() { state.withLock { $0.cancelled = true } }
}
