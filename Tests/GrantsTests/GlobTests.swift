import Grants
import Testing

struct GlobTests {
  @Test(arguments: [
    ("/a", "/a"), ("*", "abc"), ("*", ""), ("a*c", "ac"), ("a*c", "abbc"), ("a*b*c", "axbxbc"), ("?", "x"),
    ("a?c", "abc"),
    ("/a/*", "/a/b"), ("/a/*", "/a/"), ("/*/c", "/b/c"), ("/a/**", "/a"), ("/a/**", "/a/"), ("/a/**", "/a/b"),
    ("/a/**", "/a/b/c/d"), ("/a/**/z", "/a/z"), ("/a/**/z", "/a/b/c/z"), ("/a/**/z", "/a/z/z"), ("**", ""), ("**", "/"),
    ("**", "/a/b"), ("**", "a"), ("**/x", "x"), ("**/x", "/a/x"), ("/**", "/"), ("/**", "/a/b"), ("/**/**/a", "/a"),
    ("/a/**/b/**/c", "/a/b/x/b/c"), ("/var/log/*.log", "/var/log/a.b.log"), ("DB_*", "DB_"), ("*_TOKEN", "A_TOKEN"),
    ("é", "é"), ("/a/ /b", "/a/ /b"),
  ])
  func includes(_ pattern: String, _ text: String) throws {
    #expect(try Glob(pattern).matches(text))
  }

  @Test(arguments: [
    ("/a", "/a/"), ("/a", "/A"), ("/a", "a"), ("/a", "/a/b"), ("/a", "/ab"), ("*", "a/b"), ("*", "/"), ("/a/*", "/a"),
    ("/a/*", "/a/b/c"), ("/a*", "/a/b"), ("/a/**", "/ab"), ("/a/**", "/"), ("/a/**", "/b/a"), ("/a/**/z", "/a/b/zz"),
    ("/a/**/z", "/a/z/b"), ("/**", "a"), ("?", ""), ("?", "/"), ("?", "ab"), ("a?c", "a/c"), ("a*c", "ab"),
    ("a*c", "a/c"),
    ("**/x", "xx"), ("**/x", "/x/a"), ("/**/a/**", "/b"), ("é", "e\u{301}"), ("K", "\u{212A}"), ("[ab]", "a"),
    ("{a,b}", "a"),
    ("\\*", "*"), ("/etc/app/**", "/etc/app/../shadow/"), ("/a//b", "/a/b"),
  ])
  func excludes(_ pattern: String, _ text: String) throws {
    // `/etc/app/../shadow/` is below `/etc/app` for a glob: whoever asks normalises first.
    #expect(try Glob(pattern).matches(text) == (pattern == "/etc/app/**"))
  }

  @Test(arguments: [
    ("", Glob.Invalid.empty), ("/a**", .embeddedDoubleStar), ("/**a", .embeddedDoubleStar),
    ("***", .embeddedDoubleStar),
    ("/a/b**c/d", .embeddedDoubleStar), ("a\nb", .controlByte), ("\0", .controlByte), ("a\u{7F}", .controlByte),
    (String(repeating: "a", count: 1025), .tooLong), (String(repeating: "é", count: 513), .tooLong),
  ])
  func refuses(_ pattern: String, _ reason: Glob.Invalid) {
    #expect(throws: reason) { try Glob(pattern) }
  }

  @Test func theLongestPatternIsTaken() throws {
    let longest = String(repeating: "a", count: 1024)
    #expect(try Glob(longest).matches(longest))
  }

  /// Names are bytes: what is not UTF-8 is compared all the same, and `?` is one byte of it.
  @Test func bytesNeedNotBeText() throws {
    #expect(try Glob("/a/*").matches([0x2F, 0x61, 0x2F, 0xFF, 0xFE]))
    #expect(try Glob("/a/?").matches([0x2F, 0x61, 0x2F, 0xFF]))
    #expect(try Glob("?").matches("é") == false)
    #expect(try Glob("??").matches("é"))
    #expect(try Glob("*").matches([0x0A, 0x00, 0x1B]))
  }

  /// The definition, as plainly as it can be said, and exponential.
  static func reference(_ pattern: ArraySlice<[UInt8]>, _ parts: ArraySlice<[UInt8]>) -> Bool {
    guard let first = pattern.first else { return parts.isEmpty }
    if first == Array("**".utf8) {
      return reference(pattern.dropFirst(), parts) || (!parts.isEmpty && reference(pattern, parts.dropFirst()))
    }
    guard let part = parts.first else { return false }
    return component(first[...], part[...]) && reference(pattern.dropFirst(), parts.dropFirst())
  }

  static func component(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == UInt8(ascii: "*") {
      return component(pattern.dropFirst(), text) || (!text.isEmpty && component(pattern, text.dropFirst()))
    }
    guard let byte = text.first else { return false }
    return (first == UInt8(ascii: "?") || first == byte) && component(pattern.dropFirst(), text.dropFirst())
  }

  static func parts(_ text: String) -> [[UInt8]] {
    text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
  }

  @Test func agreesWithTheDefinition() throws {
    var random = SplitMix(state: 11)
    let pieces = ["a", "b", "ab", "*", "a*", "*b", "a*b", "?", "?b", "**", "", "*a*"]
    let names = ["a", "b", "ab", "aab", "ba", "", "abb"]
    var matched = 0
    for _ in 0..<20_000 {
      let pattern = (0..<Int.random(in: 1...6, using: &random)).map { _ in pieces.randomElement(using: &random)! }
        .joined(separator: "/")
      let text = (0..<Int.random(in: 1...6, using: &random)).map { _ in names.randomElement(using: &random)! }
        .joined(separator: "/")
      guard !pattern.isEmpty else { continue }
      let expected = Self.reference(Self.parts(pattern)[...], Self.parts(text)[...])
      #expect(try Glob(pattern).matches(text) == expected, "\(pattern) on \(text)")
      if expected { matched += 1 }
    }
    #expect(matched > 500)
  }

  /// The patterns that blow up a matcher that backtracks.
  @Test(arguments: [
    (String(repeating: "a*", count: 500) + "b", String(repeating: "a", count: 4000)),
    (String(repeating: "**/a/", count: 200) + "b", String(repeating: "a/", count: 2000)),
    (String(repeating: "**/*a*/", count: 140) + "b", String(repeating: "aa/", count: 1300)),
    (String(repeating: "?*", count: 500) + "/", String(repeating: "a", count: 4000)),
  ])
  func timeIsBounded(_ pattern: String, _ text: String) throws {
    let glob = try Glob(pattern)
    let time = ContinuousClock().measure { #expect(!glob.matches(text)) }
    #expect(time < .seconds(10))
  }
}
