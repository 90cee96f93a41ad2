internal import API
internal import AuditLog
internal import Grants
internal import Masking
internal import ProcFS
internal import StrictJSON

/// `GET /v1/processes/{id}/environment`: the block of execve(2), masked.
struct EnvironmentView {
  let target: Target
  let request: Request

  /// Most records of a block that are looked at.
  static let maximumRecords = 10_000

  func answer(_ id: String) throws(Refusal) -> [UInt8] {
    let wanted = request.parameters.all("name")
    try request.parameters.finish()
    if !wanted.isEmpty { request.facts.names = wanted.map { String(decoding: $0, as: UTF8.self) } }
    for name in wanted where !request.grant.names.matches(name) { throw Refusal(.nameNotGranted) }
    let process = try ProcessView(target: target, request: request).open(id)
    guard request.byteAllowance > 0 else {
      throw Refusal(.budgetExhausted, limit: "bytes", retryAfter: request.bytesRetryAfter)
    }
    let (block, truncated) = try target.environment(of: process)
    request.bytesRead += Int64(block.count)
    let masker = request.masker(try target.taint())
    var (records, unterminated) = NULSeparated.records(block.span, limit: Self.maximumRecords)
    let isCut = truncated || records.count == Self.maximumRecords
    // The limit may have cut a secret in two; what is left of it would not be known as one.
    if truncated, unterminated { records.removeLast() }
    if truncated { unterminated = false }
    var hidden = 0
    var seen: Set<[UInt8]> = []
    var variables: [Variable] = []
    var objects: [[UInt8]] = [Array(id.utf8)]
    for (index, record) in records.enumerated() {
      let parsed = EnvironmentEntry(record: record)
      if !wanted.isEmpty, !wanted.contains(parsed.name) { continue }
      guard request.grant.names.matches(parsed.name) else {
        hidden += 1
        continue
      }
      var flags: [String] = []
      if record.isEmpty { flags.append("empty") } else if parsed.value == nil { flags.append("no_equals_sign") }
      if !record.isEmpty, !seen.insert(parsed.name).inserted { flags.append("duplicate") }
      if unterminated, index == records.count - 1 { flags.append("unterminated") }
      objects.append(Array(id.utf8) + [0x2F] + parsed.name)
      variables.append(variable(parsed, flags: flags, masker: masker))
    }
    try request.charge("variable", objects)
    let environment = Environment(
      process: id, bytesRead: Int64(block.count), truncated: isCut, hidden: hidden, variables: variables)
    var writer = JSONWriter(reserving: block.count + 4096)
    environment.write(to: &writer)
    return writer.bytes
  }

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
