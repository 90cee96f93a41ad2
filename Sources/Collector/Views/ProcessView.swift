internal import API
internal import AuditLog
internal import Grants
internal import Linux
internal import Masking
internal import ProcFS
internal import StrictJSON
internal import Tokens

/// `GET /v1/processes` and `/v1/processes/{id}`.
struct ProcessView {
  let target: Target
  let request: Request
  let cursorKey: [UInt8]

  /// Most bytes of arguments in the answer: of each process in a list, and of one.
  private static let listArgumentLimit = 4096
  private static let argumentLimit = 65536
  /// A page ends at this size; the rest is in the next.
  private static let listBytes = 4 << 20

  func list() throws(Refusal) -> [UInt8] {
    let query = try ProcessQuery(&request.parameters, cursorKey: cursorKey, session: request.token.session)
    request.facts.container = query.container
    if let container = query.container, !request.grant.containers.matches(container) {
      throw Refusal(.containerNotGranted)
    }
    let root = try query.root.map { text throws(Refusal) in try open(text).identity }
    request.facts.container = query.container
    var summary = ProcessList.Summary()
    summary.snapshotStart = Clock.now().rfc3339(.milliseconds)
    let forest = try VisibleForest(self, kernelThreads: query.kernelThreads, summary: &summary)
    let page = try forest.page(query, root: root, summary: &summary)
    try request.charge("processes", [[]])
    return try settled(query.fields, members: forest.members, argumentLimit: Self.listArgumentLimit) {
      reader throws(Refusal) in try rows(page, of: forest, query, summary: summary, &reader)
    }
  }

  private func rows(
    _ page: [Int], of forest: VisibleForest, _ query: ProcessQuery, summary: ProcessList.Summary,
    _ reader: inout ProcessReader
  ) throws(Refusal) -> [UInt8] {
    var summary = summary
    var writer = JSONWriter(reserving: min(512 * page.count + 256, Self.listBytes))
    var identities: [Int32: String] = [:]
    try ProcessList.write(to: &writer) { writer throws(Refusal) in
      var last: Int?
      var shown = 0
      for index in page {
        if shown == query.limit || writer.bytes.count > Self.listBytes {
          summary.truncated = true
          let place = query.place(of: forest.rows[last ?? index], depth: forest.forest.depths[last ?? index])
          summary.next = try place.sealed(key: cursorKey, context: query.cursorContext(request.token.session))
          break
        }
        do throws(Refusal) {
          guard let process = try target.open(forest.rows[index].member) else { throw Refusal(.processGone) }
          let place = try place(of: index, in: forest, fields: query.fields, identities: &identities)
          let entry = try reader.entry(of: process, at: place)
          entry.write(to: &writer)
          shown += 1
        } catch {
          guard error.code == .processGone else { throw error }
          summary.vanished += 1
        }
        last = index
      }
      summary.snapshotEnd = Clock.now().rfc3339(.milliseconds)
      summary.bootID = target.scope.bootID
      summary.pidNamespace = target.scope.pidNamespace
      return summary
    }
    return writer.bytes
  }

  func one(_ id: String) throws(Refusal) -> [UInt8] {
    let fields = try ProcessQuery.fields(&request.parameters, inList: false)
    try request.parameters.finish()
    let process = try open(id)
    try request.charge("process", [Array(process.identity.text.utf8)])
    let place: ProcessReader.Place
    var members: [Scope.Member]?
    if fields.isDisjoint(with: [.depth, .children, .subtree]) {
      place = ProcessReader.Place(parent: parent(of: process))
    } else {
      var summary = ProcessList.Summary()
      let forest = try VisibleForest(self, kernelThreads: true, summary: &summary)
      guard let index = forest.index(of: process.identity) else { throw Refusal(.processGone) }
      members = forest.members
      var identities: [Int32: String] = [:]
      place = try self.place(of: index, in: forest, fields: fields, identities: &identities)
    }
    return try settled(fields, members: members, argumentLimit: Self.argumentLimit) { reader throws(Refusal) in
      let entry = try reader.entry(of: process, at: place)
      var writer = JSONWriter()
      entry.write(to: &writer)
      return writer.bytes
    }
  }

  /// Opens the process that a request names, within the grant.
  func open(_ id: String) throws(Refusal) -> TargetProcess {
    request.facts.process = id
    guard let identity = ProcessIdentity(id) else {
      throw Refusal(.processNotFound, detail: "a process id has the form that /v1/processes gives")
    }
    let process = try target.scope.open(identity)
    request.facts.container = process.container
    guard request.grant.containers.matches(process.container) else { throw Refusal(.containerNotGranted) }
    guard isGranted(process) else { throw Refusal(.processNotGranted) }
    return process
  }

  /// Whether the grant includes every process, whatever its executable.
  var grantsAll: Bool { request.grant.processes.contains { $0.pattern == "**" } }

  /// Whether the grant's containers and processes include it. Where the kernel does not tell the executable, only a
  /// grant of all processes does.
  func isGranted(_ process: borrowing TargetProcess) -> Bool {
    guard request.grant.containers.matches(process.container) else { return false }
    if grantsAll { return true }
    guard let path = target.executable(of: process) else { return false }
    return request.grant.processes.matches(path)
  }

