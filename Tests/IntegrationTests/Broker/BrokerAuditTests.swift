import Foundation
import StrictJSON
import Testing

struct BrokerAuditTests {
  @Test func everyRequestHasItsEvent() throws {
    let broker = try BrokerInstance()
    var answers = [
      try broker.request("/healthz"), try broker.request("/jwks.json"), try broker.request("/nothing"),
      try broker.request("/token", method: "PUT"), try broker.openSession(), try broker.openSession("x", user: "eve"),
    ]
    answers += [try broker.token(), try broker.token(session: nil), try broker.token(resource: "x")]
    let events = try broker.audit()
    #expect(events.first?["type"] == .string("broker_started"))
    #expect(events.first?["policy_sha256"]?.string?.count == 64)
    for answer in answers {
      let line = try #require(answer.headers.split(separator: "\r\n").first { $0.hasPrefix("x-request-id: ") })
      let id = line.dropFirst("x-request-id: ".count)
      let mine = events.filter { $0["request_id"]?.string?.lowercased() == String(id) }
      #expect(mine.count == 1)
      #expect(mine.first?["status"] == .integer(Int64(answer.status)))
      #expect(mine.first?["outcome"] == .string(answer.status < 300 ? "allowed" : "refused"))
    }
    #expect(events.count == answers.count + 1)
    #expect(Set(events.map { $0["event_id"]?.string }).count == events.count)
  }

  @Test func holdsNoSecret() throws {
    let broker = try BrokerInstance()
    _ = try broker.openSession()
    let token = try #require(try broker.token().json["access_token"]?.string)
    let written = try broker.files.read("audit.jsonl") + broker.files.read("log")
    let signature = try #require(token.split(separator: ".").last)
    #expect(!written.contains(signature))
    for name in ["signing", "ca", "server", "session"] {
      let lines = try broker.files.read("\(name).key").split(separator: "\n").filter { !$0.hasPrefix("-----") }
      for line in lines where line.count > 20 { #expect(!written.contains(line)) }
    }
    for name in ["audit.jsonl", "broker.sqlite", "signing.key"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: broker.files.path(name))
      #expect((attributes[.posixPermissions] as? Int) == 0o600, "\(name)")
    }
  }

  @Test func servesNothingThatItCannotRecord() throws {
    let broker = try BrokerInstance(starting: false)
    try broker.files.write(
      "config.template", BrokerInstance.configuration(replacing: "audit.jsonl", by: "-"))
    // A pipe that nobody empties.
    let pipe = Pipe()
    try broker.start(output: pipe.fileHandleForWriting)
    #expect(try broker.openSession().status == 201)
    var unavailable: BrokerInstance.Answer?
    for _ in 0..<400 where unavailable == nil {
      let answer = try broker.request("/healthz")
      if answer.status != 200 { unavailable = answer }
    }
    #expect(unavailable?.status == 503)
    #expect(unavailable?.error == "temporarily_unavailable")
    let token = try broker.token()
    #expect(token.status == 503)
    #expect(token.json["access_token"] == nil)
    #expect(try broker.openSession("second").status == 503)
    // What was refused was not done: when the log can be written again there is one session, not two.
    let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
    #expect(text.contains("session_created"))
    #expect(try broker.token().status == 200)
    let count = try Command.run(
      "python3",
      [
        "-c",
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); "
          + "print(*[d.execute('SELECT count(*) FROM ' + t).fetchone()[0] for t in ('sessions', 'tokens')])",
        broker.files.path("broker.sqlite"),
      ])
    #expect(count.output == "1 1\n", "\(count.error)")
  }
}
