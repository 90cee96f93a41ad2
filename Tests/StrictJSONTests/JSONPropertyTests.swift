import Foundation
import StrictJSON
import Testing

struct JSONPropertyTests {
  static let characters: [Character] = [
    "a", "\"", "\\", "/", "\n", "\t", "\u{0}", "\u{1F}", "\u{7F}", "é", "e\u{301}", "€", "😀", "\u{2028}", "\u{FFFD}",
    "\u{10FFFF}", "{", ":", ",", "]", " ",
  ]

  static func text(_ random: inout SplitMix) -> String {
    String((0..<Int.random(in: 0...6, using: &random)).compactMap { _ in characters.randomElement(using: &random) })
  }

  static func value(_ random: inout SplitMix, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth < 6 ? 8 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .integer(Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random)))
    case 3:
      let number = Double(bitPattern: random.next())
      return .double(number.isFinite ? number : 0.1)
    case 4, 5: return .string(text(&random))
    case 6:
      return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(&random, depth: depth + 1) })
    case _:
      var object = JSONObject()
      for index in 0..<Int.random(in: 0...4, using: &random) {
        object.append("\(index)\(text(&random))", value(&random, depth: depth + 1))
      }
      return .object(object)
    }
  }

  static func written(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.value(value)
    return writer.bytes
  }

  @Test func whatIsWrittenIsReadBack() throws {
    var random = SplitMix(state: 1)
    for _ in 0..<5000 {
      let value = Self.value(&random, depth: 0)
      let bytes = Self.written(value)
      #expect(try JSONParser.parse(bytes) == value, "\(String(decoding: bytes, as: UTF8.self))")
    }
  }

  /// The form is fixed: reading and writing again gives the same bytes, and no control character is ever written raw.
  @Test func writingIsStable() throws {
    var random = SplitMix(state: 2)
    for _ in 0..<2000 {
      let bytes = Self.written(Self.value(&random, depth: 0))
      #expect(Self.written(try JSONParser.parse(bytes)) == bytes)
      #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }
  }

  /// One byte changed, removed or inserted: an answer, never a crash; and what is accepted is canonical again.
  @Test func mutationsNeverCrash() throws {
    var random = SplitMix(state: 3)
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = Self.written(Self.value(&random, depth: 0))
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let byte =
          Bool.random(using: &random)
          ? UInt8.random(in: 0...255, using: &random) : Array("{}[]\",:\\u0e-".utf8).randomElement(using: &random)!
        switch Int.random(in: 0..<3, using: &random) {
        case 0 where place < bytes.count: bytes[place] = byte
        case 1 where place < bytes.count: bytes.remove(at: place)
        case _: bytes.insert(byte, at: place)
        }
      }
      guard let value = try? JSONParser.parse(bytes) else { continue }
      accepted += 1
      #expect(try JSONParser.parse(Self.written(value)) == value)
    }
    #expect(accepted > 100)
  }

  @Test func randomBytesNeverCrash() {
    var random = SplitMix(state: 4)
    for _ in 0..<5000 { _ = try? JSONParser.parse(random.bytes(Int.random(in: 0...40, using: &random))) }
  }

  /// Python's parser, made strict, agrees on what is JSON.
  @Test func agreesWithAnotherParser() throws {
    var random = SplitMix(state: 5)
    let alphabet = Array("{}[]\",:\\u0019eE+-.truefalsn ad8DC/b\t\n".utf8) + [0xC3, 0xA9, 0xED, 0xA0, 0x80, 0x00, 0xFF]
    var texts: [[UInt8]] = []
    for index in 0..<6000 {
      if index % 2 == 0 {
        texts.append((0..<Int.random(in: 1...9, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
      } else {
        var bytes = Self.written(Self.value(&random, depth: 3))
        if !bytes.isEmpty, index % 4 == 1 {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = alphabet.randomElement(using: &random)!
        }
        texts.append(bytes)
      }
    }
    let script = """
      import json, sys
      def no(*_): raise ValueError
      def pairs(items):
          if len({k for k, _ in items}) != len(items): raise ValueError
          return dict(items)
      def real(word):
          number = float(word)
          if number in (float('inf'), -float('inf')): raise ValueError
          return number
      def whole(word):
          return real(word) if len(word) > 18 else int(word)
      for line in sys.stdin:
          try:
              value = json.loads(bytes.fromhex(line.strip()).decode('utf-8'), object_pairs_hook=pairs,
                                 parse_float=real, parse_int=whole, parse_constant=no)
              json.dumps(value, ensure_ascii=False).encode('utf-8')
              print(1)
          except (ValueError, RecursionError):
              print(0)
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", script]
    let input = FileManager.default.temporaryDirectory.appending(path: "json-\(UUID().uuidString)")
    let lines = texts.map { $0.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
    try Data(lines.joined(separator: "\n").utf8).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    process.standardInput = try FileHandle(forReadingFrom: input)
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let answers = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(
      separator: "\n")
    process.waitUntilExit()
    try #require(answers.count == texts.count)
    var valid = 0
    for (text, answer) in zip(texts, answers) {
      let accepted = (try? JSONParser.parse(text, limits: .init(depth: 1000))) != nil
      #expect(
        accepted == (answer == "1"),
        "\(text.debugDescription) \(String(decoding: text, as: UTF8.self).debugDescription)")
      if accepted { valid += 1 }
    }
    #expect(valid > 500)
  }

  @Test func theWriterReplacesWhatIsNotUTF8() throws {
    var writer = JSONWriter()
    writer.array {
      $0.string(lossy: [0x61, 0xFF, 0x62])
      $0.string(lossy: Array("é".utf8))
    }
    #expect(try JSONParser.parse(writer.bytes) == .array([.string("a\u{FFFD}b"), .string("é")]))
  }

  @Test func theWriterPutsCommasItself() throws {
    var writer = JSONWriter()
    writer.object {
      $0.member("a", 1)
      $0.member(optional: "none", nil as String?)
      $0.member("b", ["x", "y"])
      $0.member(object: "c") { $0.member("d", true) }
      $0.member(array: "e") { for index in 0..<2 { $0.object { $0.member("i", index) } } }
      $0.name("f")
      $0.null()
    }
    #expect(writer.text == #"{"a":1,"b":["x","y"],"c":{"d":true},"e":[{"i":0},{"i":1}],"f":null}"#)
  }
}
