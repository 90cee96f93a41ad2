/// Decides about a variable by its name and the kind of its value. Deny is the last answer.
enum EnvironmentRules {
  enum Decision: Sendable, Equatable {
    /// May be shown where no detector objects.
    case shown
    /// A URL under a name that says nothing: shown without its user, secrets and unusual parts.
    case locator
    /// The name says secret.
    case secret
    /// The name is not a name.
    case malformed
    /// Nothing speaks for showing it.
    case unknown
  }

  static func decide(name: [UInt8], value: [UInt8], rules: MaskingRules) -> Decision {
    guard !name.isEmpty, name.count <= 256,
      name.allSatisfy({ ByteClass.isWord($0) || $0 == 0x2D || $0 == 0x2E }), !ByteClass.isDigit(name[0])
    else { return .malformed }
    let bytes = value.span
    let shape = TypedValue(bytes)
    let ending = NameEnding(name)
    if SafeNames.isExact(name) { return .shown }
    if NameClassifier.isNeverShown(name) {
      // About a secret, and of a type that holds none: a time, a switch, where the file is.
      if ending.saysFile, shape == .path { return .shown }
      if ending.saysAmount, shape == .number || shape == .boolean || shape == .duration { return .shown }
      if ending.saysSwitch, shape == .boolean { return .shown }
      if shape == .keyword, ending.saysMethod { return .shown }
      return .secret
    }
    if rules.allows(name) || SafeNames.hasSafePrefix(name) { return .shown }
    // The name must promise a kind of value, and the value must be of that kind. A value alone speaks for nothing: a
    // harmless-looking one under a name that says nothing may be a PIN or a passphrase.
    switch shape {
    case .empty: return .shown
    case .boolean: return ending.saysSwitch || ending.saysAmount ? .shown : .unknown
    case .number: return ending.saysAmount || ending.saysPort ? .shown : .unknown
    case .duration, .size: return ending.saysAmount ? .shown : .unknown
    case .version: return ending.saysVersion ? .shown : .unknown
    case .path: return ending.saysFile ? .shown : .unknown
    case .locator: return ending.saysLocator ? .locator : .unknown
    case .address: return ending.saysHost ? .shown : .unknown
    case .keyword:
      return ending.saysMethod || ending.saysName || ending.saysHost || ending.saysAmount ? .shown : .unknown
    case .words: return ending.saysName || ending.saysHost ? .shown : .unknown
    case .host: return ending.saysHost || ending.saysName ? .shown : .unknown
    case .email: return ending.saysMail ? .shown : .unknown
    case .hosts: return ending.saysHost || ending.saysName ? .shown : .unknown
    case .other: return .unknown
    }
  }
}

/// The type that a short value has by its form.
enum TypedValue: Equatable {
  case empty, boolean, number, duration, size, version, path, locator, address
  /// One word of letters, from the words that settings are made of.
  case keyword
  /// Parts that read as words, with `_`, `-`, `.` between.
  case words
  case host
  case hosts
  case email
  case other

  init(_ bytes: Span<UInt8>) {
    let end = bytes.count
    let shape = ValueShape(bytes, 0, end)
    if end == 0 {
      self = .empty
    } else if ByteText.isOne(
      of: ["true", "false", "yes", "no", "on", "off", "0", "1", "enabled", "disabled", "enable", "disable"], bytes, 0,
      end)
    {
      self = .boolean
    } else if end > 512 || shape.high > 0 {
      self = .other
    } else if shape.isNumber {
      self = end <= 6 ? .number : .other
    } else if Self.isMeasure(bytes) {
      self = .size
    } else if shape.digits > 0, shape.letters <= 2, end <= 24, Self.isAddress(bytes) {
      self = .address
    } else if Self.isVersion(bytes, shape) {
      self = .version
    } else if ValueShape.isPath(bytes, 0, end) {
      self = .path
    } else if Plausibility.isLocator(bytes, 0, end) || ByteText.matches(bytes, 0, "jdbc:") {
      self = .locator
    } else if shape.isLettersOnly, end <= 20, Self.keywords.contains(bytes, 0, end) {
      self = .keyword
    } else if end <= 128, shape.spaces == 0, Self.isTame(bytes, shape) {
      self = Self.tameKind(bytes, shape)
    } else {
      self = .other
    }
  }

