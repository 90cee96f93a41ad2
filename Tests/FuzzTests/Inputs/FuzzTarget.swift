/// What must hold for every input of a target, and did not for one.
struct Violation: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// A parser of bytes that somebody else chooses, and what must hold whatever they are. The same function is called by
/// libFuzzer (`make fuzz`) and by the test that goes through the corpus.
struct FuzzTarget: Sendable {
  /// Also the name of its folder in `Corpus`.
  var name: String
  /// Longest input that libFuzzer makes, in bytes.
  var longest: Int
  /// Ends normally, also where the parser refuses the input; throws where an invariant is broken.
  var run: @Sendable (_ input: [UInt8]) throws -> Void

  init(_ name: String, longest: Int = 4096, _ run: @escaping @Sendable ([UInt8]) throws -> Void) {
    self.name = name
    self.longest = longest
    self.run = run
  }

  static let all = procFS + messages + identity + documents + masking + logs + http
}

/// Throws unless `condition`.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Violation(what()) }
}

/// Takes numbers and pieces from the front of an input, so that one input says both what is parsed and how.
struct InputReader {
  private(set) var rest: ArraySlice<UInt8>

  init(_ input: [UInt8]) { rest = input[...] }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  /// The bytes before the next `separator`, or all that are left.
  mutating func piece(until separator: UInt8 = 0) -> [UInt8] {
    let end = rest.firstIndex(of: separator) ?? rest.endIndex
    defer { rest = end < rest.endIndex ? rest[(end + 1)...] : [] }
    return Array(rest[..<end])
  }

  var all: [UInt8] { Array(rest) }
}

/// Cuts bytes into pieces whose sizes come from a seed: 1 to 16 bytes mostly, then longer ones.
func pieces(of bytes: [UInt8], seed: UInt8) -> [ArraySlice<UInt8>] {
  var result: [ArraySlice<UInt8>] = []
  var state = UInt32(seed) &* 2_654_435_761 | 1
  var start = 0
  while start < bytes.count {
    state ^= state << 13
    state ^= state >> 17
    state ^= state << 5
    let size = state & 7 == 0 ? Int(state >> 8 & 255) + 1 : Int(state >> 8 & 15) + 1
    let end = min(bytes.count, start + size)
    result.append(bytes[start..<end])
    start = end
  }
  return result
}
