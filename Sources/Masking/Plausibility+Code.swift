/// What program text puts where a literal could stand.
extension Plausibility {
  /// A call, a member, an index, an operator: something that is computed, not written down.
  static func isCodeReference(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    let stop = min(end, start + ValueShape.reach)
    var index = start
    if bytes[index] == 0x26 || bytes[index] == 0x2A || bytes[index] == 0x40 || bytes[index] == 0x21 || bytes[index] == 0x24 {
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
    guard index < stop, index > start, ValueShape.isWordlike(bytes, start, index) else { return false }
    let two = index + 1 < stop ? bytes[index + 1] : 0
    switch bytes[index] {
    case 0x28, 0x5B: return !ByteClass.isDigit(bytes[start])  // `f(`, `a[`
    case 0x3A: return two == 0x3A  // `a::b`
    case 0x2D: return two == 0x3E  // `a->b`
    case 0x3F: return two == 0x2E || two == 0x3F  // `a?.b`, `a??`
    case 0x3D: return two == 0x3D || two == 0x3E
    case 0x7C, 0x26: return two == bytes[index]
    case 0x2B: return two == 0x22 || two == 0x27 || dots > 0
    case 0x3C: return true  // `Optional<…>`
    default: return false
    }
  }

  /// `scheme://…`: the URL detector's matter.
  static func isLocator(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var index = start
    while index < end, ByteClass.isAlphanumeric(bytes[index]) || bytes[index] == 0x2B { index += 1 }
    return index > start && index + 2 < end && bytes[index] == 0x3A && bytes[index + 1] == 0x2F && bytes[index + 2] == 0x2F
  }

  /// A word for a secret, in place of one: `"password"`, `"api_key"`, `"Access Token"`, `"j_password"`.
  static func isLabel(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    guard shape.digits == 0, shape.length <= 64, shape.letters + shape.spaces + shape.others == shape.length else { return false }
    var index = start
    while index < end {
      let byte = bytes[index]
      guard ByteClass.isWord(byte) || byte == 0x2D || byte == 0x2E || byte == 0x20 || byte == 0x3A || byte == 0x2F || byte == 0x5B
        || byte == 0x5D
      else { return false }
      index += 1
    }
    let words = ValueWords.find(bytes, start, end)
    return words.contains(.label) && !words.contains(.chosen)
  }

  /// Regular expressions, tags, format strings.
  static func isMarkupOrPattern(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    guard shape.others > 0 else { return false }
    return ValueWords.find(bytes, start, min(end, start + 128)).contains(.pattern)
  }

  /// `2024-05-01T…`, `12:30:01`, `1.2.3`: a date, a time or a version.
  static func isDate(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    guard shape.digits > 0, shape.letters <= 4, shape.others > 0 else { return false }
    for index in start..<min(end, start + ValueShape.reach) {
      let byte = bytes[index]
      let fits = ByteClass.isDigit(byte) || byte == 0x2D || byte == 0x3A || byte == 0x2E || byte == 0x2B || byte == 0x2F
        || byte == 0x20 || byte == 0x2C || ByteClass.isLetter(byte)
      if !fits { return false }
    }
    return ByteClass.isDigit(bytes[start]) || bytes[start] == 0x76
  }

  /// `com.example.Type`, `user.form.label`, `Some::Type`: two words or more with dots between.
  func isDottedName(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ shape: ValueShape) -> Bool {
    guard shape.digits == 0, shape.others > 0, shape.spaces == 0 else { return false }
    var dots = 0
    for index in start..<min(end, start + ValueShape.reach) {
      let byte = bytes[index]
      if byte == 0x2E || byte == 0x3A {
        dots += 1
      } else if !(ByteClass.isWord(byte) || byte == 0x2D || byte == 0x24) {
        return false
      }
    }
    return dots > 0 && bytes[start] != 0x2E && ValueShape.isWordlike(bytes, start, end)
  }

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
