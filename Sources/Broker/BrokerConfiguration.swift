internal import Daemon
internal import FoundationEssentials
internal import Identity
internal import Policy
internal import StrictJSON

/// The broker's configuration: one strict JSON file (docs/broker.md). Paths in it are relative to its own folder.
struct BrokerConfiguration: Sendable {
  enum Listener: Sendable, Equatable {
    case address(host: String, port: Int)
    /// A listening socket that the parent process opened.
    case descriptor(Int32)
  }

  /// A workload that has an agent.
  struct TargetEntry: Sendable {
    let agent: SPIFFEID
    let target: Target
    let url: String?
  }

  let listener: Listener
  /// `https://host[:port]`, without a path.
  let issuer: String
  let trustDomain: String
  let certificate: String
  let privateKey: String
  let authorityCertificate: String
  let authorityPrivateKey: String
  let signingKey: String
  let policy: String
  let database: String
  /// Nil for standard output.
  let auditLog: String?
  /// By the agent's SPIFFE ID.
  let targets: [String: TargetEntry]

  static func load(_ path: String) throws(StartError) -> BrokerConfiguration {
    let bytes: [UInt8]
    do throws(InputFileError) { bytes = try InputFile.read(path) } catch { throw StartError("configuration", error) }
    do throws(JSONError) {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      return try BrokerConfiguration(json: try JSONParser.parse(bytes), folder: folder)
    } catch {
      throw StartError(path, error)
    }
  }

  init(json value: JSONValue, folder: URL) throws(JSONError) {
    var reader = try JSONReader(value, at: "config")
    listener = try Self.readListener(&reader)
    issuer = try Self.readIssuer(try reader.string("issuer"))
    trustDomain = try reader.string("trust_domain")
    do throws(SPIFFEID.Invalid) {
      let id = try SPIFFEID("spiffe://\(trustDomain)")
      guard id.segments.isEmpty else { throw .trustDomain }
    } catch {
      throw .invalid(path: "config.trust_domain", reason: error.description)
    }
    func file(_ name: String) throws(JSONError) -> String {
      let path = try reader.string(name)
      guard !path.isEmpty else { throw .invalid(path: "config.\(name)", reason: "must not be empty") }
      return URL(fileURLWithPath: path, relativeTo: folder).path
    }
    certificate = try file("certificate")
    privateKey = try file("private_key")
    authorityCertificate = try file("ca_certificate")
    authorityPrivateKey = try file("ca_private_key")
    signingKey = try file("signing_key")
    policy = try file("policy")
    database = try file("database")
    auditLog = reader.optional("audit_log")?.string == "-" ? nil : try file("audit_log")
    targets = try Self.readTargets(try reader.optionalArray("targets") ?? [], trustDomain: trustDomain)
    try reader.finish()
  }

  private static func readListener(_ reader: inout JSONReader) throws(JSONError) -> Listener {
    let address = try reader.optionalString("listen")
    let descriptor = try reader.optionalInteger("listen_fd", in: 3...1_000_000)
    switch (address, descriptor) {
    case (nil, nil): throw .missing(path: "config.listen")
    case (.some, .some): throw .invalid(path: "config.listen_fd", reason: "cannot stand beside listen")
    case (nil, .some(let descriptor)): return .descriptor(Int32(descriptor))
    case (.some(let address), nil):
      guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
        throw .invalid(path: "config.listen", reason: "must be an address and a port")
      }
      var host = address[..<colon]
      if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
      guard !host.isEmpty else { throw .invalid(path: "config.listen", reason: "must be an address and a port") }
      return .address(host: String(host), port: Int(port))
    }
  }

  private static func readIssuer(_ text: String) throws(JSONError) -> String {
    guard text.hasPrefix("https://"), let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
      parts.path.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil, parts.password == nil
    else { throw .invalid(path: "config.issuer", reason: "must be https:// with a host, and no path") }
    return text
  }

  private static func readTargets(
    _ items: [JSONValue], trustDomain: String
  ) throws(JSONError) -> [String: TargetEntry] {
    var targets: [String: TargetEntry] = [:]
    for (index, item) in items.enumerated() {
      let path = "config.targets[\(index)]"
      var reader = try JSONReader(item, at: path)
      let entry = try readTarget(&reader)
      try reader.finish()
      guard entry.agent.trustDomain == trustDomain else {
        throw .invalid(path: "\(path).agent", reason: "belongs to another trust domain")
      }
      guard targets.updateValue(entry, forKey: entry.agent.description) == nil else {
        throw .invalid(path: "\(path).agent", reason: "is the agent of an earlier target")
      }
    }
    return targets
  }

  private static func readTarget(_ reader: inout JSONReader) throws(JSONError) -> TargetEntry {
    let path = reader.path
    let agentID = try reader.string("agent")
    let agent: SPIFFEID
    do throws(SPIFFEID.Invalid) {
      agent = try SPIFFEID(agentID)
    } catch {
      throw .invalid(path: "\(path).agent", reason: error.description)
    }
    guard let identity = agent.agent else { throw .invalid(path: "\(path).agent", reason: "is not an agent's ID") }
    let namespace = try reader.string("namespace")
    guard identity.namespace == namespace else {
      throw .invalid(path: "\(path).namespace", reason: "is not the one in the agent's ID")
    }
    var labels: [String: String] = [:]
    if var object = try reader.optionalObject("labels") {
      for (name, value) in object.all() {
        guard let text = value.string else { throw .wrongType(path: "\(object.path).\(name)", expected: "a string") }
        labels[name] = text
      }
    }
    let containers = try reader.strings("containers")
    let target: Target
    do throws(Target.Invalid) {
      target = try Target(namespace: namespace, labels: labels, containers: containers)
    } catch {
      throw .invalid(path: "\(path).containers", reason: error.description)
    }
    return TargetEntry(agent: agent, target: target, url: try reader.optionalString("url"))
  }
}
