import Privsep
import Testing

struct MessageTests {
  /// Good payloads of every kind, and whether a payload reads as that kind.
  enum Kind: CaseIterable {
    case role, peer, request, rejected, log, head, credit, opener

    func good(_ random: inout SplitMix) -> [UInt8] {
      func text(_ limit: Int) -> String {
        String((0..<Int.random(in: 0...limit, using: &random)).map { _ in "aé/😀\n\0".randomElement(using: &random)! })
      }
      switch self {
      case .role:
        return RoleStatus(
          pid: Int32.random(in: Int32.min...Int32.max, using: &random), report: text(10)
        ).encoded
      case .peer:
        return PeerMessage(
          certificate: random.bytes(30), spiffeID: text(20), notAfter: Int64(bitPattern: random.next()),
          address: text(10)
        ).encoded
      case .request:
        return RequestMessage(
          connection: UInt32(truncatingIfNeeded: random.next()), method: text(5), target: text(20),
          authorization: text(20)
        ).encoded
      case .rejected:
        return RejectedMessage(connection: 7, reason: RejectedMessage.Reason.allCases.randomElement(using: &random)!)
          .encoded
      case .log:
        return LogMessage(level: LogMessage.Level.allCases.randomElement(using: &random)!, text: text(20)).encoded
      case .head:
        return HeadMessage(
          status: UInt16.random(in: 0...999, using: &random),
          fields: (0..<Int.random(in: 0...4, using: &random)).map { ("name\($0)", text(10)) },
          length: Bool.random(using: &random) ? nil : random.next() >> 1
        ).encoded
      case .credit: return CreditMessage(bytes: UInt32(truncatingIfNeeded: random.next())).encoded
      case .opener:
        let sequence = UInt32(truncatingIfNeeded: random.next())
        return [
          OpenerMessage.openProcessEntry(sequence: sequence, ProcessFile.allCases.randomElement(using: &random)!),
          .openAgentFile(sequence: sequence, AgentFile.allCases.randomElement(using: &random)!),
          .openVolume(sequence: sequence, UInt8.random(in: 0...255, using: &random)),
          .reply(sequence: sequence, error: Int32.random(in: -5...200, using: &random)), .shutdown,
        ].randomElement(using: &random)!.encoded
      }
    }

    /// Reads, and writes what was read.
    func again(_ bytes: [UInt8]) throws(FrameError) -> [UInt8] {
      switch self {
      case .role: try RoleStatus(bytes).encoded
      case .peer: try PeerMessage(bytes).encoded
      case .request: try RequestMessage(bytes).encoded
      case .rejected: try RejectedMessage(bytes).encoded
      case .log: try LogMessage(bytes).encoded
      case .head: try HeadMessage(bytes).encoded
      case .credit: try CreditMessage(bytes).encoded
      case .opener: try OpenerMessage(bytes).encoded
      }
    }
  }

  @Test(arguments: Kind.allCases)
  func roundTrip(_ kind: Kind) throws {
    var random = SplitMix(state: 111)
    for _ in 0..<500 {
      let bytes = kind.good(&random)
      #expect(try kind.again(bytes) == bytes)
    }
  }

  /// Every prefix is too short, every extra byte too much.
  @Test(arguments: Kind.allCases)
  func sizesAreExact(_ kind: Kind) {
    var random = SplitMix(state: 112)
    for _ in 0..<30 {
      let bytes = kind.good(&random)
      for cut in 0..<bytes.count {
        #expect(throws: FrameError.truncated) { try kind.again(Array(bytes[..<cut])) }
      }
      #expect(throws: FrameError.trailingBytes) { try kind.again(bytes + [0]) }
    }
  }