  /// Secrets are looked for only where text of the process is shown: without such fields no environment is surveyed.
  private func settled<Answer>(
    _ fields: Set<ProcessField>, members: [Scope.Member]?, argumentLimit: Int,
    _ make: (inout ProcessReader) throws(Refusal) -> Answer
  ) throws(Refusal) -> Answer {
    func answer(_ taint: Taint?) throws(Refusal) -> Answer {
      var reader = ProcessReader(
        target: target, fields: fields, masker: taint.map(request.masker), taint: taint ?? Taint(),
        argumentLimit: argumentLimit, count: request.count)
      return try make(&reader)
    }
    guard !fields.isDisjoint(with: ProcessField.freeText) else { return try answer(nil) }
    return try request.settled(target, members: members) { known throws(Refusal) in try answer(known.taint) }
  }

  /// The parent as the answer names it: only one that the grant includes and that is not younger.
  private func parent(of process: borrowing TargetProcess) -> String {
    if process.stat.parent == 0 || process.stat.pid == target.scope.top { return ProcessList.noParent }
    do throws(Refusal) {
      guard let parent = try target.scope.parent(of: process.stat), isGranted(parent) else {
        return ProcessList.unknownParent
      }
      return parent.identity.text
    } catch {
      return ProcessList.unknownParent
    }
  }

  private func place(
    of index: Int, in visible: VisibleForest, fields: Set<ProcessField>, identities: inout [Int32: String]
  ) throws(Refusal) -> ProcessReader.Place {
    let forest = visible.forest
    var place = ProcessReader.Place(parent: ProcessList.unknownParent)
    switch forest.parents[index] {
    case .none: place.parent = ProcessList.noParent
    case .unknown: break
    case .node(let parent):
      let member = visible.rows[parent].member
      if let known = identities[member.pid] {
        place.parent = known
      } else {
        do throws(Refusal) {
          // Seen again, or the edge does not count.
          if let process = try target.open(member) { place.parent = process.identity.text }
        } catch {
          guard error.code == .processGone else { throw error }
        }
        identities[member.pid] = place.parent
      }
    }
    if fields.contains(.depth) { place.depth = forest.depths[index] }
    if fields.contains(.children) {
      place.children = forest.children[index].map { Int64(visible.rows[$0].node.pid) }.sorted()
    }
    if fields.contains(.subtree) {
      let totals = forest.totals[index]
      place.totals = SubtreeTotals(
        processes: totals.processes, threads: totals.threads, residentBytes: totals.residentBytes,
        cpuMilliseconds: totals.cpuMilliseconds)
    }
    return place
  }
}

/// The processes in scope that the grant includes, as a forest. What it does not include counts for nothing in it, so
/// that no total tells of it.
struct VisibleForest {
  let rows: [Scope.Row]
  let forest: ProcessForest
  /// All in scope, for the survey of secrets.
  let members: [Scope.Member]

  init(_ view: ProcessView, kernelThreads: Bool, summary: inout ProcessList.Summary) throws(Refusal) {
    let snapshot: Scope.Snapshot
    do throws(ProcFSError) {
      snapshot = try view.target.scope.snapshot()
    } catch {
      throw Refusal(process: error)
    }
    summary.vanished += snapshot.vanished
    summary.truncated = snapshot.truncated
    let containers = view.request.grant.containers
    let grantsAll = view.grantsAll
    var rows: [Scope.Row] = []
    rows.reserveCapacity(snapshot.rows.count)
    for row in snapshot.rows {
      if row.isKernelThread, !kernelThreads {
        summary.kernelThreads += 1
        continue
      }
      guard containers.matches(row.container) else {
        summary.hidden += 1
        continue
      }
      if !grantsAll {
        do throws(Refusal) {
          guard let process = try view.target.open(row.member), view.isGranted(process) else {
            summary.hidden += 1
            continue
          }
        } catch {
          guard error.code == .processGone else { throw error }
          summary.vanished += 1
          continue
        }
      }
      rows.append(row)
    }
    self.rows = rows
    forest = ProcessForest(rows.map(\.node), top: view.target.scope.top)
    members = snapshot.rows.map(\.member)
  }

  func index(of identity: ProcessIdentity) -> Int? {
    rows.firstIndex { $0.node.pid == identity.pid && $0.node.startTime == identity.startTime }
  }

  /// The rows that a query is about, in its order, from its cursor on.
  func page(
    _ query: ProcessQuery, root: ProcessIdentity?, summary: inout ProcessList.Summary
  ) throws(Refusal) -> [Int] {
    var found: [Int]
    if let root {
      guard let index = index(of: root) else { throw Refusal(.processGone) }
      found = forest.descendants(of: index, depth: query.depth ?? .max)
    } else {
      found = rows.indices.filter { forest.depths[$0] <= query.depth ?? .max }
    }
    if let container = query.container { found.removeAll { rows[$0].container != container } }
    summary.orphans = found.count { forest.parents[$0] == .unknown }
    var places = found.map { (place: query.place(of: rows[$0], depth: forest.depths[$0]), index: $0) }
    if let cursor = query.cursor { places.removeAll { $0.place <= cursor } }
    places.sort { $0.place < $1.place }
    return places.map(\.index)
  }
}
