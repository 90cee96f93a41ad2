internal import Budgets
internal import Grants
internal import Masking
internal import StrictJSON

/// The agent's configuration: one strict JSON file. Unknown members are fatal.
struct Configuration: Sendable {
  enum Scope: Sendable, Equatable {
    /// That process and what descends from it.
    case process(pid: Int32, startTime: UInt64)
    /// Everything in this PID namespace but this agent's own container.
    case pod
  }

  struct LogSource: Sendable, Equatable {
    var name: String
    /// Nil: a folder in the container; else the index of a volume of the command line, and the folder is relative to it.
    var volume: UInt8?
    var folder: [UInt8]
    /// The name in the folder; of a pattern its text.
    var file: [UInt8]
    /// Set where `file` stands for whatever it matches.
    var pattern: Glob?
    var container: String
    /// Whether a file with more than one hard link may be read.
    var allowsHardLinks: Bool
  }

  var agent: String
  var issuer: String
  var trustDomain: String
  var scope: Scope
  /// The name of the one container, outside a pod; the fallback name in a pod.
  var container: String
  /// In a pod: names for containers whose runtime's ids are known.
  var containers: [ContainerNames.Configured]
  var logs: [LogSource]
  var ceilings: Ceilings
  var masking: MaskingRules
  /// Whether a token may relax masking beyond that.
  var grantsRelaxMasking: Bool

  init(json text: [UInt8], volumes: [String]) throws(JSONError) {
    var reader = try JSONReader(
      try JSONParser.parse(text, limits: .init(bytes: 262_144, depth: 8)), at: "configuration")
    agent = try reader.string("agent")
    issuer = try reader.string("issuer")
    trustDomain = try reader.string("trust_domain")
    guard agent.hasPrefix("spiffe://\(trustDomain)/") else {
      throw .invalid(path: "configuration.agent", reason: "must be a SPIFFE ID of the trust domain")
    }
    var scopeReader = try reader.object("scope")
    switch try scopeReader.string("type") {
    case "process":
      scope = .process(
        pid: Int32(try scopeReader.integer("pid", in: 1...Int64(Int32.max))),
        startTime: UInt64(try scopeReader.integer("start_time")))
    case "pod": scope = .pod
    case _: throw .invalid(path: "configuration.scope.type", reason: "must be \"process\" or \"pod\"")
    }
    try scopeReader.finish()
    let container = try reader.optionalString("container") ?? "workload"
    self.container = container
    containers = try Self.containers(reader.optionalArray("containers") ?? [])
    logs = []
    for (index, item) in try (reader.optionalArray("logs") ?? []).enumerated() {
      let path = "configuration.logs[\(index)]"
      let source = try Self.source(item, at: path, container: container, volumes: volumes)
      guard !logs.contains(where: { $0.name == source.name && $0.container == source.container }) else {
        throw .invalid(path: path, reason: "has the name of another source")
      }
      logs.append(source)
    }
    ceilings = try Self.ceilings(reader.optionalObject("ceilings"))
    (masking, grantsRelaxMasking) = try Self.masking(reader.optionalObject("masking"))
    try reader.finish()
  }

