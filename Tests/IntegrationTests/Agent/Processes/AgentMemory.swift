import Foundation
import Testing

extension AgentUnderTest {
  /// The proportional set size of the three processes together, in bytes: what each has of its own, and its share of
  /// what it shares. Read as root, for the three let nobody else.
  func proportionalBytes() throws -> Int {
    try pids.values.reduce(0) { sum, pid in
      let text = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Pss:") })
      return sum + 1024 * (Int(line.split(separator: " ")[1]) ?? .max / 2048)
    }
  }

  /// Fails where the agent needs 32 MB or more. Without root nobody can tell.
  func expectSmall(_ sourceLocation: SourceLocation = #_sourceLocation) throws {
    guard getuid() == 0 else { return }
    let bytes = try proportionalBytes()
    #expect(bytes < 32_000_000, "\(bytes)", sourceLocation: sourceLocation)
  }
}
