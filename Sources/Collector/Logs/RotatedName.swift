/// What the name of a file says about its being an older part of a log: `app.log.1`, `app.log-20261120.gz`,
/// `app-2026-11-20.log`, `app.log.old`, as logrotate(8), newsyslog(8), log4j, logback, lumberjack and others name them.
struct RotatedName: Equatable {
  var isCompressed: Bool
  /// The number of `app.log.3`, where a smaller one is newer; nil where the name has a date, of which a greater one is.
  var number: Int?

  private static let compressions = ["gz", "xz", "bz2", "zst", "lz4", "Z", "zip"].map { Array($0.utf8) }

  /// Nil where `name` is not an older part of `base`. Both without folders.
  init?(_ name: [UInt8], of base: [UInt8]) {
    let dot = base.lastIndex(of: UInt8(ascii: ".")) ?? 0
    // Quickly, since many names are compared with many.
    guard !base.isEmpty, name.starts(with: base[..<(dot > 0 ? dot : base.count)]), name != base else { return nil }
    var rest = name[...]
    isCompressed = false
    for suffix in Self.compressions where rest.count > suffix.count + 1 && rest.suffix(suffix.count) == suffix[...] {
      guard rest[rest.endIndex - suffix.count - 1] == UInt8(ascii: ".") else { continue }
      rest = rest.dropLast(suffix.count + 1)
      isCompressed = true
      break
    }
    // `app.log.gz` beside `app.log`.
    if isCompressed, rest == base[...] {
      number = 1
      return
    }
    if rest.starts(with: base), let tag = Self.tag(rest.dropFirst(base.count)) {
      number = tag.number
      return
    }
    // The tag before the extension: app-2026-11-20.log, app.1.log.
    guard dot > 0 else { return nil }
    let stem = base[..<dot]
    let ending = base[dot...]
    guard rest.count > stem.count + ending.count, rest.starts(with: stem), rest.suffix(ending.count) == ending,
      let tag = Self.tag(rest.dropFirst(stem.count).dropLast(ending.count))
    else { return nil }
    number = tag.number
  }

  /// A separator, and a number, a date, or `old`.
  private static func tag(_ text: ArraySlice<UInt8>) -> (number: Int?, Void)? {
    guard let separator = text.first, [0x2D, 0x2E, 0x5F].contains(separator) else { return nil }
    let tag = text.dropFirst()
    guard (1...40).contains(tag.count) else { return nil }
    if tag.elementsEqual("old".utf8) { return (1, ()) }
    guard let first = tag.first, (0x30...0x39).contains(first) else { return nil }
    let digits = tag.count { (0x30...0x39).contains($0) }
    if digits == tag.count, digits <= 4 { return (tag.reduce(0) { $0 * 10 + Int($1 - 0x30) }, ()) }
    let isDate = tag.allSatisfy {
      (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F, 0x3A, 0x2B].contains($0) || $0 == UInt8(ascii: "T")
        || $0 == UInt8(ascii: "Z")
    }
    return isDate && digits >= 6 ? (nil, ()) : nil
  }
}
