import Glibc

/// Rows of a table, and whether all of them reached their floor.
struct Report {
  private var missed: [String] = []

  mutating func section(_ title: String) { print("\n\(title)") }

  /// One figure with the least it may be; a ratio of 1 or more is good.
  mutating func row(_ name: String, _ value: Double, _ unit: String, floor: Double?) {
    var line = Self.padded(name, 44) + Self.number(value, 10) + " " + Self.padded(unit, 6)
    if let floor {
      line += "  floor" + Self.number(floor, 7) + "  ratio" + Self.number(value / floor, 6)
      if value < floor {
        line += "  MISSED"
        missed.append(name)
      }
    }
    print(line)
  }

  /// One figure with the most it may be.
  mutating func row(_ name: String, _ value: Double, _ unit: String, ceiling: Double) {
    var line =
      Self.padded(name, 44) + Self.number(value, 10) + " " + Self.padded(unit, 6) + "  ceiling"
      + Self.number(ceiling, 5)
    if value > ceiling {
      line += "  MISSED"
      missed.append(name)
    }
    print(line)
  }

  func text(_ line: String) { print(line) }

  func finish() -> Never {
    print(missed.isEmpty ? "\nbench: every floor is reached" : "\nbench: missed: \(missed.joined(separator: ", "))")
    exit(missed.isEmpty ? 0 : 1)
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// With one digit behind the point where it is small.
  static func number(_ value: Double, _ width: Int) -> String {
    let tenths = Int((value * 10).rounded())
    let text = value >= 100 ? "\(Int(value.rounded()))" : "\(tenths / 10).\(abs(tenths % 10))"
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

/// Processor time of this thread: others on the machine do not count.
enum ProcessorTime {
  static func now() -> Double {
    var time = timespec()
    // SAFETY: fills exactly one timespec and keeps no pointer (clock_gettime(2)).
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The least of `rounds` times in seconds: noise only adds.
  static func best(of rounds: Int, _ body: () -> Void) -> Double {
    var best = Double.infinity
    for _ in 0..<rounds {
      let start = now()
      body()
      best = min(best, now() - start)
    }
    return best
  }
}

/// The same numbers each time.
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
