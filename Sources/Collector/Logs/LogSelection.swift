internal import API
internal import Linux
internal import Masking

/// Which lines of a log are asked for.
struct LogSelection: Sendable {
  /// The last so many.
  var lines: Int
  /// And of these the last whole ones that are not more bytes together, as they are shown, each with its line end: after
  /// masking, so that nobody measures a secret by asking for a byte more.
  var bytes: Int?
  /// And only from the first one on that has this time or a later one.
  var since: Timestamp?
  /// And only those with this text.
  var filter: TextFilter?
  var now: Timestamp
  /// Most bytes of the answer's lines together, as JSON.
  var answer = 2 << 20
}

/// Keeps the selected lines out of all that are looked at, in order, with bounded memory.
struct SelectedLines {
  struct Entry {
    var line: LineCutter.Line
    /// Which file it is of.
    var file: Int
    /// How many were looked at before it.
    var number: Int
    /// It had no line end yet.
    var isUnfinished: Bool
    var cost: Int
    /// As shown, with a line end.
    var bytes: Int
  }

  let selection: LogSelection
  private var kept: [Entry] = []
  private var first = 0
  private var cost = 0
  private var shownBytes = 0

  /// Lines looked at, and of these the ones without a time, or with one that names no zone.
  private(set) var seen = 0
  private(set) var withoutTime = 0
  private(set) var withoutZone = 0
  /// A line with a time before the one asked for was looked at before the first that is selected.
  private(set) var sawOlder = false
  private var hasBegun = false
  /// Lines that were selected had to go: because of their number, of the bytes asked for, of the size of an answer.
  private(set) var dropped: Dropped?
  private var holes: [(number: Int, bytes: UInt64)] = []

  enum Dropped { case lines, bytes, answer }

  init(_ selection: LogSelection) {
    self.selection = selection
    hasBegun = selection.since == nil
  }

  var entries: ArraySlice<Entry> { kept[first...] }

  /// Bytes of holes between the lines that are selected; of all where none is.
  var holeBytes: UInt64 {
    let from = entries.first?.number ?? 0
    return holes.reduce(0) { $1.number >= from ? $0.addingClamped($1.bytes) : $0 }
  }

  mutating func hole(_ bytes: UInt64) { holes.append((seen, bytes)) }

  mutating func add(_ line: LineCutter.Line, file: Int, isUnfinished: Bool) {
    let number = seen
    seen += 1
    if let since = selection.since {
      let shown = line.shown
      let found = LineTime.find(in: shown.span, reference: selection.now)
      if found == nil { withoutTime += 1 }
      if found?.hasZone == false { withoutZone += 1 }
      if !hasBegun, let found {
        if found.time >= since { hasBegun = true } else { sawOlder = true }
      }
    }
    guard hasBegun, selection.filter?.matches(line.shown) ?? true else { return }
    var entry = Entry(
      line: line, file: file, number: number, isUnfinished: isUnfinished, cost: Self.cost(line),
      bytes: line.shown.count + 1)
    // The text it was made of is not needed any more.
    entry.line.shown = []
    kept.append(entry)
    cost += entry.cost
    shownBytes += entry.bytes
    trim()
  }

  private mutating func trim() {
    while first < kept.count {
      if kept.count - first > selection.lines {
        dropped = .lines
      } else if let bytes = selection.bytes, shownBytes > bytes {
        dropped = .bytes
      } else if cost > selection.answer {
        dropped = .answer
      } else {
        break
      }
      cost -= kept[first].cost
      shownBytes -= kept[first].bytes
      kept[first].line.line = LogLine(TargetText(text: ""), masked: 0, truncated: false)
      kept[first].line.text.segments = []
      first += 1
    }
    if first > 256, first > kept.count / 2 {
      kept.removeFirst(first)
      first = 0
    }
  }

  /// Bytes of the line in a JSON document, or a little more.
  private static func cost(_ line: LineCutter.Line) -> Int {
    var cost = 16 + (line.line.base64.map { $0.utf8.count + 12 } ?? 0)
    if line.line.masked != nil { cost += 16 }
    if line.line.truncated != nil { cost += 17 }
    for byte in line.line.text.utf8 { cost += byte < 0x20 || byte == 0x7F ? 6 : byte == 0x22 || byte == 0x5C ? 2 : 1 }
    return cost
  }
}
