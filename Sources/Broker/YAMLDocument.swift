internal import StrictJSON
internal import Yams

/// Why a text is not YAML that stands for one JSON value.
enum YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
  case notUTF8
  case syntax(String)
  case empty
  case anchor(line: Int)
  case tag(line: Int)
  case key(line: Int)
  case tooDeep

  var description: String {
    switch self {
    case .notUTF8: "is not UTF-8"
    case .syntax(let problem): problem
    case .empty: "holds no document"
    case .anchor(let line): "line \(line): anchors and aliases are not taken"
    case .tag(let line): "line \(line): tags are not taken"
    case .key(let line): "line \(line): a key must be a plain string"
    case .tooDeep: "is nested too deeply"
    }
  }
}

/// The part of YAML that is JSON in another notation: one document, no anchors, no tags, and of the plain scalars only
/// `true`, `false`, `null` and whole numbers as JSON writes them are not strings (so `no` and `1.10` are).
enum YAMLDocument {
  private static let maximumDepth = 16

  static func parse(_ bytes: [UInt8]) throws(YAMLError) -> JSONValue {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
    let parser: Parser
    let root: Node?
    do {
      parser = try Parser(yaml: text)
      root = try parser.singleRoot()
    } catch let error as YamlError {
      throw .syntax(Self.describe(error))
    } catch {
      throw .syntax("cannot be parsed")
    }
    guard let root else { throw .empty }
    // Nodes hold their anchors weakly; the parser holds them.
    defer { withExtendedLifetime(parser) {} }
    return try convert(root, depth: 0)
  }

  private static func convert(_ node: Node, depth: Int) throws(YAMLError) -> JSONValue {
    guard depth < maximumDepth else { throw .tooDeep }
    let line = node.mark?.line ?? 0
    guard node.anchor == nil else { throw .anchor(line: line) }
    switch node {
    case .alias: throw .anchor(line: line)
    case .scalar(let scalar):
      try check(scalar.tag, allowed: [.implicit, .str], line: line)
      return scalar.style == .plain ? plain(scalar.string) : .string(scalar.string)
    case .sequence(let sequence):
      try check(sequence.tag, allowed: [.implicit, .seq], line: line)
      var items: [JSONValue] = []
      for item in sequence { items.append(try convert(item, depth: depth + 1)) }
      return .array(items)
    case .mapping(let mapping):
      try check(mapping.tag, allowed: [.implicit, .map], line: line)
      var object = JSONObject()
      for (key, value) in mapping {
        guard case .scalar(let name) = key, key.anchor == nil else { throw .key(line: key.mark?.line ?? line) }
        object.append(name.string, try convert(value, depth: depth + 1))
      }
      return .object(object)
    }
  }

  private static func check(_ tag: Tag, allowed: [Tag.Name], line: Int) throws(YAMLError) {
    // `Tag` tells its name by equality only.
    guard allowed.contains(where: { tag == Tag($0) }) else { throw .tag(line: line) }
  }

  private static func plain(_ text: String) -> JSONValue {
    switch text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null", "~", "": return .null
    case _:
      let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
      let isNumber =
        !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && (digits == "0" || digits.first != "0")
      if isNumber, let number = Int64(text) { return .integer(number) }
      return .string(text)
    }
  }

  /// Yams quotes the text around the error; a policy is no secret, but one line is enough.
  private static func describe(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "line \(mark.line): \(problem)"
    case .duplicatedKeysInMapping(let keys, let context):
      "line \(context.mark.line): a key occurs twice: \(keys.joined(separator: ", "))"
    case .no, .memory, .reader, .writer, .emitter, .representer, .dataCouldNotBeDecoded: "is not valid YAML"
    }
  }
}
