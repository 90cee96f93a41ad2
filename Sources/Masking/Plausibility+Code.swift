/// What program text puts where a literal could stand.
extension Plausibility {
  /// A call, a member, an index, an operator: something that is computed, not written down.
  static func isCodeReference(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    let stop = min(end, start + ValueShape.reach)
    var index = start
    // `{name}` and `{name.call('x')}` inside a literal.
    if bytes[index] == 0x7B, index + 1 < stop, ByteClass.isLetter(bytes[index + 1]), shape.length > 2 { return true }
    if bytes[index] == 0x26 || bytes[index] == 0x2A || bytes[index] == 0x40 || bytes[index] == 0x21
      || bytes[index] == 0x24
    {
      index += 1
      if index < stop, ByteClass.isLetter(bytes[index]) || bytes[index] == 0x5F, shape.digits == 0, shape.others <= 2,
        ValueShape.isWordlike(bytes, index, stop)
      {
        return true
      }
    }
    var dots = 0
    while index < stop, ByteClass.isWord(bytes[index]) || bytes[index] == 0x2E {
      if bytes[index] == 0x2E { dots += 1 }
      index += 1
    }
    // `argv[1]`, `row["x"]`
    if index > start, index + 1 < stop, bytes[index] == 0x5B, ByteClass.isLetter(bytes[start]),
      ByteClass.isDigit(bytes[index + 1]) || ByteClass.isQuote(bytes[index + 1])
    {
      return true
    }
    if index < stop, dots > 0, bytes[index] == 0x28, ByteClass.isLetter(bytes[start]) { return true }
    guard index < stop, index > start, shape.digits == 0 || ValueShape.isWordlike(bytes, start, index) else {
      return false
    }
    let two = index + 1 < stop ? bytes[index + 1] : 0
    switch bytes[index] {
    case 0x28, 0x5B: return !ByteClass.isDigit(bytes[start])  // `f(`, `a[`
    case 0x3A: return two == 0x3A  // `a::b`
    case 0x2D: return two == 0x3E  // `a->b`
    case 0x3F: return two == 0x2E || two == 0x3F  // `a?.b`, `a??`
    case 0x3D: return index + 2 < stop && (two == 0x3D || two == 0x3E)
    case 0x7C, 0x26: return two == bytes[index]
    case 0x2B: return two == 0x22 || two == 0x27
    case 0x3C: return true  // `Optional<…>`
    default: return false
    }
  }

  /// `scheme://…`: the URL detector's matter.
  static func isLocator(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var index = start
    while index < end, ByteClass.isAlphanumeric(bytes[index]) || bytes[index] == 0x2B { index += 1 }
    return index > start && index + 2 < end && bytes[index] == 0x3A && bytes[index + 1] == 0x2F
      && bytes[index + 2] == 0x2F
  }

  /// A word for a secret, in place of one: `"password"`, `"api_key"`, `"Access Token"`, `"j_password"`.
  static func isLabel(_ bytes: Span<UInt8>, _ candidate: Candidate, _ shape: ValueShape) -> Bool {
    let (start, end) = (candidate.start, candidate.end)
    guard shape.digits == 0, shape.length <= 64 else { return false }
    for index in start..<end {
      let byte = bytes[index]
      guard
        ByteClass.isWord(byte) || byte == 0x2D || byte == 0x2E || byte == 0x20 || byte == 0x3A || byte == 0x2F
          || byte == 0x5B
          || byte == 0x5D
      else { return false }
    }
    if isNamesake(bytes, candidate) {
      // `PASSWORD=password` in an environment is a password after all.
      return !(candidate.place == .tight && isConstant(bytes, candidate))
    }
    let words = ValueWords.find(bytes, start, end)
    guard words.contains(.label), !words.contains(.chosen) else { return false }
    return candidate.place != .tight || !isConstant(bytes, candidate) || shape.others > 0
      ? allLabels(bytes, start, end, isSecret: candidate.verdict == .secret) : false
  }

  /// Whether the value repeats its name, whole or its last words.
  private static func isNamesake(_ bytes: Span<UInt8>, _ candidate: Candidate) -> Bool {
    var name = candidate.nameEnd
    var value = candidate.end
    var compared = 0
    while true {
      while name > candidate.nameStart, !ByteClass.isAlphanumeric(bytes[name - 1]) { name -= 1 }
      while value > candidate.start, !ByteClass.isAlphanumeric(bytes[value - 1]) { value -= 1 }
      if name == candidate.nameStart || value == candidate.start { break }
      guard ByteClass.lower(bytes[name - 1]) == ByteClass.lower(bytes[value - 1]) else { return false }
      name -= 1
      value -= 1
      compared += 1
    }
    // Both used up, or the name is the last part of the value (`user.password`).
    guard compared > 2, name == candidate.nameStart else { return false }
    return value == candidate.start || bytes[value] == 0x2E || bytes[value] == 0x5F || bytes[value] == 0x3A
  }

