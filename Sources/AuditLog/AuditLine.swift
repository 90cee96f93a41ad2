internal import StrictJSON

/// One audit event as one line of JSON: no longer than `maximumLength` with its newline, so that one `write` puts it
/// into a pipe whole (pipe(7), PIPE_BUF), and safe to show on a terminal.
package enum AuditLine {
  /// In bytes, the newline included.
  package static let maximumLength = 4096
  /// Most items of one list, and most kinds that are counted.
  package static let maximumItems = 32
  /// The version of the events' form; a reader refuses the ones that it does not know.
  package static let version = 1

  /// Writes the members that `body` adds between the common ones. Where the line would be too long, the lengths at
  /// which strings are cut are halved until it fits; `truncated` names the members that were cut.
  static func make(
    type: String, time: AuditTime, eventID: String, requestID: String?, _ body: (inout AuditMembers) -> Void
  ) -> [UInt8] {
    var shift = 0
    while true {
      let line = attempt(type: type, time: time, eventID: eventID, requestID: requestID, shift: shift, body)
      // With a shift of 12 every cut string is empty, and what is left is member names and numbers.
      if line.count <= maximumLength || shift == 12 { return line }
      shift += 1
    }
  }

  private static func attempt(
    type: String, time: AuditTime, eventID: String, requestID: String?, shift: Int,
    _ body: (inout AuditMembers) -> Void
  ) -> [UInt8] {
    var line = JSONWriter(reserving: 1024)
    line.object { writer in
      writer.member("version", version)
      writer.member("type", type)
      writer.member("time", time.rfc3339)
      writer.member("monotonic_ns", time.monotonicNanoseconds)
      var members = AuditMembers(writer: writer, shift: shift)
      members.text("event_id", eventID, limit: .identifier)
      members.text("request_id", requestID, limit: .identifier)
      body(&members)
      writer = members.writer
      if !members.truncated.isEmpty { writer.member("truncated", members.truncated) }
      if !members.replaced.isEmpty { writer.member("replaced", members.replaced) }
    }
    return line.bytes + [UInt8(ascii: "\n")]
  }
}

/// How many bytes of a string are kept, counted as they stand in the JSON text.
enum AuditLimit: Int {
  /// Ids, digests, codes, names of our own.
  case identifier = 96
  /// SPIFFE IDs, issuers, subjects, routes, addresses.
  case name = 320
  /// What was asked for, and why: paths, reasons, justifications.
  case text = 640
  /// All the names of a list together.
  case list = 1280
}

/// Adds members to an event, cutting and cleaning what others wrote.
struct AuditMembers {
  fileprivate(set) var writer: JSONWriter
  fileprivate(set) var truncated: [String] = []
  fileprivate(set) var replaced: [String] = []
  private let shift: Int

  fileprivate init(writer: JSONWriter, shift: Int) {
    self.writer = writer
    self.shift = shift
  }

  /// Leaves the member out where the value is nil.
  mutating func text(_ name: String, _ value: String?, limit: AuditLimit) {
    guard let value else { return }
    writer.member(name, cut(value, to: limit.rawValue >> shift, in: name))
  }

  /// The same, but of a text that is too long both ends are kept, with `…` between: what counts in a path is its end.
  mutating func path(_ name: String, _ value: String?, limit: AuditLimit) {
    guard let value else { return }
    let room = limit.rawValue >> shift
    guard Self.encodedLength(value) > room else { return text(name, value, limit: limit) }
    note(name, in: &truncated)
    let half = max(0, room / 2 - 3)
    let end = String(String.UnicodeScalarView(value.unicodeScalars.reversed()))
    let tail = String(String.UnicodeScalarView(cut(end, to: half, in: name).unicodeScalars.reversed()))
    writer.member(name, cut(value, to: half, in: name) + "…" + tail)
  }

  mutating func number(_ name: String, _ value: (some BinaryInteger)?) {
    writer.member(optional: name, value)
  }

  mutating func flag(_ name: String, _ value: Bool) {
    writer.member(name, value)
  }

  /// A list of strings, `limit` for all of them together, of which each has its share: a long one hides no other.
  /// `<name>_count` says how many there were where some were left out. Absent where nil.
  mutating func list(_ name: String, _ values: [String]?, limit: AuditLimit) {
    guard let values else { return }
    var kept: [String] = []
    var room = limit.rawValue >> shift
    let items = values.prefix(AuditLine.maximumItems)
    for (index, value) in items.enumerated() {
      let item = cut(value, to: max(0, room / (items.count - index) - 3), in: name)
      if item.isEmpty && !value.isEmpty { break }
      kept.append(item)
      room -= Self.encodedLength(item) + 3
      if room <= 0 { break }
    }
    writer.member(name, kept)
    if kept.count < values.count {
      note(name, in: &truncated)
      writer.member("\(name)_count", values.count)
    }
  }

  /// An object of counts, by kind. Kinds beyond the thirty-second are added up as `(other)`.
  mutating func counts(_ name: String, _ values: [String: Int]) {
    guard !values.isEmpty else { return }
    let sorted = values.sorted { $0.key < $1.key }
    var kept: [(kind: String, count: Int)] = []
    for (kind, count) in sorted.prefix(AuditLine.maximumItems) {
      let kind = cut(kind, to: 40 >> shift, in: name)
      // Two kinds may have become one by cutting; a member name stands once.
      if let index = kept.firstIndex(where: { $0.kind == kind }) {
        kept[index].count &+= count
      } else {
        kept.append((kind, count))
      }
    }
    let rest = sorted.dropFirst(AuditLine.maximumItems).reduce(0) { $0 &+ $1.value }
    if sorted.count > AuditLine.maximumItems { kept.append(("(other)", rest)) }
    writer.member(object: name) { object in
      for (kind, count) in kept { object.member(kind, count) }
    }
  }

  private func note(_ name: String, in list: inout [String]) {
    if !list.contains(name) { list.append(name) }
  }

  /// The longest prefix of whole scalars that takes no more than `limit` bytes of JSON text, with U+FFFD in place of
  /// scalars that could steer a terminal and that JSON leaves alone.
  private mutating func cut(_ text: String, to limit: Int, in name: String) -> String {
    var result = String.UnicodeScalarView()
    var length = 0
    for scalar in text.unicodeScalars {
      var kept = scalar
      if Self.steersTerminal(scalar) {
        kept = "\u{FFFD}"
        note(name, in: &replaced)
      }
      length += Self.encodedLength(kept)
      guard length <= limit else {
        note(name, in: &truncated)
        break
      }
      result.append(kept)
    }
    return String(result)
  }

  private static func encodedLength(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + encodedLength($1) }
  }

  private static func encodedLength(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x22, 0x5C, 0x09, 0x0A, 0x0D: 2
    case 0x00..<0x20, 0x7F: 6
    case _: UTF8.width(scalar)
    }
  }

  /// C1 controls, line and paragraph separators, zero-width and bidirectional formatting, and the byte-order mark.
  private static func steersTerminal(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x80...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
      0xE0000...0xE007F:
      true
    case _: false
    }
  }
}
