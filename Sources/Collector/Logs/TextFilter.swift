internal import Masking

/// The parameter `grep`: text that a line must hold, byte for byte. It is looked for in what is shown of a line, after
/// masking and cutting, and never in a presence token: so the lines it leaves are those that the caller could have picked
/// from the answer without it, and it tells nothing about what is masked. Linear in the line (Knuth, Morris and Pratt).
struct TextFilter: Sendable {
  static let maximumLength = 256
  private let needle: [UInt8]
  /// borders[i]: the longest beginning of the needle that ends at i, and is not all of it.
  private let borders: [Int]

  /// Nil where the text is empty, too long, or holds a line feed, which no line does.
  init?(_ text: [UInt8]) {
    guard (1...Self.maximumLength).contains(text.count), !text.contains(0x0A) else { return nil }
    // As the lines are: a `‹` of their own is escaped.
    let needle = MaskedText(segments: [.text(text)]).rendered()
    var borders = [Int](repeating: 0, count: needle.count)
    var length = 0
    for index in needle.indices.dropFirst() {
      while length > 0, needle[index] != needle[length] { length = borders[length - 1] }
      if needle[index] == needle[length] { length += 1 }
      borders[index] = length
    }
    self.needle = needle
    self.borders = borders
  }

  /// - Parameter shown: a line as it is rendered. Every `‹` in it begins a presence token, and a `›` ends it.
  func matches(_ shown: [UInt8]) -> Bool {
    var length = 0
    var index = 0
    while index < shown.count {
      if Self.isMark(shown, index, 0xB9) {
        length = 0
        index += 3
        while index < shown.count, !Self.isMark(shown, index, 0xBA) { index += 1 }
        index += 3
        continue
      }
      while length > 0, shown[index] != needle[length] { length = borders[length - 1] }
      if shown[index] == needle[length] { length += 1 }
      if length == needle.count { return true }
      index += 1
    }
    return false
  }

  /// U+2039 or U+203A.
  private static func isMark(_ text: [UInt8], _ index: Int, _ last: UInt8) -> Bool {
    text[index] == 0xE2 && index + 2 < text.count && text[index + 1] == 0x80 && text[index + 2] == last
  }
}
