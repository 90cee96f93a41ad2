import Grants
import Policy
import StrictJSON

@testable import Collector

extension FuzzTarget {
  static let documents: [FuzzTarget] = [
    FuzzTarget("json", longest: 65536) { input in
      guard let value = try? JSONParser.parse(input, limits: .init(bytes: 65536, depth: 16)) else { return }
      try require(String(validating: input, as: UTF8.self) != nil, "takes what is not UTF-8")
      var writer = JSONWriter()
      writer.value(value)
      let again = try JSONParser.parse(writer.bytes, limits: .init(bytes: 1 << 20, depth: 16))
      try require(again == value, "does not come back")
    },
    FuzzTarget("configuration", longest: 16384) { input in
      guard let configuration = try? Configuration(json: input, volumes: ["logs"]) else { return }
      try require(configuration.agent.hasPrefix("spiffe://\(configuration.trustDomain)/"), "another trust domain")
      try require(
        configuration.logs.allSatisfy {
          !$0.file.isEmpty && !$0.file.contains(0x2F) && !($0.folder + $0.file).contains(0)
        },
        "a log source that is no file in a folder")
    },
    FuzzTarget("policy", longest: 16384) { input in
      guard let value = try? JSONParser.parse(input, limits: .init(bytes: 16384, depth: 16)),
        let policy = try? AccessPolicy(json: value)
      else { return }
      try require(Set(policy.rules.map(\.id)).count == policy.rules.count, "two rules of one id")
    },
    FuzzTarget("ticket-pattern", longest: 512) { input in
      var reader = InputReader(input)
      guard let pattern = try? TicketPattern(String(decoding: reader.piece(), as: UTF8.self)) else { return }
      let text = String(decoding: reader.all, as: UTF8.self)
      try require(pattern.matches(text) == pattern.matches(text), "not the same twice")
    },
    FuzzTarget("authorization-detail", longest: 16384) { input in
      guard let value = try? JSONParser.parse(input, limits: .init(bytes: 16384, depth: 8)),
        let detail = try? AuthorizationDetail(json: value, at: "detail")
      else { return }
      var writer = JSONWriter()
      detail.write(to: &writer)
      let again = try AuthorizationDetail(json: try JSONParser.parse(writer.bytes), at: "detail")
      try require(again == detail, "does not come back")
    },
    FuzzTarget("glob", longest: 2048) { input in
      var reader = InputReader(input)
      let pattern = String(decoding: reader.piece(), as: UTF8.self)
      guard let glob = try? Glob(pattern) else { return }
      let text = reader.all
      let matches = glob.matches(text)
      if !pattern.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) {
        try require(matches == (Array(pattern.utf8) == text), "a plain pattern matches something else")
      }
      if pattern == "**" { try require(matches, "** does not match everything") }
    },
    FuzzTarget("request-target", longest: 16384) { input in
      guard let target = try? RequestTarget(String(decoding: input, as: UTF8.self)) else { return }
      var text = "/" + target.segments.map(percentEncoded).joined(separator: "/")
      if !target.parameters.isEmpty {
        text += "?"
        text += target.parameters.map { percentEncoded(Array($0.name.utf8)) + "=" + percentEncoded($0.value) }.joined(
          separator: "&")
      }
      // A name that was not UTF-8 was mended: nothing that is known has such a name.
      guard let again = try? RequestTarget(text) else { throw Violation("cannot be written again") }
      try require(again == target, "does not come back")
    },
  ]

  private static func percentEncoded(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in bytes { result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: result, as: UTF8.self)
  }
}
