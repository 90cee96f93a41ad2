import Foundation
import StrictJSON
import Testing

struct BrokerDocumentTests {
  @Test func publishesMetadataAndKeys() throws {
    let broker = try BrokerInstance()
    let metadata = try broker.request("/.well-known/oauth-authorization-server")
    #expect(metadata.status == 200)
    #expect(metadata.headers.contains("content-type: application/json"))
    #expect(metadata.json["issuer"] == .string(broker.url))
    #expect(metadata.json["token_endpoint"] == .string(broker.url + "/token"))
    #expect(metadata.json["jwks_uri"] == .string(broker.url + "/jwks.json"))
    #expect(metadata.json["tls_client_certificate_bound_access_tokens"] == .bool(true))
    #expect(metadata.json["mtls_endpoint_aliases"]?.object?["token_endpoint"] == .string(broker.url + "/token"))
    #expect(metadata.json[strings: "token_endpoint_auth_methods_supported"] == ["tls_client_auth"])
    #expect(metadata.json[strings: "authorization_details_types_supported"] == ["sidelight"])
    #expect(metadata.json[strings: "grant_types_supported"] == ["client_credentials"])

    let keys = try broker.request("/jwks.json")
    #expect(keys.status == 200)
    let key = try #require(keys.json["keys"]?.array?.first?.object)
    #expect(keys.json["keys"]?.array?.count == 1)
    #expect(key["kty"] == .string("OKP"))
    #expect(key["crv"] == .string("Ed25519"))
    #expect(key["alg"] == .string("EdDSA"))
    #expect(key["use"] == .string("sig"))
    #expect(key["d"] == nil)

    #expect(try broker.request("/healthz").json["status"] == .string("ok"))
    #expect(try broker.request("/healthz").headers.contains("cache-control: no-store"))
  }

  @Test func refusesWhatDoesNotExist() throws {
    let broker = try BrokerInstance()
    for path in ["/", "/token/", "/v1/sessions/", "/v1/sessions/a%2fb", "/V1/sessions", "//token", "/metrics"] {
      let answer = try broker.request(path, arguments: ["--path-as-is"])
      #expect(answer.status == 404, "\(path)")
      #expect(answer.error == "not_found")
    }
    for (path, method) in [
      ("/token", "GET"), ("/jwks.json", "POST"), ("/healthz", "HEAD"), ("/v1/sessions", "DELETE"),
      ("/v1/sessions/abc", "PUT"),
    ] {
      let answer = try broker.request(path, arguments: method == "HEAD" ? ["--head"] : ["--request", method])
      #expect(answer.status == 405, "\(method) \(path)")
      #expect(answer.headers.contains("\r\nallow: "), "\(answer.headers)")
    }
    #expect(try broker.request("/healthz?verbose=1").status == 400)
    #expect(try broker.request("/healthz", method: "GET", body: "x").status == 400)
  }

  @Test func speaksNothingButTLS13() throws {
    let broker = try BrokerInstance()
    for version in ["-tls1_1", "-tls1_2"] {
      let result = try Command.run(
        "openssl",
        ["s_client", "-connect", "127.0.0.1:\(broker.port)", "-CAfile", broker.files.path("ca.pem"), version])
      #expect(result.status != 0)
      #expect((result.output + result.error).contains("Cipher is (NONE)"), "\(version)")
    }
    let result = try Command.run(
      "openssl",
      [
        "s_client", "-connect", "127.0.0.1:\(broker.port)", "-CAfile", broker.files.path("ca.pem"), "-alpn",
        "h2,http/1.1", "-verify_return_error", "-verify_ip", "127.0.0.1",
      ])
    #expect(result.output.contains("TLSv1.3"))
    #expect(result.output.contains("ALPN protocol: http/1.1"))
    let plain = try Command.run("curl", ["-s", "--max-time", "10", "http://127.0.0.1:\(broker.port)/healthz"])
    #expect(plain.status != 0)
  }

  @Test func survivesGarbage() throws {
    let broker = try BrokerInstance()
    let script = """
      import socket, ssl, sys, os
      port, ca = int(sys.argv[1]), sys.argv[2]
      context = ssl.create_default_context(cafile=ca)
      def send(data):
          with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
              with context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
                  try:
                      connection.sendall(data)
                      return connection.recv(4096)
                  except OSError:
                      return b""
      for data in [b"\\x00" * 5000, os.urandom(9000), b"GET\\r\\n\\r\\n", b"GET / HTTP/9.9\\r\\n\\r\\n",
                   b"GET /healthz HTTP/1.1\\r\\nHost: a\\r\\n" + b"X: " + b"y" * 40000 + b"\\r\\n\\r\\n",
                   b"GET /healthz HTTP/1.1\\r\\n" + b"".join(b"X%d: y\\r\\n" % i for i in range(500)) + b"\\r\\n",
                   b"POST /token HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n",
                   b"POST /token HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: -1\\r\\n\\r\\n",
                   b"POST /token HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 99999999999\\r\\n\\r\\n" + b"x" * 100000]:
          answer = send(data)
          assert not answer.startswith(b"HTTP/1.1 2"), (data[:40], answer[:200])
      for _ in range(20):
          with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
              raw.sendall(os.urandom(600))
      """
    let result = try Command.run("python3", ["-c", script, "\(broker.port)", broker.files.path("ca.pem")])
    #expect(result.status == 0, "\(result.error)")
    #expect(try broker.request("/healthz").status == 200)
  }

  @Test func stopsOnRequestWhileConnectionsAreOpen() throws {
    let broker = try BrokerInstance()
    let script = """
      import socket, ssl, sys
      context = ssl.create_default_context(cafile=sys.argv[2])
      connection = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="127.0.0.1")
      connection.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
      assert connection.recv(4096).startswith(b"HTTP/1.1 200")
      print("open", end="", flush=True)
      connection.settimeout(30)
      while connection.recv(4096): pass
      """
    let output = Pipe()
    let client = try Command.start(
      "python3", ["-c", script, "\(broker.port)", broker.files.path("ca.pem")], output: output.fileHandleForWriting,
      error: FileHandle.nullDevice)
    #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "open")
    let start = Date()
    #expect(try broker.stop() == 0)
    #expect(Date().timeIntervalSince(start) < 5)
    client.waitUntilExit()
  }
}
