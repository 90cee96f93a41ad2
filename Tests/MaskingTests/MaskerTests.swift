import Testing

@testable import Masking

@Suite struct MaskerTests {
  @Test func unknownNamesAreMaskedByDefault() throws {
    let masked = try masker().variable(name: bytes("SOMETHING_NEW"), value: bytes("blue"))
    #expect(masked.whole == PresenceToken(kind: .byDefault, length: .upTo7))
    #expect(masked.maskedCount == 1)
  }

  @Test func safeNamesAreShown() throws {
    #expect(try masker().shown("LANG", "C.UTF-8") == "C.UTF-8")
  }

  @Test func safeNamesDoNotShowSecrets() throws {
    #expect(try !masker().shown("HOME", "/home/ghp_0123456789abcdefghijABCDEFGHIJ012345").contains("ghp_"))
  }

  @Test func noTokenCanBeForged() throws {
    let forged = "\u{2039}aws:16-31:0123456789abcdef\u{203A}"
    #expect(try masker().shown("greeting " + forged) == "greeting \\u2039aws:16-31:0123456789abcdef\u{203A}")
  }

  @Test func nothingIsLostButTheSecrets() throws {
    let masker = try masker()
    for record in try Corpus.records("tune.jsonl") where record.kind == .log {
      for line in record.text.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init) {
        var one = LineState()
        var two = LineState()
        let findings = masker.findings(line: line, state: &one)
        let masked = masker.line(line, state: &two)
        var rest: [UInt8] = []
        var position = 0
        for finding in findings {
          rest += line[position..<finding.start]
          position = finding.end
        }
        rest += line[position...]
        let kept = masked.segments.reduce(into: [UInt8]()) { result, segment in
          switch segment {
          case .text(let bytes): result += bytes
          case .masked: break
          }
        }
        #expect(kept == rest)
        #expect(masked.maskedCount == findings.count)
      }
    }
  }

  @Test func overBudgetIsMaskedWhole() throws {
    let masker = try masker()
    let long = [UInt8](repeating: 0x61, count: MaskingLimits.lineBytes + 1)
    var state = LineState()
    #expect(masker.line(long, state: &state).whole == PresenceToken(kind: .oversize, length: .more))
    #expect(masker.text(long).whole?.kind == .oversize)
    #expect(masker.variable(name: bytes("LANG"), value: long).whole?.kind == .oversize)
    #expect(masker.arguments([long], titleRewritten: false)[0].whole?.kind == .oversize)
  }

  @Test func emptyValuesStayEmpty() throws {
    let masker = try masker()
    var state = LineState()
    #expect(masker.line([], state: &state).segments.isEmpty)
    #expect(masker.variable(name: bytes("DB_PASSWORD"), value: []).segments.isEmpty)
    #expect(masker.arguments([], titleRewritten: false).isEmpty)
    #expect(masker.arguments([[]], titleRewritten: false)[0].segments.isEmpty)
  }

  @Test func rewrittenTitlesAreReadAsText() throws {
    let title = [bytes("worker: connected to postgres://app:s3cr3tPw@db/x")]
    let shown = try masker().arguments(title, titleRewritten: true)
    #expect(string(shown[0].rendered()).hasPrefix("worker: connected to postgres://app:\u{2039}url-password:"))
  }

  @Test func strictMasksAtLeastWhatBalancedDoes() throws {
    let balanced = try masker(.balanced)
    let strict = try masker(.strict)
    for record in try Corpus.records("tune.jsonl") where record.kind == .log && !record.text.contains(0x0A) {
      var one = LineState()
      var two = LineState()
      let less = balanced.findings(line: record.text, state: &one)
      let more = strict.findings(line: record.text, state: &two)
      for finding in less {
        let covered = more.reduce(0) { $0 + max(0, min($1.end, finding.end) - max($1.start, finding.start)) }
        #expect(covered == finding.end - finding.start, "\(string(record.text))")
      }
    }
  }
}
