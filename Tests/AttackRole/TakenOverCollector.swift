internal import CAttack
internal import Linux
internal import Opener
internal import Privsep
internal import Sandbox

/// A collector that somebody has taken over, in its whole confinement, in front of the shipped opener. It makes one
/// attack and prints what came of it: `worked`, `failed` with errno (`passed` before, where the opener did pass something
/// on), or `ended` where the opener has gone.
///
/// `against-opener ATTACK PROCESS TRAP CREDENTIALS`: a process of the same user, and a folder whose `environ`, `exe` and
/// `root` are links to that process's `mem`, `mem` and folder in /proc.
enum TakenOverCollector {
  static let word = "taken-over-collector"
  static let idleWord = "idle-endpoint"

  enum Attack: String, CaseIterable {
    /// What the opener is there for.
    case environ
    case ownerlessKey = "private_key"
    case certificate
    case memoryByLink = "memory_by_link"
    case memoryByPlace = "memory_by_place"
    case environByPlace = "environ_by_place"
    case openersEnvironment = "openers_environ"
    case endpointsEnvironment = "endpoints_environ"
    case endpointsRoot = "endpoints_root"
    case initsEnvironment = "inits_environ"
    case fileAsFolder = "file_as_folder"
    case noDescriptor = "no_descriptor"
    case unknownKind = "unknown_kind"
    case unknownEntry = "unknown_entry"
    case unknownVolume = "unknown_volume"
    case openersOwnWord = "reply"
    case short, long, empty
    case oneTooLong = "one_too_long"
    /// Not from the opener: by its path.
    case keyByPath = "key_by_path"
  }

  /// The opener's process.
  static func run(_ words: [String]) throws {
    let ending = try OpenerHost.run(
      .init(configuration: words[3] + "/agent.json", credentials: words[3], volumes: [])
    ) { _, ends in
      let endpoint = try Process.spawn(
        "/proc/self/exe", arguments: ["AttackRole", idleWord], environment: OpenerHost.environment,
        inherited: [ends.endpoint, ends.endpointStream])
      _ = try Process.spawn(
        "/proc/self/exe", arguments: ["AttackRole", word] + words[0...2] + ["\(endpoint)", words[3] + "/tls.key"],
        environment: OpenerHost.environment, inherited: [ends.collector, ends.collectorStream])
    }
    Process.exitNow(ending == .peerEnded(.collector) ? 0 : 71)
  }

  /// A confined endpoint that waits for the opener's end.
  static func idle() throws {
    let filter = try SeccompFilter(for: .endpoint)
    _ = try Confinement.harden(.endpoint, mode: .strict).load(filter)
    _ = try Sockets.receive(from: 3, limit: 1)
  }

  static func collector(_ words: [String]) throws {
    guard words.count == 5, let attack = Attack(rawValue: words[0]) else { fail("usage") }
    let filter = try SeccompFilter(for: .collector)
    // The outcome may go to a file.
    let hardened = try Confinement.harden(.collector, mode: .strict, keepsFileSize: true)
    let parent = hardened.identity.parentPid
    _ = try hardened.load(filter)
    let attempt = Attempt(victim: words[1], trap: words[2], endpoint: words[3], opener: "\(parent)", key: words[4])
    report("\(attack.rawValue) \(attempt.outcome(of: attack))")
  }

  private struct Attempt {
    let victim, trap, endpoint, opener, key: String

