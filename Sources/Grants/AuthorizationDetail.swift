package import StrictJSON

/// One entry of `authorization_details` (RFC 9396) of type `sidelight`: what a token allows on one agent.
/// A list that is absent allows nothing of its kind; unknown members, types and actions are refused.
package struct AuthorizationDetail: Sendable, Equatable {
  package static let type = "sidelight"

  package var actions: Set<Action>
  /// Globs over container names.
  package var containers: [Glob]
  /// Globs over the path of a process's executable.
  package var processes: [Glob]
  /// Globs over variable names.
  package var names: [Glob]
  /// Globs over absolute paths in the container. Both the path asked for and the path it resolves to must match.
  package var paths: [Glob]
  /// Globs over the names of log sources.
  package var logs: [Glob]
  /// The budget of this token.
  package var limits: Limits
  /// The budget of the whole session, over all of its tokens. Where absent, `limits` is.
  package var sessionLimits: Limits?
  /// What masking is relaxed to, if at all; the agent's configuration may forbid it.
  package var masking: MaskingTerms?

  package init(
    actions: Set<Action>, containers: [Glob] = [], processes: [Glob] = [], names: [Glob] = [], paths: [Glob] = [],
    logs: [Glob] = [], limits: Limits = Limits(), sessionLimits: Limits? = nil
  ) {
    self.actions = actions
    self.containers = containers
    self.processes = processes
    self.names = names
    self.paths = paths
    self.logs = logs
    self.limits = limits
    self.sessionLimits = sessionLimits
  }

  /// Reads one entry. Errors name the member, never a value.
  package init(json value: JSONValue, at path: String) throws(JSONError) {
    var reader = try JSONReader(value, at: path)
    guard try reader.string("type") == Self.type else {
      throw .invalid(path: "\(path).type", reason: "is not a known type")
    }
    var actions: Set<Action> = []
    for name in try reader.strings("actions") {
      guard let action = Action(rawValue: name) else {
        throw .invalid(path: "\(path).actions", reason: "names an unknown action")
      }
      actions.insert(action)
    }
    self.init(actions: actions)
    containers = try Self.globs(&reader, "containers")
    processes = try Self.globs(&reader, "processes")
    names = try Self.globs(&reader, "names")
    paths = try Self.globs(&reader, "paths")
    logs = try Self.globs(&reader, "logs")
    if let limits = reader.optional("limits") { self.limits = try Limits(json: limits, at: "\(path).limits") }
    if let limits = reader.optional("session_limits") {
      sessionLimits = try Limits(json: limits, at: "\(path).session_limits")
    }
    if let masking = reader.optional("masking") {
      self.masking = try MaskingTerms(json: masking, at: "\(path).masking")
    }
    try reader.finish()
  }

  /// Most patterns accepted in one list.
  package static let maximumPatterns = 256

  private static func globs(_ reader: inout JSONReader, _ name: String) throws(JSONError) -> [Glob] {
    let patterns = try reader.optionalStrings(name) ?? []
    guard patterns.count <= maximumPatterns else {
      throw .invalid(path: "\(reader.path).\(name)", reason: "has more than \(maximumPatterns) patterns")
    }
    var globs: [Glob] = []
    for pattern in patterns {
      do throws(Glob.Invalid) {
        globs.append(try Glob(pattern))
      } catch {
        throw .invalid(path: "\(reader.path).\(name)", reason: error.description)
      }
    }
    return globs
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("type", Self.type)
      $0.member("actions", actions.map(\.rawValue).sorted())
      for (name, globs) in [
        ("containers", containers), ("processes", processes), ("names", names), ("paths", paths), ("logs", logs),
      ] where !globs.isEmpty {
        $0.member(name, globs.map(\.pattern))
      }
      $0.name("limits")
      limits.write(to: &$0)
      if let sessionLimits {
        $0.name("session_limits")
        sessionLimits.write(to: &$0)
      }
      if let masking {
        $0.name("masking")
        masking.write(to: &$0)
      }
    }
  }
}

extension [Glob] {
  package func matches(_ text: [UInt8]) -> Bool { contains { $0.matches(text) } }
  package func matches(_ text: String) -> Bool { matches([UInt8](text.utf8)) }
}
