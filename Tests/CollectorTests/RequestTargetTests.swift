import API
import Grants
import Testing

@testable import Collector

struct RequestTargetTests {
  static func code(_ body: () throws(Refusal) -> Void) -> ProblemCode? {
    do throws(Refusal) {
      try body()
      return nil
    } catch {
      return error.code
    }
  }

  static func segments(_ text: String) throws -> [String] {
    try RequestTarget(text).segments.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    ("/", [""]), ("/v1/processes", ["v1", "processes"]), ("/v1/processes/", ["v1", "processes", ""]),
    ("//v1", ["", "v1"]), ("/a%2Fb/c", ["a/b", "c"]), ("/%41%62", ["Ab"]), ("/a+b", ["a+b"]),
    ("/%2e%2e/x", ["..", "x"]),
    ("/../x", ["..", "x"]), ("/a?b/c", ["a"]), ("/%C3%A9", ["é"]), ("/a;b=c", ["a;b=c"]), ("/a%20b", ["a b"]),
  ])
  func paths(_ text: String, _ segments: [String]) throws {
    #expect(try Self.segments(text) == segments)
  }

  @Test func segmentsAreBytes() throws {
    #expect(try RequestTarget("/%FF%0a").segments == [[0xFF, 0x0A]])
  }

  @Test(arguments: [
    ("/a", []), ("/a?", []), ("/a?&&", []), ("/a?b", ["b="]), ("/a?b=", ["b="]), ("/a?b=c&d=e", ["b=c", "d=e"]),
    ("/a?b=c=d", ["b=c=d"]), ("/a?b=1&b=2", ["b=1", "b=2"]), ("/a?=x", ["=x"]), ("/a?b=c+d", ["b=c d"]),
    ("/a?b+c=d", ["b c=d"]), ("/a?b=%2B", ["b=+"]), ("/a?b=%26%3D", ["b=&="]), ("/a?b?c=d?e", ["b?c=d?e"]),
    ("/a?path=/etc/app", ["path=/etc/app"]), ("/a?b=%25", ["b=%"]), ("/a?b=%2525", ["b=%25"]),
  ])
  func parameters(_ text: String, _ expected: [String]) throws {
    let parameters = try RequestTarget(text).parameters
    #expect(parameters.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" } == expected)
  }

  @Test(arguments: [
    "", "a", "v1/processes", "http://host/v1", "*", "?a=b", "/a b", "/a\n", "/a\t", "/\u{7F}", "/é", "/a#b", "/a?b#c",
    "/%", "/%4", "/%zz", "/%4z", "/a?b=%", "/a?b=%1", "/a?%=1", "/a?b=%g0", "/%00", "/a?b=%00", "/a?b%00=c", "/a\0b",
    "/%%30%30", "/a?b=%u0041",
  ])
  func refuses(_ text: String) {
    #expect(Self.code { () throws(Refusal) in _ = try RequestTarget(text) } == .malformedRequest)
  }

  @Test func theNumberOfParametersIsLimited() throws {
    let most = "/a?" + (0..<64).map { "p\($0)=1" }.joined(separator: "&")
    #expect(try RequestTarget(most).parameters.count == 64)
    #expect(Self.code { () throws(Refusal) in _ = try RequestTarget(most + "&x=1") } == .invalidParameter)
  }

  /// Whatever is encoded is decoded to itself; random text never crashes.
  @Test func percentEncoding() throws {
    var random = SplitMix(state: 201)
    for _ in 0..<1000 {
      let bytes = random.bytes(Int.random(in: 0...20, using: &random)).map { $0 == 0 ? 1 : $0 }
      let encoded = bytes.map { byte in
        let digits = String(byte, radix: 16, uppercase: Bool.random(using: &random))
        return "%" + (digits.count == 1 ? "0" : "") + digits
      }.joined()
      #expect(try RequestTarget("/" + encoded).segments == [bytes])
      #expect(try RequestTarget("/?v=" + encoded).parameters.first?.value == bytes)
    }
    let alphabet = Array("/?&=%+#aF0z\n ")
    for _ in 0..<5000 {
      let text =
        "/" + String((0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
      _ = try? RequestTarget(text)
    }
  }
}

struct ParametersTests {
  static func make(_ query: String) throws -> Parameters { Parameters(try RequestTarget("/?" + query).parameters) }

  static func code(_ body: () throws(Refusal) -> Void) -> ProblemCode? { RequestTargetTests.code(body) }

  @Test func takesByName() throws {
    var parameters = try Self.make("a=1&b=2&b=3&c=x&d")
    #expect(parameters.all("b") == [[0x32], [0x33]])
    #expect(parameters.all("b").isEmpty)
    #expect(try parameters.integer("a", in: 0...5) == 1)
    #expect(try parameters.text("c") == "x")
    #expect(try parameters.flag("d"))
    #expect(
      try parameters.optional("e") == nil && parameters.text("e") == nil && parameters.integer("e", in: 0...1) == nil)
    #expect(try !parameters.flag("e"))
    try parameters.finish()
  }

  @Test func refusesTheUnknownAndTheRepeated() throws {
    var parameters = try Self.make("a=1&A=2&b=1&b=1")
    _ = try parameters.optional("a")
    #expect(Self.code { () throws(Refusal) in _ = try parameters.optional("b") } == .invalidParameter)
    #expect(Self.code { () throws(Refusal) in try parameters.finish() } == .invalidParameter)
    #expect(Self.code { () throws(Refusal) in _ = try parameters.required("none") } == .invalidParameter)
  }

  @Test(arguments: [
    "", "-1", "+1", "1.0", "0x1", " 1", "1 ", "11", "99999999999999999999", "1e1", "٣", "9223372036854775808",
  ])
  func integersThatAreNone(_ text: String) throws {
    let encoded = text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    var parameters = try Self.make("n=" + encoded)
    #expect(Self.code { () throws(Refusal) in _ = try parameters.integer("n", in: 0...10) } == .invalidParameter)
  }

  @Test func integersAtTheirLimits() throws {
    for (text, value) in [("0", 0), ("10", 10), ("007", 7)] {
      var parameters = try Self.make("n=" + text)
      #expect(try parameters.integer("n", in: 0...10) == value)
    }
  }

  @Test(arguments: [("true", true), ("", true), ("false", false)])
  func flags(_ text: String, _ value: Bool) throws {
    var parameters = try Self.make("f=" + text)
    #expect(try parameters.flag("f") == value)
  }

  @Test(arguments: ["1", "0", "yes", "TRUE", "tru", "true%20"])
  func flagsThatAreNone(_ text: String) throws {
    var parameters = try Self.make("f=" + text)
    #expect(Self.code { () throws(Refusal) in _ = try parameters.flag("f") } == .invalidParameter)
  }

  @Test(arguments: ["", "%FF", "%C3"])
  func textsThatAreNone(_ text: String) throws {
    var parameters = try Self.make("t=" + text)
    #expect(Self.code { () throws(Refusal) in _ = try parameters.text("t") } == .invalidParameter)
  }

  /// The refusal names the parameter, escaped and cut.
  @Test func unknownNamesAreEscaped() throws {
    let parameters = try Self.make("%1b%5b2J" + String(repeating: "a", count: 500) + "=1")
    do throws(Refusal) {
      try parameters.finish()
      Issue.record("accepted")
    } catch {
      let detail = try #require(error.detail)
      #expect(detail.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && detail.utf8.count < 200)
    }
  }
}

