import API
import Foundation
import Testing

/// The table of fields, and the OpenAPI file that describes it.
struct ProcessFieldTests {
  static let document: String = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return (try? String(contentsOf: root.appending(path: "Sources/API/openapi.yaml"), encoding: .utf8)) ?? ""
  }()

  /// The lines of a schema, by its name.
  static func schema(_ name: String) throws -> [Substring] {
    let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex(of: "    \(name):"))
    let rest = lines[(start + 1)...]
    return Array(rest.prefix { $0.isEmpty || $0.hasPrefix("     ") })
  }

  /// What follows each member's name, in its own lines or in braces.
  static func members(_ name: String) throws -> [String: String] {
    var found: [String: String] = [:]
    var current: String?
    for line in try schema(name).drop(while: { $0 != "      properties:" }).dropFirst() {
      if line.hasPrefix("        "), !line.hasPrefix("         ") {
        let parts = line.split(separator: ":", maxSplits: 1)
        let member = parts[0].trimmingCharacters(in: .whitespaces)
        found[member] = parts.count > 1 ? String(parts[1]) : ""
        current = member
      } else if let current {
        found[current, default: ""] += "\n" + line.trimmingCharacters(in: .whitespaces)
      }
    }
    return found
  }

  @Test func theDocumentHasEachField() throws {
    let members = try Self.members("Process")
    let fields = ProcessField.allCases.filter { $0.group != .unsupported }
    let documented = Set(members.keys.filter { $0 != "unread" && !$0.hasSuffix("_base64") })
    #expect(documented == Set(fields.map(\.rawValue)))
    for field in fields {
      let text = try #require(members[field.rawValue])
      let form: [String] =
        switch field.form {
        case .flag: ["type: boolean"]
        case .integer, .unsigned: ["type: integer"]
        case .text: ["type: string", "/ProcessID\"", "/ContainerName\"", "/Timestamp\"", "/SeccompMode\""]
        case .texts, .integers, .limits, .cgroups, .namespaces, .threads: ["type: array"]
        case .totals: ["/SubtreeTotals\""]
        }
      #expect(form.contains { text.contains($0) }, "\(field): \(text)")
      // A unit is in the name or in the description.
      if ProcessField.onlyOfOne.contains(field) { #expect(text.contains("Only for one process"), "\(field)") }
    }
    let named = try Self.schema("ProcessField").filter { $0.hasPrefix("        - ") }.map { String($0.dropFirst(10)) }
    #expect(named == ProcessField.allCases.map(\.rawValue), "the same names in the same order")
  }

  @Test func theDocumentHasEachStatus() throws {
    let text = try Self.schema("Unread").joined(separator: " ")
    let list = FieldStatus.Status.allCases.map(\.rawValue).sorted()
    let line = try #require(text.split(separator: "enum: [").last?.split(separator: "]").first)
    #expect(line.split(separator: ", ").map(String.init).sorted() == list)
  }

  @Test func selections() {
    #expect(ProcessField.selection("default", inList: true) == .success(ProcessField.listed))
    #expect(ProcessField.selection("default", inList: false) == .success(ProcessField.shown))
    #expect(ProcessField.selection("all", inList: false) == .success(Set(ProcessField.allCases)))
    #expect(
      ProcessField.selection("all", inList: true)
        == .success(Set(ProcessField.allCases).subtracting(ProcessField.onlyOfOne)))
    #expect(ProcessField.selection("pid", inList: true) == .success(ProcessField.always))
    #expect(ProcessField.selection("pid,nothing", inList: true) == .failure(.unknown("nothing")))
    #expect(ProcessField.selection("thread_list", inList: true) == .failure(.onlyOfOne("thread_list")))
    for group in ProcessField.Group.allCases {
      let names = ProcessField.allCases.filter { $0.group == group }.map(\.rawValue).joined(separator: ",")
      #expect(ProcessField.selection(group.rawValue, inList: false) == ProcessField.selection(names, inList: false))
      #expect(ProcessField(rawValue: group.rawValue) == nil || group == .identity, "a word means one thing")
    }
  }

  /// What a process can write is masked: a field that is not known for free text never holds any.
  @Test func freeText() {
    let plain = ProcessField.allCases.filter { !ProcessField.freeText.contains($0) }
    #expect(!plain.contains(.command) && !plain.contains(.arguments) && !plain.contains(.cgroups))
    #expect(ProcessField.always.isDisjoint(with: ProcessField.freeText))
  }
}
