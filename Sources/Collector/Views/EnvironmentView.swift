internal import API
internal import AuditLog
internal import Grants
internal import Masking
internal import ProcFS
internal import StrictJSON

/// `GET /v1/processes/{id}/environment`: the block of execve(2), masked, or compared with another process's.
struct EnvironmentView {
  let target: Target
  let request: Request
  let processes: ProcessView

  /// Most records of a block that are looked at.
  static let maximumRecords = 10_000

  /// What was read of an environment.
  private struct Reading {
    let block: EnvironmentBlock
    /// The block is longer than what was read or looked at.
    let truncated: Bool
    /// How many of its records are whole. The limit may have cut the last one, and a secret in it, in two: what is left
    /// would not be known as one.
    let whole: Int

    init(_ bytes: [UInt8], truncated: Bool) {
      block = EnvironmentBlock(bytes, limit: EnvironmentView.maximumRecords)
      self.truncated = truncated || block.exceedsLimit
      whole = block.records.count - (truncated && block.unterminated ? 1 : 0)
    }

    var records: ArraySlice<EnvironmentBlock.Record> { block.records.prefix(whole) }
  }

  func answer(_ id: String) throws(Refusal) -> [UInt8] {
    let wanted = request.parameters.all("name")
    let other = try request.parameters.text("compare")
    try request.parameters.finish()
    if !wanted.isEmpty { request.facts.names = wanted.map(AuditRequest.words) }
    guard wanted.count <= AuditLine.maximumItems else {
      throw Refusal(.invalidParameter, detail: "at most \(AuditLine.maximumItems) names")
    }
    request.facts.comparedWith = other
    for name in wanted where !request.grant.names.matches(name) { throw Refusal(.nameNotGranted) }
    if let other { return try comparison(id, other, wanted) }
    return try environment(id, wanted)
  }

  /// Opens and reads, within grant and budget.
  private func read(_ id: String) throws(Refusal) -> Reading {
    let process = try processes.open(id)
    guard request.byteAllowance > request.bytesRead else {
      throw Refusal(.budgetExhausted, limit: "bytes", retryAfter: request.bytesRetryAfter)
    }
    let (bytes, truncated) = try target.environment(of: process)
    request.bytesRead += Int64(bytes.count)
    return Reading(bytes, truncated: truncated)
  }

  private func environment(_ id: String, _ wanted: [[UInt8]]) throws(Refusal) -> [UInt8] {
    let reading = try read(id)
    let block = reading.block
    let masker = request.masker(try target.taint())
    var hidden = 0
    var shown: [EnvironmentBlock.Record] = []
    for record in reading.records {
      let name = Array(block.name(record))
      if !wanted.isEmpty, !wanted.contains(name) { continue }
      if request.grant.names.matches(name) { shown.append(record) } else { hidden += 1 }
    }
    try charge([id], names: shown.lazy.map { block.name($0) })
    let environment = Environment(
      process: id, bytesRead: Int64(block.bytes.count), truncated: reading.truncated, hidden: hidden, variables: [])
    var writer = JSONWriter(reserving: block.bytes.count / 2 + 4096)
    var seen: Set<ArraySlice<UInt8>> = []
    environment.write(to: &writer) { writer in
      for record in shown {
        var flags: [String] = []
        if record.isEmpty { flags.append("empty") } else if !record.hasValue { flags.append("no_equals_sign") }
        if !record.isEmpty, !seen.insert(block.name(record)).inserted { flags.append("duplicate") }
        if block.unterminated, record == reading.records.last { flags.append("unterminated") }
        variable(record, of: block, flags: flags, masker: masker).write(to: &writer)
      }
    }
    return writer.bytes
  }

  /// Charged as if both had been shown: who compares learns about both.
  private func comparison(_ id: String, _ other: String, _ wanted: [[UInt8]]) throws(Refusal) -> [UInt8] {
    let here = try read(id)
    let container = request.facts.container
    let second = Result { () throws(Refusal) in try read(other) }
    // The record is of the process that was asked for, also where the other one is refused.
    (request.facts.process, request.facts.container) = (id, container)
    let there = try second.get()
    let masker = request.masker(try target.taint())
    let comparer = EnvironmentComparer(
      here: .init(here.block, count: here.whole, truncated: here.truncated),
      there: .init(there.block, count: there.whole, truncated: there.truncated))
    var hidden = 0
    var shown: [ArraySlice<UInt8>] = []
    for slice in comparer.names {
      let name = Array(slice)
      if !wanted.isEmpty, !wanted.contains(name) { continue }
      if request.grant.names.matches(name) { shown.append(slice) } else { hidden += 1 }
    }
    try charge([id, other], names: shown)
    let comparison = EnvironmentComparison(
      process: id, comparedWith: other, bytesRead: Int64(here.block.bytes.count + there.block.bytes.count),
      truncated: here.truncated || there.truncated, hidden: hidden, unnamedHere: comparer.here.unnamed,
      unnamedThere: comparer.there.unnamed, variables: [])
    var writer = JSONWriter(reserving: 48 * shown.count + 1024)
    comparison.write(to: &writer) { writer in
      for name in shown {
        let text = TargetText(bytes: masker.text(Array(name)).rendered())
        ComparedVariable(name: text, result: comparer.result(name)).write(to: &writer)
      }
    }
    return writer.bytes
  }

  /// Each process, and each name in each of them.
  private func charge(_ processes: [String], names: some Sequence<ArraySlice<UInt8>>) throws(Refusal) {
    let ids = processes.map { Array($0.utf8) }
    let variables = names.lazy.flatMap { name in ids.lazy.map { $0 + [0x2F] + name } }
    try request.charge("variable", ObjectNames(ids: ids, variables: AnySequence(variables)))
  }

  /// Made one by one as they are charged: of a large block there are tens of thousands.
  private struct ObjectNames: Sequence {
    let ids: [[UInt8]]
    let variables: AnySequence<[UInt8]>

    func makeIterator() -> AnyIterator<[UInt8]> {
      var first = ids.makeIterator()
      let rest = variables.makeIterator()
      return AnyIterator { first.next() ?? rest.next() }
    }
  }

  private func variable(
    _ record: EnvironmentBlock.Record, of block: EnvironmentBlock, flags: [String], masker: Masker
  ) -> Variable {
    let bareName = Array(block.name(record))
    // A record without `=` may be a value as well as a name, or a part of either: masked whole, and its place is kept.
    guard let value = block.value(record).map({ Array($0) }) else {
      let bucket = LengthBucket(count: bareName.count)
      var variable = Variable(
        name: TargetText(text: ""),
        masked: MaskedValue(kind: SecretKind.malformed.rawValue, length: bucket.rawValue, fingerprint: nil))
      variable.flags = flags.isEmpty ? nil : flags
      return variable
    }
    let name = masker.text(bareName)
    let masked = masker.variable(name: bareName, value: value)
    request.count(masked)
    var variable: Variable
    if let whole = masked.whole {
      variable = Variable(
        name: TargetText(bytes: name.rendered()),
        masked: MaskedValue(kind: whole.kind.rawValue, length: whole.length.rawValue, fingerprint: whole.fingerprint))
    } else {
      variable = Variable(
        name: TargetText(bytes: name.rendered()), value: TargetText(bytes: masked.rendered()),
        maskedParts: masked.maskedCount > 0 ? masked.maskedCount : nil)
    }
    var flags = flags
    if String(validating: bareName + value, as: UTF8.self) == nil { flags.append("not_utf8") }
    variable.flags = flags.isEmpty ? nil : flags
    return variable
  }
}