struct RouteTests {
  /// Every route and its action; anything else is no route.
  @Test(
    arguments: [
      ("/v1/processes", Route.processes, "processes.list"),
      ("/v1/processes/1@2.3", .process(id: "1@2.3"), "processes.list"),
      ("/v1/processes/1@2.3/environment", .environment(id: "1@2.3"), "environment.read"),
      ("/v1/files", .files, "files.stat"),
      ("/v1/directories", .directories, "files.list"), ("/v1/logs", .logs, "logs.list"),
      ("/v1/logs/out", .log(source: "out"), "logs.tail"), ("/v1/posture", .posture, nil),
      ("/v1/%70rocesses", .processes, "processes.list"), ("/v1/logs/a%2Fb", .log(source: "a/b"), "logs.tail"),
      ("/v1/files?path=/etc", .files, "files.stat"), ("/v1/files/digest", .fileDigest, "files.digest"),
    ] as [(String, Route, String?)])
  func routes(_ text: String, _ route: Route, _ action: String?) throws {
    let target = try RequestTarget(text)
    #expect(try Route(method: "GET", target: target) == route)
    #expect(route.action?.rawValue == action)
    for method in ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "", "GET "] {
      let code = RequestTargetTests.code { () throws(Refusal) in _ = try Route(method: method, target: target) }
      #expect(code == .methodNotAllowed, "\(method)")
    }
  }

  @Test(arguments: [
    "/", "/v1", "/v1/", "/v2/processes", "/V1/processes", "/v1/Processes", "/v1/process", "//v1/processes",
    "/v1//processes",
    "/v1/processes/1/2", "/v1/processes/1/environment/A", "/v1/processes/1/Environment", "/v1/processes/1/environment/",
    "/v1/files/etc", "/v1/directories/", "/v1/logs/a/b", "/v1/posture/", "/v1/../v1/processes", "/v1/./processes",
    "/v1%2Fprocesses", "/v1/processes%2F1", "/v1/processes%3Fx", "/%FF/processes", "/v1/logs/%FF", "/metrics",
    "/v1/revocations", "/v1/environment",
  ])
  func noRoutes(_ text: String) throws {
    let target = try RequestTarget(text)
    for method in ["GET", "POST"] {
      let code = RequestTargetTests.code { () throws(Refusal) in _ = try Route(method: method, target: target) }
      #expect(code == .noSuchRoute, "\(method)")
    }
  }

  @Test func patterns() {
    let routes: [Route] = [
      .processes, .process(id: "x"), .environment(id: "x"), .files, .directories, .logs, .log(source: "x"), .posture,
    ]
    #expect(
      routes.map(\.pattern) == [
        "/v1/processes", "/v1/processes/{id}", "/v1/processes/{id}/environment", "/v1/files", "/v1/directories",
        "/v1/logs",
        "/v1/logs/{source}", "/v1/posture",
      ])
  }
}

