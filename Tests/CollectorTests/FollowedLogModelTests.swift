import API
import Foundation
import Glibc
import Grants
import Linux
import Testing

@testable import Collector

/// Random writers, rotations and readers against the list of all that was written.
struct FollowedLogModelTests {
  /// The text of what was read, with the records between.
  private struct Reader {
    var text = ""
    var resets = 0
    var late = ""

    mutating func take(_ events: [String]) {
      for event in events {
        if event.hasPrefix("+") { text += event.dropFirst() }
        if event.hasPrefix("late ") { late += event.dropFirst(5) }
        if event.hasPrefix("reset") { resets += 1 }
      }
    }

    var lines: [Int] { (text + late).split(separator: "\n").compactMap { Int($0.split(separator: " ").first ?? "") } }
  }

  /// Renames, new files, restarts of the reader by a place, writers that are slow to change files: nothing is lost,
  /// nothing doubled, and, but for what came late, all is in order.
  @Test(arguments: 0..<12) func renames(_ seed: UInt64) throws {
    var random = SplitMix(state: 1000 + seed)
    var log = try RotatingLog()
    try log.append("")
    var follow = try log.follow()
    var reader = Reader()
    var written = 0
    var rotations = 0
    for _ in 0..<120 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        for _ in 0..<Int.random(in: 1...30, using: &random) {
          try log.append("\(written) " + String(repeating: "x", count: Int.random(in: 0...200, using: &random)) + "\n")
          written += 1
        }
      case 6:
        passFileTime()
        for number in stride(from: 8, through: 1, by: -1) where log.exists("log.\(number)") {
          try log.rename("log.\(number)", "log.\(number + 1)")
        }
        try log.rename("log", "log.1")
        rotations += 1
        // The writer is slow to change files.
        if Bool.random(using: &random) {
          try log.append("\(written) late\n", to: "log.1")
          written += 1
        }
        passFileTime()
        try log.append("\(written) first\n")
        written += 1
      case 7:
        // The reader ends, and another begins at the same place.
        let (opened, place) = (follow.opened, try log.opened().1)
        follow = try FollowedLog(opened, offset: follow.offset, place: place, now: log.now)
      case _:
        reader.take(try log.read(&follow, for: Double.random(in: 0...3, using: &random), limit: 4096))
      }
    }
    reader.take(try log.read(&follow, for: Double(rotations) * 2 + 10))
    #expect(reader.resets == 0 && rotations > 0)
    let order = reader.lines
    #expect(order.sorted() == Array(0..<written), "lost or doubled")
    if reader.late.isEmpty { #expect(order == Array(0..<written)) }
  }

  /// Truncations with and without a copy: what is missing or out of order has a `reset` before it.
  @Test(arguments: 0..<12) func truncations(_ seed: UInt64) throws {
    var random = SplitMix(state: 2000 + seed)
    var log = try RotatingLog()
    try log.append("")
    var follow = try log.follow()
    var events: [String] = []
    var written = 0
    var lossy: Set<Int> = []
    var unread: [Int] = []
    for _ in 0..<120 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        for _ in 0..<Int.random(in: 1...30, using: &random) {
          try log.append("\(written) " + String(repeating: "x", count: Int.random(in: 0...200, using: &random)) + "\n")
          unread.append(written)
          written += 1
        }
      case 6:
        passFileTime()
        let hasCopy = Bool.random(using: &random)
        if hasCopy {
          for number in stride(from: 8, through: 1, by: -1) where log.exists("log.\(number)") {
            try log.rename("log.\(number)", "log.\(number + 1)")
          }
          try log.copy("log", "log.1")
        }
        // Without a copy, or where too little was read to know the copy by, what was not read is gone.
        lossy.formUnion(unread)
        unread = []
        try log.truncate()
      case _:
        let new = try log.read(&follow, for: Double.random(in: 0...1.5, using: &random))
        events += new
        unread = []
      }
    }
    events += try log.read(&follow, for: 30)
    var last = -1
    var seen: Set<Int> = []
    // What was cut before anything had been read was never known to be there.
    var afterReset = true
    for event in events {
      if event.hasPrefix("reset") { afterReset = true }
      guard event.hasPrefix("+") else { continue }
      for line in event.dropFirst().split(separator: "\n") {
        let number = try #require(Int(line.split(separator: " ").first ?? ""), "a line from its middle: \(line)")
        #expect(seen.insert(number).inserted, "\(number) came twice")
        if number != last + 1 {
          #expect(afterReset, "\(last) is followed by \(number), and nothing says why")
          #expect((last + 1..<max(number, last + 1)).allSatisfy { lossy.contains($0) })
        }
        afterReset = false
        last = number
      }
    }
    #expect(last == written - 1)
  }
}
