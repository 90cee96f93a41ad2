internal import API
internal import AuditLog
internal import Budgets
internal import Grants
internal import LibCrypto
internal import Linux
internal import Masking
internal import Privsep
internal import StrictJSON
internal import Tokens

/// Decides, reads, masks, records and answers. Runs on the worker threads; one request at a time in each.
final class RequestService: Sendable {
  private let configuration: Configuration
  private let keys: TokenKeys
  private let target: Target
  private let files: LogFiles
  private let posture: PostureView
  private let budgets: BudgetKeeper
  private let waiting: WaitingAnswers
  private let audit: AuditSink
  private let log: Log
  private let cursorKey: [UInt8]
  private let fingerprintKey: [UInt8]

  init(
    configuration: Configuration, keys: TokenKeys, target: Target, files: LogFiles, posture: PostureView,
    audit: AuditSink, log: Log
  ) throws(LibCrypto.Failure) {
    self.configuration = configuration
    self.keys = keys
    self.target = target
    self.files = files
    self.posture = posture
    self.audit = audit
    self.log = log
    budgets = BudgetKeeper(ceilings: configuration.ceilings)
    waiting = WaitingAnswers(limit: Int(configuration.ceilings.waitingBytes))
    cursorKey = try LibCrypto.random(32)
    fingerprintKey = try LibCrypto.random(32)
  }

  /// What came from the endpoint for one stream.
  enum Work: Sendable {
    case request(RequestMessage)
    case rejected(RejectedMessage.Reason)
  }

  private enum Body {
    case whole([UInt8])
    case follow(LogFollow)
  }

  /// Largest body of an answer, in bytes.
  private static let maximumBody = 8 << 20

  /// Answers one stream. The record is for its end; nil where the stream had been given up meanwhile. `isReserve` where
  /// every worker stands still, and the target must not cost the last one.
  func handle(_ work: Work, caller: Caller?, stream: ResponseStream, isReserve: Bool = false) -> ExchangeRecord? {
    let exchange = Exchange(caller: caller, stream: stream)
    do throws(Refusal) {
      let message = try wellFormed(work)
      exchange.facts.method = message.method
      let request = try admit(message, exchange)
      if isReserve, request.route.touchesTarget {
        throw Refusal(.overloaded, retryAfter: 10, log: "every worker stands still at the target")
      }
      do throws(Refusal) {
        return try answer(try perform(request), request, exchange)
      } catch {
        exchange.facts = request.facts
        if request.bytesRead > 0 { budgets.chargeWithoutLimit(bytes: request.bytesRead, to: request.account) }
        throw error
      }
    } catch {
      return refuse(error, exchange)
    }
  }

  private func wellFormed(_ work: Work) throws(Refusal) -> RequestMessage {
    switch work {
    case .request(let request): return request
    case .rejected(.malformed): throw Refusal(.malformedRequest)
    case .rejected(.headTooLarge): throw Refusal(.headTooLarge)
    case .rejected(.bodyNotAllowed): throw Refusal(.bodyNotAllowed)
    case .rejected(.timeout): throw Refusal(.requestTimeout)
    }
  }

  /// Every check that comes before the target is touched.
  private func admit(_ message: RequestMessage, _ exchange: Exchange) throws(Refusal) -> Request {
    guard let caller = exchange.caller else { throw Refusal(.malformedRequest, log: "no such connection") }
    // Verifying costs; a caller that keeps failing waits before the next try.
    try budgets.requireTrust(in: caller)
    let token: VerifiedToken
    do throws(Refusal) {
      token = try caller.authenticate(
        authorization: message.authorization, keys: keys.current(now: Clock.monotonic()), now: Clock.now().seconds)
    } catch {
      budgets.noteFailure(of: caller)
      throw error
    }
    exchange.token = token
    let account = BudgetKeeper.account(for: token, caller: caller)
    try budgets.admit(account)
    exchange.account = account
    let target = try RequestTarget(message.target)
    let route = try Route(method: message.method, target: target)
    exchange.facts.route = route.pattern
    exchange.facts.action = route.action?.rawValue
    if let action = route.action, !token.detail.actions.contains(action) { throw Refusal(.actionNotGranted) }
    let fingerprinter: Fingerprinter
    do throws(LibCrypto.Failure) {
      fingerprinter = try GrantFingerprints(processKey: fingerprintKey, grant: token.grant).fingerprinter
    } catch {
      throw Refusal(.internalError, log: error.description)
    }
    exchange.stream.identify(token, exchange.facts)
    let stream = exchange.stream
    let rules = try Self.maskingRules(configuration, token.detail.masking)
    return Request(
      id: exchange.requestID, route: route, token: token, account: account, facts: exchange.facts,
      parameters: Parameters(target.parameters), byteAllowance: budgets.remainingBytes(account),
      credentialsEnd: min(token.expires, caller.notAfter), budgets: budgets, note: { stream.identify(token, $0) },
      masker: { Masker(rules: rules, fingerprinter: fingerprinter, taint: $0) })
  }

