package import StrictJSON

/// Who may look at what, for how long, and what is needed for it. One document of kind `AccessPolicy`
/// (docs/policy.md); nothing is granted but by one of its rules, and unknown members stop the load.
package struct AccessPolicy: Sendable, Equatable {
  package static let apiVersion = "sidelight.dev/v1"
  package static let kind = "AccessPolicy"

  package let name: String
  /// For each group the sources of its members, such as `certificate:oncall`.
  package let groups: [String: Set<String>]
  /// In the order of the document.
  package let rules: [Rule]

  /// Reads a policy. Errors name the member at fault, never a value.
  package init(json value: JSONValue) throws(JSONError) {
    var reader = try JSONReader(value, at: "policy")
    guard try reader.string("apiVersion") == Self.apiVersion else {
      throw .invalid(path: "policy.apiVersion", reason: "is not \(Self.apiVersion)")
    }
    guard try reader.string("kind") == Self.kind else {
      throw .invalid(path: "policy.kind", reason: "is not \(Self.kind)")
    }
    var metadata = try reader.object("metadata")
    name = try PolicyName.read(try metadata.string("name"), at: "policy.metadata.name")
    _ = try metadata.optionalString("description")
    try metadata.finish()
    groups = try Self.readGroups(try reader.object("groups"))
    rules = try Self.readRules(try reader.value("rules"), groups: groups)
    try reader.finish()
  }

  private static func readGroups(_ object: JSONReader) throws(JSONError) -> [String: Set<String>] {
    var reader = object
    var groups: [String: Set<String>] = [:]
    for (name, value) in reader.all() {
      let path = "\(reader.path).\(name)"
      var member = try JSONReader(value, at: path)
      let sources = try member.strings("from")
      guard !sources.isEmpty else { throw .invalid(path: "\(path).from", reason: "must not be empty") }
      for (index, source) in sources.enumerated() {
        try GroupSource.check(source, at: "\(path).from[\(index)]")
      }
      try member.finish()
      groups[try PolicyName.read(name, at: path)] = Set(sources)
    }
    return groups
  }

  private static func readRules(
    _ value: JSONValue, groups: [String: Set<String>]
  ) throws(JSONError) -> [Rule] {
    guard case .array(let items) = value else { throw .wrongType(path: "policy.rules", expected: "an array") }
    var rules: [Rule] = []
    var identifiers: Set<String> = []
    for (index, item) in items.enumerated() {
      let path = "policy.rules[\(index)]"
      let rule = try Rule(json: item, at: path, groups: Set(groups.keys))
      guard identifiers.insert(rule.id).inserted else {
        throw .invalid(path: "\(path).id", reason: "is the id of an earlier rule")
      }
      rules.append(rule)
    }
    return rules
  }
}

/// Where the members of a group come from: `<method>:<name>`, the method being how they were authenticated.
enum GroupSource {
  static let methods = ["certificate", "oidc", "serviceaccount"]

  static func check(_ source: String, at path: String) throws(JSONError) {
    let parts = source.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty else {
      throw .invalid(path: path, reason: "must be <method>:<name>")
    }
    if Person.isNamed(by: String(parts[0])) { throw .invalid(path: path, reason: Person.reason) }
    guard methods.contains(String(parts[0])) else {
      throw .invalid(path: path, reason: "must begin with one of \(methods.map { "\($0):" }.joined(separator: " "))")
    }
  }
}

/// A policy grants to groups and service accounts. Naming a person gets an error that says so.
enum Person {
  static let reason = "names a person; rules grant to groups and service accounts only"
  /// Members that a rule does not have, and that would name people.
  static let members = ["user", "users", "subject", "subjects", "person", "people", "email", "emails"]

  /// Whether a word, the part before a colon or a whole group reference, is one that stands for people.
  static func isNamed(by word: String) -> Bool {
    let lower = word.lowercased()
    return members.contains { lower == $0 || lower.hasSuffix("-\($0)") || lower.hasSuffix("_\($0)") }
  }
}

/// Names of policies, groups and rules: 1 to 64 of `A-Z a-z 0-9 . _ -`.
enum PolicyName {
  static func read(_ text: String, at path: String) throws(JSONError) -> String {
    let valid =
      (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        case _: false
        }
      }
    guard valid else { throw .invalid(path: path, reason: "must be 1 to 64 of A-Z a-z 0-9 . _ -") }
    return text
  }
}
