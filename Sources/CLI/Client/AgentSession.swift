internal import API
internal import Foundation  // Date for swift-certificates
internal import Grants
internal import NIOHTTP1
internal import StrictJSON

/// Questions to one agent, each with a token that allows these actions and no others.
actor AgentSession {
  /// Most parts of one list that are fetched, and most bytes of them together.
  static let maximumPages = 500
  static let maximumListBytes = 64 << 20
  /// Most items that an agent puts into one part.
  static let maximumPageItems = 10_000

  private let agentID: String
  private let broker: BrokerClient
  private let agent: Transport
  private let detail: AuthorizationDetail?
  private var token: String?

  /// Runs `body` with a session; `actions` is all that its token is for, and empty asks for all that the policy grants.
  static func with<Result: Sendable>(
    _ installation: Installation, actions: Set<Action>, _ body: (AgentSession) async throws -> Result
  ) async throws -> Result {
    let session = try AgentSession(installation, actions: actions)
    do {
      let result = try await body(session)
      try await session.shutdown()
      return result
    } catch {
      try await session.shutdown()
      throw error
    }
  }

  private init(_ installation: Installation, actions: Set<Action>) throws {
    let identity = try ClientIdentity(
      authority: installation.authority, certificate: installation.clientCertificate, key: installation.clientKey,
      now: Date())
    detail = actions.isEmpty ? nil : AuthorizationDetail(actions: actions)
    agentID = installation.agent
    broker = BrokerClient(installation, identity: identity)
    agent = Transport(
      baseURL: installation.agentURL, peer: "the agent", spiffeID: installation.agent, identity: identity)
  }

  private func shutdown() async throws {
    try await broker.shutdown()
    try await agent.shutdown()
  }

  /// `GET`, with a token. The body of a 200.
  func get(_ path: [String], query: [(name: String, value: String?)] = []) async throws(Failure) -> [UInt8] {
    let target = Self.target(path, query)
    let response = try await withToken { token throws(Failure) in
      try await agent.send(Transport.Request(target: target, headers: [("authorization", "Bearer \(token)")]))
    }
    return response.body
  }

  /// `GET` of NDJSON, with a token. `line` gets each record as the agent wrote it.
  func stream(
    _ path: [String], query: [(name: String, value: String?)], line: (ArraySlice<UInt8>) async throws(Failure) -> Void
  ) async throws(Failure) {
    let target = Self.target(path, query)
    _ = try await withToken { token throws(Failure) in
      let refusal = try await agent.stream(
        Transport.Request(target: target, headers: [("authorization", "Bearer \(token)")]), line: line)
      return refusal ?? Transport.Response(status: 200, contentType: "application/x-ndjson", body: [])
    }
  }

  /// A list that may come in parts: all of them, in order, following `next`, until `atMost` items are there.
  func list<Page: ListPage>(
    _ type: Page.Type, _ path: [String], query: [(name: String, value: String?)], atMost: Int? = nil
  ) async throws(Failure) -> ListAnswer<Page> {
    var answer = ListAnswer<Page>()
    var cursor: String?
    var seen: Set<String> = []
    while true {
      let left = atMost.map { $0 - answer.pages.reduce(0) { $0 + $1.itemCount } }
      let limit = left.map { [("limit", "\(min($0, Self.maximumPageItems))" as String?)] } ?? []
      let body = try await get(path, query: query + limit + [("cursor", cursor)])
      let page = try Decoding.required(Page.self, body, from: "the agent")
      answer.pages.append(page)
      answer.documents.append(body)
      guard let next = page.next else { return answer }
      if let atMost, answer.pages.reduce(0, { $0 + $1.itemCount }) >= atMost {
        answer.cutShort = true
        return answer
      }
      guard seen.insert(next).inserted else {
        throw Failure(.internalError, "the agent's list leads back to a part that was read already")
      }
      let size = answer.documents.reduce(0) { $0 + $1.count }
      guard answer.pages.count < Self.maximumPages, size < Self.maximumListBytes else {
        answer.cutShort = true
        return answer
      }
      cursor = next
    }
  }

  /// Sends with the session's token. A token from the very second in which the agent started, or one that has expired
  /// meanwhile, is replaced once.
  private func withToken(
    _ send: (String) async throws(Failure) -> Transport.Response
  ) async throws(Failure) -> Transport.Response {
    var retried = false
    while true {
      let response = try await send(try await currentToken())
      if response.status == 200 { return response }
      guard let problem = Decoding.optional(Problem.self, response.body) else {
        throw Failure(
          Failure.status(response.status), "the agent answered \(response.status) without saying why",
          hint: "the agent's log has the reason")
      }
      let code = ProblemCode(rawValue: problem.code)
      guard !retried, code == .tokenBeforeStart || code == .tokenExpired else { throw Failure(problem) }
      retried = true
      token = nil
      if code == .tokenBeforeStart {
        do {
          try await ContinuousClock().sleep(for: .milliseconds(1100))
        } catch {
          throw Failure(.general, "interrupted")
        }
      }
    }
  }

  /// The next request is sent with a new token.
  func renewToken() { token = nil }

  private func currentToken() async throws(Failure) -> String {
    if let token { return token }
    let answer = try await broker.token(TokenRequest(resource: agentID, detail: detail)).answer
    token = answer.accessToken
    return answer.accessToken
  }

  private static func target(_ path: [String], _ query: [(name: String, value: String?)]) -> String {
    let path = "/v1/" + path.map(Percent.encode).joined(separator: "/")
    let query = Percent.pairs(query)
    return query.isEmpty ? path : "\(path)?\(query)"
  }
}

/// One part of a list.
protocol ListPage: Decodable, Sendable {
  /// The member that holds the items.
  static var itemsName: String { get }
  var itemCount: Int { get }
  var next: String? { get }
}

extension ProcessList: ListPage {
  static var itemsName: String { "processes" }
  var itemCount: Int { processes.count }
}

extension DirectoryList: ListPage {
  static var itemsName: String { "entries" }
  var itemCount: Int { entries.count }
}

/// All parts of a list.
struct ListAnswer<Page: ListPage>: Sendable {
  var pages: [Page] = []
  /// The same parts as the agent wrote them.
  var documents: [[UInt8]] = []
  /// Set where this command stopped before the end.
  var cutShort = false

  /// One document: the agent's own where it came in one part; else the first with the items of all, the other members
  /// as the last part has them, and `next` only where something is left.
  func merged() throws(Failure) -> [UInt8] {
    guard documents.count > 1 else { return documents.first ?? [] }
    var items: [JSONValue] = []
    var last = JSONObject()
    do throws(JSONError) {
      let limits = JSONParser.Limits(bytes: Transport.maximumBody)
      for document in documents {
        guard case .object(let object) = try JSONParser.parse(document, limits: limits) else {
          throw .wrongType(path: "the answer", expected: "an object")
        }
        items += object[Page.itemsName]?.array ?? []
        last = object
      }
    } catch {
      throw Failure(.internalError, "the answer of the agent is not understood: \(error)")
    }
    var writer = JSONWriter()
    writer.object {
      for member in last.members where member.name != "next" || cutShort {
        $0.name(member.name)
        $0.value(member.name == Page.itemsName ? .array(items) : member.value)
      }
    }
    return writer.bytes
  }
}
