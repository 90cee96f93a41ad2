import Glibc
import Linux
import Masking
import ProcFS
import Testing

@testable import Collector

@Suite("What is known of a target's secrets")
struct TaintSurveyTests {
  private static func isHidden(_ secret: String, _ known: TaintSurvey.Known) -> Bool {
    let masker = Masker(rules: .builtIn, fingerprinter: Fingerprinter { _ in [] }, taint: known.taint)
    return masker.text(Array(secret.utf8)).whole != nil
  }

  /// Its new name shows before its environment does, here for some milliseconds: looks in between must not count.
  @Test func aProcessInTheMiddleOfExecve() throws {
    var looks = 0
    for round in 0..<8 {
      let secret = "\(round)-violet-otter-lantern"
      let bench = try Bench(
        script: """
          ulimit -s 65536; set -- $(seq 200000); printf r >&3; read word <&3
          export DB_PASSWORD=\(secret)
          exec /bin/bash -c 'read word <&3' "$@"
          """)
      let process = try bench.target.proc.fileSystem.open(bench.pid)
      func environment() throws -> [UInt8] { try process.read("environ").text }
      let before = try environment()
      _ = try bench.target.known()
      try bench.goOn()
      var now = before
      while now == before || now.isEmpty {
        _ = try bench.target.known()
        looks += 1
        now = try environment()
      }
      try #require(String(decoding: now, as: UTF8.self).contains(secret))
      #expect(Self.isHidden(secret, try bench.target.known()), "round \(round)")
    }
    #expect(looks > 8)
  }

  /// It is looked at again for a while, and not for ever.
  @Test func aProcessWithoutAnEnvironment() throws {
    let bench = try Bench(environment: [])
    let first = try bench.target.known()
    usleep(1_100_000)
    for _ in 0..<3 { #expect(try bench.target.known().generation == first.generation) }
  }

  /// A part of a value may be what stands at the end of a line.
  @Test func endsThatBeginASecretInsideAValue() throws {
    let bench = try Bench(environment: [
      "DATABASE_URL=postgres://app:kelp-fjord-77kite@db/x", "API_TOKEN='umber-heron-1112-lute'",
    ])
    let values = try bench.target.known().values
    #expect(values.overlap(of: Array("login kelp-fjord-77kit".utf8)) == 16)
    #expect(values.overlap(of: Array("login postgres://app:kelp".utf8)) == 19)
    #expect(values.overlap(of: Array("with umber-heron".utf8)) == 11)
  }
}
