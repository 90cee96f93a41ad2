internal import API
internal import CertificateAuthority
internal import FoundationEssentials
internal import Identity
internal import Linux

/// Makes one installation: keys and files, broker, session, workload, agent, and waits until the agent answers through
/// the whole chain. If any of that fails, what was started is stopped again.
struct Installer {
  static let patience = Duration.seconds(60)
  static let address = "127.0.0.1"

  let directory: StateDirectory
  let target: Target
  let command: [String]
  let launcher: Launcher
  var started: StartedProcesses

  init(directory: StateDirectory, target: Target, command: [String], launcher: Launcher) throws(Failure) {
    self.directory = directory
    self.target = target
    self.command = command
    self.launcher = launcher
    started = StartedProcesses(boot: try ProcessIdentity.currentBoot())
  }

  mutating func install(_ programs: Launcher.Programs) async throws -> Installation {
    Shutdown.forget(directory)
    let trust = try TrustMaterial(directory: directory, now: Date())
    try makeFolders()
    // Not readable for the user who runs it: the kernel then lets nobody of that user look into it from the start.
    try directory.copy(programs.agent, to: "bin/sidelight-agent", mode: target.changesUser ? 0o711 : 0o111)
    do {
      return try await start(trust, broker: programs.broker)
    } catch {
      do throws(Failure) {
        try await Shutdown.stop(started.running(inBoot: started.boot))
        Shutdown.forget(directory)
      } catch {
        // The record stays for 'dev down'; what went wrong first is the answer.
        Console.error(error.message)
      }
      throw error
    }
  }

  /// What only root may group is readable for the agent alone, though the workload has the same uid and gid.
  private func makeFolders() throws(Failure) {
    for name in ["broker", "user", "session", "log", "audit"] { try directory.makeFolder(name, mode: 0o700) }
    try directory.makeFolder("bin", mode: 0o755)
    for name in ["agent", "agent/credentials", "logs"] {
      try directory.makeFolder(name, mode: target.changesUser ? 0o750 : 0o700, group: target.agentGroup)
    }
  }

  private mutating func start(_ trust: TrustMaterial, broker program: String) async throws -> Installation {
    let brokerSocket = try Listener()
    let agentSocket = try Listener()
    var installation = Installation(
      agentURL: agentSocket.url, brokerURL: brokerSocket.url, agent: trust.agentID.description,
      broker: trust.brokerID.description, authority: directory.file("ca/ca.crt"),
      clientCertificate: directory.file("session/tls.crt"), clientKey: directory.file("session/tls.key"),
      development: nil)
    let files = InstallationFiles(directory: directory, trust: trust, target: target, installation: installation)
    try files.writeBroker()
    try makeSigningKey(program)
    try startBroker(program, socket: brokerSocket)
    let session = try await openSession(installation, files)
    let workload = try startWorkload()
    try files.writeAgent(workload: workload, keySet: try await keySet(installation))
    try startAgent(socket: agentSocket)
    let posture = try await waitUntilReady(installation)
    // A command that ends at once may have lived just long enough for the agent to find it.
    if let death = deathOfChild() { throw death }
    installation.development = try record(posture, workload: workload, session: session)
    try directory.write(installation.text, to: Installation.fileName, mode: 0o644)
    directory.remove(StartedProcesses.fileName)
    return installation
  }

  private func record(
    _ posture: Posture, workload: ProcessIdentity, session: SessionAnswer
  ) throws(Failure) -> DevelopmentRecord {
    var processes = started.processes
    processes[.workload] = workload
    for role in [DevelopmentRecord.Role.opener, .collector, .endpoint] {
      guard let pid = posture.processes.first(where: { $0.role == role.rawValue })?.pid,
        let process = ProcessIdentity(running: Int32(clamping: pid))
      else { throw Failure(.internalError, "the agent's posture names no running \(role.rawValue)") }
      guard role != .opener || process == started.processes[.opener] else {
        throw Failure(.internalError, "the agent's opener is not the process that was started")
      }
      processes[role] = process
    }
    return DevelopmentRecord(
      processes: processes, startedWorkload: target.existing == nil, sessionID: session.sessionID,
      sessionExpires: session.expires, boot: started.boot)
  }

  // MARK: Through the chain

  /// A key of the session's own, certified by the broker for the user.
  private func openSession(_ installation: Installation, _ files: InstallationFiles) async throws -> SessionAnswer {
    let request: CertificateRequest
    do throws(AuthorityError) {
      request = try CertificateRequest.make()
    } catch {
      throw Failure(.internalError, "no key for the session: \(error)")
    }
    let user = try ClientIdentity(
      authority: installation.authority, certificate: directory.file("user/tls.crt"),
      key: directory.file("user/tls.key"), now: Date())
    let broker = BrokerClient(installation, identity: user)
    let session = try await untilReady {
      try await broker.session(
        SessionRequest(csr: request.csrPEM, agent: installation.agent, justification: "development installation"))
    } finally: {
      try await broker.shutdown()
    }
    try directory.write(session.certificate, to: "session/tls.crt", mode: 0o600)
    try directory.write(request.privateKeyPEM, to: "session/tls.key", mode: 0o600)
    return session
  }

  /// The token keys as the broker publishes them.
  private func keySet(_ installation: Installation) async throws -> String {
    let user = try ClientIdentity(
      authority: installation.authority, certificate: directory.file("user/tls.crt"),
      key: directory.file("user/tls.key"), now: Date())
    let broker = BrokerClient(installation, identity: user)
    return try await untilReady {
      try await broker.keySet()
    } finally: {
      try await broker.shutdown()
    }
  }

  private func waitUntilReady(_ installation: Installation) async throws -> Posture {
    try await untilReady {
      let body = try await AgentSession.with(installation, actions: []) { try await $0.get(["posture"]) }
      return try Decoding.required(Posture.self, body, from: "the agent")
    }
  }

  /// Tries until it works, a child has died, or the time is up. A refusal is final: waiting does not change it.
  private func untilReady<Result>(
    _ body: () async throws -> Result, finally: () async throws -> Void = {}
  ) async throws -> Result {
    let clock = ContinuousClock()
    let deadline = clock.now + Self.patience
    while true {
      do {
        let result = try await body()
        try await finally()
        return result
      } catch let failure as Failure {
        if let death = deathOfChild() {
          try await finally()
          throw death
        }
        guard failure.status == .unavailable, clock.now < deadline else {
          try await finally()
          throw failure
        }
      }
      try await clock.sleep(for: .milliseconds(100))
    }
  }
}