  private static func containers(_ items: [JSONValue]) throws(JSONError) -> [ContainerNames.Configured] {
    var found: [ContainerNames.Configured] = []
    for (index, item) in items.enumerated() {
      let path = "configuration.containers[\(index)]"
      var reader = try JSONReader(item, at: path)
      let name = try reader.string("name")
      let id = try reader.string("id")
      try reader.finish()
      guard (1...63).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
        throw .invalid(path: "\(path).name", reason: "must be 1 to 63 printable ASCII characters without '/'")
      }
      guard (12...64).contains(id.utf8.count),
        id.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
      else { throw .invalid(path: "\(path).id", reason: "must be 12 to 64 hexadecimal digits in small letters") }
      guard !found.contains(where: { $0.id.hasPrefix(id) || id.hasPrefix($0.id) }) else {
        throw .invalid(path: "\(path).id", reason: "names a container that has a name already")
      }
      found.append(ContainerNames.Configured(name: name, id: id))
    }
    return found
  }

  private static func source(
    _ item: JSONValue, at path: String, container: String, volumes: [String]
  ) throws(JSONError) -> LogSource {
    var reader = try JSONReader(item, at: path)
    let name = try reader.string("name")
    guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
      throw .invalid(path: "\(path).name", reason: "must be 1 to 64 printable ASCII characters without '/'")
    }
    var volume: UInt8?
    if let volumeName = try reader.optionalString("volume") {
      guard let index = volumes.firstIndex(of: volumeName) else {
        throw .invalid(path: "\(path).volume", reason: "is not a volume of the command line")
      }
      volume = UInt8(index)
    }
    let (folder, file, pattern) = try Self.place(&reader, at: path, inVolume: volume != nil)
    let source = LogSource(
      name: name, volume: volume, folder: folder, file: file, pattern: pattern,
      container: try reader.optionalString("container") ?? container,
      allowsHardLinks: try reader.optionalBool("allow_hard_links") ?? false)
    try reader.finish()
    return source
  }

  /// `path` or `glob`. Only the last component may be a pattern: a source has one folder.
  private static func place(
    _ reader: inout JSONReader, at path: String, inVolume: Bool
  ) throws(JSONError) -> (folder: [UInt8], file: [UInt8], pattern: Glob?) {
    let plain = try reader.optionalString("path")
    let glob = try reader.optionalString("glob")
    guard (plain == nil) != (glob == nil), let text = plain ?? glob else {
      throw .invalid(path: path, reason: "must have either a path or a glob")
    }
    let member = plain == nil ? "\(path).glob" : "\(path).path"
    guard !text.isEmpty, !text.utf8.contains(0), inVolume || text.hasPrefix("/") else {
      throw .invalid(path: member, reason: "must be a file: absolute in the container, or relative to a volume")
    }
    let bytes = Array(text.utf8)
    let slash = bytes.lastIndex(of: 0x2F)
    let folder = slash.map { Array(bytes[...$0]) } ?? []
    let file = slash.map { Array(bytes[($0 + 1)...]) } ?? bytes
    guard !file.isEmpty, file != [0x2E], file != [0x2E, 0x2E] else {
      throw .invalid(path: member, reason: "must end with the name of a file")
    }
    guard glob != nil else { return (folder, file, nil) }
    guard !folder.contains(where: { [0x2A, 0x3F].contains($0) }), file.contains(where: { [0x2A, 0x3F].contains($0) })
    else {
      throw .invalid(path: member, reason: "must have '*' or '?' in its last component and nowhere else")
    }
    do throws(Glob.Invalid) {
      return (folder, file, try Glob(String(decoding: file, as: UTF8.self)))
    } catch {
      throw .invalid(path: member, reason: "\(error)")
    }
  }

  private static func ceilings(_ reader: JSONReader?) throws(JSONError) -> Ceilings {
    var ceilings = Ceilings()
    guard var reader else { return ceilings }
    func rate(_ name: String, _ value: inout RateLimiter.Rate) throws(JSONError) {
      guard var entry = try reader.optionalObject(name) else { return }
      value = RateLimiter.Rate(
        perSecond: try entry.integer("per_second", in: 1...100_000),
        burst: try entry.integer("burst", in: 1...1_000_000))
      try entry.finish()
    }
    try rate("session_requests", &ceilings.session)
    try rate("peer_requests", &ceilings.peer)
    try rate("agent_requests", &ceilings.agent)
    ceilings.sessionConcurrency =
      try reader.optionalInteger("session_concurrency", in: 1...1024) ?? ceilings.sessionConcurrency
    ceilings.agentConcurrency =
      try reader.optionalInteger("agent_concurrency", in: 1...1024) ?? ceilings.agentConcurrency
    ceilings.waitingBytes =
      try reader.optionalInteger("waiting_bytes", in: (1 << 20)...(1 << 30)) ?? ceilings.waitingBytes
    ceilings.objects = try reader.optionalInteger("session_objects", in: 1...1_000_000) ?? ceilings.objects
    // No single session keeps the others from theirs.
    ceilings.rememberedObjects = max(ceilings.rememberedObjects, 3 * Int(ceilings.objects))
    try reader.finish()
    return ceilings
  }

  private static func masking(_ reader: JSONReader?) throws(JSONError) -> (rules: MaskingRules, grantsRelax: Bool) {
    guard var reader else { return (.builtIn, true) }
    let safeNames = try reader.optionalStrings("safe_names") ?? []
    var mode = LogMode.strict
    if let text = try reader.optionalString("logs") {
      guard let known = LogMode(rawValue: text) else {
        throw .invalid(path: "configuration.masking.logs", reason: "must be \"strict\" or \"balanced\"")
      }
      mode = known
    }
    let grantsRelax = try reader.optionalBool("grants_relax") ?? true
    try reader.finish()
    do throws(MaskingRulesError) {
      return (try MaskingRules(safeNames: safeNames, logMode: mode), grantsRelax)
    } catch {
      throw .invalid(path: "configuration.masking.safe_names", reason: error.description)
    }
  }
}
