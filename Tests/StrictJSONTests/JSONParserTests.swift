import StrictJSON
import Testing

struct JSONParserTests {
  @Test(arguments: [
    ("null", JSONValue.null), ("true", .bool(true)), ("false", .bool(false)), ("0", .integer(0)), ("-0", .integer(0)),
    ("42", .integer(42)), ("-1", .integer(-1)), ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .unsigned(1 << 63)),
    ("18446744073709551615", .unsigned(.max)), ("18446744073709551616", .double(18_446_744_073_709_551_616)),
    ("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
    ("1.0", .double(1)), ("1e0", .double(1)), ("1E+2", .double(100)), ("25e-1", .double(2.5)),
    ("-0.0", .double(-0.0)), ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)), ("1e-999", .double(0)),
    ("\"\"", .string("")), ("[]", .array([])), ("{}", .object(JSONObject())),
    (" \t\r\n[ 1 , 2 ] \n", .array([.integer(1), .integer(2)])),
    ("{ \"a\" : { \"b\" : [ null ] } }", .object(.init([("a", .object(.init([("b", .array([.null]))])))]))),
    (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")), (#""\u0041\u00e9\u20AC""#, .string("Aé€")),
    (#""\uD83D\ude00""#, .string("😀")), (#""\uDBFF\uDFFF""#, .string("\u{10FFFF}")),
    (#""\uFFFF""#, .string("\u{FFFF}")),
    (#""\u0000""#, .string("\0")), ("\"\u{7F}\u{2028}é\"", .string("\u{7F}\u{2028}é")),
  ])
  func reads(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONParser.parse(text) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "nulll", "True", "tru", "NaN", "Infinity", "-Infinity", "+1", "-", "01", "-01", "00", "1.", ".5",
    "1.e1", "1e", "1e+", "0x10", "1_000", "--1", "1 2", "1,", "[1,]", "[,1]", "[1 2]", "[", "]", "[1", "{", "}", "{,}",
    "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\":1 \"b\":2}", "{}{}", "[]x",
    "\"", "\"a", "'a'", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "\"\\u+123\"", "\"\\",
    "\"\\u",
    "// c\n1", "1 // c", "/**/1", "\u{FEFF}1", "1\u{A0}", "\u{0B}1", "1\u{0C}", "1\0", "\0", "1e999", "-1e999",
    "[\"a\nb\"]", "\"\t\"", "\"\u{1F}\"", "\"\0\"",
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try JSONParser.parse(text) }
  }

  @Test(arguments: [
    #""\uD800""#, #""\uDBFFx""#, #""\uD800\n""#, #""\uD800\u0041""#, #""\uD800\uD800""#, #""\uDC00""#,
    #""\uDFFF\uD800""#,
    #""\uD800\u""#, #""\uD800\"#,
  ])
  func refusesLoneSurrogates(_ text: String) {
    #expect(throws: JSONError.self) { try JSONParser.parse(text) }
  }

  @Test(
    arguments: [
      [0x80], [0xC3], [0xC3, 0x28], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF],
      [0xED, 0xA0, 0x80],
      [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
      [0xE2, 0x82], [0xF0, 0x9F, 0x98],
    ] as [[UInt8]])
  func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
    #expect(throws: JSONError.syntax(offset: 0, expected: "valid UTF-8")) {
      try JSONParser.parse([0x22] + bytes + [0x22])
    }
    // As a member name, and outside of any string.
    #expect(throws: JSONError.self) { try JSONParser.parse([0x7B, 0x22] + bytes + [0x22, 0x3A, 0x31, 0x7D]) }
    #expect(throws: JSONError.self) { try JSONParser.parse(bytes) }
  }

  /// Half of a character from an escape and half from raw bytes does not make one.
  @Test func escapesDoNotJoinWithRawBytes() {
    let text = Array("\"\\u00e2".utf8) + [0x82, 0xAC, 0x22]
    #expect(throws: JSONError.self) { try JSONParser.parse(text) }
  }

  @Test(arguments: [
    #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"":1,"":1}"#, #"[{"x":{"b":1,"c":2,"b":3}}]"#,
  ])
  func refusesDuplicateMembers(_ text: String) throws {
    let error = try #require(throws: JSONError.self) { try JSONParser.parse(text) }
    guard case .duplicateMember = error else {
      Issue.record("refused for another reason: \(error)")
      return
    }
  }

  @Test func equalNamesOfDifferentObjectsAreNoDuplicates() throws {
    #expect(throws: Never.self) { try JSONParser.parse(#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#) }
  }

  @Test func depthIsLimitedExactly() throws {
    func nested(_ depth: Int, _ open: String, _ inner: String, _ close: String) -> String {
      String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
    }
    for depth in [1, 2, 16] {
      let limits = JSONParser.Limits(depth: depth)
      #expect(throws: Never.self) { try JSONParser.parse(nested(depth, "[", "1", "]"), limits: limits) }
      #expect(throws: Never.self) { try JSONParser.parse(nested(depth, "{\"a\":", "1", "}"), limits: limits) }
      #expect(throws: JSONError.tooDeep(limit: depth)) {
        try JSONParser.parse(nested(depth + 1, "[", "", "]"), limits: limits)
      }
      #expect(throws: JSONError.tooDeep(limit: depth)) {
        try JSONParser.parse(nested(depth + 1, "{\"a\":", "1", "}"), limits: limits)
      }
    }
    // Refused on the way down, before the stack is in danger.
    #expect(throws: JSONError.tooDeep(limit: 16)) { try JSONParser.parse(String(repeating: "[", count: 1_000_000)) }
    #expect(throws: JSONError.tooDeep(limit: 16)) {
      try JSONParser.parse(String(repeating: "{\"\":[", count: 200_000))
    }
  }

  @Test func sizeIsLimitedExactly() throws {
    let limits = JSONParser.Limits(bytes: 10)
    #expect(try JSONParser.parse("\"12345678\"", limits: limits) == .string("12345678"))
    #expect(throws: JSONError.tooLarge(limit: 10)) { try JSONParser.parse("\"123456789\"", limits: limits) }
    #expect(throws: JSONError.tooLarge(limit: 10)) { try JSONParser.parse("1          ", limits: limits) }
  }

  @Test func keepsTheOrderOfMembers() throws {
    let value = try JSONParser.parse(#"{"z":1,"a":2,"m":3}"#)
    #expect(value.object?.members.map(\.name) == ["z", "a", "m"])
  }

  /// Errors may be logged: they carry places and member names, never a value.
  @Test func errorsQuoteNoValue() {
    for text in [#"{"a":"s3cr3t"x}"#, #"["s3cr3t"#, #""s3cr3t\x""#, #"{"a":"s3cr3t","a":"s3cr3t"}"#, "s3cr3t"] {
      do throws(JSONError) {
        _ = try JSONParser.parse(text)
        Issue.record("accepted")
      } catch {
        #expect(!error.description.contains("s3cr3t"))
      }
    }
  }

  enum LongText: CaseIterable {
    case string, escapes, numbers, digits, fraction, exponent, space, members, arrays

    var text: String {
      switch self {
      case .string: "\"" + String(repeating: "a", count: 1_000_000) + "\""
      case .escapes: "\"" + String(repeating: "\\u0041", count: 170_000) + "\""
      case .numbers: "[" + String(repeating: "1,", count: 500_000) + "1]"
      case .digits: String(repeating: "1", count: 1_000_000)
      case .fraction: "0." + String(repeating: "0", count: 900_000) + "1"
      case .exponent: "1e" + String(repeating: "0", count: 900_000) + "1"
      case .space: String(repeating: " ", count: 1_000_000) + "1"
      case .members: "{" + (0..<90_000).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
      case .arrays: "[" + String(repeating: "[],", count: 300_000) + "[]]"
      }
    }
  }

  /// Each of these would take minutes if anything were quadratic.
  @Test(arguments: LongText.allCases)
  func timeIsLinear(_ shape: LongText) {
    let text = Array(shape.text.utf8)
    let time = ContinuousClock().measure { _ = try? JSONParser.parse(text) }
    #expect(time < .seconds(10))
  }
}