  /// `128M`, `30s`, `1.5GB`, `80%`: digits, then one to three letters.
  private static func isMeasure(_ bytes: Span<UInt8>) -> Bool {
    var index = 0
    while index < bytes.count,
      ByteClass.isDigit(bytes[index]) || bytes[index] == 0x2E || index == 0 && bytes[index] == 0x2D
    { index += 1 }
    guard index > 0, index <= 7, index < bytes.count, ByteClass.isDigit(bytes[index - 1]) else { return false }
    let unit = index
    while index < bytes.count, ByteClass.isLetter(bytes[index]) || bytes[index] == 0x25 { index += 1 }
    return index == bytes.count && index - unit <= 3
      && (index - unit < 2
        || ByteText.isOne(
          of: [
            "ms", "us", "ns", "kb", "mb", "gb", "tb", "ki", "mi", "gi", "ti", "kib", "mib", "gib", "sec", "min", "hrs",
          ], bytes, unit, index))
  }

  /// IPv4, optionally with a port or a prefix length; `::1`; `*`.
  private static func isAddress(_ bytes: Span<UInt8>) -> Bool {
    var dots = 0
    for index in bytes.indices {
      let byte = bytes[index]
      if byte == 0x2E { dots += 1 } else if !(ByteClass.isDigit(byte) || byte == 0x3A || byte == 0x2F) { return false }
    }
    return dots == 3 || bytes[0] == 0x3A
  }

  /// `1.2.3`, `v2.0`, `8.0.32-1.el8`, `stable-1.2`.
  private static func isVersion(_ bytes: Span<UInt8>, _ shape: ValueShape) -> Bool {
    guard bytes.count <= 32, shape.digits > 0, shape.spaces == 0, shape.letters <= 12 else { return false }
    var dots = 0
    var run = 0
    for index in bytes.indices {
      let byte = bytes[index]
      if byte == 0x2E { dots += 1 }
      guard
        ByteClass.isAlphanumeric(byte) || byte == 0x2E || byte == 0x2D || byte == 0x2B || byte == 0x7E || byte == 0x5F
      else { return false }
      run = ByteClass.isAlphanumeric(byte) ? run + 1 : 0
      if run > 8 { return false }
    }
    return dots >= 1 && dots <= 5 && (ByteClass.isDigit(bytes[0]) || bytes[0] == 0x76)
  }

  /// Parts of letters that read as words, and few digits.
  private static func isTame(_ bytes: Span<UInt8>, _ shape: ValueShape) -> Bool {
    guard shape.letters > 0, shape.digits <= 4, shape.longestRun <= 20 else { return false }
    if shape.digits > 0, shape.steps > 3 { return false }
    var partStart = 0
    for index in 0...bytes.count where index == bytes.count || !ByteClass.isAlphanumeric(bytes[index]) {
      if index < bytes.count {
        switch bytes[index] {
        case 0x2D, 0x2E, 0x5F, 0x2C, 0x3A, 0x40, 0x2F: break
        default: return false
        }
      }
      if index - partStart > 3 {
        let (bits, pairs) = LetterPairs.cost(bytes, partStart, index)
        if pairs >= 3, bits * 10 > pairs * 52 { return false }
        let part = ValueShape(bytes, partStart, index)
        if part.digits > 2, part.letters > 0 { return false }
      }
      partStart = index + 1
    }
    return true
  }

  private static func tameKind(_ bytes: Span<UInt8>, _ shape: ValueShape) -> TypedValue {
    let at = ByteText.firstIndex(of: 0x40, bytes, 0, bytes.count)
    if at < bytes.count {
      return at > 0 && ByteText.firstIndex(of: 0x2E, bytes, at, bytes.count) < bytes.count ? .email : .other
    }
    if ByteText.firstIndex(of: 0x2C, bytes, 0, bytes.count) < bytes.count { return .hosts }
    if ByteText.firstIndex(of: 0x3A, bytes, 0, bytes.count) < bytes.count { return .host }
    if ByteText.firstIndex(of: 0x2F, bytes, 0, bytes.count) < bytes.count { return bytes.count <= 40 ? .words : .other }
    return ByteText.firstIndex(of: 0x2E, bytes, 0, bytes.count) < bytes.count ? .host : .words
  }

  private static let keywords = WordSet(
    """
    production development staging test testing dev prod stage debug info warn warning error notice trace verbose quiet \
    critical fatal off all none json text plain yaml xml logfmt default auto always never master slave primary replica \
    standalone cluster server client local remote http https tcp udp ssl tls starttls smtp md peer trust mysql mysqli pgsql \
    postgres postgresql sqlite redis memcached file database array sync async basic login cram utf utf8 utf8mb4 unicode \
    latin en de fr es us eu utc gmt strict lax hash innodb native oauth saml ldap oidc internal external public light dark \
    linux amd64 arm64 x86 cli fpm apache nginx root admin postgresql mongodb mariadb
    """)
}

/// What the last words of a variable's name promise about its value.
struct NameEnding {
  let saysFile, saysAmount, saysSwitch, saysMethod, saysName, saysHost, saysPort, saysMail: Bool
  let saysVersion, saysLocator: Bool

