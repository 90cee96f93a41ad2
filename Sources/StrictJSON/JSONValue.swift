/// A JSON value as RFC 8259 has it, with the ambiguities closed: no duplicate member names, integers only
/// where an integer was written, members in the order of the text.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction or exponent that fits 64 bits.
  case integer(Int64)
  /// A number without fraction or exponent from 2⁶³ to 2⁶⁴−1.
  case unsigned(UInt64)
  /// Any other number.
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// The members of one JSON object. A reader takes them by name and then calls `finish()`, which refuses what
/// nobody took: an unknown member is an error everywhere in this project.
package struct JSONObject: Sendable, Equatable {
  package private(set) var members: [(name: String, value: JSONValue)]

  package init(_ members: [(name: String, value: JSONValue)] = []) {
    self.members = members
  }

  package subscript(name: String) -> JSONValue? {
    for member in members where member.name == name { return member.value }
    return nil
  }

  package mutating func append(_ name: String, _ value: JSONValue) {
    members.append((name, value))
  }

  package static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.members.count == b.members.count
      && zip(a.members, b.members).allSatisfy { $0.name == $1.name && $0.value == $1.value }
  }
}

extension JSONValue {
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
}
