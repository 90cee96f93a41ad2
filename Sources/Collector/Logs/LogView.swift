internal import API
internal import AuditLog
internal import Grants
internal import LibCrypto
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
  var limits = LogFollow.Limits()

  enum Answer {
    case whole([UInt8])
    case follow(LogFollow)
  }

  func read(_ name: String) throws(Refusal) -> Answer {
    request.facts.log = name
    let query = try LogQuery(&request.parameters, now: Clock.now())
    guard request.grant.logs.matches(name) else { throw Refusal(.logNotGranted) }
    guard
      let source = files.sources.first(where: {
        $0.name == name && (query.container ?? $0.container) == $0.container
      })
    else { throw Refusal(.logNotFound) }
    request.facts.container = source.container
    guard request.grant.containers.matches(source.container) else { throw Refusal(.containerNotGranted) }
    guard request.byteAllowance > 0 else {
      throw Refusal(.budgetExhausted, limit: "bytes", retryAfter: request.bytesRetryAfter)
    }
    let folder = try files.folder(of: source)
    let survey = try files.survey(source, in: folder, listing: query.predecessors > 0 || query.cursor != nil)
    // Names are masked with what is known once they have been read.
    let names = request.masker(try target.taint())
    let found = try pick(query.file, of: source, among: survey.files, masker: names)
    let opened = try folder.open(found)
    func looks(at file: OpenedLog) throws(Refusal) {
      request.facts.path = shownName(file.name, names).text
      try request.charge("log", [key(of: source, file: file.name)])
    }
    let place = LogPlace(
      files: files, source: source, folder: folder, name: found.name,
      goesOn: source.pattern != nil && query.file == nil, now: Clock.monotonic())
    func follow(
      _ opened: OpenedLog, _ place: LogPlace, from beginning: LogFollow.Beginning
    ) throws(Refusal) -> LogFollow {
      try LogFollow(
        opened, place: place, from: beginning, filter: query.selection.filter, request: request, target: target,
        sourceKey: sourceKey(source), cursorKey: cursorKey, limits: limits)
    }
    if let text = query.cursor {
      let cursor = try LogCursor(text, key: cursorKey, source: sourceKey(source), session: request.token.session)
      let resumed = try resume(cursor, source: source, folder: folder, survey: survey, opened: opened, file: query.file)
      try looks(at: resumed.opened)
      var place = place
      if resumed.name != place.name { place.goOn(with: resumed.name) }
      return .follow(try follow(resumed.opened, place, from: .place(resumed.offset, reset: resumed.reset)))
    }
    try looks(at: opened)
    let parts = [opened] + predecessors(of: opened, in: folder, survey: survey, query.predecessors)
    let (tail, masker) = try request.settled(target) { known throws(Refusal) in
      let masker = request.masker(known.taint)
      do throws(SystemError) {
        let tail = try LogTailReader(files: parts, masker: masker, values: known.values).read(
          query.selection, budget: request.byteAllowance)
        request.bytesRead = max(request.bytesRead, tail.scanned)
        return (tail, masker)
      } catch {
        throw Refusal(process: .init(error))
      }
    }
    for entry in tail.lines { request.count(entry.line.text) }
    if query.follow { return .follow(try follow(opened, place, from: .tail(tail, files: parts))) }
    return .whole(try answer(tail, parts, source: source, query: query, masker: masker))
  }

  private func answer(
    _ tail: LogTailReader.Tail, _ parts: [OpenedLog], source: Configuration.LogSource, query: LogQuery, masker: Masker
  ) throws(Refusal) -> [UInt8] {
    let opened = parts[0]
    var answer = LogTail(
      source: source.name, container: source.container, file: shownName(opened.name, masker),
      fileID: try fileID(opened.name, of: source), size: Int64(clamping: opened.status.size),
      modified: opened.status.modified.rfc3339(.nanoseconds), bytesScanned: tail.scanned, limitHit: tail.limitHit,
      cursor: try cursor(opened, at: tail.end).sealed(
        key: cursorKey, source: sourceKey(source), session: request.token.session),
      lines: tail.lines.map(\.line.line))
    for (index, part) in parts.enumerated().dropFirst().reversed() {
      let count = tail.lines.count { $0.file == index }
      guard count > 0 else { continue }
      answer.predecessors.append(LogTail.Part(file: shownName(part.name, masker), lines: count))
    }
    if tail.holeBytes > 0 { answer.holeBytes = Int64(clamping: tail.holeBytes) }
    if query.selection.since != nil {
      answer.linesScanned = tail.seen
      answer.withoutTime = tail.withoutTime
      answer.withoutZone = tail.withoutZone
    }
    var writer = JSONWriter(reserving: tail.lines.reduce(1024) { $0 + $1.cost })
    answer.write(to: &writer)
    return writer.bytes
  }

  // MARK: Which file

  /// The file that is asked for, by its name or id; else the only one, or the last modified.
  private func pick(
    _ wanted: [UInt8]?, of source: Configuration.LogSource, among found: [LogFolder.Found], masker: Masker
  ) throws(Refusal) -> LogFolder.Found {
    guard let wanted else {
      let readable = found.first {
        $0.status.kind == .regular && !$0.isRefused(allowsHardLinks: source.allowsHardLinks)
      }
      guard let chosen = readable ?? found.first else { throw Refusal(.logNotFound) }
      return chosen
    }
    for candidate in found {
      // Only names as they are shown: else guesses would find out what is masked in a name.
      let shown = masker.text(candidate.name)
      if shown.maskedCount == 0, shown.rendered() == wanted { return candidate }
      if try Array(fileID(candidate.name, of: source).utf8) == wanted { return candidate }
    }
    throw Refusal(.logNotFound, log: "no such file of the source")
  }

  private func predecessors(
    of opened: OpenedLog, in folder: LogFolder, survey: LogFiles.Survey, _ count: Int
  ) -> [OpenedLog] {
    guard count > 0 else { return [] }
    var parts: [OpenedLog] = []
    for predecessor in folder.predecessors(of: opened.name, among: survey.names).files {
      // What comes before a part that cannot be read is not its neighbour.
      guard parts.count < count, !predecessor.isCompressed, !opened.isSame(as: predecessor.found.status) else { break }
      do throws(Refusal) {
        parts.append(try folder.open(predecessor.found))
      } catch {
        break
      }
    }
    return parts
  }

  private struct Resumed {
    var opened: OpenedLog
    var name: [UInt8]
    var offset: UInt64
    var reset: String?
  }

  /// Finds the file of a cursor: under its name, or as an older part of it; and whether it is still what it was.
  private func resume(
    _ cursor: LogCursor, source: Configuration.LogSource, folder: LogFolder, survey: LogFiles.Survey,
    opened: OpenedLog, file: [UInt8]?
  ) throws(Refusal) -> Resumed {
    let bases = file == nil ? survey.files : [try folder.look(opened.name)]
    for base in bases where cursor.names(base.status) {
      let current = try folder.open(base)
      if try stands(cursor, in: current) {
        return Resumed(opened: current, name: base.name, offset: cursor.offset)
      }
      // It was cut. A copy may have the rest.
      for predecessor in folder.predecessors(of: base.name, among: survey.names).files where !predecessor.isCompressed {
        guard cursor.offset >= LogCursor.leastCopied, !current.isSame(as: predecessor.found.status) else { continue }
        let copy = try folder.open(predecessor.found)
        if try stands(cursor, in: copy) {
          return Resumed(opened: copy, name: base.name, offset: cursor.offset)
        }
      }
      return Resumed(opened: current, name: base.name, offset: 0, reset: "truncated")
    }
    for base in bases {
      for predecessor in folder.predecessors(of: base.name, among: survey.names).files
      where !predecessor.isCompressed && cursor.names(predecessor.found.status) {
        let older = try folder.open(predecessor.found)
        if try stands(cursor, in: older) {
          return Resumed(opened: older, name: base.name, offset: cursor.offset)
        }
      }
    }
    return Resumed(opened: opened, name: opened.name, offset: 0, reset: "replaced")
  }

  private func stands(_ cursor: LogCursor, in opened: OpenedLog) throws(Refusal) -> Bool {
    guard cursor.offset <= opened.status.size else { return false }
    return try self.cursor(opened, at: cursor.offset).mark == cursor.mark
  }

  // MARK: Names and keys

  private func cursor(_ opened: OpenedLog, at offset: UInt64) throws(Refusal) -> LogCursor {
    let before: [UInt8]
    do throws(SystemError) {
      before = try FollowedLog.bytes(before: offset, in: opened)
    } catch {
      throw Refusal(process: .init(error))
    }
    return LogCursor(file: opened.status, offset: offset, mark: try LogCursor.mark(of: before, key: cursorKey))
  }

  private func sourceKey(_ source: Configuration.LogSource) -> String { "\(source.container)/\(source.name)" }

  /// A source of one file is one object; of a pattern each file is.
  private func key(of source: Configuration.LogSource, file: [UInt8]) -> [UInt8] {
    Array(sourceKey(source).utf8) + (source.pattern == nil ? [] : [0x2F] + file)
  }

  private func shownName(_ name: [UInt8], _ masker: Masker) -> TargetText {
    TargetText(bytes: masker.text(name).rendered())
  }

  /// Stands for a name that is masked or is no text.
  private func fileID(_ name: [UInt8], of source: Configuration.LogSource) throws(Refusal) -> String {
    do throws(LibCrypto.Failure) {
      let digest = try LibCrypto.hmacSHA256(
        key: cursorKey, Array("log-file".utf8) + [0] + Array(sourceKey(source).utf8) + [0] + name)
      return digest.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    } catch {
      throw Refusal(.internalError, log: error.description)
    }
  }
}

