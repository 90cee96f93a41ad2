internal import API
internal import Linux

/// The parameters of `GET /v1/logs/{source}`.
struct LogQuery {
  static let maximumLines = 10_000
  static let maximumBytes = 1 << 20
  static let maximumPredecessors = 8
  private static let defaultLines = 100
  private static let defaultFollowedLines = 10
  /// The lines that a follow begins with wait in memory until the client has taken them.
  private static let followAnswer = 1 << 20

  var container: String?
  var follow: Bool
  var cursor: [UInt8]?
  /// The name or id of one of a source's files.
  var file: [UInt8]?
  var predecessors: Int
  var selection: LogSelection

  init(_ parameters: inout Parameters, now: Timestamp) throws(Refusal) {
    container = try parameters.text("container")
    follow = try parameters.flag("follow")
    cursor = try parameters.optional("cursor")
    file = try parameters.optional("file")
    let lines = try parameters.integer("lines", in: 0...Self.maximumLines)
    let bytes = try parameters.integer("bytes", in: 1...Self.maximumBytes)
    let predecessors = try parameters.integer("predecessors", in: 0...Self.maximumPredecessors)
    let sinceText = try parameters.optional("since")
    var since: Timestamp?
    if let sinceText {
      since = SinceTime.parse(sinceText, now: now)
      guard since != nil else { throw Refusal(.invalidParameter, detail: SinceTime.form) }
    }
    var filter: TextFilter?
    if let text = try parameters.optional("grep") {
      filter = TextFilter(text)
      guard filter != nil else {
        throw Refusal(
          .invalidParameter, detail: "grep must be 1 to \(TextFilter.maximumLength) bytes without a line feed")
      }
    }
    try parameters.finish()
    if cursor != nil {
      guard follow else { throw Refusal(.invalidParameter, detail: "cursor goes with follow=true") }
      guard since == nil, bytes == nil, predecessors == nil else {
        throw Refusal(
          .invalidParameter, detail: "a cursor goes on where it stands, without since, bytes or predecessors")
      }
    }
    self.predecessors = predecessors ?? (follow ? 0 : 1)
    let isLimited = since != nil || bytes != nil
    selection = LogSelection(
      lines: lines ?? (isLimited ? Self.maximumLines : follow ? Self.defaultFollowedLines : Self.defaultLines),
      bytes: bytes, since: since, filter: filter, now: now)
    if follow { selection.answer = Self.followAnswer }
  }
}
