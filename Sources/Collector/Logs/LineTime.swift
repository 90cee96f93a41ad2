internal import Linux

/// The time that a line of a log gives for itself, in one of the usual spellings: RFC 3339 and its relatives (a space or
/// a `T`, `-` or `/`, a point or a comma), RFC 3164 and RFC 5424 syslog, klog, the Apache and nginx logs, ctime(3),
/// PostgreSQL, Redis, seconds to nanoseconds since 1970, and a member or field `ts`, `time` or `timestamp`. Total: what is
/// not understood has no time.
struct LineTime: Equatable {
  var time: Timestamp
  /// False where the line names no zone that is understood: then the time was read as UTC.
  var hasZone: Bool

  /// Where the time of a line is looked for, in bytes from its beginning; of JSON more, since members have no order.
  private static let head = 160
  private static let jsonHead = 4096

  /// - Parameters:
  ///   - line: as it is shown, after masking: a time that is masked is no time.
  ///   - reference: about now. Supplies the year where a line names none: the latest that is not a day ahead.
  static func find(in line: Span<UInt8>, reference: Timestamp) -> LineTime? {
    var index = 0
    skipDecoration(line, &index)
    guard index < line.count else { return nil }
    if line[index] == UInt8(ascii: "{"), let found = member(line, index, reference) { return found }
    if let found = klog(line, index, reference) { return found }
    var start = index
    if line[start] == UInt8(ascii: "[") { start += 1 }
    if let found = epoch(line, &start) { return found }
    return anywhere(line, from: index, reference)
  }

  /// What stands before the text: blanks, and colours for a terminal (ECMA-48 SGR).
  private static func skipDecoration(_ line: Span<UInt8>, _ index: inout Int) {
    let end = min(line.count, 64)
    while index < end {
      if line[index] == 0x20 || line[index] == 0x09 {
        index += 1
      } else if line[index] == 0x1B, index + 1 < end, line[index + 1] == UInt8(ascii: "[") {
        index += 2
        while index < end, line[index] != UInt8(ascii: "m") { index += 1 }
        index += 1
      } else {
        return
      }
    }
  }

  /// The first date with a time that begins at the start of a word, or a field with a known name.
  private static func anywhere(_ line: Span<UInt8>, from first: Int, _ reference: Timestamp) -> LineTime? {
    let end = min(line.count, first + head)
    var index = first
    while index < end {
      if index == first || !isWord(line[index - 1]) {
        if let found = date(line, index, reference) { return found }
        var value = index
        if fieldName(line, &value) {
          if let found = date(line, value, reference) { return found }
          if let found = epoch(line, &value) { return found }
        }
      }
      index += 1
    }
    return nil
  }

  private static let names: [StaticString] = ["ts", "time", "timestamp", "@timestamp", "datetime", "t"]

  /// `name=` or `name="`; `index` goes behind it.
  private static func fieldName(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
    for name in names {
      var end = index
      guard literal(line, &end, name), end < line.count, line[end] == UInt8(ascii: "=") else { continue }
      end += 1
      if end < line.count, line[end] == UInt8(ascii: "\"") { end += 1 }
      index = end
      return true
    }
    return false
  }
}

// MARK: JSON

extension LineTime {
  /// The value of the first outermost member with a known name.
  private static func member(_ line: Span<UInt8>, _ start: Int, _ reference: Timestamp) -> LineTime? {
    let end = min(line.count, start + jsonHead)
    var index = start
    var depth = 0
    while index < end {
      switch line[index] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        let name = index + 1
        index = name
        while index < end, line[index] != UInt8(ascii: "\"") { index += line[index] == UInt8(ascii: "\\") ? 2 : 1 }
        guard index < end else { return nil }
        var value = index + 1
        while value < end, line[value] == 0x20 { value += 1 }
        if depth == 1, value < end, line[value] == UInt8(ascii: ":"), isName(line, name, index) {
          value += 1
          while value < end, line[value] == 0x20 { value += 1 }
          if value < end, line[value] == UInt8(ascii: "\"") { value += 1 }
          if let found = date(line, value, reference) ?? epoch(line, &value) { return found }
        }
      case _: break
      }
      index += 1
    }
    return nil
  }

  private static func isName(_ line: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    for name in names {
      var index = start
      if literal(line, &index, name), index == end { return true }
    }
    return false
  }
}

// MARK: Numbers

extension LineTime {
  /// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their digits, from 2001 to 2286.
  private static func epoch(_ line: Span<UInt8>, _ index: inout Int) -> LineTime? {
    let start = index
    var value: Int64 = 0
    while index < line.count, index - start < 20, let digit = digit(line[index]) {
      let (scaled, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isOverWithIt) = scaled.addingReportingOverflow(Int64(digit))
      guard !isOver, !isOverWithIt else { return nil }
      value = sum
      index += 1
    }
    let unit: Int64
    switch index - start {
    case 10: unit = 1
    case 13: unit = 1000
    case 16: unit = 1_000_000
    case 19: unit = 1_000_000_000
    case _: return nil
    }
    guard line[start] != UInt8(ascii: "0") else { return nil }
    var nanoseconds = UInt32(value % unit * (1_000_000_000 / unit))
    if unit == 1, let fraction = fraction(line, &index) { nanoseconds = fraction }
    guard index == line.count || !isWord(line[index]) else { return nil }
    return LineTime(time: Timestamp(seconds: value / unit, nanoseconds: nanoseconds), hasZone: true)
  }

