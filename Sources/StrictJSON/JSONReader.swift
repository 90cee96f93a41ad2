/// Reads the members of an object by name and type, and refuses the ones nobody asked for.
///
/// ```swift
/// var reader = try JSONReader(value, at: "config")
/// let name = try reader.string("name")
/// try reader.finish()
/// ```
package struct JSONReader {
  /// Where this object stands in its document, for error messages: `config.logs[2]`.
  package let path: String
  private let object: JSONObject
  private var taken: Set<String> = []

  package init(_ value: JSONValue, at path: String) throws(JSONError) {
    guard case .object(let object) = value else { throw .wrongType(path: path, expected: "an object") }
    self.object = object
    self.path = path
  }

  /// The member's value, or nil where it is absent. `null` is a value, and of the wrong type for every typed reader.
  package mutating func optional(_ name: String) -> JSONValue? {
    taken.insert(name)
    return object[name]
  }

  package mutating func value(_ name: String) throws(JSONError) -> JSONValue {
    guard let value = optional(name) else { throw .missing(path: "\(path).\(name)") }
    return value
  }

  package mutating func optionalString(_ name: String) throws(JSONError) -> String? {
    guard let value = optional(name) else { return nil }
    guard case .string(let text) = value else { throw .wrongType(path: "\(path).\(name)", expected: "a string") }
    return text
  }

  package mutating func string(_ name: String) throws(JSONError) -> String {
    guard let text = try optionalString(name) else { throw .missing(path: "\(path).\(name)") }
    return text
  }

  package mutating func optionalInteger(
    _ name: String, in range: ClosedRange<Int64> = 0...Int64.max
  ) throws(JSONError) -> Int64? {
    guard let value = optional(name) else { return nil }
    guard case .integer(let number) = value, range.contains(number) else {
      throw .wrongType(
        path: "\(path).\(name)", expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  package mutating func integer(
    _ name: String, in range: ClosedRange<Int64> = 0...Int64.max
  ) throws(JSONError) -> Int64 {
    guard let number = try optionalInteger(name, in: range) else { throw .missing(path: "\(path).\(name)") }
    return number
  }

  package mutating func optionalBool(_ name: String) throws(JSONError) -> Bool? {
    guard let value = optional(name) else { return nil }
    guard case .bool(let flag) = value else { throw .wrongType(path: "\(path).\(name)", expected: "true or false") }
    return flag
  }

  package mutating func optionalStrings(_ name: String) throws(JSONError) -> [String]? {
    guard let value = optional(name) else { return nil }
    guard case .array(let items) = value else {
      throw .wrongType(path: "\(path).\(name)", expected: "an array of strings")
    }
    var strings: [String] = []
    for (index, item) in items.enumerated() {
      guard case .string(let text) = item else {
        throw .wrongType(path: "\(path).\(name)[\(index)]", expected: "a string")
      }
      strings.append(text)
    }
    return strings
  }

  package mutating func strings(_ name: String) throws(JSONError) -> [String] {
    guard let strings = try optionalStrings(name) else { throw .missing(path: "\(path).\(name)") }
    return strings
  }

  package mutating func optionalArray(_ name: String) throws(JSONError) -> [JSONValue]? {
    guard let value = optional(name) else { return nil }
    guard case .array(let items) = value else { throw .wrongType(path: "\(path).\(name)", expected: "an array") }
    return items
  }

  package mutating func optionalObject(_ name: String) throws(JSONError) -> JSONReader? {
    guard let value = optional(name) else { return nil }
    return try JSONReader(value, at: "\(path).\(name)")
  }

  package mutating func object(_ name: String) throws(JSONError) -> JSONReader {
    guard let reader = try optionalObject(name) else { throw .missing(path: "\(path).\(name)") }
    return reader
  }

  /// Every member of this object, for objects whose names are data (a map). Counts as taken.
  package mutating func all() -> [(name: String, value: JSONValue)] {
    for member in object.members { taken.insert(member.name) }
    return object.members
  }

  /// Refuses members that nobody took.
  package func finish() throws(JSONError) {
    for member in object.members where !taken.contains(member.name) {
      throw .unknownMember(path: "\(path).\(member.name)")
    }
  }
}
