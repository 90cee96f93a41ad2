internal import API
internal import Linux
internal import Masking

/// Reads the last lines of a file backwards in blocks, within a budget of bytes, and masks them forwards.
struct LogTailReader {
  struct Tail {
    var lines: [LogLine] = []
    var masked: [MaskedText] = []
    var scanned: Int64 = 0
    /// `none`, or `scan` where the budget ended the search.
    var limitHit = "none"
    /// Where the first line shown begins.
    var start: UInt64 = 0
    /// Where the file was read to.
    var end: UInt64 = 0
    /// Bytes at the end without a newline; a follow goes on before them.
    var unfinished: UInt64 = 0
  }

  static let scanLimit: Int64 = 4 << 20
  private static let block = 65536

  let file: SharedDescriptor
  let masker: Masker
  /// Values whose beginning must not show at the end of an unfinished line.
  var values: [[UInt8]] = []

  /// Lines before the first one shown that are read too, so that a secret of several lines is known as one: as many as
  /// masking takes for one block.
  private static let contextLines = 512

  func last(_ count: Int, size: UInt64, budget: Int64) throws(SystemError) -> Tail {
    var tail = Tail()
    let limit = min(budget, Self.scanLimit)
    var start = Int64(size)
    var blocks: [[UInt8]] = []
    var newlines = 0
    while start > 0, newlines <= count + Self.contextLines {
      guard tail.scanned < limit else {
        tail.limitHit = "scan"
        break
      }
      let length = Int(min(Int64(Self.block), start, limit - tail.scanned))
      var bytes: [UInt8] = []
      // Short reads happen only if the file shrinks meanwhile; what is there is used.
      while bytes.count < length {
        let got = try file.descriptor.read(
          into: &bytes, count: length - bytes.count, at: start - Int64(length) + Int64(bytes.count))
        if got == 0 { break }
      }
      start -= Int64(length)
      tail.scanned += Int64(bytes.count)
      newlines += bytes.count { $0 == 0x0A }
      blocks.append(bytes)
    }
    let text = Array(blocks.reversed().joined())
    var from = 0
    if start > 0 {
      // The first piece is the end of a line whose beginning was not read: it is not shown.
      from = text.firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
    }
    var cutter = LineCutter()
    var lines: [LogLine] = []
    var masked: [MaskedText] = []
    func keep(_ line: LogLine, _ text: MaskedText) {
      lines.append(line)
      masked.append(text)
    }
    cutter.lines(text[from...], masker: masker, keep)
    tail.unfinished = UInt64(cutter.pendingCount)
    if cutter.pendingCount > 0 { cutter.finishUnfinished(values: values, masker: masker, keep) }
    tail.lines = Array(lines.suffix(count))
    tail.masked = Array(masked.suffix(count))
    if tail.lines.count == count || start == 0 { tail.limitHit = "none" }
    tail.end = UInt64(start) + UInt64(text.count)
    var begin = from
    for _ in 0..<(lines.count - tail.lines.count) {
      begin = text[begin...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
    }
    tail.start = UInt64(start) + UInt64(begin)
    return tail
  }

  /// A cutter that knows what stands before `offset`, so that the rest of a secret of several lines is known as such. A
  /// line that `offset` is inside of (it is longer than what was scanned, or the file was written anew behind a cursor)
  /// is not shown from its middle.
  func cutter(before offset: UInt64) throws(SystemError) -> LineCutter {
    var cutter = LineCutter()
    let length = Int(min(UInt64(Self.block), offset))
    guard length > 0 else { return cutter }
    var bytes: [UInt8] = []
    while bytes.count < length {
      let got = try file.descriptor.read(
        into: &bytes, count: length - bytes.count, at: Int64(offset) - Int64(length) + Int64(bytes.count))
      if got == 0 { break }
    }
    let from = UInt64(length) < offset ? bytes.firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count : 0
    cutter.lines(bytes[from...], masker: masker) { _, _ in }
    if bytes.count < length || bytes.last != 0x0A { cutter.beginInsideLine() }
    return cutter
  }
}
