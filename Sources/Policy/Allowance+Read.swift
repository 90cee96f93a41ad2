internal import Grants
internal import Masking
internal import StrictJSON

extension Allowance {
  init(reader: inout JSONReader, processes: [Glob], groups: Set<String>) throws(JSONError) {
    let path = "\(reader.path).allow"
    guard let entries = try reader.optionalArray("allow") else { throw .missing(path: path) }
    guard !entries.isEmpty else { throw .invalid(path: path, reason: "must not be empty") }
    var detail = AuthorizationDetail(actions: [], processes: processes)
    for (index, entry) in entries.enumerated() {
      let part = try Self.readEntry(entry, at: "\(path)[\(index)]", processes: processes)
      guard let merged = detail.merged(with: part) else {
        throw .invalid(
          path: "\(path)[\(index)]",
          reason: "gives other actions on other objects of a kind than an earlier entry; "
            + "use one entry, or one rule for each")
      }
      detail = merged
    }
    self.detail = detail
    session = try SessionTerms(reader: try reader.optionalObject("session"))
    requirements = try Requirements(reader: try reader.optionalObject("require"))
    approval = try Approval(reader: try reader.object("approval"), groups: groups)
    if let value = reader.optional("limits") {
      limits = try Limits(json: value, at: "\(reader.path).limits")
    } else {
      limits = Limits()
    }
    masking = try Self.readMasking(reader.optional("masking"), at: "\(reader.path).masking")
  }

  /// Refuses here what the agent would refuse: above all names that speak of secrets.
  private static func readMasking(_ value: JSONValue?, at path: String) throws(JSONError) -> MaskingTerms {
    guard let value else { return .none }
    let terms = try MaskingTerms(json: value, at: path)
    do throws(MaskingRulesError) {
      _ = try MaskingRules(safeNames: terms.safeNames)
    } catch {
      throw .invalid(path: "\(path).safe_names", reason: error.description)
    }
    return terms
  }

  private static func readEntry(
    _ value: JSONValue, at path: String, processes: [Glob]
  ) throws(JSONError) -> AuthorizationDetail {
    var reader = try JSONReader(value, at: path)
    var detail = AuthorizationDetail(
      actions: try Rule.readActions(try reader.strings("actions"), at: "\(path).actions"), processes: processes)
    for kind in ActionKind.allCases {
      guard let name = kind.listName else { continue }
      let globs = try TargetPattern.globs(&reader, name)
      let concerned = detail.actions.contains { $0.kind == kind }
      switch (concerned, globs) {
      case (false, nil): break
      case (false, .some): throw .invalid(path: "\(path).\(name)", reason: "concerns none of the entry's actions")
      case (true, .some(let globs)): detail[kind] = globs
      case (true, nil):
        // Log sources are those that the agent's configuration lists; variables and paths are whatever there is.
        guard kind == .logs else { throw .missing(path: "\(path).\(name)") }
        detail[kind] = [Glob.everything]
      }
    }
    try reader.finish()
    return detail
  }
}

extension SessionTerms {
  init(reader: JSONReader?) throws(JSONError) {
    guard var reader else {
      self.init(duration: Self.defaultDuration, idle: nil, maxConcurrent: nil)
      return
    }
    let duration = try PolicyDuration.optional(&reader, "duration") ?? Self.defaultDuration
    let idle = try PolicyDuration.optional(&reader, "idle")
    let maxConcurrent = try reader.optionalInteger("maxConcurrent", in: 1...1_000_000)
    try reader.finish()
    if let idle, idle > duration {
      throw .invalid(path: "\(reader.path).idle", reason: "must not be longer than the session")
    }
    self.init(duration: duration, idle: idle, maxConcurrent: maxConcurrent)
  }
}

extension Requirements {
  init(reader: JSONReader?) throws(JSONError) {
    guard var reader else {
      self.init(multiFactor: false, justification: false, ticket: nil)
      return
    }
    let multiFactor = try reader.optionalBool("mfa") ?? false
    let justification = try reader.optionalBool("justification") ?? false
    var ticket: TicketPattern?
    if let pattern = try reader.optionalString("ticket") {
      do throws(TicketPattern.Invalid) {
        ticket = try TicketPattern(pattern)
      } catch {
        throw .invalid(path: "\(reader.path).ticket", reason: error.description)
      }
    }
    try reader.finish()
    self.init(multiFactor: multiFactor, justification: justification, ticket: ticket)
  }
}

extension Approval {
  init(reader: JSONReader, groups: Set<String>) throws(JSONError) {
    var reader = reader
    let automatic = try reader.optionalBool("automatic")
    let expires = try PolicyDuration.optional(&reader, "expires")
    if var approvers = try reader.optionalObject("approvers") {
      guard automatic != true else {
        throw .invalid(path: "\(reader.path).automatic", reason: "cannot be true beside approvers")
      }
      guard let names = try Rule.readGroups(&approvers, "groups", defined: groups) else {
        throw .missing(path: "\(approvers.path).groups")
      }
      self = .approvers(
        count: try approvers.integer("count", in: 1...16), groups: names.sorted(), expires: expires)
      try approvers.finish()
    } else {
      guard automatic == true else {
        throw .invalid(path: reader.path, reason: "must be automatic or name approvers")
      }
      guard expires == nil else {
        throw .invalid(path: "\(reader.path).expires", reason: "has no meaning without approvers")
      }
      self = .automatic
    }
    try reader.finish()
  }
}

/// Durations as a policy writes them: a whole number and one of `s`, `m`, `h`, such as `30m`; at least a second, at
/// most a day.
enum PolicyDuration {
  static let maximum: Int64 = 86_400

  static func optional(_ reader: inout JSONReader, _ name: String) throws(JSONError) -> Int64? {
    guard let text = try reader.optionalString(name) else { return nil }
    guard let seconds = seconds(text) else {
      throw .invalid(path: "\(reader.path).\(name)", reason: "must be a duration from 1s to 24h, such as 30m")
    }
    return seconds
  }

  /// Nil where the text is not such a duration.
  static func seconds(_ text: String) -> Int64? {
    let unit: Int64
    switch text.utf8.last {
    case UInt8(ascii: "s"): unit = 1
    case UInt8(ascii: "m"): unit = 60
    case UInt8(ascii: "h"): unit = 3600
    case _: return nil
    }
    let digits = text.utf8.dropLast()
    guard (1...6).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    let seconds = digits.reduce(into: Int64(0)) { $0 = $0 * 10 + Int64($1 - 0x30) } * unit
    return (1...maximum).contains(seconds) ? seconds : nil
  }
}
