import Foundation
import Testing

/// Every input that the fuzzers begin with, and every one that once broke something, through the same functions.
@Suite struct CorpusTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

  @Test(arguments: FuzzTarget.all.map(\.name))
  func everyInputKeepsTheInvariants(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let files = try FileManager.default.contentsOfDirectory(
      at: Self.folder.appending(path: name), includingPropertiesForKeys: nil)
    #expect(!files.isEmpty, "no corpus")
    for file in files {
      let input = Array(try Data(contentsOf: file))
      do { try target.run(input) } catch { Issue.record("\(name)/\(file.lastPathComponent): \(error)") }
      // Cut short at every place, up to a bound: what a reader sees of a block that is just being written.
      for end in stride(from: 0, to: min(input.count, 512), by: max(1, input.count / 64)) {
        do { try target.run(Array(input[..<end])) } catch {
          Issue.record("\(name)/\(file.lastPathComponent), first \(end) bytes: \(error)")
        }
      }
    }
  }

  /// A folder that no target reads would be a corpus that nobody runs.
  @Test func everyFolderHasItsTarget() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      at: Self.folder, includingPropertiesForKeys: nil, options: .skipsHiddenFiles
    ).filter(\.hasDirectoryPath)
    #expect(Set(folders.map(\.lastPathComponent)) == Set(FuzzTarget.all.map(\.name)))
  }

  /// The corpora would pass if targets looked at nothing.
  @Test func aBrokenInvariantIsNoticed() {
    #expect(throws: Violation.self) { try require(false, "on purpose") }
    #expect(throws: (any Error).self) {
      try FuzzTarget("always broken") { _ in throw Violation("on purpose") }.run([])
    }
  }
}
