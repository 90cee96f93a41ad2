import Foundation
import StrictJSON
import Testing

struct BrokerTokenTests {
  @Test func issuesATokenThatOthersVerify() throws {
    let broker = try BrokerInstance()
    let session = try broker.openSession()
    let before = Int64(Date().timeIntervalSince1970)
    let answer = try broker.token()
    #expect(answer.status == 200, "\(answer.body)")
    #expect(answer.headers.contains("cache-control: no-store"))
    #expect(answer.json["token_type"] == .string("Bearer"))
    #expect(answer.json["expires_in"] == .integer(300))
    let token = try #require(answer.json["access_token"]?.string)
    #expect(token.utf8.count <= 8192)
    let (header, claims) = try broker.verifiedClaims(token)
    #expect(header.members.map(\.name).sorted() == ["alg", "kid", "typ"])
    #expect(header["alg"] == .string("EdDSA"))
    #expect(header["typ"] == .string("at+jwt"))
    #expect(
      claims.members.map(\.name).sorted() == [
        "aud", "authorization_details", "client_id", "cnf", "exp", "gid", "iat", "iss", "jti", "sid", "sub",
      ])
    #expect(claims["iss"] == .string(broker.url))
    #expect(claims["sub"] == .string("certificate:ada"))
    #expect(claims["aud"] == .string(BrokerInstance.agent))
    #expect(claims["client_id"] == .string("sidelight-cli"))
    #expect(claims["sid"] == session.json["session_id"])
    let issued = try #require(claims["iat"]?.integer)
    #expect((before...before + 5).contains(issued))
    #expect(claims["exp"] == .integer(issued + 300))
    // The thumbprint as another program computes it.
    let thumbprint = try Command.run(
      "sh",
      [
        "-c",
        "openssl x509 -in session.pem -outform DER | openssl dgst -sha256 -binary | basenc --base64url | tr -d =",
      ], folder: broker.files.path)
    #expect(
      claims["cnf"]?.object?["x5t#S256"]?.string == thumbprint.output.trimmingCharacters(in: .whitespacesAndNewlines))
    #expect(answer.json["authorization_details"] == claims["authorization_details"])
    let details = try #require(claims["authorization_details"]?.array)
    #expect(details.count == 1)
    let detail = try #require(details[0].object)
    #expect(detail["type"] == .string("sidelight"))
    #expect(
      detail[strings: "actions"] == [
        "environment.read", "files.list", "files.stat", "logs.list", "logs.tail", "processes.list",
      ])
    #expect(detail[strings: "containers"] == ["app", "db"])
    #expect(detail[strings: "paths"] == ["/etc/app/**", "/var/log/*"])
    #expect(detail["session_limits"]?.object?["requests"] == .integer(200))
    #expect(detail["limits"]?.object?["objects"] == .integer(50))

    let event = try #require(try broker.audit().last { $0["type"] == .string("token_issued") })
    #expect(event["jti"] == claims["jti"])
    #expect(event["grant"] == claims["gid"])
    #expect(try broker.token().json["access_token"] != answer.json["access_token"])
  }

  @Test func narrowsWhatIsAskedFor() throws {
    let broker = try BrokerInstance()
    _ = try broker.openSession()
    func ask(_ detail: String, expires: String = "60") throws -> BrokerInstance.Answer {
      try broker.token(("authorization_details", detail), ("expires_in", expires))
    }
    let answer = try ask(
      #"[{"type":"sidelight","actions":["files.stat"],"containers":["app"],"paths":["/etc/app/x","/var/log/a*"],"limits":{"requests":5,"objects":900}}]"#
    )
    #expect(answer.json["expires_in"] == .integer(60))
    let claims = try broker.verifiedClaims(try #require(answer.json["access_token"]?.string)).claims
    #expect(try #require(claims["exp"]?.integer) - #require(claims["iat"]?.integer) == 60)
    let detail = try #require(claims["authorization_details"]?.array?.first?.object)
    #expect(detail[strings: "actions"] == ["files.stat"])
    #expect(detail[strings: "containers"] == ["app"])
    #expect(detail[strings: "paths"] == ["/etc/app/x", "/var/log/a*"])
    #expect(detail["names"] == nil)
    #expect(detail["limits"]?.object?["requests"] == .integer(5))
    #expect(detail["limits"]?.object?["objects"] == .integer(50))
    #expect(detail["session_limits"]?.object?["requests"] == .integer(200))

    for (detail, reason) in [
      (#"[{"type":"sidelight","actions":["files.stat"],"paths":["/**"]}]"#, "paths asks for more than granted: /**"),
      (#"[{"type":"sidelight","actions":["files.stat"],"paths":["/var/log/a/b"]}]"#, "paths asks for more"),
      (#"[{"type":"sidelight","actions":["files.stat"],"containers":["*"]}]"#, "containers asks for more"),
      (#"[{"type":"sidelight","actions":["files.stat"],"names":["A"]}]"#, "names concerns none"),
      (#"[{"type":"sidelight","actions":["files.stat"],"session_limits":{}}]"#, "session_limits"),
      (#"[{"type":"sidelight","actions":[]}]"#, "must name an action"),
      (#"[{"type":"sidelight","actions":["exec"]}]"#, "unknown action"),
      (#"[{"type":"other","actions":["files.stat"]}]"#, "not a known type"),
      (#"[{"type":"sidelight","actions":["files.stat"],"more":1}]"#, "more is not a known member"),
      (#"[{"type":"sidelight","actions":["files.stat"],"paths":["/a**"]}]"#, "whole component"),
      (#"[{"type":"sidelight","actions":["files.stat"],"limits":{"requests":-1}}]"#, "integer"),
      (#"{"type":"sidelight","actions":["files.stat"]}"#, "array of one"),
      ("[]", "array of one"),
      (
        #"[{"type":"sidelight","actions":["files.stat"]},{"type":"sidelight","actions":["files.stat"]}]"#,
        "array of one"
      ),
      ("x", "valid JSON"),
    ] {
      let answer = try ask(detail)
      #expect(answer.status == 400, "\(detail)")
      #expect(answer.error == "invalid_authorization_details", "\(detail) \(answer.body)")
      #expect(answer.description?.contains(reason) == true, "\(detail) \(answer.body)")
    }
  }

  @Test func refusesBadRequests() throws {
    let broker = try BrokerInstance()
    _ = try broker.openSession()
    #expect(try broker.token(resource: nil).error == "invalid_target")
    #expect(try broker.token(resource: "spiffe://dev.example/ns/dev/agent/b").error == "invalid_target")
    #expect(try broker.token(grantType: nil).error == "invalid_request")
    #expect(try broker.token(grantType: "password").error == "unsupported_grant_type")
    #expect(try broker.token(("scope", "all")).error == "invalid_scope")
    #expect(try broker.token(("client_id", "somebody")).error == "invalid_client")
    #expect(try broker.token(("client_id", "sidelight-cli"), ("unknown", "ignored")).status == 200)
    #expect(try broker.token(("grant_type", "client_credentials")).error == "invalid_request")
    for lifetime in ["0", "301", "-5", "1.5", "x", "99999999999999999999"] {
      #expect(try broker.token(("expires_in", lifetime)).error == "invalid_request", "\(lifetime)")
    }
    func post(_ body: String, type: String = "application/x-www-form-urlencoded") throws -> BrokerInstance.Answer {
      try broker.request(
        "/token", certificate: "session", body: body, arguments: ["--header", "Content-Type: \(type)"])
    }
    #expect(try post("grant_type=%zz").error == "invalid_request")
    #expect(try post("grant_type=%ff").error == "invalid_request")
    #expect(try post("").error == "invalid_request")
    #expect(try post("&&&=&=").status == 400)
    #expect(try post("{}", type: "application/json").status == 415)
    #expect(try post(String(repeating: "a", count: 70_000)).status == 413)
  }

  @Test func refusesOtherCallers() throws {
    let broker = try BrokerInstance()
    _ = try broker.openSession()
    #expect(try broker.token(session: nil).status == 401)
    #expect(try broker.token(session: "ada").error == "unauthorized_client")
    #expect(try broker.token(session: "agent").error == "unauthorized_client")
    #expect(try broker.token(session: "other-domain").error == "invalid_client")
    #expect(try broker.token(session: "no-uri").error == "invalid_client")
    // A session certificate of our authority for a session that this broker never opened.
    #expect(try broker.token(session: "no-session").error == "invalid_client")
    let foreign = try broker.token(session: "foreign-ada")
    #expect(foreign.status == 0)
    #expect(foreign.exit != 0)
  }

  @Test func tokensAndSessionsEnd() throws {
    let policy = BrokerInstance.policy.replacingOccurrences(
      of: "duration: 30m, idle: 10m", with: "duration: 40s, idle: 8s")
    let broker = try BrokerInstance(policy: policy)
    _ = try broker.openSession("long")
    let answer = try broker.token(session: "long")
    let left = try #require(answer.json["expires_in"]?.integer)
    #expect((1...40).contains(left))
    _ = try broker.openSession("idle")
    sleep(10)
    let idle = try broker.token(session: "idle")
    #expect(idle.error == "invalid_grant")
    #expect(idle.description?.contains("idle") == true)
    // As long as its token lives a session is not idle.
    #expect(try broker.token(session: "long").status == 200)
    // The certificate ends with the session: then there is no connection any more.
    let deadline = Date().addingTimeInterval(90)
    var late = try broker.token(session: "long")
    while late.status != 0, Date() < deadline {
      sleep(1)
      late = try broker.token(session: "long")
    }
    #expect(late.status == 0)
    #expect(late.exit != 0)
  }

  @Test func anOpenConnectionDoesNotOutliveItsCertificate() throws {
    let policy = BrokerInstance.policy.replacingOccurrences(of: "duration: 30m, idle: 10m", with: "duration: 20s")
    let broker = try BrokerInstance(policy: policy)
    _ = try broker.openSession()
    let script = """
      import http.client, ssl, sys, time
      port, folder = int(sys.argv[1]), sys.argv[2]
      context = ssl.create_default_context(cafile=folder + "/ca.pem")
      context.load_cert_chain(folder + "/session.pem", folder + "/session.key")
      connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
      for wait in [0, 22]:
          time.sleep(wait)
          connection.request("POST", "/token", "grant_type=client_credentials&resource=" + sys.argv[3],
                             {"Content-Type": "application/x-www-form-urlencoded"})
          answer = connection.getresponse()
          print(answer.status, answer.read().decode()[:40])
      """
    let result = try Command.run(
      "python3", ["-c", script, "\(broker.port)", broker.files.path, BrokerInstance.agent])
    let lines = result.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("200") == true, "\(result)")
    #expect(lines.last?.hasPrefix("401 {\"error\":\"invalid_client\"") == true, "\(result)")
  }

  @Test func sessionsOutliveTheBroker() throws {
    let broker = try BrokerInstance()
    let id = try #require(try broker.openSession().json["session_id"]?.string)
    #expect(try broker.token().status == 200)
    #expect(try broker.stop() == 0)
    try broker.start()
    #expect(try broker.token().status == 200)
    #expect(try broker.request("/v1/sessions/\(id)", certificate: "session").json["state"] == .string("open"))
  }
}
