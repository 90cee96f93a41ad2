import Grants
import Policy
import Testing

struct GlobContainmentTests {
  @Test(arguments: [
    ("/etc/app/x", "/etc/app/**"), ("/etc/app", "/etc/app/**"), ("/etc/app/**", "/etc/app/**"),
    ("/etc/app/*/y", "/etc/app/**"), ("/etc/app/**/y", "/etc/**"), ("/etc/*.conf", "/etc/*"), ("/a/b", "**"),
    ("DB_?", "DB_*"), ("DB_*_X", "DB_*"), ("?", "*"), ("a?c", "a*"), ("**", "**"), ("/**/x/**", "/**/x/**"),
    ("/a/b/c", "/**/c"), ("/a/**/b/**/c", "/**/b/**"), ("*", "**"),
  ])
  func contained(inner: String, outer: String) throws {
    #expect(try Glob(inner).isContained(in: try Glob(outer)))
  }

  @Test(arguments: [
    ("/etc/**", "/etc/app/**"), ("**", "/**"), ("/etc/*", "/etc/?"), ("*", "?"), ("/etc/app/**", "/etc/app/*"),
    ("/etc/*", "/etc"), ("/etc/x", "/etc/y"), ("**", "*"), ("DB_*", "DB_?*"), ("/a/**/b", "/a/*/b"), ("ab", "a"),
    ("a", "ab"), ("/etc/app/**", "/etc/app"), ("", "*/x"),
  ])
  func notContained(inner: String, outer: String) throws {
    guard !inner.isEmpty else { return }
    #expect(try !Glob(inner).isContained(in: try Glob(outer)))
  }

  static let alphabet: [Character] = ["a", "b", "/"]

  /// Every text of up to seven characters over the alphabet.
  static let texts: [[UInt8]] = {
    var all: [[UInt8]] = [[]]
    var layer: [[UInt8]] = [[]]
    for _ in 0..<7 {
      layer = layer.flatMap { text in alphabet.map { text + Array(String($0).utf8) } }
      all += layer
    }
    return all
  }()

  static func randomGlob(_ random: inout SplitMix) -> Glob? {
    let parts = (0..<Int.random(in: 1...4, using: &random)).map { _ -> String in
      if Int.random(in: 0..<4, using: &random) == 0 { return "**" }
      return (0..<Int.random(in: 0...3, using: &random)).map { _ in
        String("aab?*".randomElement(using: &random) ?? "a")
      }.joined()
    }
    return try? Glob(parts.joined(separator: "/"))
  }

  @Test func whatIsContainedMatchesNoMore() throws {
    var random = SplitMix(state: 99)
    var containments = 0
    for _ in 0..<6000 {
      guard let inner = Self.randomGlob(&random), let outer = Self.randomGlob(&random) else { continue }
      #expect(inner.isContained(in: inner))
      guard inner.isContained(in: outer) else { continue }
      if inner.pattern != outer.pattern { containments += 1 }
      if containments > 400 { break }
      for text in Self.texts where inner.matches(text) {
        #expect(outer.matches(text), "\(inner) in \(outer): \(String(decoding: text, as: UTF8.self))")
      }
    }
    #expect(containments > 100)
  }

  @Test func longPatternsTakeBoundedTime() throws {
    let inner = try Glob(String(repeating: "*a", count: 511))
    let outer = try Glob(String(repeating: "*a", count: 510) + "*")
    let clock = ContinuousClock()
    var result = false
    let time = clock.measure { result = inner.isContained(in: outer) }
    #expect(result)
    #expect(time < .seconds(5))
  }
}
