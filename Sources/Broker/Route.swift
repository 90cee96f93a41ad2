/// Everything that the broker answers. What is not here does not exist.
enum Route: Sendable, Equatable {
  case metadata
  case keys
  case health
  case token
  case createSession
  case readSession(id: String)
  case endSession(id: String)

  enum Match: Sendable, Equatable {
    case route(Route)
    /// The path exists, for these methods.
    case otherMethod(allowed: String)
    case none
  }

  static func match(method: String, path: String) -> Match {
    switch path {
    case "/.well-known/oauth-authorization-server": match(method, ["GET": .metadata])
    case "/jwks.json": match(method, ["GET": .keys])
    case "/healthz": match(method, ["GET": .health])
    case "/token": match(method, ["POST": .token])
    case "/v1/sessions": match(method, ["POST": .createSession])
    case _:
      if let id = sessionID(in: path) {
        match(method, ["GET": .readSession(id: id), "DELETE": .endSession(id: id)])
      } else {
        .none
      }
    }
  }

  private static func match(_ method: String, _ methods: [String: Route]) -> Match {
    if let route = methods[method] { return .route(route) }
    return .otherMethod(allowed: methods.keys.sorted().joined(separator: ", "))
  }

  private static func sessionID(in path: String) -> String? {
    let prefix = "/v1/sessions/"
    guard path.hasPrefix(prefix) else { return nil }
    let id = path.dropFirst(prefix.count)
    let plain = id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      case _: false
      }
    }
    return plain && (1...64).contains(id.utf8.count) ? String(id) : nil
  }

  /// For the audit log and the documentation.
  var pattern: String {
    switch self {
    case .metadata: "/.well-known/oauth-authorization-server"
    case .keys: "/jwks.json"
    case .health: "/healthz"
    case .token: "/token"
    case .createSession: "/v1/sessions"
    case .readSession, .endSession: "/v1/sessions/{id}"
    }
  }

  /// Most bytes of a body; nil where the route takes none.
  var bodyLimit: Int? {
    switch self {
    case .metadata, .keys, .health, .readSession, .endSession: nil
    case .token, .createSession: 64 << 10
    }
  }
}