  @Test(arguments: Kind.allCases)
  func randomBytesNeverCrash(_ kind: Kind) {
    var random = SplitMix(state: 113)
    for _ in 0..<3000 {
      _ = try? kind.again(random.bytes(Int.random(in: 0...60, using: &random)))
      var bytes = kind.good(&random)
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      if let again = try? kind.again(bytes), kind != .log { #expect(again == bytes) }
    }
  }

  @Test func values() throws {
    let peer = PeerMessage(certificate: [1, 2], spiffeID: "spiffe://a/b", notAfter: -5, address: "127.0.0.1")
    #expect(try PeerMessage(peer.encoded) == peer)
    let request = RequestMessage(connection: .max, method: "GET", target: "/v1?a=é", authorization: "")
    #expect(try RequestMessage(request.encoded) == request)
    let head = HeadMessage(status: 200, fields: [("a", "b"), ("a", "c")], length: 0)
    #expect(try HeadMessage(head.encoded) == head)
    #expect(try HeadMessage(HeadMessage(status: 1, fields: [], length: nil).encoded).length == nil)
    let status = RoleStatus(pid: 9, report: "ab;0;1;;")
    #expect(try RoleStatus(status.encoded) == status)
  }

  @Test func fieldsAreLimited() {
    func long(_ count: Int) -> String { String(repeating: "a", count: count) }
    func peer(_ certificate: Int, _ id: Int, _ address: Int) throws(FrameError) {
      _ = try PeerMessage(
        PeerMessage(
          certificate: [UInt8](repeating: 0, count: certificate), spiffeID: long(id), notAfter: 0,
          address: long(address)
        ).encoded)
    }
    #expect(throws: Never.self) { try peer(16384, 2048, 64) }
    #expect(throws: FrameError.invalidField("certificate")) { try peer(16385, 0, 0) }
    #expect(throws: FrameError.invalidField("spiffeID")) { try peer(0, 2049, 0) }
    #expect(throws: FrameError.invalidField("address")) { try peer(0, 0, 65) }
    func request(_ method: Int, _ target: Int, _ authorization: Int) throws(FrameError) {
      _ = try RequestMessage(
        RequestMessage(
          connection: 0, method: long(method), target: long(target), authorization: long(authorization)
        ).encoded)
    }
    #expect(throws: Never.self) { try request(64, 16384, 16384) }
    #expect(throws: FrameError.invalidField("method")) { try request(65, 0, 0) }
    #expect(throws: FrameError.invalidField("target")) { try request(0, 16385, 0) }
    #expect(throws: FrameError.invalidField("authorization")) { try request(0, 0, 16385) }
    #expect(throws: FrameError.invalidField("name")) {
      try HeadMessage(HeadMessage(status: 1, fields: [(long(129), "")], length: 0).encoded)
    }
    #expect(throws: FrameError.invalidField("value")) {
      try HeadMessage(HeadMessage(status: 1, fields: [("", long(2049))], length: 0).encoded)
    }
    #expect(throws: FrameError.invalidField("report")) {
      try RoleStatus(RoleStatus(pid: 1, report: long(2049)).encoded)
    }
  }

  /// The largest good payload of each kind passes through its frame.
  @Test func theLargestMessagesFitTheirFrames() throws {
    let certificate = [UInt8](repeating: 1, count: PeerMessage.certificateLimit)
    let spiffeID = String(repeating: "a", count: 2048)
    let peer = PeerMessage(
      certificate: certificate, spiffeID: spiffeID, notAfter: 0, address: String(repeating: "1", count: 64))
    #expect(peer.encoded.count <= FrameKind.connection.rule.limit)
    #expect(
      LogMessage(level: .error, text: String(repeating: "é", count: 5000)).encoded.count <= FrameKind.log.rule.limit)
    #expect(CreditMessage(bytes: .max).encoded.count == FrameKind.credit.rule.limit)
    #expect(
      RoleStatus(pid: 1, report: String(repeating: "a", count: 2048)).encoded.count
        <= FrameKind.hello.rule.limit)
    // A request's head has 16 KiB in all.
    let request = RequestMessage(
      connection: 1, method: String(repeating: "M", count: 64), target: String(repeating: "/", count: 16384),
      authorization: "")
    #expect(request.encoded.count <= FrameKind.request.rule.limit)
  }

  @Test func textIsUTF8() {
    var bytes = RequestMessage(connection: 1, method: "GET", target: "/abc", authorization: "").encoded
    let place = bytes.firstIndex(of: UInt8(ascii: "a"))!
    bytes[place] = 0xFF
    #expect(throws: FrameError.invalidField("target")) { try RequestMessage(bytes) }
  }

  /// A log line is for people: it is cut, and whatever is not text in it is replaced.
  @Test func logLinesAreCut() throws {
    let long = LogMessage(level: .info, text: String(repeating: "é", count: 800))
    let read = try LogMessage(long.encoded)
    #expect(read.text == String(repeating: "é", count: 512))
    let split = try LogMessage(LogMessage(level: .info, text: "a" + String(repeating: "é", count: 800)).encoded)
    #expect(split.text == "a" + String(repeating: "é", count: 511) + "\u{FFFD}")
  }

  @Test func enumsAreClosed() {
    for raw in [0, 5, 255] as [UInt8] {
      #expect(throws: FrameError.invalidField("reason")) { try RejectedMessage([1, 0, 0, 0, raw]) }
    }
    for raw in [0, 4, 255] as [UInt8] {
      #expect(throws: FrameError.invalidField("level")) { try LogMessage([raw, 0, 0, 0, 0]) }
    }
  }

  /// A count far beyond the payload is refused before anything of that size is made.
  @Test func countsAreNotBelieved() {
    #expect(throws: FrameError.invalidField("certificate")) { try PeerMessage([0xFF, 0xFF, 0xFF, 0xFF, 1]) }
    #expect(throws: FrameError.truncated) { try PeerMessage([0, 0x40, 0, 0, 1]) }
    #expect(throws: FrameError.truncated) { try HeadMessage([200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255]) }
  }
}
