import AuditLog
import StrictJSON
import Testing

/// A seeded source, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

struct AuditLineTests {
  static let time = AuditTime(wallMilliseconds: 1_764_000_000_250, monotonicNanoseconds: 42)

  static func decision(filledWith text: String) -> DecisionEvent {
    DecisionEvent(
      time: time, eventID: text, requestID: text, agent: text,
      caller: AuditCaller(issuer: text, subject: text, actor: text, session: text, grant: text, tokenID: text),
      peer: AuditPeer(spiffeID: text, thumbprint: text, address: text),
      request: AuditRequest(
        method: text, route: text, action: text, container: text, process: text, path: text, resolvedPath: text,
        log: text, names: Array(repeating: text, count: 100)),
      outcome: .refused, status: Int.max, code: text, reason: text)
  }

  static func broker(filledWith text: String) -> BrokerEvent {
    var event = BrokerEvent(.refused, time: time, eventID: text, requestID: text, issuer: text)
    event.subject = text
    event.groups = Array(repeating: text, count: 100)
    event.session = text
    event.grant = text
    event.tokenID = text
    event.peer = AuditPeer(spiffeID: text, thumbprint: text, address: text)
    event.method = text
    event.route = text
    event.agent = text
    event.actions = Array(repeating: text, count: 100)
    event.rules = Array(repeating: text, count: 100)
    event.policyDigest = text
    event.justification = text
    event.ticket = text
    event.expires = text
    event.status = Int.min
    event.code = text
    event.reason = text
    return event
  }

  static func check(_ line: [UInt8], _ comment: Comment) throws -> JSONObject {
    #expect(line.count <= AuditLine.maximumLength, comment)
    #expect(line.last == UInt8(ascii: "\n"), comment)
    #expect(line.filter { $0 < 0x20 || $0 == 0x7F }.count == 1, comment)
    return try #require(try JSONParser.parse(line).object, comment)
  }

