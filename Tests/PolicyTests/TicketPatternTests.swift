import Policy
import Testing

struct TicketPatternTests {
  @Test(arguments: [
    ("^INC-[0-9]+$", ["INC-1", "INC-123456"], ["", "INC-", "INC-1x", "xINC-1", "inc-1"]),
    ("INC-[0-9]+", ["INC-1"], ["INC-1 ", " INC-1", "INC-"]),
    ("(INC|CHG)-\\d{3,5}", ["INC-123", "CHG-12345"], ["INC-12", "CHG-123456", "PRB-123"]),
    ("a?b*c+", ["c", "abbbcc", "bc"], ["", "ab", "aac"]),
    ("[^a-z]x", ["1x", "-x"], ["ax", "x"]),
    ("a{2}", ["aa"], ["a", "aaa"]),
    ("a{2,}", ["aa", "aaaa"], ["a"]),
    ("(a|ab)(c|bcd)(d*)", ["abcd", "acd", "ac"], ["abd"]),
    ("\\.\\$\\w", [".$_"], ["x$_"]),
    ("(a*)*b", ["b", "aaab"], ["a"]),
    ("x|", ["x", ""], ["y"]),
    ("[a-]", ["a", "-"], ["b"]),
  ])
  func matches(pattern: String, yes: [String], no: [String]) throws {
    let ticket = try TicketPattern(pattern)
    for text in yes { #expect(ticket.matches(text), "\(text)") }
    for text in no { #expect(!ticket.matches(text), "\(text)") }
  }

  @Test(arguments: [
    "", "(", ")", "a)", "(a", "[", "[]", "[a", "*", "a**", "a+?", "a{", "a{2", "a{3,2}", "a{0}", "a{99999999}", "a^b",
    "a$b", "\\q", "\\", "é", "a\u{0}", "[z-a]", "((a{64}){64}){64}", String(repeating: "a", count: 129),
  ])
  func refuses(pattern: String) {
    #expect(throws: TicketPattern.Invalid.self) { try TicketPattern(pattern) }
  }

  @Test func isLinear() throws {
    let ticket = try TicketPattern("(a|a)*(a|aa)+(a*)*b")
    let clock = ContinuousClock()
    var result = true
    let time = clock.measure { result = ticket.matches(String(repeating: "a", count: 128)) }
    #expect(!result)
    #expect(time < .seconds(2))
    #expect(!ticket.matches(String(repeating: "a", count: 5000) + "b"))
  }

  @Test func findsTheTicketInAText() throws {
    let ticket = try TicketPattern("INC-[0-9]+")
    #expect(ticket.firstMatch(inWordsOf: "checkout is slow, see INC-77.") == "INC-77")
    #expect(ticket.firstMatch(inWordsOf: "(INC-1) INC-2") == "INC-1")
    #expect(ticket.firstMatch(inWordsOf: "INC-1x") == nil)
    #expect(ticket.firstMatch(inWordsOf: "") == nil)
    #expect(ticket.firstMatch(inWordsOf: "... --- ...") == nil)
  }
}
