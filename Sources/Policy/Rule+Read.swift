internal import Grants
internal import StrictJSON

extension Rule {
  /// - Parameter groups: the groups that the policy defines.
  init(json value: JSONValue, at path: String, groups defined: Set<String>) throws(JSONError) {
    var reader = try JSONReader(value, at: path)
    for name in Person.members where reader.optional(name) != nil {
      throw .invalid(path: "\(path).\(name)", reason: Person.reason)
    }
    id = try PolicyName.read(try reader.string("id"), at: "\(path).id")
    _ = try reader.optionalString("description")
    let groups = try Self.readGroups(&reader, "groups", defined: defined)
    let targets = try TargetPattern(reader: try reader.object("targets"))
    let denied = try reader.optionalStrings("deny")
    if let denied {
      guard targets.processes == [Glob.everything] else {
        throw .invalid(path: "\(path).targets.processes", reason: "cannot limit a rule that denies")
      }
      effect = .deny(try Self.readDenied(denied, at: "\(path).deny"))
      try reader.finish()
    } else {
      guard groups != nil else { throw .missing(path: "\(path).groups") }
      effect = .allow(try Allowance(reader: &reader, processes: targets.processes, groups: defined))
      try reader.finish()
    }
    self.groups = groups
    self.targets = targets
  }

  static func readGroups(
    _ reader: inout JSONReader, _ name: String, defined: Set<String>
  ) throws(JSONError) -> Set<String>? {
    guard let names = try reader.optionalStrings(name) else { return nil }
    guard !names.isEmpty else { throw .invalid(path: "\(reader.path).\(name)", reason: "must not be empty") }
    for (index, group) in names.enumerated() where !defined.contains(group) {
      let path = "\(reader.path).\(name)[\(index)]"
      let prefix = group.split(separator: ":").first.map(String.init) ?? ""
      if group.contains("@") || group.contains("/user/") || (group.contains(":") && Person.isNamed(by: prefix)) {
        throw .invalid(path: path, reason: Person.reason)
      }
      throw .invalid(path: path, reason: "is not a group that this policy defines")
    }
    return Set(names)
  }

  private static func readDenied(_ names: [String], at path: String) throws(JSONError) -> Set<Action> {
    guard !names.isEmpty else { throw .invalid(path: path, reason: "must not be empty") }
    if names == ["*"] { return Set(Action.allCases) }
    return try readActions(names, at: path)
  }

  static func readActions(_ names: [String], at path: String) throws(JSONError) -> Set<Action> {
    guard !names.isEmpty else { throw .invalid(path: path, reason: "must not be empty") }
    var actions: Set<Action> = []
    for (index, name) in names.enumerated() {
      guard let action = Action(rawValue: name) else {
        throw .invalid(path: "\(path)[\(index)]", reason: "is not a known action")
      }
      actions.insert(action)
    }
    return actions
  }
}

extension TargetPattern {
  init(reader: JSONReader) throws(JSONError) {
    var reader = reader
    guard let namespaces = try Self.globs(&reader, "namespaces") else {
      throw .missing(path: "\(reader.path).namespaces")
    }
    self.namespaces = namespaces
    var labels: [String: String] = [:]
    if var object = try reader.optionalObject("labels") {
      for (name, value) in object.all() {
        guard let text = value.string else {
          throw .wrongType(path: "\(object.path).\(name)", expected: "a string")
        }
        labels[name] = text
      }
    }
    self.labels = labels
    containers = try Self.globs(&reader, "containers") ?? [Glob.everything]
    processes = try Self.globs(&reader, "processes") ?? [Glob.everything]
    try reader.finish()
  }

  /// A list of patterns, not empty; nil where absent.
  static func globs(_ reader: inout JSONReader, _ name: String) throws(JSONError) -> [Glob]? {
    guard let patterns = try reader.optionalStrings(name) else { return nil }
    let path = "\(reader.path).\(name)"
    guard !patterns.isEmpty else { throw .invalid(path: path, reason: "must not be empty") }
    guard patterns.count <= AuthorizationDetail.maximumPatterns else {
      throw .invalid(path: path, reason: "has more than \(AuthorizationDetail.maximumPatterns) patterns")
    }
    var globs: [Glob] = []
    for (index, pattern) in patterns.enumerated() {
      do throws(Glob.Invalid) {
        globs.append(try Glob(pattern))
      } catch {
        throw .invalid(path: "\(path)[\(index)]", reason: error.description)
      }
    }
    return globs
  }
}
