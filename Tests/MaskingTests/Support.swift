import FoundationEssentials
import Testing

@testable import Masking

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Stands for a keyed HMAC: different for different values, and 32 bytes long.
let testFingerprinter = Fingerprinter { value in
  var state = NameSegment.seed
  return (0..<32).map { index in
    for byte in value { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    state = (state ^ UInt64(index)) &* 0x0000_0100_0000_01b3
    return UInt8(truncatingIfNeeded: state >> 32)
  }
}

func masker(_ mode: LogMode = .balanced, safe: [String] = [], environment: [(String, String)] = []) throws -> Masker {
  let rules = try MaskingRules(safeNames: safe, logMode: mode)
  var taint = Taint()
  for (name, value) in environment { taint.insert(name: bytes(name), value: bytes(value), rules: rules) }
  return Masker(rules: rules, fingerprinter: testFingerprinter, taint: taint)
}

extension Masker {
  /// One line by itself, as people see it.
  func shown(_ line: String) -> String {
    var state = LineState()
    return string(self.line(bytes(line), state: &state).rendered())
  }

  func shown(_ name: String, _ value: String) -> String {
    string(variable(name: bytes(name), value: bytes(value)).rendered())
  }

  func shown(_ argv: [String]) -> [String] {
    arguments(argv.map(bytes), titleRewritten: false).map { string($0.rendered()) }
  }
}

/// Files beside this source.
enum Corpus {
  static func lines(_ name: String, file: String = #filePath) throws -> [[UInt8]] {
    let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let data = try #require(FileManager.default.contents(atPath: "\(folder)/Corpus/\(name)"))
    return Array(data).split(separator: 0x0A).map(Array.init)
  }

  static func records(_ name: String) throws -> [LabelledRecord] {
    try lines(name).map { try #require(LabelledRecord(json: $0), "\(string($0))") }
  }
}
