import Testing

@testable import Collector

@Suite("Ends of text that begin a known value")
struct KnownValuesTests {
  static func naive(_ text: [UInt8], _ values: [[UInt8]]) -> Int {
    values.map { value in
      let most = min(text.count, value.count - 1, 1024)
      return (0...max(most, 0)).reversed().first { $0 >= 4 && text.suffix($0).elementsEqual(value.prefix($0)) } ?? 0
    }.max() ?? 0
  }

  static func overlap(_ text: [UInt8], _ values: [[UInt8]]) -> Int {
    KnownValues(values.map { $0[...] }).overlap(of: text)
  }

  @Test func agreesWithTheDefinition() {
    var random = SplitMix(state: 231)
    var found = 0
    func letters(_ range: ClosedRange<Int>) -> [UInt8] {
      // Two letters, so that ends and beginnings meet often.
      (0..<Int.random(in: range, using: &random)).map { _ in UInt8.random(in: 0x61...0x62, using: &random) }
    }
    for _ in 0..<20_000 {
      let values = (0..<Int.random(in: 0...4, using: &random)).map { _ in letters(8...14) }
      var text = letters(0...10)
      if let value = values.randomElement(using: &random), Bool.random(using: &random) {
        text += value.prefix(Int.random(in: 0...value.count, using: &random))
      }
      let expected = Self.naive(text, values)
      #expect(Self.overlap(text, values) == expected, "\(text) \(values)")
      if expected > 0 { found += 1 }
    }
    #expect(found > 1000)
  }

  @Test("a value that is the beginning of another one, and the same one twice")
  func nested() {
    let short = Array("correct-horse".utf8)
    let long = Array("correct-horse-battery".utf8)
    for values in [[short, long], [long, short], [short, short, long, long]] {
      #expect(Self.overlap(Array("x correct-horse".utf8), values) == 13)
      #expect(Self.overlap(long, values) == 0)
    }
    #expect(Self.overlap(short, [short, short]) == 0)
  }

  @Test(arguments: [1000, 1023, 1024, 1025, 5000])
  func longValues(_ count: Int) {
    let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 3) }
    for cut in [3, 4, 100, 1022, 1023, 1024, 1025] where cut <= count {
      let text = Array("before ".utf8) + value.prefix(cut)
      #expect(Self.overlap(text, [value]) == Self.naive(text, [value]))
    }
  }

  @Test("more than is kept: no end shows")
  func saturated() {
    let many = (0...KnownValues.maximumCount).map { Array("value-\($0 + 10_000)".utf8) }
    #expect(Self.overlap(Array("harmless".utf8), many) == 8)
    #expect(Self.overlap(Array("harmless".utf8), Array(many.dropLast(1))) == 0)
    let large = (0..<3000).map { index in Array("\(index)-".utf8) + [UInt8](repeating: 0x61, count: 1024) }
    #expect(Self.overlap([UInt8](repeating: 0x62, count: 5000), large) == 1024)
    // The same value many times is one.
    #expect(Self.overlap(Array("harmless".utf8), [[UInt8]](repeating: many[0], count: 100_000)) == 0)
  }

  @Test("as many values as there can be, which all nearly match: bounded time")
  func time() {
    let values = (0..<1900).map { [UInt8](repeating: 0x61, count: 1000) + Array(String(10_000 + $0).utf8) }
    let known = KnownValues(values.map { $0[...] })
    let text = [UInt8](repeating: 0x61, count: 1023) + [0x62]
    let time = ContinuousClock().measure { for _ in 0..<3 { #expect(known.overlap(of: text) == 0) } }
    #expect(time < .seconds(60))
  }
}
