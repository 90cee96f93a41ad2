import Crypto
import Foundation
import Testing

/// Every way in which a caller can be the wrong one: refused with its code, recorded with the reason, nothing read.
@Suite("Who may not ask", .serialized)
struct TokenRefusalTests {
  @Test("tokens that are not this broker's, not this caller's, not of now, or not understood")
  func tokens() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let now = Int(Date().timeIntervalSince1970)
    let good = try agent.token()
    #expect(try agent.get("/v1/processes", token: good).status == 200)

    func flipped(part: Int) -> String {
      var parts = good.split(separator: ".").map { Array($0.utf8) }
      let middle = parts[part].count / 2
      parts[part][middle] = parts[part][middle] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      return parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    }
    var none = agent.header()
    none["alg"] = "none"
    let unsigned =
      try agent.sign(agent.claims(), header: none).split(separator: ".").prefix(2).joined(separator: ".") + "."
    func header(_ name: String, _ value: Any) throws -> String {
      var header = agent.header()
      header[name] = value
      return try agent.sign(agent.claims(), header: header)
    }
    let cases: [(String, String, String)] = [
      (
        "expired", "token_expired",
        try agent.token(claims: {
          $0["iat"] = now - 200
          $0["exp"] = now - 60
        })
      ),
      (
        "not yet valid", "token_not_yet_valid",
        try agent.token(claims: {
          $0["iat"] = now + 100
          $0["exp"] = now + 200
        })
      ),
      ("nbf in the future", "token_not_yet_valid", try agent.token(claims: { $0["nbf"] = now + 100 })),
      ("another audience", "token_wrong_audience", try agent.token(claims: { $0["aud"] = agent.agent + "x" })),
      (
        "from before the start", "token_before_start",
        try agent.token(claims: {
          $0["iat"] = now - 100
          $0["exp"] = now + 100
        })
      ),
      (
        "longer than 300 s", "token_lifetime_too_long",
        try agent.token(claims: { $0["exp"] = ($0["iat"] as? Int ?? 0) + 301 })
      ),
      (
        "another certificate", "token_wrong_certificate",
        try agent.token(claims: { $0["cnf"] = ["x5t#S256": good.prefix(43)] })
      ),
      ("another issuer", "token_wrong_issuer", try agent.token(claims: { $0["iss"] = "https://elsewhere" })),
      ("another session", "token_wrong_session", try agent.token(claims: { $0["sid"] = "somebody-else" })),
      (
        "a gateway's, without being it", "token_wrong_session",
        try agent.token(claims: { $0["act"] = ["sub": "spiffe://x/gw"] })
      ),
      ("another key", "token_invalid", try agent.sign(agent.claims(), key: .init())),
      ("alg none", "token_invalid", unsigned),
      ("alg none with a signature", "token_invalid", try agent.sign(agent.claims(), header: none)),
      ("alg HS256", "token_invalid", try header("alg", "HS256")),
      ("unknown kid", "token_invalid", try header("kid", "nobody")),
      ("typ JWT", "token_invalid", try header("typ", "JWT")),
      ("a key of its own in the header", "token_invalid", try header("jwk", ["kty": "OKP"])),
      ("header changed by one byte", "token_invalid", flipped(part: 0)),
      ("payload changed by one byte", "token_invalid", flipped(part: 1)),
      ("signature changed by one byte", "token_invalid", flipped(part: 2)),
      ("not a token", "token_invalid", "no-token"),
      ("over 8 KiB", "token_too_large", try agent.token(claims: { $0["pad"] = String(repeating: "x", count: 8192) })),
      ("unknown action", "token_details_invalid", try agent.narrowToken({ $0["actions"] = ["processes.kill"] })),
      ("unknown type", "token_details_invalid", try agent.narrowToken({ $0["type"] = "other" })),
      ("unknown member", "token_details_invalid", try agent.narrowToken({ $0["shell"] = true })),
      (
        "two details", "token_details_invalid",
        try agent.token(claims: { $0["authorization_details"] = [agent.detail(), agent.detail()] })
      ),
    ]
    for (name, code, token) in cases {
      for path in ["/v1/processes", "/v1/posture"] {
        let answer = try agent.get(path, token: token)
        #expect(answer.status == 401, "\(name)")
        #expect(answer.code == code, "\(name): \(answer.body)")
        #expect(answer.headers["content-type"] == "application/problem+json", "\(name)")
        #expect(answer.headers["www-authenticate"] != nil, "\(name)")
        let decision = try #require(try agent.decision(of: answer), "\(name) is not recorded")
        #expect(
          decision["outcome"] as? String == "refused" && (decision["reason"] as? String)?.isEmpty == false, "\(name)")
        #expect(!answer.body.contains(token.prefix(40)), "\(name): an answer quotes the token")
      }
    }
    let log = try String(contentsOfFile: agent.installation.state.path("log/agent.log"), encoding: .utf8)
    let audit = try String(contentsOfFile: agent.installation.state.path("audit/agent.jsonl"), encoding: .utf8)
    for (name, _, token) in cases where token.utf8.count > 100 {
      let signature = token.split(separator: ".").last ?? ""
      #expect(signature.isEmpty || !(log + audit).contains(signature), "\(name): a token is in a log")
    }
  }

  @Test("no token, no certificate, a foreign certificate")
  func callers() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    #expect(try agent.get("/v1/processes", token: nil).code == "token_missing")
    let basic = try agent.get("/v1/processes", token: nil, more: ["--header", "Authorization: Basic abc"])
    #expect(basic.code == "token_missing")
    let twice = try agent.get("/v1/processes", token: token, more: ["--header", "Authorization: Bearer x"])
    #expect(twice.code == "malformed_request")
    let before = try agent.audit.count
    for path in ["/v1/processes", "/v1/posture", "/v1/logs", "/"] {
      #expect(try agent.get(path, token: token, withCertificate: false).status == 0)
    }
    // A certificate of the right form, from another authority.
    func folder(_ name: String) -> String { agent.installation.state.path(name) }
    let made = try Sidelight.run(
      program: "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
        "/CN=x",
        "-addext", "subjectAltName=URI:spiffe://sidelight.local/session/\(agent.session)", "-addext",
        "extendedKeyUsage=clientAuth", "-keyout", folder("foreign.key"), "-out", folder("foreign.crt"),
      ])
    try #require(made.status == 0)
    let foreign = try agent.get(
      "/v1/processes", token: token,
      more: ["--cert", folder("foreign.crt"), "--key", folder("foreign.key")], withCertificate: false)
    #expect(foreign.status == 0)
    #expect(try agent.audit.count == before)
    // TLS 1.2 is not spoken.
    #expect(try agent.get("/v1/processes", token: token, more: ["--tls-max", "1.2"]).status == 0)
    #expect(try agent.get("/v1/processes", token: token).status == 200)
  }
}
