import Grants
import StrictJSON
import Testing

struct LimitsTests {
  static func random(_ random: inout SplitMix) -> Limits {
    var limits = Limits()
    for name in Limits.Name.allCases where Bool.random(using: &random) {
      limits[name] = Int64.random(in: 0...10, using: &random)
    }
    return limits
  }

  /// Narrowing never gives more than either side, and an absent limit is no limit.
  @Test func narrowingIsTheSmaller() {
    var random = SplitMix(state: 21)
    for _ in 0..<2000 {
      let (a, b, c) = (Self.random(&random), Self.random(&random), Self.random(&random))
      let narrow = a.narrowed(by: b)
      for name in Limits.Name.allCases {
        #expect((narrow[name] ?? .max) == min(a[name] ?? .max, b[name] ?? .max))
      }
      #expect(narrow == b.narrowed(by: a))
      #expect(a.narrowed(by: a) == a)
      #expect(a.narrowed(by: b).narrowed(by: c) == a.narrowed(by: b.narrowed(by: c)))
      #expect(a.narrowed(by: Limits()) == a)
    }
  }

  @Test func jsonRoundTrip() throws {
    var random = SplitMix(state: 22)
    for _ in 0..<500 {
      let limits = Self.random(&random)
      var writer = JSONWriter()
      limits.write(to: &writer)
      #expect(try Limits(json: try JSONParser.parse(writer.bytes), at: "limits") == limits)
    }
  }

  @Test(arguments: [
    #"{"request":1}"#, #"{"requests":-1}"#, #"{"requests":1.0}"#, #"{"requests":"1"}"#, #"{"requests":null}"#, "[]",
    "null",
    #"{"followSeconds":1}"#, #"{"requests":9223372036854775808}"#, #"{"requests":1,"requests":2}"#,
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try Limits(json: try JSONParser.parse(text), at: "limits") }
  }

  @Test func zeroIsALimit() throws {
    let limits = try Limits(json: try JSONParser.parse(#"{"requests":0,"follow_seconds":0}"#), at: "limits")
    #expect(limits == Limits(requests: 0, followSeconds: 0))
    #expect(Limits(requests: 5).narrowed(by: limits).requests == 0)
  }
}
