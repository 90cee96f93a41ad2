internal import API
internal import Linux
internal import Masking
internal import Synchronization

/// Reads the last lines of a log backwards in blocks, within a budget of bytes, and masks them forwards; where the file
/// has too few, its older parts before it.
///
/// How far it reads back depends on what is shown and on the size of the file, never on the bytes behind a presence token:
/// the blocks begin at multiples of 4 KiB, and nothing of a line that was not read from its beginning is shown.
struct LogTailReader {
  struct Tail {
    var lines: [SelectedLines.Entry] = []
    var scanned: Int64 = 0
    var limitHit = "none"
    /// Lines that masking went over; with `since` those without a time, or with one that names no zone.
    var seen = 0
    var withoutTime = 0
    var withoutZone = 0
    var holeBytes: UInt64 = 0
    /// Where the newest file goes on: its end, or the beginning of its unfinished line.
    var end: UInt64 = 0
  }

  static let scanLimit: Int64 = 4 << 20
  /// What is read before it is looked whether it will do. More is read only if not, and masked anew as a whole.
  private static let stages: [Int64] = [131_072, 1 << 20, scanLimit]
  /// Lines before the first one shown that are read too, so that a secret of several lines is known as one: as many as
  /// masking takes for one block.
  static let contextLines = MaskingLimits.blockLines
  /// Held over the last stage, of which one at a time is enough to have in memory.
  private static let large = Mutex<Void>(())

  /// The newest first.
  let files: [OpenedLog]
  let masker: Masker
  /// Values whose beginning must not show at the end of an unfinished line.
  var values = KnownValues()
  var turnMilliseconds = 2000

  func read(_ selection: LogSelection, budget: Int64) throws(SystemError) -> Tail {
    var window = Window(files: files)
    let limit = min(budget, Self.scanLimit)
    for stage in Self.stages {
      let wanted = min(stage, limit)
      let tail =
        stage < Self.scanLimit
        ? try look(selection, &window, wanted: wanted, limit: limit)
        : try alone { () throws(SystemError) in try look(selection, &window, wanted: wanted, limit: limit) }
      if let tail { return tail }
    }
    return Tail()
  }

  /// Waits for its turn, but not behind somebody whose disk hangs: then fails with ETIMEDOUT.
  private func alone(_ body: () throws(SystemError) -> Tail?) throws(SystemError) -> Tail? {
    for _ in 0..<turnMilliseconds {
      let result = Self.large.withLockIfAvailable { _ in Result { () throws(SystemError) in try body() } }
      if let result { return try result.get() }
      Process.sleep(milliseconds: 1)
    }
    throw SystemError("lock", Errno.timedOut)
  }

  /// Nil where more has to be read first.
  private func look(
    _ selection: LogSelection, _ window: inout Window, wanted: Int64, limit: Int64
  ) throws(SystemError) -> Tail? {
    try window.grow(to: wanted)
    let isExhausted = window.isComplete || wanted == limit
    // Lines that are asked for and cannot be there yet need no masking to be known missing.
    if !isExhausted, selection.filter == nil, selection.since == nil, selection.bytes == nil,
      window.newlines < selection.lines + Self.contextLines
    {
      return nil
    }
    let (selected, end) = cut(window, selection)
    let first = selected.entries.first?.number ?? selected.seen
    let hasContext = window.isComplete || first >= Self.contextLines
    let isFound = selected.dropped != nil || selected.entries.count == selection.lines || selected.sawOlder
    guard isFound && hasContext || isExhausted else { return nil }
    var tail = Tail(
      lines: Array(selected.entries), scanned: window.scanned, seen: selected.seen, withoutTime: selected.withoutTime,
      withoutZone: selected.withoutZone, holeBytes: selected.holeBytes, end: end)
    tail.limitHit =
      if selected.dropped == .answer {
        "answer"
      } else if selected.dropped == .lines, selection.since != nil || selection.bytes != nil {
        "lines"
      } else if isFound || window.isComplete {
        "none"
      } else {
        limit < Self.scanLimit ? "budget" : "scan"
      }
    return tail
  }

  /// Masks all of the window, oldest first.
  private func cut(_ window: Window, _ selection: LogSelection) -> (selected: SelectedLines, end: UInt64) {
    var selected = SelectedLines(selection)
    var cutter = LineCutter()
    cutter.values = values
    var file = window.oldest
    var isInside = window.beginsInside
    func take(_ piece: LineCutter.Piece, isUnfinished: Bool) {
      switch piece {
      case .line(let line): selected.add(line, file: file, isUnfinished: isUnfinished)
      case .hole(let bytes): selected.hole(bytes)
      }
    }
    if let first = window.pieces.last { cutter.move(to: first.start) }
    for piece in window.pieces.reversed() {
      if piece.file != file {
        // Where the name went on, a line of the older file had come to its end.
        cutter.finishUnfinished(masker: masker) { take($0, isUnfinished: false) }
        file = piece.file
        isInside = false
        cutter.move(to: piece.start)
      }
      switch piece.content {
      case .hole(let count):
        cutter.skip(count)
        isInside = false
      case .bytes(let bytes):
        var from = bytes.startIndex
        if isInside {
          // The end of a line whose beginning was not read is not shown.
          let begin = Self.firstLine(in: bytes)
          isInside = begin == nil
          from = begin ?? bytes.endIndex
          cutter.move(to: piece.start + UInt64(from))
        }
        cutter.lines(bytes[from...], masker: masker) { take($0, isUnfinished: false) }
      }
    }
    let size = files.first.map { $0.status.size } ?? 0
    let end = file == 0 && !window.pieces.isEmpty ? cutter.lineStart : size
    if file == 0, cutter.hasUnfinished { cutter.finishUnfinished(masker: masker) { take($0, isUnfinished: true) } }
    return (selected, end)
  }
}