  @Test func carriesEveryField() throws {
    let event = DecisionEvent(
      time: Self.time, eventID: "e1", requestID: "r1", agent: "spiffe://td/ns/a/agent/b",
      caller: AuditCaller(issuer: "i", subject: "s", actor: "a", session: "sid", grant: "gid", tokenID: "jti"),
      peer: AuditPeer(spiffeID: "spiffe://td/session/sid", thumbprint: "x5t", address: "127.0.0.1:1"),
      request: AuditRequest(
        method: "GET", route: "/v1/files", action: "files.stat", container: "app", process: "1@2", comparedWith: "3@4",
        path: "/etc", resolvedPath: "/usr/etc", log: "out", names: ["A", "B"]),
      outcome: .allowed, status: 200)
    let text = String(decoding: event.line(), as: UTF8.self)
    #expect(
      text == """
        {"version":1,"type":"decision","time":"2025-11-24T16:00:00.250Z","monotonic_ns":42,"event_id":"e1",\
        "request_id":"r1","outcome":"allowed","status":200,"agent":"spiffe://td/ns/a/agent/b","issuer":"i",\
        "subject":"s","actor":"a","session":"sid","grant":"gid","jti":"jti","peer_id":"spiffe://td/session/sid",\
        "peer_x5t":"x5t","peer_address":"127.0.0.1:1","method":"GET","route":"/v1/files","action":"files.stat",\
        "container":"app","process":"1@2","compared_with":"3@4","path":"/etc",\
        "resolved_path":"/usr/etc","log":"out","names":["A","B"]}

        """)
  }

  @Test func completionCarriesCounts() throws {
    let event = CompletionEvent(
      time: Self.time, eventID: "e2", requestID: "r1", agent: "a", session: "sid", grant: "gid", status: 200,
      bytes: 12, durationMicroseconds: 34, masked: ["jwt": 2, "default": 1])
    let object = try Self.check(event.line(), "completion")
    #expect(object["type"] == .string("completion"))
    #expect(object["masked"]?.object?["jwt"] == .integer(2))
    #expect(object["complete"] == .bool(true))
    #expect(object["duration_us"] == .integer(34))
  }

  @Test(arguments: [0, 1, 40, 95, 96, 97, 319, 640, 2048, 70_000])
  func fitsWhateverFillsIt(count: Int) throws {
    for unit in ["a", "\u{0}", "\u{7F}", "\"", "\\", "\u{202E}", "\u{9B}", "é", "👩🏽‍🚀", "\n"] {
      let text = String(repeating: unit, count: count)
      _ = try Self.check(Self.decision(filledWith: text).line(), "\(unit.debugDescription) × \(count)")
      _ = try Self.check(Self.broker(filledWith: text).line(), "\(unit.debugDescription) × \(count)")
    }
  }

  @Test func fitsForRandomText() throws {
    var random = SplitMix(state: 7)
    for round in 0..<500 {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...900, using: &random) {
        let value = UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7F : 0x10FFFF), using: &random)
        if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
      }
      let text = String(scalars)
      _ = try Self.check(Self.decision(filledWith: text).line(), "round \(round)")
      var masked: [String: Int] = [:]
      for index in 0..<60 { masked["\(text)\(index)"] = index }
      let completion = CompletionEvent(
        time: Self.time, eventID: text, requestID: text, agent: text, session: text, grant: text, status: -1,
        code: text, reason: text, complete: false, bytes: .min, durationMicroseconds: .max, masked: masked)
      _ = try Self.check(completion.line(), "round \(round)")
    }
  }

  @Test func saysWhatWasCut() throws {
    var event = Self.decision(filledWith: "x")
    event.request = AuditRequest(path: String(repeating: "p", count: 5000), names: Array(repeating: "N", count: 50))
    let object = try Self.check(event.line(), "cut")
    let path = try #require(object["path"]?.string)
    #expect(path.utf8.count > 600 && path.utf8.count <= 640 && path.hasPrefix("ppp") && path.hasSuffix("ppp"))
    #expect(object["names"]?.array?.count == 32)
    #expect(object["names_count"] == .integer(50))
    #expect(object["truncated"] == .array([.string("path"), .string("names")]))
  }

  @Test func aLongNameHidesNoOther() throws {
    var event = Self.decision(filledWith: "x")
    event.request = AuditRequest(names: [String(repeating: "Z", count: 900), "DB_PASSWORD", "API_TOKEN"])
    let object = try Self.check(event.line(), "names")
    let names = try #require(object["names"]?.array)
    #expect(names.count == 3 && names.suffix(2) == [.string("DB_PASSWORD"), .string("API_TOKEN")])
    #expect(object["truncated"] == .array([.string("names")]))
  }

  @Test func aLongPathHidesNotItsEnd() throws {
    var event = Self.decision(filledWith: "x")
    event.request = AuditRequest(path: String(repeating: "/a\u{9B}é", count: 900) + "/etc/shadow")
    let object = try Self.check(event.line(), "path")
    #expect(object["path"]?.string?.hasSuffix("/etc/shadow") == true)
    #expect(object["truncated"] == .array([.string("path")]) && object["replaced"] == .array([.string("path")]))
  }

  @Test func bytesThatAreNoTextAreToldApart() {
    #expect(AuditRequest.words(Array("/café".utf8)) == "/café")
    #expect(
      AuditRequest.words([0x2F, 0xFF, 0x61]) == "/\\xffa" && AuditRequest.words([0x2F, 0xFE, 0x61]) == "/\\xfea")
  }

  @Test func noTerminalEscapeSurvives() throws {
    var event = Self.decision(filledWith: "x")
    event.request = AuditRequest(path: "/a\u{1B}[2J\u{9B}2J\u{202E}b", names: ["\u{200B}"])
    let line = event.line()
    let object = try Self.check(line, "escapes")
    #expect(object["path"] == .string("/a\u{1B}[2J\u{FFFD}2J\u{FFFD}b"))
    #expect(object["replaced"] == .array([.string("path"), .string("names")]))
    #expect(!line.contains(0x1B))
  }

  @Test(arguments: BrokerEvent.Kind.allCases)
  func brokerEventsNameTheirType(kind: BrokerEvent.Kind) throws {
    let event = BrokerEvent(kind, time: Self.time, eventID: "e", issuer: "i")
    let object = try Self.check(event.line(), "kind")
    #expect(object["type"] == .string(kind.rawValue))
    #expect((object["outcome"] == .string("refused")) == (kind == .refused))
  }
}
