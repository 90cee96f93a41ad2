import Foundation
import StrictJSON
import Testing

struct BrokerSessionTests {
  @Test func opensASession() throws {
    let broker = try BrokerInstance()
    let answer = try broker.openSession(justification: "checkout is slow")
    #expect(answer.status == 201, "\(answer.body)")
    let id = try #require(answer.json["session_id"]?.string)
    #expect(answer.json["agent_url"] == .string("https://127.0.0.1:9"))
    #expect(answer.json[strings: "rules"] == ["look"])
    let certificate = try Command.run(
      "openssl", ["x509", "-in", broker.files.path("session.pem"), "-noout", "-text"])
    #expect(certificate.output.contains("URI:spiffe://dev.example/session/\(id)\n"))
    #expect(certificate.output.contains("TLS Web Client Authentication\n"))
    #expect(!certificate.output.contains("oncall"))
    let expires = try #require(answer.json["expires"]?.string).replacingOccurrences(of: "T", with: " ")
    let end = try Command.run(
      "openssl", ["x509", "-in", broker.files.path("session.pem"), "-noout", "-enddate", "-dateopt", "iso_8601"])
    #expect(end.output == "notAfter=\(expires)\n")
    let verified = try Command.run(
      "openssl",
      [
        "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", broker.files.path("ca.pem"),
        broker.files.path("session.pem"),
      ])
    #expect(verified.status == 0, "\(verified.error)")

    let event = try #require(try broker.audit().last { $0["type"] == .string("session_created") })
    #expect(event["subject"] == .string("certificate:ada"))
    #expect(event["session"] == .string(id))
    #expect(event["justification"] == .string("checkout is slow"))
    #expect(event["peer_id"] == .string("spiffe://dev.example/user/ada"))
    #expect(event[strings: "rules"] == ["look"])
  }

  @Test func refusesCallersWhoAreNobody() throws {
    let broker = try BrokerInstance()
    func refusal(_ user: String?) throws -> BrokerInstance.Answer { try broker.openSession(user: user) }
    // No certificate, or one that the TLS layer passes but that is not a user's of this trust domain.
    #expect(try refusal(nil).status == 401)
    #expect(try refusal("no-uri").status == 401)
    #expect(try refusal("two-uris").status == 401)
    #expect(try refusal("other-name").status == 401)
    #expect(try refusal("other-domain").status == 401)
    #expect(try refusal("agent").status == 403)
    // The handshake itself fails.
    for name in ["foreign-ada", "expired", "early", "server-only"] {
      let answer = try refusal(name)
      #expect(answer.status == 0, "\(name)")
      #expect(answer.exit != 0, "\(name)")
    }
    #expect(try broker.audit().allSatisfy { $0["type"] != .string("session_created") })
  }

  @Test func refusesWhatThePolicyDoesNotGrant() throws {
    let broker = try BrokerInstance()
    let eve = try broker.openSession(user: "eve")
    #expect(eve.status == 403)
    #expect(eve.error == "access_denied")
    #expect(eve.json["certificate"] == nil)
    let unknown = try broker.openSession(agent: "spiffe://dev.example/ns/dev/agent/other")
    #expect(unknown.status == 403)
    #expect(unknown.error == "access_denied")
    let event = try #require(try broker.audit().last)
    #expect(event["type"] == .string("refused"))
    #expect(event["reason"] == .string("the agent is not a known target"))
    #expect(event["subject"] == .string("certificate:ada"))
  }