struct ProcessIdentityTests {
  @Test(
    arguments: [
      ("1@2-00000000", 1, 2, nil), ("4242@123456.789-0af1b2c3", 4242, 123_456, 789),
      ("2147483647@18446744073709551615.18446744073709551615-ffffffff", Int32.max, UInt64.max, UInt64.max),
      ("1@0.0-12345678", 1, 0, 0),
    ] as [(String, Int32, UInt64, UInt64?)])
  func reads(_ text: String, _ pid: Int32, _ start: UInt64, _ inode: UInt64?) throws {
    let identity = ProcessIdentity(text)
    let realm = try #require(ProcessRealm(String(text.suffix(8))))
    #expect(identity == ProcessIdentity(pid: pid, startTime: start, inode: inode, realm: realm))
    #expect(identity?.text == text)
  }

  @Test(arguments: [
    "", "1", "@", "1@", "@1", "0@1", "-1@1", "+1@1", "1@-1", "1@1.", "1@.1", "1@1.1.1", "1@1@1", "2147483648@1",
    "18446744073709551616@1", "1@18446744073709551616", "1@1.18446744073709551616", "1 @1", " 1@1", "1@1 ", "1@1\n",
    "a@1",
    "1@0x1", "١@1", "1@1.١", "1%401", "99999999999999999999999@1", "self@1",
  ])
  func refuses(_ text: String) {
    #expect(ProcessIdentity(text) == nil && ProcessIdentity(text + "-0af1b2c3") == nil)
  }

  @Test(arguments: [
    "1@2", "1@2.3", "1@2-", "1@2-0af1b2c", "1@2-0af1b2c3d", "1@2-0AF1B2C3", "1@2-0af1b2cg", "1@2-0af1b2c3-0af1b2c3",
    "1@2.-0af1b2c3", "1-0af1b2c3@2", "1@2-0af1b2c3\n", "1@2--af1b2c3",
  ])
  func needsItsRealm(_ text: String) {
    #expect(ProcessIdentity(text) == nil)
  }

  /// Another boot or another namespace is another realm, and its ids are nobody's here.
  @Test func realms() throws {
    let one = try ProcessRealm(bootID: "a", pidNamespace: 1)
    #expect(try one == ProcessRealm(bootID: "a", pidNamespace: 1))
    #expect(try one != ProcessRealm(bootID: "b", pidNamespace: 1))
    #expect(try one != ProcessRealm(bootID: "a", pidNamespace: 2))
    #expect(ProcessRealm(one.text) == one)
  }

  /// One text for each process: an id that was written differently would be another object to the budget.
  @Test(arguments: ["01@1", "1@01", "1@1.01", "00@1", "1@00"])
  func oneForm(_ text: String) {
    #expect(ProcessIdentity(text + "-0af1b2c3") == nil)
  }

  @Test func roundTrip() throws {
    var random = SplitMix(state: 202)
    for _ in 0..<1000 {
      let identity = ProcessIdentity(
        pid: Int32.random(in: 1...Int32.max, using: &random), startTime: random.next() >> 20,
        inode: Bool.random(using: &random) ? random.next() : nil,
        realm: try ProcessRealm(bootID: "b", pidNamespace: random.next()))
      #expect(ProcessIdentity(identity.text) == identity)
    }
  }
}
