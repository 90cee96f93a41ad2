import StrictJSON
import Testing

@testable import Grants

@Suite struct MaskingTermsTests {
  private static func read(_ text: String) throws(JSONError) -> MaskingTerms {
    try MaskingTerms(json: try JSONParser.parse(text), at: "masking")
  }

  @Test func comesBackAsWritten() throws {
    let terms = try Self.read(#"{"safe_names":["REGION","FEATURE_*"],"logs":"balanced"}"#)
    #expect(terms == MaskingTerms(safeNames: ["REGION", "FEATURE_*"], lines: .balanced))
    var writer = JSONWriter()
    terms.write(to: &writer)
    #expect(try MaskingTerms(json: try JSONParser.parse(writer.bytes), at: "masking") == terms)
    #expect(try Self.read("{}") == .none && MaskingTerms.none.relaxesNothing && !terms.relaxesNothing)
  }

  @Test(arguments: [
    "[]", #"{"off":true}"#, #"{"logs":"off"}"#, #"{"logs":"none"}"#, #"{"safe_names":"A"}"#, #"{"safe_names":[""]}"#,
    #"{"safe_names":["*"]}"#, #"{"safe_names":["A*B"]}"#, #"{"safe_names":["A B"]}"#, #"{"safe_names":["A-B"]}"#,
    #"{"safe_names":["**"]}"#,
    "{\"safe_names\":[\"\(String(repeating: "A", count: 65))\"]}",
    "{\"safe_names\":[\(Array(repeating: "\"A\"", count: 65).joined(separator: ","))]}",
  ])
  func refuses(_ text: String) { #expect(throws: JSONError.self) { try Self.read(text) } }

  @Test func whatTwoRelaxIsWhatBothRelax() {
    let wide = MaskingTerms(safeNames: ["A", "B_*"], lines: .balanced)
    let narrow = MaskingTerms(safeNames: ["A"], lines: .strict)
    #expect(wide.narrowed(by: narrow) == narrow && narrow.narrowed(by: wide) == narrow)
    #expect(wide.narrowed(by: .none) == .none)
    #expect(wide.covers(narrow) && !narrow.covers(wide) && wide.covers(wide) && narrow.covers(.none))
    // A name inside a granted prefix was not granted by itself.
    #expect(!wide.covers(MaskingTerms(safeNames: ["B_C"])))
  }
}