  @Test func saysWhatWouldBeNeeded() throws {
    let policy = """
      apiVersion: sidelight.dev/v1
      kind: AccessPolicy
      metadata: { name: strict }
      groups:
        oncall: { from: ["certificate:oncall"] }
        security: { from: ["oidc:security"] }
      rules:
        - id: ticketed
          groups: [oncall]
          targets: { namespaces: ["*"] }
          allow: [ { actions: [processes.list] } ]
          session: { duration: 10m, maxConcurrent: 1 }
          require: { justification: true, ticket: "^INC-[0-9]+$" }
          approval: { automatic: true }
        - id: approved
          groups: [oncall]
          targets: { namespaces: ["*"] }
          allow: [ { actions: [environment.read], names: ["*"] } ]
          require: { mfa: true }
          approval: { approvers: { groups: [security], count: 2 }, expires: 15m }
      """
    let broker = try BrokerInstance(policy: policy)
    let bare = try broker.openSession()
    #expect(bare.status == 403)
    #expect(bare.json["rule"] == .string("ticketed"))
    #expect(bare.description?.contains("a justification") == true)
    #expect(bare.description?.contains("^INC-[0-9]+$") == true)
    #expect(bare.description?.contains("rule approved would grant it, but needs multi-factor") == true)
    #expect(bare.description?.contains("approval by 2 of security") == true)
    #expect(try broker.openSession(justification: "INC-x").status == 403)
    #expect(try broker.openSession("first", justification: "see INC-7: slow").status == 201)
    #expect(try broker.audit().last?["ticket"] == .string("INC-7"))
    let second = try broker.openSession("second", justification: "INC-7")
    #expect(second.status == 403)
    #expect(second.description?.contains("fewer open sessions than 1") == true)
    // Another person's sessions do not count, and an ended one does not either.
    #expect(try broker.openSession("third", user: "bob", justification: "INC-7").status == 201)
    let id = try #require(try broker.audit().first { $0["ticket"] == .string("INC-7") }?["session"]?.string)
    #expect(try broker.request("/v1/sessions/\(id)", certificate: "ada", method: "DELETE").status == 204)
    #expect(try broker.openSession("fourth", justification: "INC-8").status == 201)
    #expect(
      try broker.token(
        session: "fourth", ("authorization_details", #"[{"type":"sidelight","actions":["environment.read"]}]"#)
      ).error == "invalid_authorization_details")
  }