// MARK: The list

extension LogView {
  /// Most files of one source, and most older parts of one file, that are listed.
  private static let listedFiles = 64
  private static let listedPredecessors = 16

  func list() throws(Refusal) -> [UInt8] {
    try request.parameters.finish()
    return try request.settled(target) { known throws(Refusal) in
      let masker = request.masker(known.taint)
      var list = LogSourceList(sources: [])
      for source in files.sources
      where request.grant.logs.matches(source.name) && request.grant.containers.matches(source.container) {
        list.sources.append(try entry(source, masker))
      }
      var writer = JSONWriter()
      list.write(to: &writer)
      return writer.bytes
    }
  }

  private func entry(_ source: Configuration.LogSource, _ masker: Masker) throws(Refusal) -> LogSource {
    var entry = LogSource(name: source.name, container: source.container, status: "missing")
    do throws(Refusal) {
      let folder = try files.folder(of: source)
      let survey = try files.survey(source, in: folder, listing: true)
      entry.truncated = survey.truncated || survey.files.count > Self.listedFiles
      for found in survey.files.prefix(Self.listedFiles) {
        entry.files.append(try listed(found, source, folder, survey, masker))
      }
      let chosen = entry.files.first { $0.status == "available" } ?? entry.files.first
      entry.status = chosen?.status ?? "missing"
      entry.size = chosen?.size
      entry.modified = chosen?.modified
    } catch {
      switch error.code {
      case .overloaded, .internalError: throw error
      case .logNotFound: entry.status = "missing"
      case _: entry.status = "denied"
      }
    }
    return entry
  }

