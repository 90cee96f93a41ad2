internal import ArgumentParser
internal import FoundationEssentials
internal import StrictJSON

/// What `sidelight.json` in a state directory says: where agent and broker are, and who we are to them.
struct Installation: Sendable {
  static let fileName = "sidelight.json"

  var agentURL: String
  var brokerURL: String
  /// The agent's SPIFFE ID, and the audience of tokens for it.
  var agent: String
  /// The broker's SPIFFE ID.
  var broker: String
  /// PEM files, as absolute paths.
  var authority: String
  var clientCertificate: String
  var clientKey: String
  /// Present where `dev up` made the installation.
  var development: DevelopmentRecord?

  /// Reads `DIR/sidelight.json`, where DIR is the option, else `SIDELIGHT_STATE`.
  static func read(option: String?) throws(Failure) -> Installation {
    let directory = try StatePath.resolve(option: option)
    let file = "\(directory)/\(fileName)"
    guard let data = FileManager.default.contents(atPath: file) else {
      let isThere = FileManager.default.fileExists(atPath: file)
      throw Failure(
        .state, isThere ? "\(file) cannot be read" : "\(directory) has no \(fileName): nothing is up there",
        hint: isThere
          ? "run the command as the user who ran 'sidelight dev up'"
          : "start an installation: sidelight dev up --state \(directory) -- COMMAND ARG…")
    }
    do throws(JSONError) {
      return try Installation(json: try JSONParser.parse(Array(data)), directory: directory)
    } catch {
      throw Failure(.state, "\(file): \(error)", hint: "it was not written by this version of 'sidelight dev up'")
    }
  }

  /// Paths may be relative to `directory`.
  init(json: JSONValue, directory: String) throws(JSONError) {
    var reader = try JSONReader(json, at: Self.fileName)
    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(directory)/\(path)" }
    agentURL = try reader.string("agent_url")
    brokerURL = try reader.string("broker_url")
    agent = try reader.string("agent")
    broker = try reader.string("broker")
    authority = absolute(try reader.string("ca"))
    clientCertificate = absolute(try reader.string("client_certificate"))
    clientKey = absolute(try reader.string("client_key"))
    development = try DevelopmentRecord(members: &reader)
    try reader.finish()
  }

  init(
    agentURL: String, brokerURL: String, agent: String, broker: String, authority: String,
    clientCertificate: String, clientKey: String, development: DevelopmentRecord?
  ) {
    self.agentURL = agentURL
    self.brokerURL = brokerURL
    self.agent = agent
    self.broker = broker
    self.authority = authority
    self.clientCertificate = clientCertificate
    self.clientKey = clientKey
    self.development = development
  }

  var text: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("agent_url", agentURL)
      $0.member("broker_url", brokerURL)
      $0.member("agent", agent)
      $0.member("broker", broker)
      $0.member("ca", authority)
      $0.member("client_certificate", clientCertificate)
      $0.member("client_key", clientKey)
      development?.writeMembers(to: &$0)
    }
    return writer.text + "\n"
  }
}

/// Where the state directory is. `--state` wins over the environment.
enum StatePath {
  static let variable = "SIDELIGHT_STATE"

  /// An absolute path without a final slash; not checked to exist.
  static func resolve(option: String?) throws(Failure) -> String {
    guard let path = option ?? CallerEnvironment.variable(variable, emptyIsAbsent: true) else {
      throw Failure(
        .state, "no state directory: neither --state DIR nor \(variable) is set",
        hint: "make an installation with 'sidelight dev up --state DIR -- COMMAND', then export \(variable)=DIR")
    }
    guard !path.isEmpty else { throw Failure(.state, "--state needs the path of a folder, not an empty text") }
    var absolute = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    while absolute.count > 1, absolute.hasSuffix("/") { absolute.removeLast() }
    return absolute
  }
}

struct StateOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The folder with \(Installation.fileName) (or SIDELIGHT_STATE).", valueName: "dir"))
  var state: String?

  func installation() throws(Failure) -> Installation { try Installation.read(option: state) }
}