  /// The configuration's, relaxed as the grant says, unless the configuration forbids it.
  static func maskingRules(
    _ configuration: Configuration, _ terms: MaskingTerms?
  ) throws(Refusal) -> MaskingRules {
    guard configuration.grantsRelaxMasking, let terms, !terms.relaxesNothing else { return configuration.masking }
    let mode: LogMode =
      switch terms.lines {
      case .strict: .strict
      case .balanced: .balanced
      }
    do throws(MaskingRulesError) {
      return try configuration.masking.relaxed(safeNames: terms.safeNames, logMode: mode)
    } catch {
      throw Refusal(.tokenDetailsInvalid, log: "masking.safe_names \(error)")
    }
  }

  private func perform(_ request: Request) throws(Refusal) -> Body {
    switch request.route {
    case .processes: return .whole(try processView(request).list())
    case .process(let id): return .whole(try processView(request).one(id))
    case .environment(let id):
      return .whole(try EnvironmentView(target: target, request: request, processes: processView(request)).answer(id))
    case .files: return .whole(try fileView(request).file())
    case .fileDigest: return .whole(try digestView(request).answer())
    case .directories: return .whole(try fileView(request).directory())
    case .logs: return .whole(try logView(request).list())
    case .log(let source):
      switch try logView(request).read(source) {
      case .whole(let bytes): return .whole(bytes)
      case .follow(let follow): return .follow(follow)
      }
    case .posture:
      try request.parameters.finish()
      return .whole(try posture.answer())
    case .description:
      try request.parameters.finish()
      return .whole(OpenAPIDocument.bytes)
    }
  }

  private func processView(_ request: Request) -> ProcessView {
    ProcessView(target: target, request: request, cursorKey: cursorKey)
  }

  private func fileView(_ request: Request) -> FileView {
    FileView(
      files: GrantedFiles(target: target, request: request, defaultContainer: configuration.container),
      cursorKey: cursorKey)
  }

  private func digestView(_ request: Request) throws(Refusal) -> FileDigestView {
    do throws(LibCrypto.Failure) {
      return FileDigestView(
        files: GrantedFiles(target: target, request: request, defaultContainer: configuration.container),
        key: try GrantFingerprints.digestKey(processKey: fingerprintKey, grant: request.token.grant))
    } catch {
      throw Refusal(.internalError, log: error.description)
    }
  }

  private func logView(_ request: Request) -> LogView {
    LogView(target: target, files: files, request: request, cursorKey: cursorKey)
  }

  /// Charges and records, and only then answers.
  private func answer(_ body: Body, _ request: Request, _ exchange: Exchange) throws(Refusal) -> ExchangeRecord? {
    exchange.facts = request.facts
    var bytes: [UInt8] = []
    var share: WaitingAnswers.Share?
    var follow: LogFollow?
    switch body {
    case .whole(let whole):
      guard whole.count <= Self.maximumBody else {
        throw Refusal(
          .overloaded, detail: "the answer is too large; ask for less", log: "answer of \(whole.count) bytes")
      }
      share = waiting.share(bytes: whole.count, session: request.token.session)
      guard share != nil else {
        throw Refusal(
          .overloaded, detail: "answers wait for clients that read slowly", retryAfter: 1,
          log: "no room for an answer of \(whole.count) bytes")
      }
      bytes = whole
    case .follow(let started): follow = started
    }
    try budgets.charge(bytes: max(request.bytesRead, Int64(bytes.count)), to: request.account)
    request.bytesRead = 0
    try record(exchange, outcome: .allowed, status: 200, refusal: nil)
    let isStream = follow != nil
    let head = HeadMessage(
      status: 200,
      fields: [
        ("content-type", request.route.mediaType(following: isStream)), ("cache-control", "no-store"),
        ("x-request-id", exchange.requestID),
      ], length: isStream ? nil : UInt64(bytes.count))
    let record = ExchangeRecord(
      requestID: exchange.requestID, account: request.account, session: request.token.session,
      grant: request.token.grant, status: 200, masked: request.masked, follow: follow,
      started: exchange.stream.started)
    guard exchange.stream.begin(head, body: bytes, share: share, finished: !isStream) else {
      completed(record, bytes: 0, complete: false, reason: "the answer came too late")
      return nil
    }
    return record
  }