  private func listed(
    _ found: LogFolder.Found, _ source: Configuration.LogSource, _ folder: LogFolder, _ survey: LogFiles.Survey,
    _ masker: Masker
  ) throws(Refusal) -> LogFile {
    var file = LogFile(
      id: try fileID(found.name, of: source), name: shownName(found.name, masker), status: Self.status(found, source),
      size: Int64(clamping: found.status.size), modified: found.status.modified.rfc3339(.nanoseconds))
    let (predecessors, truncated) = folder.predecessors(of: found.name, among: survey.names)
    file.truncated = truncated || predecessors.count > Self.listedPredecessors
    for predecessor in predecessors.prefix(Self.listedPredecessors) {
      file.predecessors.append(
        LogPredecessor(
          name: shownName(predecessor.found.name, masker),
          status: predecessor.isCompressed ? "compressed" : Self.status(predecessor.found, source),
          size: Int64(clamping: predecessor.found.status.size),
          modified: predecessor.found.status.modified.rfc3339(.nanoseconds)))
    }
    return file
  }

  private static func status(_ found: LogFolder.Found, _ source: Configuration.LogSource) -> String {
    if found.status.kind != .regular { return "not_regular" }
    return found.isRefused(allowsHardLinks: source.allowsHardLinks) ? "denied" : "available"
  }
}