  init(_ name: [UInt8]) {
    let text = name.span
    let segments = NameSegments(text, 0, text.count)
    let part = segments.count > 0 ? segments.parts[segments.count - 1] : NameSegment(hash: 0, start: 0, end: 0)
    let last = part.hash
    /// Words run together: `SAVEDIR`, `CONTROLHOST`, `KEEPDAYS`.
    func ends(_ words: [StaticString]) -> Bool {
      words.contains { ByteText.matches(text, part.end - $0.utf8CodeUnitCount, $0, notBefore: part.start) }
    }
    let all = (0..<segments.count).map { segments.parts[$0].hash }
    saysFile = Self.file.contains(last) || ends(Self.fileEndings)
    saysAmount = Self.amount.contains(last) || ends(Self.amountEndings) || all.contains(where: Self.extent.contains)
    saysSwitch = Self.toggle.contains(last) || all.contains(where: Self.toggleAnywhere.contains)
    saysMethod = Self.method.contains(last) || saysSwitch
    saysName = Self.name.contains(last) || ends(Self.nameEndings) || saysMethod
    saysHost = Self.host.contains(last) || ends(Self.hostEndings)
    saysPort = Self.port.contains(last) || ends(Self.portEndings)
    saysMail = Self.mail.contains(last)
    saysVersion = Self.version.contains(last)
    saysLocator = Self.locator.contains(last)
  }

  private static func set(_ words: String) -> Set<UInt64> {
    Set(words.split(separator: " ").map { NameSegment.hash(String($0)) })
  }

  private static let fileEndings: [StaticString] = ["dir", "path", "file", "root", "home", "folder"]
  private static let amountEndings: [StaticString] = [
    "days", "limit", "max", "interval", "count", "timeout", "size", "connections",
  ]
  private static let nameEndings: [StaticString] = ["db", "user", "name", "database"]
  private static let hostEndings: [StaticString] = ["host", "hosts", "server", "servers"]
  private static let portEndings: [StaticString] = ["port", "ports"]

  private static let version = set("version release tag revision build ver")
  private static let locator = set(
    "url uri urls uris dsn endpoint endpoints origin server servers address addr jdbcurl baseurl host broker brokers")

  private static let file = set(
    "file path dir directory folder location keyfile certfile cacertfile home store dest socket sock certdir cacert ca cas data out templates partials settings etc proc run sys var prefix ws filename config certs"
  )
  private static let amount = set(
    """
    timeout ttl interval size limit limits max min count counts length threads workers connections retries memory days hours \
    minutes seconds ms bytes number num cores depth places mark week start id period age expiry expires expiration lifetime duration port ports level \
    percent ratio factor weight priority rate burst quota delay heartbeat cost rounds iterations cpus cpu gb mb watermark pool \
    uid gid umask id hz lines time tick version major minor replicas instances shards processes concurrency
    """)
  private static let extent = set("max min num timeout limit")
  private static let toggle = set(
    """
    enabled disabled enable disable required require verify debug allow secure insecure use skip check validate auto force \
    strict readonly ssl tls selfsigned upgrade disallow optional mode on off update append starttls autocreate fallback only \
    history debugging quiet warning migrate arbitrary stdout lock nice style dashboard management stop ready fileserver old \
    rpc htaccess access reporting telemetry verbose debug trace
    """)
  private static let toggleAnywhere = set(
    "allow random enable enabled disable disabled use skip no require is has with without verify no init log as on hide"
  )
  private static let method = set(
    """
    mode type driver adapter engine method level loglevel format protocol proto scheme environment env lang locale language \
    strategy policy backend provider vendor dialect encoding charset algorithm authtype authentication style theme design \
    secure samesite collation transport storage cache queue broadcast broker active log logging
    """)
  private static let name = set(
    """
    user username name db database dbname vhost bucket region zone org organization tenant namespace cluster service app \
    application project group role prefix suffix table schema collection topic index tag tags tz timezone currency distro \
    release codename profile profiles edition class channel site rack dc datacenter realm domain plugins addons extensions \
    modules features design locale lang language owner host hostname stage component team environment keyspace exchange \
    platform arch os image server servertype license_type adminuser adminusername controluser country city snitch storage login logger sitename theme editortheme plugin whitelist allowlist methods origin index records
    """)
  private static let host = set(
    """
    host hosts hostname hostnames server servers address addr addresses ip domain domains endpoint endpoints url uri site \
    node nodes peer peers seeds broker brokers bootstrap origin origins proxies listen bind target upstream fqdn link \
    container_name container
    """)
  private static let port = set("port ports")
  private static let mail = set("email mail from to sender address replyto")
}
