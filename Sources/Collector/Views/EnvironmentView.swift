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

  /// An environment block, taken apart.
  private struct Block {
    var entries: [EnvironmentEntry] = []
    var byteCount: Int
    /// The block is longer than what was read or looked at.
    var truncated: Bool
    /// The last record has no NUL behind it.
    var unterminated: Bool

    init(_ bytes: [UInt8], truncated: Bool) {
      byteCount = bytes.count
      var (records, unterminated) = NULSeparated.records(bytes.span, limit: EnvironmentView.maximumRecords)
      self.truncated = truncated || records.count == EnvironmentView.maximumRecords
      // The limit may have cut a secret in two; what is left of it would not be known as one.
      if truncated, unterminated { records.removeLast() }
      self.unterminated = unterminated && !truncated
      entries = records.map { EnvironmentEntry(record: $0) }
    }
  }

  func answer(_ id: String) throws(Refusal) -> [UInt8] {
    let wanted = request.parameters.all("name")
    let other = try request.parameters.text("compare")
    try request.parameters.finish()
    if !wanted.isEmpty { request.facts.names = wanted.map { String(decoding: $0, as: UTF8.self) } }
    request.facts.comparedWith = other
    for name in wanted where !request.grant.names.matches(name) { throw Refusal(.nameNotGranted) }
    if let other { return try comparison(id, other, wanted) }
    return try environment(id, wanted)
  }

  /// Opens and reads, within grant and budget.
  private func read(_ id: String) throws(Refusal) -> Block {
    let process = try processes.open(id)
    guard request.byteAllowance > request.bytesRead else {
      throw Refusal(.budgetExhausted, limit: "bytes", retryAfter: request.bytesRetryAfter)
    }
    let (bytes, truncated) = try target.environment(of: process)
    request.bytesRead += Int64(bytes.count)
    return Block(bytes, truncated: truncated)
  }

  private func environment(_ id: String, _ wanted: [[UInt8]]) throws(Refusal) -> [UInt8] {
    let block = try read(id)
    let masker = request.masker(try target.taint())
    var hidden = 0
    var seen: Set<[UInt8]> = []
    var variables: [Variable] = []
    var objects: [[UInt8]] = [Array(id.utf8)]
    for (index, entry) in block.entries.enumerated() {
      if !wanted.isEmpty, !wanted.contains(entry.name) { continue }
      guard request.grant.names.matches(entry.name) else {
        hidden += 1
        continue
      }
      var flags: [String] = []
      let isEmpty = entry.name.isEmpty && entry.value == nil
      if isEmpty { flags.append("empty") } else if entry.value == nil { flags.append("no_equals_sign") }
      if !isEmpty, !seen.insert(entry.name).inserted { flags.append("duplicate") }
      if block.unterminated, index == block.entries.count - 1 { flags.append("unterminated") }
      objects.append(Self.object(id, entry.name))
      variables.append(variable(entry, flags: flags, masker: masker))
    }
    try request.charge("variable", objects)
    let environment = Environment(
      process: id, bytesRead: Int64(block.byteCount), truncated: block.truncated, hidden: hidden, variables: variables)
    var writer = JSONWriter(reserving: block.byteCount + 4096)
    environment.write(to: &writer)
    return writer.bytes
  }

  /// Charged as if both had been shown: who compares learns about both.
  private func comparison(_ id: String, _ other: String, _ wanted: [[UInt8]]) throws(Refusal) -> [UInt8] {
    let here = try read(id)
    let container = request.facts.container
    let there = try read(other)
    request.facts.process = id
    request.facts.container = container
    let masker = request.masker(try target.taint())
    let comparer = EnvironmentComparer(
      here: .init(here.entries, truncated: here.truncated), there: .init(there.entries, truncated: there.truncated))
    var hidden = 0
    var variables: [ComparedVariable] = []
    var objects: [[UInt8]] = [Array(id.utf8), Array(other.utf8)]
    for name in comparer.names where wanted.isEmpty || wanted.contains(name) {
      guard request.grant.names.matches(name) else {
        hidden += 1
        continue
      }
      objects.append(Self.object(id, name))
      objects.append(Self.object(other, name))
      variables.append(
        ComparedVariable(name: TargetText(bytes: masker.text(name).rendered()), result: comparer.result(name)))
    }
    try request.charge("variable", objects)
    let comparison = EnvironmentComparison(
      process: id, comparedWith: other, bytesRead: Int64(here.byteCount + there.byteCount),
      truncated: here.truncated || there.truncated, hidden: hidden, unnamedHere: comparer.here.unnamed,
      unnamedThere: comparer.there.unnamed, variables: variables)
    var writer = JSONWriter(reserving: 64 * variables.count + 1024)
    comparison.write(to: &writer)
    return writer.bytes
  }

  private static func object(_ id: String, _ name: [UInt8]) -> [UInt8] { Array(id.utf8) + [0x2F] + name }

  private func variable(_ entry: EnvironmentEntry, flags: [String], masker: Masker) -> Variable {
    // A record without `=` may be a value as well as a name, or a part of either: masked whole, and its place is kept.
    guard let value = entry.value else {
      let bucket = LengthBucket(count: entry.name.count)
      var variable = Variable(
        name: TargetText(text: ""),
        masked: MaskedValue(kind: SecretKind.malformed.rawValue, length: bucket.rawValue, fingerprint: nil))
      variable.flags = flags.isEmpty ? nil : flags
      return variable
    }
    let name = masker.text(entry.name)
    let masked = masker.variable(name: entry.name, value: value)
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
    if String(validating: entry.name + value, as: UTF8.self) == nil { flags.append("not_utf8") }
    variable.flags = flags.isEmpty ? nil : flags
    return variable
  }
}
