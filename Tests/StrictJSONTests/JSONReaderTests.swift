import StrictJSON
import Testing

struct JSONReaderTests {
  static func reader(_ text: String) throws -> JSONReader { try JSONReader(try JSONParser.parse(text), at: "doc") }

  @Test func readsMembersByNameAndType() throws {
    var reader = try Self.reader(
      #"{"s":"x","i":7,"b":true,"l":["a","b"],"o":{"k":1},"m":{"p":1,"q":2},"r":[1,null],"n":null}"#)
    #expect(try reader.string("s") == "x")
    #expect(try reader.integer("i") == 7)
    #expect(try reader.optionalBool("b") == true)
    #expect(try reader.strings("l") == ["a", "b"])
    var inner = try reader.object("o")
    #expect(inner.path == "doc.o")
    #expect(try inner.integer("k") == 1)
    try inner.finish()
    var map = try reader.object("m")
    #expect(map.all().map(\.name) == ["p", "q"])
    try map.finish()
    #expect(try reader.optionalArray("r")?.count == 2)
    #expect(reader.optional("n") == .null)
    try reader.finish()
  }

  @Test func absentIsNilOrMissing() throws {
    var reader = try Self.reader("{}")
    #expect(try reader.optionalString("x") == nil)
    #expect(try reader.optionalInteger("x") == nil)
    #expect(try reader.optionalBool("x") == nil)
    #expect(try reader.optionalStrings("x") == nil)
    #expect(try reader.optionalArray("x") == nil)
    #expect(try reader.optionalObject("x") == nil)
    #expect(throws: JSONError.missing(path: "doc.x")) { try reader.string("x") }
    #expect(throws: JSONError.missing(path: "doc.x")) { try reader.integer("x") }
    #expect(throws: JSONError.missing(path: "doc.x")) { try reader.strings("x") }
    #expect(throws: JSONError.missing(path: "doc.x")) { try reader.object("x") }
    #expect(throws: JSONError.missing(path: "doc.x")) { try reader.value("x") }
    try reader.finish()
  }

  /// `null` is not absence: a typed reader refuses it like any other wrong type.
  @Test(arguments: ["null", "1.5", "\"1\"", "[]", "{}", "true", "1e0", "[\"a\",1]", "[null]"])
  func wrongTypesAreRefused(_ value: String) throws {
    var reader = try Self.reader("{\"x\":\(value)}")
    if !value.hasPrefix("\"") {
      #expect(throws: JSONError.self) { try reader.optionalString("x") }
    }
    #expect(throws: JSONError.self) { try reader.optionalInteger("x", in: Int64.min...Int64.max) }
    if value != "true" {
      #expect(throws: JSONError.self) { try reader.optionalBool("x") }
    }
    if value != "[]" {
      #expect(throws: JSONError.self) { try reader.optionalStrings("x") }
    }
    if !value.hasPrefix("[") {
      #expect(throws: JSONError.self) { try reader.optionalArray("x") }
    }
    if value != "{}" {
      #expect(throws: JSONError.self) { try reader.optionalObject("x") }
    }
  }

  @Test func integersKeepToTheirRange() throws {
    var reader = try Self.reader(
      #"{"low":0,"high":10,"below":-1,"above":11,"huge":9223372036854775808,"float":5.0}"#)
    #expect(try reader.integer("low", in: 0...10) == 0)
    #expect(try reader.integer("high", in: 0...10) == 10)
    for name in ["below", "above", "huge", "float"] {
      #expect(throws: JSONError.wrongType(path: "doc.\(name)", expected: "an integer from 0 to 10")) {
        try reader.integer(name, in: 0...10)
      }
    }
    #expect(throws: JSONError.self, "negative numbers are outside the default range") { try reader.integer("below") }
  }

  @Test func refusesWhatNobodyTook() throws {
    var reader = try Self.reader(#"{"a":1,"b":2}"#)
    _ = try reader.integer("a")
    #expect(throws: JSONError.unknownMember(path: "doc.b")) { try reader.finish() }
    _ = reader.optional("b")
    #expect(throws: Never.self) { try reader.finish() }
  }

  @Test(arguments: ["null", "[]", "\"x\"", "1"])
  func onlyAnObjectHasMembers(_ text: String) throws {
    let value = try JSONParser.parse(text)
    #expect(throws: JSONError.wrongType(path: "doc", expected: "an object")) { try JSONReader(value, at: "doc") }
  }
}
