import Grants
import StrictJSON
import Testing

struct AuthorizationDetailTests {
  static func detail(_ text: String) throws -> AuthorizationDetail {
    try AuthorizationDetail(json: try JSONParser.parse(text), at: "detail")
  }

  @Test func readsTheWholeForm() throws {
    let detail = try Self.detail(
      """
      {"type":"sidelight","containers":["app"],"processes":["**"],
       "actions":["processes.list","environment.read","files.stat","files.list","files.digest","logs.list","logs.tail"],
       "names":["*"],"paths":["/etc/app/**","/var/log/**"],"logs":["*"],
       "limits":{"requests":200,"bytes":5000000,"objects":500,"concurrency":4,"follow_seconds":240},
       "session_limits":{"requests":1000}}
      """)
    #expect(detail.actions == Set(Action.allCases))
    #expect(detail.containers.matches("app") && !detail.containers.matches("other"))
    #expect(detail.processes.matches("/usr/bin/python3"))
    #expect(detail.names.matches("ANY"))
    #expect(detail.paths.matches("/etc/app") && detail.paths.matches("/var/log/a/b") && !detail.paths.matches("/etc"))
    #expect(
      detail.limits == Limits(requests: 200, bytes: 5_000_000, objects: 500, concurrency: 4, followSeconds: 240))
    #expect(detail.sessionLimits == Limits(requests: 1000))
  }

  /// What is not said is not granted.
  @Test func absentListsAllowNothing() throws {
    let detail = try Self.detail(#"{"type":"sidelight","actions":["files.stat"]}"#)
    for globs in [detail.containers, detail.processes, detail.names, detail.paths, detail.logs] {
      #expect(!globs.matches("") && !globs.matches("/") && !globs.matches("x"))
    }
    #expect(detail.sessionLimits == nil)
  }

  @Test func anEmptyListOfActionsAllowsNothing() throws {
    #expect(try Self.detail(#"{"type":"sidelight","actions":[]}"#).actions.isEmpty)
  }

  @Test(arguments: [
    "[]", "null", "\"sidelight\"", "{}",
    // type
    #"{"actions":["files.stat"]}"#, #"{"type":"Sidelight","actions":[]}"#, #"{"type":"sidelight ","actions":[]}"#,
    #"{"type":"payment","actions":[]}"#, #"{"type":["sidelight"],"actions":[]}"#,
    // actions
    #"{"type":"sidelight"}"#, #"{"type":"sidelight","actions":["files.write"]}"#,
    #"{"type":"sidelight","actions":["files.stat","files.*"]}"#, #"{"type":"sidelight","actions":["*"]}"#,
    #"{"type":"sidelight","actions":["FILES.STAT"]}"#, #"{"type":"sidelight","actions":[""]}"#,
    #"{"type":"sidelight","actions":"files.stat"}"#, #"{"type":"sidelight","actions":[1]}"#,
    #"{"type":"sidelight","actions":["environment.reveal"]}"#,
    // members
    #"{"type":"sidelight","actions":[],"path":["/"]}"#, #"{"type":"sidelight","actions":[],"Paths":["/"]}"#,
    #"{"type":"sidelight","actions":[],"deny":["/"]}"#, #"{"type":"sidelight","actions":[],"locations":[]}"#,
    #"{"type":"sidelight","actions":[],"actions":["files.stat"]}"#,
    // lists
    #"{"type":"sidelight","actions":[],"paths":"/"}"#, #"{"type":"sidelight","actions":[],"paths":[""]}"#,
    #"{"type":"sidelight","actions":[],"paths":["/a**"]}"#, #"{"type":"sidelight","actions":[],"paths":[null]}"#,
    #"{"type":"sidelight","actions":[],"paths":null}"#, #"{"type":"sidelight","actions":[],"names":["a\u0000"]}"#,
    // limits
    #"{"type":"sidelight","actions":[],"limits":null}"#, #"{"type":"sidelight","actions":[],"limits":{"cpu":1}}"#,
    #"{"type":"sidelight","actions":[],"session_limits":{"requests":-5}}"#,
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try Self.detail(text) }
  }

  @Test func theNumberOfPatternsIsLimited() throws {
    func text(_ count: Int) -> String {
      let patterns = (0..<count).map { "\"/a\($0)\"" }.joined(separator: ",")
      return "{\"type\":\"sidelight\",\"actions\":[],\"paths\":[\(patterns)]}"
    }
    #expect(try Self.detail(text(256)).paths.count == 256)
    #expect(throws: JSONError.self) { try Self.detail(text(257)) }
  }

  @Test func writtenDetailsAreReadBack() throws {
    var random = SplitMix(state: 31)
    let patterns = ["*", "**", "/a/**", "DB_*", "app", "/var/log/*.log"]
    func globs() throws -> [Glob] {
      try (0..<Int.random(in: 0...3, using: &random)).map { _ in try Glob(patterns.randomElement(using: &random)!) }
    }
    for _ in 0..<500 {
      let detail = AuthorizationDetail(
        actions: Set(Action.allCases.filter { _ in Bool.random(using: &random) }), containers: try globs(),
        processes: try globs(), names: try globs(), paths: try globs(), logs: try globs(),
        limits: LimitsTests.random(&random),
        sessionLimits: Bool.random(using: &random) ? LimitsTests.random(&random) : nil)
      var writer = JSONWriter()
      detail.write(to: &writer)
      #expect(try Self.detail(writer.text) == detail)
    }
  }

  /// The names are a contract with policies, tokens and clients.
  @Test func actionNames() {
    #expect(
      Action.allCases.map(\.rawValue).sorted() == [
        "environment.read", "files.digest", "files.list", "files.stat", "logs.list", "logs.tail", "processes.list",
      ])
  }
}
