import Foundation
import Glibc
import Testing

/// The built `sidelight`, run as a user runs it.
enum Sidelight {
  /// Built into the same folder as the tests; `SIDELIGHT_BIN` names another folder.
  static let path: String = {
    if let folder = ProcessInfo.processInfo.environment["SIDELIGHT_BIN"] { return "\(folder)/sidelight" }
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appending(path: "sidelight").path
  }()

  struct Result {
    let status: Int32
    let output: String
    let error: String
  }

  /// Runs to the end. The environment is the test's own, without what would change the outcome, plus `environment`.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    try run(program: path, arguments, environment: environment)
  }

  static func run(program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    let folder = try TemporaryFolder()
    let child = try Child(
      program, arguments, environment: environment, output: folder.path("output"), error: folder.path("error"))
    let status = child.wait()
    return Result(
      status: status, output: try String(contentsOfFile: folder.path("output"), encoding: .utf8),
      error: try String(contentsOfFile: folder.path("error"), encoding: .utf8))
  }
}

/// A child process. (Foundation's own learns of the end through a descriptor, which children that are started at the
/// same time inherit and keep open.)
struct Child {
  let pid: pid_t

  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], output: String, error: String
  ) throws {
    var variables = ProcessInfo.processInfo.environment
    for name in ["SIDELIGHT_STATE", "NO_COLOR"] { variables[name] = nil }
    variables.merge(environment) { $1 }
    var actions = unsafe posix_spawn_file_actions_t()
    // SAFETY: initialised here, used for one call, destroyed at the end of this scope.
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, error, flags, 0o600)
    var pid: pid_t = 0
    // SAFETY: both arrays end with nil and their strings are freed after the call, which keeps no pointer.
    let argv: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    let envp: [UnsafeMutablePointer<CChar>?] = unsafe variables.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    let result = unsafe posix_spawn(&pid, program, &actions, nil, argv, envp)
    for index in unsafe argv.indices { unsafe free(argv[index]) }
    for index in unsafe envp.indices { unsafe free(envp[index]) }
    try #require(result == 0, "\(program) cannot be started")
    self.pid = pid
  }

  /// The exit status, or 128 and the signal.
  func wait() -> Int32 {
    var status: Int32 = 0
    // SAFETY: waitpid(2) writes one number.
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }

  func stop() {
    _ = kill(pid, SIGKILL)
    _ = wait()
  }
}

/// A new folder, removed with its owner.
final class TemporaryFolder: Sendable {
  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "sidelight-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }
}
