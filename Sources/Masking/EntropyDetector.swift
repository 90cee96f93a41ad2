/// Finds runs that look random and have no harmless explanation beside them. Also JWTs, which are
/// three base64 parts of which the first two begin with `{"`, and base64 that holds secret text.
enum EntropyDetector {
  /// Shortest run that is looked at.
  static let shortest = 20

  static func scan(_ bytes: Span<UInt8>, state: inout ScanState) {
    let count = bytes.count
    var position = 0
    // A run of `shortest` bytes covers one of every `shortest` positions: step over the rest.
    while position + shortest <= count {
      var back = position + shortest - 1
      while back >= position, isRun(bytes[back]) { back -= 1 }
      if back >= position {
        position = back + 1
        continue
      }
      var end = position + shortest
      while end < count, isRun(bytes[end]) { end += 1 }
      var start = position
      while start > 0, isRun(bytes[start - 1]), position - start < 64 { start -= 1 }
      while end < count, bytes[end] == 0x3D { end += 1 }
      judge(bytes, start, end, state: &state)
      position = end
    }
  }

  @inline(__always) private static func isRun(_ byte: UInt8) -> Bool {
    ByteClass.isBase64(byte) || byte == 0x2E
  }

  private static func judge(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, state: inout ScanState) {
    if judgeJWT(bytes, start, end, state: &state) { return }
    if isDiscordToken(bytes, start, end) {
      state.findings.add(start, end, .discord, "discord-bot-token")
      return
    }
    // Parts between dots, slashes only if the whole is a path.
    var partStart = start
    let splitsAtSlash = isPathLike(bytes, start, end)
    for index in start...end {
      let ends = index == end || bytes[index] == 0x2E || splitsAtSlash && bytes[index] == 0x2F
      guard ends else { continue }
      if index - partStart >= shortest { judgePart(bytes, partStart, index, state: &state) }
      partStart = index + 1
    }
  }

  /// `eyJ….eyJ….signature`
  private static func judgeJWT(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, state: inout ScanState) -> Bool {
    var at = start
    var found = false
    while at + 20 < end {
      guard bytes[at] == 0x65, bytes[at + 1] == 0x79, bytes[at + 2] == 0x4A,
        at == start || !ByteClass.isAlphanumeric(bytes[at - 1])
      else {
        at += 1
        continue
      }
      var stop = at
      var dots = 0
      while stop < end, dots < 5, ByteClass.isWord(bytes[stop]) || bytes[stop] == 0x2D || bytes[stop] == 0x2E {
        if bytes[stop] == 0x2E { dots += 1 }
        stop += 1
      }
      while stop > at, bytes[stop - 1] == 0x2E { stop -= 1 }
      // Without a second part it is some other JSON in base64, which is looked into.
      if dots >= 1, stop - at >= 20 {
        state.findings.add(at, stop, .jwt, "jwt")
        found = true
      }
      at = max(stop, at + 1)
    }
    return found
  }

  /// A Discord bot's token: its number in base64 (so it begins with M, N or O), a time, a signature.
  private static func isDiscordToken(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard end - start >= 57, end - start <= 80, bytes[start] >= 0x4D, bytes[start] <= 0x4F else { return false }
    let first = ByteText.firstIndex(of: 0x2E, bytes, start, end)
    let second = ByteText.firstIndex(of: 0x2E, bytes, min(first + 1, end), end)
    guard (23...28).contains(first - start), (6...7).contains(second - first - 1), (27...40).contains(end - second - 1)
    else { return false }
    for index in start..<end where bytes[index] == 0x2F || bytes[index] == 0x2B { return false }
    return ByteText.firstIndex(of: 0x2E, bytes, second + 1, end) == end
  }

