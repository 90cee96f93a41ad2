/// Written by the agent for every request, before the first byte of its answer leaves.
package struct DecisionEvent: Sendable, Equatable {
  package static let type = "decision"

  package var time: AuditTime
  /// Unique among the agent's events.
  package var eventID: String
  package var requestID: String
  /// The agent's SPIFFE ID.
  package var agent: String
  package var caller: AuditCaller
  package var peer: AuditPeer
  package var request: AuditRequest
  package var outcome: AuditOutcome
  /// The HTTP status that the answer begins with.
  package var status: Int
  /// The problem code; nil where allowed.
  package var code: String?
  /// The reason in words for whoever reads the log; never a secret, never sent to the caller.
  package var reason: String?

  package init(
    time: AuditTime, eventID: String, requestID: String, agent: String, caller: AuditCaller = AuditCaller(),
    peer: AuditPeer = AuditPeer(), request: AuditRequest = AuditRequest(), outcome: AuditOutcome, status: Int,
    code: String? = nil, reason: String? = nil
  ) {
    self.time = time
    self.eventID = eventID
    self.requestID = requestID
    self.agent = agent
    self.caller = caller
    self.peer = peer
    self.request = request
    self.outcome = outcome
    self.status = status
    self.code = code
    self.reason = reason
  }

  /// One line of JSON, its newline included, of at most `AuditLine.maximumLength` bytes.
  package func line() -> [UInt8] {
    AuditLine.make(type: Self.type, time: time, eventID: eventID, requestID: requestID) {
      $0.text("outcome", outcome.rawValue, limit: .identifier)
      $0.number("status", status)
      $0.text("code", code, limit: .identifier)
      $0.text("reason", reason, limit: .text)
      $0.text("agent", agent, limit: .name)
      caller.write(to: &$0)
      peer.write(to: &$0)
      request.write(to: &$0)
    }
  }
}

/// Written by the agent when the answer to an allowed request has ended.
package struct CompletionEvent: Sendable, Equatable {
  package static let type = "completion"

  package var time: AuditTime
  package var eventID: String
  /// The same as in the decision event.
  package var requestID: String
  package var agent: String
  package var session: String?
  package var grant: String?
  package var status: Int
  /// A problem code where the request failed after it was allowed.
  package var code: String?
  package var reason: String?
  /// Whether the whole answer was handed to the connection.
  package var complete: Bool
  /// Bytes of the answer's body.
  package var bytes: Int
  package var durationMicroseconds: Int64
  /// How many values were masked, by kind.
  package var masked: [String: Int]

  package init(
    time: AuditTime, eventID: String, requestID: String, agent: String, session: String? = nil, grant: String? = nil,
    status: Int, code: String? = nil, reason: String? = nil, complete: Bool = true, bytes: Int,
    durationMicroseconds: Int64, masked: [String: Int] = [:]
  ) {
    self.time = time
    self.eventID = eventID
    self.requestID = requestID
    self.agent = agent
    self.session = session
    self.grant = grant
    self.status = status
    self.code = code
    self.reason = reason
    self.complete = complete
    self.bytes = bytes
    self.durationMicroseconds = durationMicroseconds
    self.masked = masked
  }

  /// One line of JSON, its newline included, of at most `AuditLine.maximumLength` bytes.
  package func line() -> [UInt8] {
    AuditLine.make(type: Self.type, time: time, eventID: eventID, requestID: requestID) {
      $0.number("status", status)
      $0.text("code", code, limit: .identifier)
      $0.text("reason", reason, limit: .text)
      $0.flag("complete", complete)
      $0.number("bytes", bytes)
      $0.number("duration_us", durationMicroseconds)
      $0.counts("masked", masked)
      $0.text("agent", agent, limit: .name)
      $0.text("session", session, limit: .identifier)
      $0.text("grant", grant, limit: .identifier)
    }
  }
}