  /// `I1121 06:32:47.123456`
  private static func klog(_ line: Span<UInt8>, _ start: Int, _ reference: Timestamp) -> LineTime? {
    guard start + 5 < line.count else { return nil }
    switch line[start] {
    case UInt8(ascii: "I"), UInt8(ascii: "W"), UInt8(ascii: "E"), UInt8(ascii: "F"): break
    case _: return nil
    }
    var index = start + 1
    guard let month = number(line, &index, digits: 2), let day = number(line, &index, digits: 2),
      take(line, &index, " ")
    else { return nil }
    return clock(line, index, year: nil, month: month, day: day, reference)
  }
}

// MARK: Dates

extension LineTime {
  private static func date(_ line: Span<UInt8>, _ start: Int, _ reference: Timestamp) -> LineTime? {
    guard start < line.count else { return nil }
    if digit(line[start]) != nil {
      return yearFirst(line, start, reference) ?? dayFirst(line, start, reference)
    }
    return monthFirst(line, start, reference)
  }

  /// `2026-11-21T06:32:47`, `2026/11/21 06:32:47`, `20261121T063247`
  private static func yearFirst(_ line: Span<UInt8>, _ start: Int, _ reference: Timestamp) -> LineTime? {
    var index = start
    guard let year = number(line, &index, digits: 4), index < line.count else { return nil }
    let separator = line[index]
    let isCompact = digit(separator) != nil
    guard
      isCompact || separator == UInt8(ascii: "-") || separator == UInt8(ascii: "/") || separator == UInt8(ascii: ".")
    else { return nil }
    if !isCompact { index += 1 }
    guard let month = number(line, &index, digits: 2) else { return nil }
    if !isCompact {
      guard index < line.count, line[index] == separator else { return nil }
      index += 1
    }
    guard let day = number(line, &index, digits: 2), index < line.count else { return nil }
    switch line[index] {
    case UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " "), UInt8(ascii: "_"): index += 1
    case _: return nil
    }
    return clock(line, index, year: year, month: month, day: day, isCompact: isCompact, reference)
  }

  /// `21/Nov/2026:06:32:47 +0000`, `21-Nov-2026 06:32:47`, `21 Nov 2026 06:32:47`
  private static func dayFirst(_ line: Span<UInt8>, _ start: Int, _ reference: Timestamp) -> LineTime? {
    var index = start
    guard let day = number(line, &index, digits: 2) ?? number(line, &index, digits: 1), index < line.count else {
      return nil
    }
    let separator = line[index]
    guard separator == UInt8(ascii: "/") || separator == UInt8(ascii: "-") || separator == UInt8(ascii: " ") else {
      return nil
    }
    index += 1
    guard let month = month(line, &index), index < line.count, line[index] == separator else { return nil }
    index += 1
    guard let year = number(line, &index, digits: 4), index < line.count,
      line[index] == UInt8(ascii: ":") || line[index] == UInt8(ascii: " ")
    else { return nil }
    return clock(line, index + 1, year: year, month: month, day: day, reference)
  }

  /// `Nov 21 06:32:47`, `Nov  1 06:32:47`, `Nov 21 06:32:47.123 2026`
  private static func monthFirst(_ line: Span<UInt8>, _ start: Int, _ reference: Timestamp) -> LineTime? {
    var index = start
    guard let month = month(line, &index), take(line, &index, " ") else { return nil }
    if index < line.count, line[index] == 0x20 { index += 1 }
    guard let day = number(line, &index, digits: 2) ?? number(line, &index, digits: 1), take(line, &index, " ") else {
      return nil
    }
    return clock(line, index, year: nil, month: month, day: day, reference)
  }

  /// The time of day, the year if it comes only now, and the zone.
  private static func clock(
    _ line: Span<UInt8>, _ start: Int, year: Int?, month: Int, day: Int, isCompact: Bool = false, _ reference: Timestamp
  ) -> LineTime? {
    var index = start
    guard let hour = number(line, &index, digits: 2) else { return nil }
    let hasColons = index < line.count && line[index] == UInt8(ascii: ":")
    guard hasColons || isCompact else { return nil }
    if hasColons { index += 1 }
    guard let minute = number(line, &index, digits: 2) else { return nil }
    if hasColons, !take(line, &index, ":") { return nil }
    guard let second = number(line, &index, digits: 2), hour < 24, minute < 60, second <= 60 else { return nil }
    if index < line.count, digit(line[index]) != nil { return nil }
    let nanoseconds = fraction(line, &index) ?? 0
    var year = year
    if year == nil {
      var later = index
      if take(line, &later, " "), let found = number(line, &later, digits: 4), (1970..<2200).contains(found),
        later == line.count || !isWord(line[later])
      {
        year = found
        index = later
      }
    }
    let offset = zone(line, &index)
    func seconds(_ year: Int) -> Int64? {
      days(year, month, day).map { $0 * 86400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset ?? 0) }
    }
    if let year {
      return seconds(year).map { LineTime(time: .init(seconds: $0, nanoseconds: nanoseconds), hasZone: offset != nil) }
    }
    let latest = reference.seconds + 86400
    let thisYear = Self.year(of: latest)
    for candidate in [thisYear, thisYear - 1] {
      if let found = seconds(candidate), found <= latest {
        return LineTime(time: .init(seconds: found, nanoseconds: nanoseconds), hasZone: offset != nil)
      }
    }
    return nil
  }

  /// Seconds east of UTC; nil, and `index` where it was, where there is no zone that is understood.
  private static func zone(_ line: Span<UInt8>, _ index: inout Int) -> Int? {
    var place = index
    let hasBlank = take(line, &place, " ")
    guard place < line.count else { return nil }
    switch line[place] {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      guard !hasBlank || place + 1 == line.count || !isWord(line[place + 1]) else { return nil }
      index = place + 1
      return 0
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      let sign = line[place] == UInt8(ascii: "-") ? -1 : 1
      place += 1
      guard let hours = number(line, &place, digits: 2), hours <= 15 else { return nil }
      let hasColon = place < line.count && line[place] == UInt8(ascii: ":")
      if hasColon { place += 1 }
      let minutes = number(line, &place, digits: 2)
      guard minutes != nil || !hasColon && !hasBlank, minutes ?? 0 < 60, place == line.count || !isWord(line[place])
      else { return nil }
      index = place
      return sign * (hours * 3600 + (minutes ?? 0) * 60)
    case _:
      for name in ["UTC", "GMT"] as [StaticString] {
        var end = place
        if literal(line, &end, name), end == line.count || !isWord(line[end]) {
          index = end
          return 0
        }
      }
      return nil
    }
  }
}

