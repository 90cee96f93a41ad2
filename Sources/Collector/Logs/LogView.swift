internal import API
internal import AuditLog
internal import Grants
internal import Linux
internal import Masking
internal import ProcFS
internal import StrictJSON
internal import Tokens

/// `GET /v1/logs` and `/v1/logs/{source}`.
struct LogView {
  let target: Target
  let files: LogFiles
  let request: Request
  let cursorKey: [UInt8]

  private static let maximumLines = 10_000
  private static let defaultLines = 100

  func list() throws(Refusal) -> [UInt8] {
    try request.parameters.finish()
    var list = LogSourceList(sources: [])
    for source in files.sources
    where request.grant.logs.matches(source.name) && request.grant.containers.matches(source.container) {
      var entry = LogSource(name: source.name, container: source.container, status: "available")
      do throws(Refusal) {
        let place = try files.locate(source)
        do throws(SystemError) {
          let status = try place.shared.descriptor.status()
          entry.status = status.kind == .regular ? "available" : "not_regular"
          if status.kind == .regular, status.links > 1, !source.allowsHardLinks { entry.status = "denied" }
          entry.size = Int64(clamping: status.size)
          entry.modified = status.modified.rfc3339(.nanoseconds)
        } catch {
          entry.status = "denied"
        }
      } catch {
        switch error.code {
        case .overloaded, .internalError: throw error
        case .logNotFound: entry.status = "missing"
        case _: entry.status = "denied"
        }
      }
      list.sources.append(entry)
    }
    var writer = JSONWriter()
    list.write(to: &writer)
    return writer.bytes
  }

  enum Answer {
    case whole([UInt8])
    case follow(LogFollow)
  }

  func read(_ name: String) throws(Refusal) -> Answer {
    request.facts.log = name
    let container = try request.parameters.text("container")
    let count = try request.parameters.integer("lines", in: 0...Self.maximumLines)
    let follow = try request.parameters.flag("follow")
    let cursorText = try request.parameters.optional("cursor")
    try request.parameters.finish()
    guard request.grant.logs.matches(name) else { throw Refusal(.logNotGranted) }
    guard let source = files.sources.first(where: { $0.name == name && (container ?? $0.container) == $0.container })
    else { throw Refusal(.logNotFound) }
    request.facts.container = source.container
    guard request.grant.containers.matches(source.container) else { throw Refusal(.containerNotGranted) }
    guard request.byteAllowance > 0 else {
      throw Refusal(.budgetExhausted, limit: "bytes", retryAfter: request.bytesRetryAfter)
    }
    if cursorText != nil, !follow { throw Refusal(.invalidParameter, detail: "cursor goes with follow=true") }
    let opened = try files.open(source)
    try request.charge("log", [Array("\(source.container)/\(source.name)".utf8)])
    let known = try target.known()
    let masker = request.masker(known.taint)
    if let cursorText {
      let cursor = try LogCursor(cursorText, key: cursorKey, source: sourceKey(source), session: request.token.session)
      return .follow(
        try LogFollow(
          source: source, opened: opened, files: files, request: request, target: target, cursorKey: cursorKey,
          resumeAt: cursor))
    }
    let tail: LogTailReader.Tail
    do throws(SystemError) {
      tail = try LogTailReader(file: opened.file, masker: masker, values: known.values).last(
        count ?? (follow ? 10 : Self.defaultLines), size: opened.status.size, budget: request.byteAllowance)
    } catch {
      throw Refusal(process: .init(error))
    }
    request.bytesRead += tail.scanned
    for masked in tail.masked { request.count(masked) }
    if follow {
      return .follow(
        try LogFollow(
          source: source, opened: opened, files: files, request: request, target: target, cursorKey: cursorKey,
          after: tail))
    }
    let cursor = LogCursor(file: opened.status, offset: tail.end - tail.unfinished)
    let answer = LogTail(
      source: source.name, container: source.container, size: Int64(clamping: opened.status.size),
      modified: opened.status.modified.rfc3339(.nanoseconds), bytesScanned: tail.scanned, limitHit: tail.limitHit,
      cursor: try cursor.sealed(key: cursorKey, source: sourceKey(source), session: request.token.session),
      lines: tail.lines)
    var writer = JSONWriter(reserving: tail.lines.reduce(1024) { $0 + $1.text.utf8.count + 32 })
    answer.write(to: &writer)
    return .whole(writer.bytes)
  }

  private func sourceKey(_ source: Configuration.LogSource) -> String { "\(source.container)/\(source.name)" }
}
