/// Masks what `Authorization`, `Cookie` and `Set-Cookie` fields carry, in headers, JSON and code.
enum HeaderDetector {
  /// - Returns: where the field ends if it was one of these and has been dealt with.
  static func scan(_ bytes: Span<UInt8>, nameStart: Int, nameEnd: Int, _ candidate: Candidate, state: inout ScanState)
    -> Int?
  {
    let quote: UInt8? =
      candidate.start > 0 && ByteClass.isQuote(bytes[candidate.start - 1]) ? bytes[candidate.start - 1] : nil
    if ByteText.matches(bytes, nameEnd - 13, "authorization", notBefore: nameStart)
      || authNames.contains(bytes, nameStart, nameEnd)
    {
      return authorization(bytes, candidate, quote: quote, state: &state)
    }
    if cookieNames.contains(bytes, nameStart, nameEnd) {
      return cookies(bytes, candidate, isSet: ByteText.matches(bytes, nameStart, "set"), quote: quote, state: &state)
    }
    return nil
  }

  /// Behind a scheme word, everything up to the closing quote or the end; without one, the candidate
  /// as a secret.
  private static func authorization(_ bytes: Span<UInt8>, _ candidate: Candidate, quote: UInt8?, state: inout ScanState)
    -> Int?
  {
    let value = candidate.start
    var wordEnd = value
    while wordEnd < bytes.count, wordEnd - value < 32, ByteClass.isWord(bytes[wordEnd]) || bytes[wordEnd] == 0x2D {
      wordEnd += 1
    }
    guard wordEnd < bytes.count, bytes[wordEnd] == 0x20, schemes.contains(bytes, value, wordEnd) else {
      guard candidate.end - value >= 16, candidate.end - value <= 4096 || quote != nil else { return nil }
      let head = min(candidate.end, value + 32)
      let shape = ValueShape(bytes, value, head)
      guard shape.digits > 0, shape.spaces == 0, !Plausibility.isCodeReference(bytes, value, head, shape),
        !Plausibility.isPlaceholder(bytes, value, head, shape)
      else { return nil }
      state.findings.add(value, candidate.end, .authorization, "authorization")
      return candidate.end
    }
    let first = KeyValueDetector.skipBlanks(bytes, wordEnd)
    let isList = listSchemes.contains(bytes, value, wordEnd)
    var last = first
    while last < bytes.count {
      let byte = bytes[last]
      if let quote {
        if byte == quote || byte == 0x5C { break }
      } else if !isList, ByteClass.isSpace(byte) || ByteClass.isQuote(byte) {
        break
      }
      last += 1
    }
    guard last > first else { return first }
    let shape = ValueShape(bytes, first, last)
    if state.mode == .balanced, !state.isStructured {
      if last - first < 4 || Plausibility.isPlaceholder(bytes, first, last, shape)
        || Plausibility.isCodeReference(bytes, first, last, shape)
        || shape.digits == 0 && shape.steps < 3 && ValueShape.isWordlike(bytes, first, last)
          && !Base64.holdsPair(bytes, first, last)
      {
        return last
      }
    }
    state.findings.add(first, last, .authorization, "authorization")
    return last
  }

  /// `name=value; name=value`: each value of a Cookie field, the first of a Set-Cookie field.
  private static func cookies(
    _ bytes: Span<UInt8>, _ candidate: Candidate, isSet: Bool, quote: UInt8?, state: inout ScanState
  ) -> Int? {
    var index = candidate.start
    var pairs = 0
    while index < bytes.count {
      while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x3B { index += 1 }
      let nameStart = index
      while index < bytes.count, index - nameStart < 128,
        ByteClass.isWord(bytes[index]) || bytes[index] == 0x2D || bytes[index] == 0x2E
      { index += 1 }
      guard index > nameStart, index < bytes.count, bytes[index] == 0x3D else { break }
      let nameEnd = index
      let first = index + 1
      index = first
      while index < bytes.count, bytes[index] != 0x3B, !ByteClass.isSpace(bytes[index]), bytes[index] != quote ?? 0x22 {
        index += 1
      }
      let shape = ValueShape(bytes, first, index)
      let verdict = NameClassifier.verdict(bytes, nameStart, nameEnd)
      let isPlain =
        verdict == .plain && (shape.length < 8 || shape.digits == 0 && ValueShape.isWordlike(bytes, first, index))
      if index > first, state.mode == .strict || !isPlain && shape.length >= 4,
        !Plausibility.isPlaceholder(bytes, first, index, shape)
      {
        state.findings.add(first, index, .cookie, "cookie")
      }
      pairs += 1
      if isSet || index < bytes.count && bytes[index] != 0x3B { break }
    }
    return pairs > 0 ? index : nil
  }

  private static let authNames = WordSet("auth")
  private static let cookieNames = WordSet("cookie set-cookie set_cookie http_cookie cookies setcookie sec-cookie")
  /// What follows these is a list of parameters, blanks and all.
  private static let listSchemes = WordSet(
    "digest hawk oauth aws4-hmac-sha256 mac signature goog4-rsa-sha256 hmac googlelogin")
  private static let schemes = WordSet(
    """
    basic bearer digest token negotiate ntlm apikey api-key hawk aws aws4-hmac-sha256 oauth mac hmac hmac-sha256 \
    sharedkey sharedkeylite sharedaccesssignature splunk snowflake geniekey genie key bot jwt signature dpop \
    googlelogin goog4-rsa-sha256 discogs client-id ssws zoho-oauthtoken
    """)
}