// MARK: Small pieces

extension LineTime {
  private static func digit(_ byte: UInt8) -> Int? {
    (0x30...0x39).contains(byte) ? Int(byte) - 0x30 : nil
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
      || byte >= 0x80
  }

  private static func take(_ line: Span<UInt8>, _ index: inout Int, _ scalar: Unicode.Scalar) -> Bool {
    guard index < line.count, line[index] == UInt8(ascii: scalar) else { return false }
    index += 1
    return true
  }

  private static func literal(_ line: Span<UInt8>, _ index: inout Int, _ text: StaticString) -> Bool {
    let bytes = text.description.utf8
    guard line.count - index >= bytes.count else { return false }
    var place = index
    for byte in bytes {
      guard line[place] == byte else { return false }
      place += 1
    }
    index = place
    return true
  }

  /// Exactly so many digits; `index` stays where they are not there.
  private static func number(_ line: Span<UInt8>, _ index: inout Int, digits: Int) -> Int? {
    guard line.count - index >= digits else { return nil }
    var value = 0
    for place in index..<(index + digits) {
      guard let digit = digit(line[place]) else { return nil }
      value = value * 10 + digit
    }
    index += digits
    return value
  }

  /// `.123` or `,123` in nanoseconds; digits after the ninth do not count.
  private static func fraction(_ line: Span<UInt8>, _ index: inout Int) -> UInt32? {
    guard index + 1 < line.count, line[index] == UInt8(ascii: ".") || line[index] == UInt8(ascii: ","),
      digit(line[index + 1]) != nil
    else { return nil }
    index += 1
    var value: UInt32 = 0
    var count = 0
    while index < line.count, let digit = digit(line[index]) {
      if count < 9 {
        value = value * 10 + UInt32(digit)
        count += 1
      }
      index += 1
    }
    while count < 9 {
      value *= 10
      count += 1
    }
    return value
  }

  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func month(_ line: Span<UInt8>, _ index: inout Int) -> Int? {
    for (number, name) in months.enumerated() where literal(line, &index, name) { return number + 1 }
    return nil
  }

  /// Days since 1970 in the Gregorian calendar; nil where there is no such day, or before 1970 or after 2199.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64? {
    guard (1970..<2200).contains(year), (1...12).contains(month), day >= 1 else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= lengths[month - 1] else { return nil }
    let before = year - 1
    let leaps = before / 4 - before / 100 + before / 400 - 477
    return Int64((year - 1970) * 365 + leaps + lengths[..<(month - 1)].reduce(0, +) + day - 1)
  }

  private static func year(of seconds: Int64) -> Int {
    Int(Timestamp(seconds: seconds).rfc3339(.seconds).prefix(4)) ?? 1970
  }
}