  private func refuse(_ refusal: Refusal, _ exchange: Exchange) -> ExchangeRecord? {
    let (code, begun) = answer(refusal, exchange)
    if !begun, let account = exchange.account {
      budgets.finish(account)
      return nil
    }
    return ExchangeRecord(
      requestID: exchange.requestID, account: exchange.account, session: exchange.token?.session,
      grant: exchange.token?.grant, status: code.status, code: code.rawValue, masked: [:], follow: nil,
      started: exchange.stream.started)
  }

  /// Records a refusal and answers with it, unless somebody has answered already.
  private func answer(_ refusal: Refusal, _ exchange: Exchange) -> (code: ProblemCode, begun: Bool) {
    var refusal = refusal
    do throws(Refusal) {
      try record(exchange, outcome: .refused, status: refusal.code.status, refusal: refusal)
    } catch {
      refusal = error
    }
    if refusal.code == .internalError || refusal.code == .auditUnavailable {
      log.write(.error, "\(refusal.code.rawValue): \(refusal.log)", request: exchange.requestID)
    }
    let problem = Problem(
      refusal.code, detail: refusal.detail, reason: refusal.reason, limit: refusal.limit,
      retryAfter: refusal.retryAfter, requestID: exchange.requestID)
    return (refusal.code, exchange.stream.begin(problem))
  }

  /// Writes the decision event. A request that cannot be recorded is not served.
  private func record(
    _ exchange: Exchange, outcome: AuditOutcome, status: Int, refusal: Refusal?
  ) throws(Refusal) {
    let token = exchange.token
    let event = DecisionEvent(
      time: AuditSink.now(), eventID: Exchange.identifier(), requestID: exchange.requestID,
      agent: configuration.agent,
      caller: AuditCaller(
        issuer: token == nil ? nil : configuration.issuer, subject: token?.subject, actor: token?.actor,
        session: token?.session, grant: token?.grant, tokenID: token?.tokenID),
      peer: AuditPeer(
        spiffeID: exchange.caller?.peer.spiffeID, thumbprint: exchange.caller?.peer.thumbprint,
        address: exchange.caller?.address),
      request: exchange.facts, outcome: outcome, status: status, code: refusal?.code.rawValue, reason: refusal?.log)
    do throws(AuditSink.Unavailable) {
      try audit.write(event.line())
    } catch {
      throw Refusal(.auditUnavailable, retryAfter: 5, log: "the audit event could not be written")
    }
  }

  /// Answers for the workers where none is free, or where one is stuck in a read: recorded first, as every answer is.
  /// False where the worker has answered meanwhile.
  func turnAway(
    _ code: ProblemCode, retryAfter: Int, log text: String, _ caller: Caller?, _ stream: ResponseStream
  ) -> Bool {
    let exchange = Exchange(caller: caller, stream: stream)
    if let asked = stream.identified {
      exchange.token = asked.token
      exchange.facts = asked.facts
    }
    return answer(Refusal(code, retryAfter: retryAfter, log: text), exchange).begun
  }

  /// Called when the answer has been handed over whole, or given up.
  func completed(_ record: ExchangeRecord, bytes: Int64, complete: Bool, reason: String?) {
    if let account = record.account { budgets.finish(account) }
    let event = CompletionEvent(
      time: AuditSink.now(), eventID: Exchange.identifier(), requestID: record.requestID, agent: configuration.agent,
      session: record.session, grant: record.grant, status: record.status, code: record.code, reason: reason,
      complete: complete, bytes: Int(clamping: bytes),
      durationMicroseconds: Int64((Clock.monotonic() - record.started) / 1000),
      masked: record.follow?.maskedCounts ?? record.masked)
    do throws(AuditSink.Unavailable) {
      try audit.write(event.line())
    } catch {
      log.write(.error, "a completion event could not be written", request: record.requestID)
    }
  }

  /// One step of a follow, on a worker. True with its last record.
  func tick(_ record: ExchangeRecord, stream: ResponseStream, ending: LogFollow.Ending?, hasRoom: Bool) -> Bool {
    guard let follow = record.follow, let account = record.account else { return true }
    return follow.tick(asked: ending, hasRoom: hasRoom) { bytes in
      do throws(Refusal) {
        try budgets.charge(bytes: bytes, to: account)
        return true
      } catch {
        return false
      }
    } emit: {
      stream.append($0, finished: false)
    }
  }
}
