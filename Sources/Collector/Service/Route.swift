internal import API
internal import Grants

/// What a request asks for. One case per route of the API.
enum Route: Sendable, Equatable {
  case processes
  case process(id: String)
  case environment(id: String)
  case files
  case fileDigest
  case directories
  case logs
  case log(source: String)
  case posture
  case description

  /// As in the OpenAPI file; goes into audit events.
  var pattern: String {
    switch self {
    case .processes: "/v1/processes"
    case .process: "/v1/processes/{id}"
    case .environment: "/v1/processes/{id}/environment"
    case .files: "/v1/files"
    case .fileDigest: "/v1/files/digest"
    case .directories: "/v1/directories"
    case .logs: "/v1/logs"
    case .log: "/v1/logs/{source}"
    case .posture: "/v1/posture"
    case .description: "/v1/openapi.yaml"
    }
  }

  /// The action that the token must include; nil where any valid token will do.
  var action: Action? {
    switch self {
    case .processes, .process: .processesList
    case .environment: .environmentRead
    case .files: .filesStat
    case .fileDigest: .filesDigest
    case .directories: .filesList
    case .logs: .logsList
    case .log: .logsTail
    case .posture, .description: nil
    }
  }

  /// Whether answering it reads anything of the workload's.
  var touchesTarget: Bool {
    switch self {
    case .processes, .process, .environment, .files, .fileDigest, .directories, .logs, .log: true
    case .posture, .description: false
    }
  }

  /// What an answer is written in.
  func mediaType(following: Bool) -> String {
    if self == .description { return OpenAPIDocument.mediaType }
    return following ? "application/x-ndjson" : "application/json"
  }

  init(method: String, target: RequestTarget) throws(Refusal) {
    var words: [String] = []
    for segment in target.segments {
      // An empty one, as behind a slash at the end, names nothing.
      guard let word = String(validating: segment, as: UTF8.self), !word.isEmpty else { throw Refusal(.noSuchRoute) }
      words.append(word)
    }
    guard words.first == "v1" else { throw Refusal(.noSuchRoute) }
    let route: Route? =
      switch words.dropFirst().count {
      case 1:
        switch words[1] {
        case "processes": .processes
        case "files": .files
        case "directories": .directories
        case "logs": .logs
        case "posture": .posture
        case "openapi.yaml": .description
        case _: nil
        }
      case 2:
        switch words[1] {
        case "processes": .process(id: words[2])
        case "files" where words[2] == "digest": .fileDigest
        case "logs": .log(source: words[2])
        case _: nil
        }
      case 3 where words[1] == "processes" && words[3] == "environment": .environment(id: words[2])
      case _: nil
      }
    guard let route else { throw Refusal(.noSuchRoute) }
    guard method == "GET" else { throw Refusal(.methodNotAllowed, detail: "only GET") }
    self = route
  }
}