  /// `DB_PASSWORD`: the name is in capitals.
  private static func isConstant(_ bytes: Span<UInt8>, _ candidate: Candidate) -> Bool {
    guard candidate.nameEnd > candidate.nameStart else { return false }
    for index in candidate.nameStart..<candidate.nameEnd where ByteClass.isLower(bytes[index]) { return false }
    return true
  }

  /// Whether every part of the value is a word that names of secrets are made of.
  private static func allLabels(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, isSecret: Bool) -> Bool {
    let segments = NameSegments(bytes, start, end)
    for index in 0..<segments.count {
      let part = segments.parts[index]
      if NameVocabulary.role(of: part.hash).isEmpty, !labelWords.contains(bytes, part.start, part.end) { return false }
    }
    // A secret that is called just that has been chosen so; so has a sentence of such words.
    return segments.count <= 3 && !(isSecret && segments.count == 1)
  }

  private static let labelWords = WordSet(
    """
    user client access refresh login app x j id http header enter please type confirm your my the new old current admin db \
    database web spring datasource server field name value basic oauth and or verify invalid wrong
    """)

  /// Regular expressions, tags, format strings.
  static func isMarkupOrPattern(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    guard shape.others > 0 else { return false }
    for word in validationRules where ByteText.matches(bytes, start, word) {
      return true
    }
    return ValueWords.find(bytes, start, min(end, start + 128)).contains(.pattern)
  }

  /// `^1.2.3`, `~2.0`, `>=1.4`: what a package wants.
  static func isVersionRange(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var index = start
    while index < end, [0x5E, 0x7E, 0x3E, 0x3D, 0x3C].contains(bytes[index]) { index += 1 }
    guard index < end, index > start || end - start <= 12 else { return false }
    var dots = 0
    for at in index..<end {
      if bytes[at] == 0x2E { dots += 1 } else if !ByteClass.isDigit(bytes[at]) { return false }
    }
    return dots == 2 || dots == 1 && index > start
  }

  /// `2024-05-01T…`, `12:30:01`, `1.2.3`: a date, a time or a version.
  static func isDate(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    guard shape.digits > 0, shape.letters <= 4, shape.others > 0 else { return false }
    for index in start..<min(end, start + ValueShape.reach) {
      let byte = bytes[index]
      let fits =
        ByteClass.isDigit(byte) || byte == 0x2D || byte == 0x3A || byte == 0x2E || byte == 0x2B || byte == 0x2F
        || byte == 0x20 || byte == 0x2C || ByteClass.isLetter(byte)
      if !fits { return false }
    }
    return ByteClass.isDigit(bytes[start]) || bytes[start] == 0x76
  }

  /// `com.example.Type`, `user.form.label`, `Some::Type`: two words or more with dots between.
  func isDottedName(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    guard shape.digits <= 2, shape.others > 0, shape.spaces == 0 else { return false }
    var dots = 0
    for index in start..<min(end, start + ValueShape.reach) {
      let byte = bytes[index]
      if byte == 0x2E || byte == 0x3A {
        dots += 1
      } else if ByteClass.isDigit(byte) {
        // `app.session.v5`
        guard index > start, bytes[index - 1] == 0x76 || ByteClass.isDigit(bytes[index - 1]) else { return false }
      } else if !(ByteClass.isWord(byte) || byte == 0x2D || byte == 0x24) {
        return false
      }
    }
    return dots > 0 && bytes[start] != 0x2E && ValueShape.isWordlike(bytes, start, end)
  }

  private static let validationRules: [StaticString] = [
    "required", "nullable", "sometimes|", "string|", "min:", "max:",
  ]

  static let emptyWords = WordSet(
    """
    null nil none nullptr undefined true false yes no on off empty blank unset string str text varchar char bool boolean \
    int integer number object array list any void byte bytes uuid n/a (null) <nil> (none) [] {} "" '' nan todo tbd xxx abc \
    ... --- *** ??? void* char* &str &mut self this new not and the for are was has with when from must should cannot \
    input output secretstr securestring
    """)

  static let stateWords = WordSet(
    """
    set missing required optional invalid incorrect wrong failed failure fail failing expired ok okay success successful \
    succeeded valid default disabled enabled hidden masked redacted filtered removed protected omitted encrypted unknown \
    changed reset updated created deleted provided specified given found used is was unchanged unavailable denied accepted \
    rejected plain plaintext basic bearer digest negotiate ntlm kerberos none anonymous trust peer ident md5 scram oauth \
    oauth2 oidc saml ldap pam cert certificate authentication authenticated authorized unauthorized user users username \
    login logout email name file stdin prompt ask env environment vault keychain keyring auto always never manual inherit \
    value values key keys type types field param parameter private public static final const var let function return \
    input hash hashed salted crypt expiry expires refresh access id_token code client server admin_required text primary \
    unique index foreign short long weak strong empty mismatch mismatched match matches blank too and or but does did can \
    may will must should cannot for from with without has have been in on at to of it its this that the
    """)
}