  @Test func refusesBadBodies() throws {
    let broker = try BrokerInstance()
    func post(_ json: String) throws -> BrokerInstance.Answer {
      try broker.request("/v1/sessions", certificate: "ada", json: json)
    }
    let agent = BrokerInstance.agent
    for (body, reason) in [
      ("", "valid JSON"), ("{", "valid JSON"), ("[]", "must be an object"), ("{}", "request.csr is missing"),
      (#"{"csr":1,"agent":"a"}"#, "request.csr must be"), (#"{"csr":"x"}"#, "request.agent is missing"),
      (#"{"csr":"x","agent":"a","users":["x"]}"#, "request.users is not a known member"),
      (#"{"csr":"x","csr":"y","agent":"a"}"#, "occurs twice"),
      (#"{"csr":"x","agent":"\#(agent)","justification":null}"#, "justification must be"),
      (#"{"csr":"x","agent":"\#(agent)"}"#, "PKCS #10"),
      (
        #"{"csr":"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----","agent":"\#(agent)"}"#,
        "PKCS #10"
      ),
    ] {
      let answer = try post(body)
      #expect(answer.status == 400, "\(body): \(answer.body)")
      #expect(answer.error == "invalid_request")
      #expect(answer.description?.contains(reason) == true, "\(body): \(answer.body)")
    }
    #expect(try post(String(repeating: "[", count: 60_000)).status == 400)
    let large = try post(String(repeating: " ", count: 70_000))
    #expect(large.status == 413)
    #expect(try broker.request("/v1/sessions", certificate: "ada", body: "{}").status == 415)
    // Keys that are not P-256, and a request that its own key did not sign.
    for key in ["rsa:2048", "ed25519"] {
      _ = try Command.run(
        "openssl",
        [
          "req", "-new", "-newkey", key, "-nodes", "-keyout", broker.files.path("k"), "-out", broker.files.path("c"),
          "-subj", "/CN=x",
        ])
      var writer = JSONWriter()
      let csr = try broker.files.read("c")
      writer.object {
        $0.member("csr", csr)
        $0.member("agent", agent)
      }
      let answer = try post(writer.text)
      #expect(answer.status == 400)
      #expect(answer.description?.contains("P-256") == true)
    }
    #expect(try broker.audit().allSatisfy { $0["type"] != .string("session_created") })
  }

  @Test func sessionsAreSeenByTheirOwnersOnly() throws {
    let broker = try BrokerInstance()
    let id = try #require(try broker.openSession("first").json["session_id"]?.string)
    #expect(try broker.openSession("second", user: "bob").status == 201)
    for owner in ["first", "ada"] {
      let answer = try broker.request("/v1/sessions/\(id)", certificate: owner)
      #expect(answer.status == 200)
      #expect(answer.json["state"] == .string("open"))
      #expect(answer.json["agent"] == .string(BrokerInstance.agent))
    }
    for other in ["second", "bob", "no-session"] {
      for method in ["GET", "DELETE"] {
        #expect(try broker.request("/v1/sessions/\(id)", certificate: other, method: method).status == 404)
      }
    }
    #expect(try broker.request("/v1/sessions/\(id)").status == 401)
    #expect(try broker.request("/v1/sessions/\(id)", certificate: "agent").status == 403)
    #expect(try broker.request("/v1/sessions/unknown", certificate: "ada").status == 404)
    #expect(try broker.openSession("third", user: "first").status == 403)

    #expect(try broker.request("/v1/sessions/\(id)", certificate: "first", method: "DELETE").status == 204)
    #expect(try broker.request("/v1/sessions/\(id)", certificate: "first", method: "DELETE").status == 204)
    #expect(try broker.request("/v1/sessions/\(id)", certificate: "ada").json["state"] == .string("ended"))
    let token = try broker.token(session: "first")
    #expect(token.status == 400)
    #expect(token.error == "invalid_grant")
  }

  /// A certificate that names a session, but is not the one that the session was given.
  @Test func aSessionHasOneCertificate() throws {
    let broker = try BrokerInstance()
    let id = try #require(try broker.openSession().json["session_id"]?.string)
    let made = try Command.run(
      "sh",
      [
        "-c",
        """
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout forged.key -out forged.csr -subj /CN=x
        printf 'subjectAltName=URI:spiffe://dev.example/session/\(id)\nextendedKeyUsage=clientAuth' > forged.ext
        openssl x509 -req -in forged.csr -CA ca.pem -CAkey ca.key -days 1 -extfile forged.ext -out forged.pem
        """,
      ], folder: broker.files.path)
    try #require(made.status == 0, "\(made.error)")
    #expect(try broker.token(session: "forged").error == "invalid_client")
    #expect(try broker.request("/v1/sessions/\(id)", certificate: "forged").status == 404)
    #expect(try broker.request("/v1/sessions/\(id)", certificate: "forged", method: "DELETE").status == 404)
    #expect(try broker.token().status == 200)
  }

  @Test func requestsAtOnceDoNotPassTheLimitTogether() throws {
    let policy = BrokerInstance.policy.replacingOccurrences(of: "idle: 10m", with: "maxConcurrent: 3")
    let broker = try BrokerInstance(policy: policy)
    #expect(try broker.openSession().status == 201)
    var writer = JSONWriter()
    let csr = try broker.files.read("session.csr")
    writer.object {
      $0.member("csr", csr)
      $0.member("agent", BrokerInstance.agent)
    }
    try broker.files.write("request.json", writer.text)
    let result = try Command.run(
      "sh",
      [
        "-c",
        """
        seq 10 | xargs -P 10 -I{} curl -s -o /dev/null -w '%{http_code}\n' --max-time 20 --cacert ca.pem --cert ada.pem \
          --key ada.key -H 'Content-Type: application/json' -d @request.json \(broker.url)/v1/sessions
        """,
      ], folder: broker.files.path)
    let codes = result.output.split(separator: "\n").sorted()
    #expect(codes == Array(repeating: "201", count: 2) + Array(repeating: "403", count: 8))
  }
}
