import Foundation
import Glibc
import Linux
import Testing

/// Somebody has taken over the collector, and asks the shipped opener for what it should not have.
@Suite("A taken-over collector", .serialized, .enabled(if: getuid() == 0, "needs root to become the workload's user"))
final class TakenOverCollectorTests {
  private let folder = try! TemporaryFolder()

  /// What comes of each: EACCES where the kernel says no to the opener or to the collector's domain, ELOOP for a link in
  /// place of a file, `ended` where the message is none of the collector's.
  private static let expected = [
    "environ": "worked",
    "private_key": "ended", "certificate": "ended",
    "memory_by_link": "failed \(ELOOP)", "memory_by_place": "passed, failed \(EACCES)",
    "environ_by_place": "passed, failed \(EACCES)",
    "openers_environ": "failed \(EACCES)", "endpoints_environ": "failed \(EACCES)",
    "endpoints_root": "failed \(EACCES)",
    "inits_environ": "failed \(EACCES)", "file_as_folder": "failed \(ENOTDIR)",
    "no_descriptor": "ended", "unknown_kind": "ended", "unknown_entry": "ended", "unknown_volume": "ended",
    "reply": "ended", "short": "ended", "one_too_long": "ended", "long": "ended", "empty": "ended",
    // Said in the threat model.
    "key_by_path": "worked",
  ]

  @Test("it gets what the opener's table has of its own user's processes, and nothing else; the workload is as it was")
  func againstTheOpener() throws {
    _ = unsafe chmod(folder.path, 0o711)
    let program = folder.path("AttackRole")
    try #require(
      try Sidelight.run(program: "/usr/bin/install", ["-m", "711", Products.path("AttackRole"), program]).status == 0)
    try folder.write("tls.key", "the key")
    _ = unsafe chmod(folder.path("tls.key"), 0o644)
    let victim = try AttackVictim()
    let process = try victim.words[0]
    // Somebody with the workload's user helps, and makes links for it.
    let trap = folder.path("trap")
    try FileManager.default.createDirectory(atPath: trap, withIntermediateDirectories: false)
    for (name, target) in [("environ", "mem"), ("exe", "mem"), ("root", "")] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(trap)/\(name)", withDestinationPath: "/proc/\(process)/\(target)")
    }
    let before = try victim.state
    let names = try Sidelight.run(program: program, ["against-opener"]).output.split(separator: "\n").map(String.init)
    #expect(Set(names) == Set(Self.expected.keys))
    for name in names {
      // The collector may outlive the opener for a moment: the pipe ends with both.
      let result = try Sidelight.run(
        program: "/bin/bash",
        ["-o", "pipefail", "-c", "\"$@\" | cat", "bash", program, "against-opener", name, process, trap, folder.path])
      #expect(result.output == "\(name) \(Self.expected[name] ?? "?")\n", "\(result.error)")
      // The opener has ended in order, and was not killed by its own filter.
      #expect(result.status == 0, "\(name)")
    }
    #expect(try victim.state == before)
  }
}
