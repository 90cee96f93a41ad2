internal import Linux

/// The parameter `since`: an RFC 3339 time with its zone, or how long ago (`90s`, `10m`, `1h30m`, `2d`).
enum SinceTime {
  static let form =
    "since must be an RFC 3339 time with its zone, such as 2026-11-21T06:32:47Z, or a time ago such as 90s, 10m, 1h30m or 2d"

  private static let longest: Int64 = 366 * 86400

  static func parse(_ text: [UInt8], now: Timestamp) -> Timestamp? {
    guard (2...64).contains(text.count) else { return nil }
    if let seconds = duration(text) { return Timestamp(seconds: now.seconds - seconds, nanoseconds: now.nanoseconds) }
    // Nothing before or behind it, and a zone: else it would mean different things to caller and agent.
    guard text.count >= 20, text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: "t"),
      text[4] == UInt8(ascii: "-"),
      text.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") })
    else { return nil }
    guard let found = LineTime.find(in: text.span, reference: now), found.hasZone, isWhole(text) else { return nil }
    return found.time
  }

  /// The zone ends the text.
  private static func isWhole(_ text: [UInt8]) -> Bool {
    if text.last == UInt8(ascii: "Z") || text.last == UInt8(ascii: "z") {
      return text.dropLast().allSatisfy { !isLetter($0) || $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "t") }
    }
    guard text.count >= 25 else { return false }
    let sign = text[text.count - 6]
    return (sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")) && text[text.count - 3] == UInt8(ascii: ":")
      && text.dropFirst(11).allSatisfy { !isLetter($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }

  private static func duration(_ text: [UInt8]) -> Int64? {
    var total: Int64 = 0
    var number: Int64?
    var last = Int64.max
    for byte in text {
      if (0x30...0x39).contains(byte) {
        let value = (number ?? 0) * 10 + Int64(byte - 0x30)
        guard value <= longest else { return nil }
        number = value
        continue
      }
      let unit: Int64
      switch byte {
      case UInt8(ascii: "s"): unit = 1
      case UInt8(ascii: "m"): unit = 60
      case UInt8(ascii: "h"): unit = 3600
      case UInt8(ascii: "d"): unit = 86400
      case _: return nil
      }
      // The larger unit first, each once.
      guard let value = number, unit < last else { return nil }
      total += value * unit
      guard total <= longest else { return nil }
      last = unit
      number = nil
    }
    return number == nil ? total : nil
  }
}
