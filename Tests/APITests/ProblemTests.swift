import API
import Foundation
import StrictJSON
import Testing

struct ProblemTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test func codesAndTitles() {
    #expect(Set(ProblemCode.allCases.map(\.rawValue)).count == ProblemCode.allCases.count)
    #expect(Set(ProblemCode.allCases.map(\.title)).count == ProblemCode.allCases.count)
    for code in ProblemCode.allCases {
      #expect(code.rawValue.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }, "\(code)")
      #expect(
        code.title.hasSuffix(".") && code.title.first?.isUppercase == true && !code.title.contains("\n"), "\(code)")
      #expect((400..<600).contains(code.status))
    }
  }

  /// Who, what and too much are told apart by status, whatever the code.
  @Test func statuses() {
    for code in ProblemCode.allCases {
      let name = code.rawValue
      if name.hasPrefix("token_") || name.hasPrefix("certificate_") { #expect(code.status == 401, "\(code)") }
      if name.hasSuffix("_not_granted") { #expect(code.status == 403, "\(code)") }
      if name.hasSuffix("_not_found") { #expect(code.status == 404, "\(code)") }
    }
    #expect(ProblemCode.processGone.status == 410)
    #expect([ProblemCode.rateLimited, .budgetExhausted, .tooManyConcurrent].allSatisfy { $0.status == 429 })
  }

  /// Each code once in the tables of `docs/problems.md`, with its status and title where the table has them.
  @Test func theDocumentListsTheSame() throws {
    let codes = Dictionary(uniqueKeysWithValues: ProblemCode.allCases.map { ($0.rawValue, $0) })
    var found: [String] = []
    for line in try Self.text("docs/problems.md").split(separator: "\n") where line.hasPrefix("| `") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
      let code = codes[cells[0]]
      if code != nil { found.append(cells[0]) }
      if let status = Int(cells[1]) {
        #expect(code?.status == status && code?.title == cells[2], "\(cells[0])")
      }
    }
    #expect(found.sorted() == codes.keys.sorted())
  }

  /// Every code under its status in the OpenAPI file, and no other.
  @Test func theOpenAPIFileListsTheSame() throws {
    var found: Set<[String]> = []
    var status: String?
    var isListing = false
    for line in try Self.text("Sources/API/openapi.yaml").split(separator: "\n") {
      let words = line.split(whereSeparator: { " {}[],:".contains($0) }).map(String.init)
      if words.starts(with: ["status", "const"]) {
        status = words[2]
      } else if let current = status, words.first == "code", words.count >= 2 || line.hasSuffix("code:") {
        for word in words.dropFirst() where !["enum", "const"].contains(word) { found.insert([word, current]) }
        isListing = words.count == 1
      } else if let current = status, isListing, words.first == "-", words.count == 2 {
        found.insert([words[1], current])
      } else if words != ["enum"] {
        isListing = false
        if words.first == "examples" { status = nil }
      }
    }
    #expect(found == Set(ProblemCode.allCases.map { [$0.rawValue, "\($0.status)"] }))
  }

  @Test func theBody() throws {
    let problem = Problem(.targetUnreadable, reason: "different_uid", requestID: "r1")
    var writer = JSONWriter()
    problem.write(to: &writer)
    #expect(
      writer.text
        == #"{"type":"https://sidelight.dev/problems/target_unreadable","title":"The kernel does not let this agent read that; see `reason`.","status":422,"code":"target_unreadable","reason":"different_uid","request_id":"r1"}"#
    )
    let full = Problem(.budgetExhausted, detail: "d\"\n", limit: "requests", retryAfter: 5, requestID: "r2")
    var other = JSONWriter()
    full.write(to: &other)
    #expect(try JSONDecoder().decode(Problem.self, from: Data(other.bytes)) == full)
  }
}