  private static func isPathLike(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    // Padding after whole groups of four is base64's.
    if bytes[end - 1] == 0x3D, (end - start) % 4 == 0 { return false }
    var slashes = 0
    var partStart = start
    var tame = 0
    for index in start...end where index == end || bytes[index] == 0x2F {
      if index < end { slashes += 1 }
      if index > partStart, index - partStart < 20, ValueShape.isWordlike(bytes, partStart, index) { tame += 1 }
      partStart = index + 1
    }
    return slashes > 0 && tame * 2 >= slashes
  }

  private static func judgePart(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, state: inout ScanState) {
    let shape = ValueShape(bytes, start, end)
    guard shape.digits > 0, shape.letters > 0 else { return }
    if ContextShape.isHarmless(bytes, start, end, shape) || endsInUUID(bytes, start, end) { return }
    if shape.isHexOnly || isGroupedHex(bytes, start, end) {
      // Digests, commit and trace ids are hex: only strict mode masks bare hex.
      if state.mode == .strict, !state.isStructured, shape.length >= 32, !ContextShape.namesDigest(bytes, start) {
        state.findings.add(start, end, .entropy, "entropy-hex")
      }
      return
    }
    if shape.length >= 24, NestedText.scanBase64(bytes, start, end, state: &state) { return }
    let classes = (shape.lowers > 0 ? 1 : 0) + (shape.uppers > 0 ? 1 : 0) + 1
    guard classes == 3 || shape.length >= 32 && state.mode == .strict else { return }
    let alphanumerics = shape.letters + shape.digits
    guard shape.steps * 4 >= alphanumerics, shape.looksRandom(bytes, start, end), shape.distinct >= 12 else { return }
    if state.mode == .balanced, shape.length < 24 || ContextShape.namesIdentifier(bytes, start) { return }
    state.findings.add(start, end, .entropy, "entropy")
  }

  /// A UUID, or one behind a short word (`req-…`, `urn:uuid:…`).
  private static func endsInUUID(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    end - start >= 36 && end - start <= 48 && ValueShape.isUUID(bytes, end - 36, end)
  }

  /// Hex in groups with dashes, as UUIDs are.
  private static func isGroupedHex(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    for index in start..<min(end, start + 128) where !ByteClass.isHex(bytes[index]) && bytes[index] != 0x2D {
      return false
    }
    return true
  }
}

/// What stands around a random-looking run and explains it.
enum ContextShape {
  /// Digests with their algorithm, public keys, mangled names, integrity attributes.
  static func isHarmless(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    for word in explained
    where ByteText.matches(bytes, start, word) { return true }
    if start > 0, bytes[start - 1] == 0x3A {
      for word in digests
      where ByteText.matches(bytes, start - word.utf8CodeUnitCount, word) { return true }
    }
    // `data:image/png;base64,…`
    if start > 7, ByteText.matches(bytes, start - 7, "base64,") { return true }
    return false
  }

  private static let explained: [StaticString] = [
    "sha1-", "sha224-", "sha256-", "sha384-", "sha512-", "md5-", "aaaab3nza", "aaaac3nza", "aaaae2vj", "_zn", "_rn",
    "$s",
  ]
  private static let digests: [StaticString] = ["sha1:", "sha256:", "sha384:", "sha512:", "md5:", "h1:", "blake2b:"]

  /// The name before the run says digest, commit or image.
  static func namesDigest(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
    nameBefore(bytes, start, .digest)
  }

  /// The name before the run says that it is an identifier of something.
  static func namesIdentifier(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
    nameBefore(bytes, start, .identifier)
  }

  /// Whether the 40 bytes before `start`, within the same field, hold such words right before a separator.
  private static func nameBefore(_ bytes: Span<UInt8>, _ start: Int, _ words: ValueWords) -> Bool {
    var end = start
    while end > 0, start - end < 6, !ByteClass.isAlphanumeric(bytes[end - 1]) { end -= 1 }
    var begin = end
    while begin > 0, end - begin < 40,
      ByteClass.isWord(bytes[begin - 1]) || bytes[begin - 1] == 0x2D || bytes[begin - 1] == 0x2E
    { begin -= 1 }
    return begin < end && ValueWords.find(bytes, begin, end).contains(words)
  }
}
