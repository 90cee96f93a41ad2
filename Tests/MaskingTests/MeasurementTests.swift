import Testing

@testable import Masking

@Suite struct MeasurementTests {
  @Test func recordsAreRead() throws {
    let line = #"{"kind":"log","text":"a \"q\" \u00e9 b","secrets":[[0,1],[2,5]],"source":"x"}"#
    let record = try #require(LabelledRecord(json: bytes(line)))
    #expect(record == LabelledRecord(kind: .log, text: bytes("a \"q\" é b"), secrets: [0..<1, 2..<5]))
  }

  @Test(arguments: [
    "", "{}", "[]", #"{"kind":"log"}"#, #"{"kind":"tcp","text":"a","secrets":[]}"#,
    #"{"kind":"log","text":"a","secrets":[[0,9]]}"#,
    #"{"kind":"log","text":"a","secrets":[[1,0]]}"#, #"{"kind":"log","text":"a","secrets":[[0]]}"#,
    #"{"kind":"log","text":"a"} x"#,
    #"{"kind":"log","text":"a"#,
  ])
  func otherLinesAreRefused(_ line: String) { #expect(LabelledRecord(json: bytes(line)) == nil) }

  @Test func countsAreAsDefined() throws {
    var measurement = try Measurement()
    measurement.add(LabelledRecord(kind: .log, text: bytes("password=kx83jd02 tail"), secrets: [9..<17]))
    measurement.add(LabelledRecord(kind: .log, text: bytes("password=kx83jd02 tail"), secrets: [9..<20]))
    measurement.add(LabelledRecord(kind: .log, text: bytes("nothing here"), secrets: [0..<7]))
    measurement.add(LabelledRecord(kind: .log, text: bytes("nothing here"), secrets: []))
    measurement.add(LabelledRecord(kind: .env, text: bytes("COLOUR=blue"), secrets: []))
    #expect(
      measurement.json == """
        {"log":{"secrets":3,"fully_masked":1,"touched":2,"clean":1,"clean_touched":0},\
        "env":{"secrets":0,"fully_masked":0,"touched":0,"clean":1,"clean_touched":1},\
        "argv":{"secrets":0,"fully_masked":0,"touched":0,"clean":0,"clean_touched":0}}
        """)
  }

  @Test(arguments: ["tune.jsonl", "measured.jsonl"])
  func reachesItsTargets(_ name: String) throws {
    var measurement = try Measurement()
    for record in try Corpus.records(name) { measurement.add(record) }
    #expect(measurement.env.recall >= 0.995)
    #expect(measurement.log.recall >= 0.85)
    #expect(measurement.log.cleanTouchedShare <= 0.12)
    #expect(measurement.argv.recall >= 0.85)
    #expect(measurement.argv.cleanTouchedShare <= 0.12)
    #expect(measurement.log.secrets >= 400 && measurement.log.clean >= 300)
  }
}
