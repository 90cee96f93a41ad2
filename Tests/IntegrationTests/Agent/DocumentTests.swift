import Foundation
import Testing

/// Documents that say what the binaries do.
@Suite("Documents")
struct DocumentTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test("profiles/README.md is the table that the agent makes its filters from")
  func systemCalls() throws {
    let agent = URL(filePath: Sidelight.path).deletingLastPathComponent().appending(path: "sidelight-agent").path
    let printed = try Sidelight.run(program: agent, ["system-calls"]).output
    let written = try String(contentsOf: Self.root.appending(path: "profiles/README.md"), encoding: .utf8)
    #expect(printed == written, "run `make profiles`")
    #expect(printed.contains("| `openat` | argument 2 & "))
  }
}