/// What was read of a log so far, from its end on.
struct Window {
  struct Piece {
    enum Content {
      case bytes([UInt8])
      case hole(UInt64)
    }
    var file: Int
    var start: UInt64
    var content: Content
  }

  private let files: [OpenedLog]
  /// The newest first.
  private(set) var pieces: [Piece] = []
  private(set) var scanned: Int64 = 0
  private(set) var newlines = 0
  /// The file that is being read, and where what was read of it begins.
  private var file = 0
  private var start: Int64
  private static let block: Int64 = 65536
  private static let alignment: Int64 = 4096

  init(files: [OpenedLog]) {
    self.files = files
    start = files.first.map { Int64(clamping: $0.status.size) } ?? 0
  }

  /// All files were read to their beginnings.
  var isComplete: Bool { file >= files.count || file == files.count - 1 && start == 0 }
  /// The file of the oldest piece.
  var oldest: Int { pieces.last?.file ?? 0 }
  var beginsInside: Bool { (pieces.last?.start ?? 0) > 0 }

  mutating func grow(to wanted: Int64) throws(SystemError) {
    while !isComplete, scanned < wanted {
      if start == 0 {
        file += 1
        start = Int64(clamping: files[file].status.size)
        continue
      }
      let opened = files[file]
      var begin = (start - 1) / Self.block * Self.block
      if scanned + (start - begin) > wanted {
        begin = (start - (wanted - scanned) + Self.alignment - 1) / Self.alignment * Self.alignment
        guard begin < start else { return }
      }
      let end = try Self.endOfData(in: opened, before: start, from: begin)
      if end < start {
        pieces.append(Piece(file: file, start: UInt64(end), content: .hole(UInt64(start - end))))
        start = end
        continue
      }
      var bytes: [UInt8] = []
      // Short reads happen only if the file shrinks meanwhile; what is there is used.
      while bytes.count < start - begin {
        let got = try opened.read(
          into: &bytes, count: Int(start - begin) - bytes.count, at: begin + Int64(bytes.count))
        if got == 0 { break }
      }
      scanned += Int64(bytes.count)
      newlines += bytes.count { $0 == 0x0A }
      pieces.append(Piece(file: file, start: UInt64(begin), content: .bytes(bytes)))
      start = begin
    }
  }

  /// `place`, or where the data ends before it: where nothing but a hole is between `from` and `place`, the end of the
  /// block that has the last data. Takes about forty calls for the largest file.
  private static func endOfData(
    in opened: OpenedLog, before place: Int64, from: Int64
  ) throws(SystemError) -> Int64 {
    func hasData(from offset: Int64) throws(SystemError) -> Bool {
      try opened.nextData(from: offset).map { $0 < place } ?? false
    }
    if try hasData(from: from) { return place }
    // The last block that data can be reached from.
    var low: Int64 = 0
    var high = from / block + 1
    guard try hasData(from: 0) else { return 0 }
    while low < high - 1 {
      let middle = low + (high - low) / 2
      if try hasData(from: middle * block) { low = middle } else { high = middle }
    }
    return min(place, (low + 1) * block)
  }
}

extension LogTailReader {
  /// Where a line begins in a text that begins inside of one: behind a line feed, or where a hole does.
  private static func firstLine(in bytes: [UInt8]) -> Int? {
    let newline = bytes.firstIndex(of: 0x0A).map { $0 + 1 }
    var run = 0
    for index in bytes[..<(newline ?? bytes.endIndex)].indices {
      run = bytes[index] == 0 ? run + 1 : 0
      if run == Int(LineCutter.shortestHole) { return index + 1 - run }
    }
    return newline
  }
}

extension LineCutter {
  /// A cutter that knows what stands before `offset`, so that the rest of a secret of several lines is known as such. A
  /// line that `offset` is inside of (it is longer than what was read, or the file was written anew behind a cursor) is
  /// not shown from its middle.
  static func before(
    _ offset: UInt64, in opened: OpenedLog, masker: Masker, values: KnownValues
  ) throws(SystemError) -> LineCutter {
    var cutter = LineCutter(position: offset)
    cutter.values = values
    var blocks: [[UInt8]] = []
    var start = offset
    var newlines = 0
    var read = 0
    while start > 0, newlines <= MaskingLimits.blockLines, read < contextBytes {
      let length = Int(min(65536, start))
      var bytes: [UInt8] = []
      while bytes.count < length {
        let got = try opened.read(
          into: &bytes, count: length - bytes.count, at: Int64(start) - Int64(length) + Int64(bytes.count))
        if got == 0 { break }
      }
      start -= UInt64(length)
      read += length
      newlines += bytes.count { $0 == 0x0A }
      let isShort = bytes.count < length
      blocks.append(bytes)
      if isShort { break }
    }
    guard let last = blocks.first else { return cutter }
    let text = Array(blocks.reversed().joined())
    let from = start > 0 ? text.firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count : 0
    cutter.lines(text[from...], masker: masker) { _ in }
    let isBehindHole = last.count >= shortestHole && last.suffix(Int(shortestHole)).allSatisfy { $0 == 0 }
    let isWhole = text.count == read && (last.last == 0x0A || isBehindHole)
    if isWhole { cutter.finish(masker: masker) { _ in } } else { cutter.beginInsideLine() }
    cutter.move(to: offset)
    return cutter
  }

  private static let contextBytes = 1 << 20
}
