internal import LibCrypto
package import Linux
internal import Privsep
internal import ProcFS
package import Sandbox
internal import StrictJSON
internal import Tokens

/// The reference monitor: verifies tokens, decides, charges, reads, masks, records, answers.
package enum Collector {
  /// What the parent process hands over on the command line.
  package struct Arguments: Sendable {
    package var mode: ConfinementMode
    package var build: String
    /// How the opener is confined; its filter it loads before it answers its first message.
    package var openerReport: ConfinementReport
    /// Names of the volumes, in the order of the opener's table.
    package var volumes: [String]

    package init(mode: ConfinementMode, build: String, openerReport: ConfinementReport, volumes: [String]) {
      self.mode = mode
      self.build = build
      self.openerReport = openerReport
      self.volumes = volumes
    }
  }

  /// A reason to end that the operator must see.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
  }

  private static let workers = 4
  private static let waitingJobs = 64

  /// Runs until the endpoint has gone. `opener` and `endpoint` are the inherited sockets. Blocks.
  package static func run(
    _ arguments: Arguments, opener: consuming FileDescriptor, endpoint: consuming FileDescriptor
  ) throws(Failure) {
    let started = Clock.now().seconds
    let client = OpenerClient(socket: SharedDescriptor(opener))
    let confined: Confined
    let pool: WorkerPool
    let wake: EventCounter
    do {
      let filter = try SeccompFilter(for: .collector)
      let hardened = try Confinement.harden(
        .collector, mode: arguments.mode,
        keepsFileSize: StandardStream.output.isRegularFile || StandardStream.error.isRegularFile)
      Process.tuneAllocator()
      try LibCrypto.prepare()
      try Poll.ignoreShutdownSignals()
      try endpoint.setNonBlocking()
      wake = try EventCounter(semaphore: false)
      ProcessDirectory.learn()
      pool = try WorkerPool(threads: workers, capacity: waitingJobs)
      confined = try hardened.load(filter)
    } catch {
      throw Failure("\(error)")
    }
    let log = Log()
    let parts = try Parts(
      arguments, confined: confined, client: client, started: started, log: log, stalls: pool.stalls)
    let loop = MainLoop(endpoint: endpoint, opener: client, pool: pool, wake: wake, log: log) { hello throws(Failure) in
      try parts.service(endpoint: hello, log: log)
    }
    try loop.run()
  }

  /// What the collector is made of once it is confined: everything it reads comes through the opener.
  private struct Parts: Sendable {
    let arguments: Arguments
    let confined: Confined
    let configuration: Configuration
    let keys: TokenKeys
    let target: Target
    let files: LogFiles
    let proc: SharedProc

    init(
      _ arguments: Arguments, confined: Confined, client: OpenerClient, started: Int64, log: Log, stalls: StallWatch
    ) throws(Failure) {
      self.arguments = arguments
      self.confined = confined
      do throws(JSONError) {
        configuration = try Configuration(
          json: try Self.content(.configuration, client), volumes: arguments.volumes)
      } catch {
        throw Failure("configuration: \(error)")
      }
      do throws(JSONError) {
        let configuration = configuration
        keys = try TokenKeys(log: log) { () throws(JSONError) in
          try Self.content(.keySet, client)
        } verifier: { keys in
          TokenVerifier(
            keys: keys, issuer: configuration.issuer, audience: configuration.agent,
            trustDomain: configuration.trustDomain, started: started)
        }
      } catch {
        throw Failure("jwks.json: \(error)")
      }
      do throws(ProcFSError) {
        proc = SharedProc(try ProcFileSystem(), stalls: stalls)
        let scope = try Scope(
          root: configuration.scope, containerName: configuration.container, containers: configuration.containers,
          proc: proc)
        target = Target(
          scope: scope, proc: proc, opener: client, own: confined.confinement.identity,
          rules: configuration.masking)
      } catch {
        throw Failure("/proc: \(error)")
      }
      var volumes: [SharedDescriptor] = []
      for (index, name) in arguments.volumes.enumerated() {
        do throws(SystemError) {
          volumes.append(SharedDescriptor(try client.openVolume(UInt8(index))))
        } catch {
          throw Failure("volume \(name): \(error)")
        }
      }
      files = LogFiles(sources: configuration.logs, target: target, volumes: volumes)
    }

    private static func content(_ file: AgentFile, _ client: OpenerClient) throws(JSONError) -> [UInt8] {
      do throws(SystemError) {
        let opened = try client.open(file)
        let (text, truncated) = try ProcessDirectory.read(opened, limit: file.limit)
        if truncated { throw SystemError("read", Errno.tooLarge) }
        return text
      } catch {
        throw .invalid(path: "the file", reason: "cannot be read (\(error))")
      }
    }

    /// The service, once all three processes are there to be checked.
    func service(endpoint: RoleStatus, log: Log) throws(Failure) -> RequestService {
      guard let endpointReport = ConfinementReport(text: endpoint.report) else {
        throw Failure("the endpoint's report cannot be read")
      }
      let posture = PostureView(
        agent: configuration.agent, build: arguments.build, confinement: confined.confinement,
        isInPod: configuration.scope == .pod,
        roles: [
          .init(role: .opener, pid: confined.confinement.identity.parentPid, report: arguments.openerReport),
          .init(role: .collector, pid: Process.pid, report: confined.report),
          .init(role: .endpoint, pid: endpoint.pid, report: endpointReport),
        ], proc: proc)
      do {
        let shortcomings = try posture.shortcomings()
        guard shortcomings.isEmpty else { throw Failure("refusing to serve: " + shortcomings.joined(separator: "; ")) }
        if !posture.missing.isEmpty {
          log.write(
            .warning, "\(arguments.mode.rawValue) confinement without: \(posture.missing.joined(separator: ", "))")
        }
        return try RequestService(
          configuration: configuration, keys: keys, target: target, files: files, posture: posture,
          audit: AuditSink(), log: log)
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure("\(error)")
      }
    }
  }
}