    func outcome(of attack: Attack) -> String {
      do throws(SystemError) {
        switch attack {
        case .environ: return try entry(.environ, below: "/proc/\(victim)")
        case .ownerlessKey: return try sent(.openAgentFile(sequence: 1, .privateKey))
        case .certificate: return try sent(.openAgentFile(sequence: 1, .certificate))
        case .memoryByLink: return try entry(.environ, below: trap)
        case .memoryByPlace: return try entry(.executable, below: trap, then: "")
        case .environByPlace: return try entry(.root, below: trap, then: "/environ")
        case .openersEnvironment: return try entry(.environ, below: "/proc/\(opener)")
        case .endpointsEnvironment: return try entry(.environ, below: "/proc/\(endpoint)")
        case .endpointsRoot: return try entry(.root, below: "/proc/\(endpoint)")
        case .initsEnvironment: return try entry(.environ, below: "/proc/1")
        case .fileAsFolder: return try entry(.environ, below: "/proc/\(victim)/status")
        case .noDescriptor: return try sent(.openProcessEntry(sequence: 1, .environ))
        case .unknownKind: return try sent(Self.message(6, 1, 1))
        case .unknownEntry: return try sent(Self.message(1, 1, 14), below: "/proc/\(victim)")
        case .unknownVolume: return try sent(.openVolume(sequence: 1, 0))
        case .openersOwnWord: return try sent(.reply(sequence: 1, error: 0))
        case .short: return try sent(Array(Self.message(2, 1, 1).dropLast()))
        case .oneTooLong: return try sent(Self.message(2, 1, 1) + [0])
        case .keyByPath:
          var bytes: [UInt8] = []
          let file = try FileDescriptor.open(path: key, .readFollowing)
          return try file.read(into: &bytes, count: 1) == 1 ? "worked" : "empty"
        case .long: return try sent(Self.message(2, 1, 1) + [UInt8](repeating: 0, count: 32768))
        case .empty: return try sent([], below: "/proc/\(victim)")
        }
      } catch {
        return "failed \(error.number)"
      }
    }

    private static func message(_ words: UInt32...) -> [UInt8] {
      words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32($0 * 8)) } }
    }

    private func sent(_ message: OpenerMessage) throws(SystemError) -> String { try sent(message.encoded) }

    private func sent(_ bytes: [UInt8], below folder: String? = nil) throws(SystemError) -> String {
      let (answer, passed) = try exchange(bytes, below: folder)
      if let passed { _ = FileDescriptor(owning: passed) }
      return answer
    }

    /// Asks for an entry and reads a byte of what comes; `then` opens that anew by its number first.
    private func entry(
      _ file: ProcessFile, below folder: String, then path: String? = nil
    ) throws(SystemError) -> String {
      let (answer, passed) = try exchange(
        OpenerMessage.openProcessEntry(sequence: 1, file).encoded, below: folder)
      guard let passed else { return answer }
      let opened = FileDescriptor(owning: passed)
      var bytes: [UInt8] = []
      if let path {
        do throws(SystemError) {
          _ = try FileDescriptor.open(path: "/proc/self/fd/\(opened.raw)\(path)", .readFollowing).read(
            into: &bytes, count: 1)
        } catch {
          return "passed, failed \(error.number)"
        }
      } else {
        _ = try opened.read(into: &bytes, count: 1)
      }
      return bytes.isEmpty ? "empty" : answer
    }

    private func exchange(
      _ bytes: [UInt8], below folder: String?
    ) throws(SystemError) -> (answer: String, descriptor: Int32?) {
      let directory = FileDescriptor(
        owning: try folder.map { path throws(SystemError) in
          try FileDescriptor.open(path: path, .path).release()
        } ?? -1)
      try Sockets.send(bytes, descriptor: directory.raw, to: 3)
      do throws(SystemError) {
        let (answer, passed) = try Sockets.receive(from: 3, limit: OpenerMessage.size, timeoutMilliseconds: 5000)
        if answer.isEmpty { return ("ended", passed) }
        guard case .reply(_, let error)? = Self.decoded(answer) else { return ("answered \(answer)", passed) }
        return (error == 0 ? "worked" : "failed \(error)", passed)
      } catch  where error.number == Errno.connectionReset {
        return ("ended", nil)
      }
    }

    private static func decoded(_ bytes: [UInt8]) -> OpenerMessage? {
      do throws(FrameError) { return try OpenerMessage(bytes) } catch { return nil }
    }
  }
}
