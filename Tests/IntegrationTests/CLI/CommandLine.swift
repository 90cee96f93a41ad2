import Foundation
import Glibc
import Linux
import Testing

/// The built `sidelight`, run as a user runs it.
enum Sidelight {
  static var path: String { Products.path("sidelight") }

  struct Result {
    /// The exit status, or 128 and the signal that ended it.
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
    return Result(status: status, output: try folder.read("output"), error: try folder.read("error"))
  }
}

/// A child process that inherits nothing but its standard streams, so that it holds nobody else's descriptors open. With
/// the value it is ended and taken: the test runner asks for any child that has ended, and while there is one that nobody
/// takes it may get no other, and waits for its own for ever.
final class Child {
  let pid: Int32
  /// What wait(2) said; nil until then.
  private var taken: Int32?

  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], output: String, error: String
  ) throws {
    var variables = ProcessInfo.processInfo.environment
    for name in ["SIDELIGHT_STATE", "NO_COLOR"] { variables[name] = nil }
    variables.merge(environment) { $1 }
    pid = try Linux.Process.spawn(
      "/bin/sh",
      arguments: [
        "sh", "-c", #"output=$1 error=$2; shift 2; exec "$@" </dev/null >"$output" 2>"$error""#, "sh", output, error,
        program,
      ] + arguments, environment: variables.map { "\($0.key)=\($0.value)" }, inherited: [])
  }

  deinit { stop() }

  /// The exit status, or 128 and the signal.
  @discardableResult
  func wait() -> Int32 {
    var status: Int32 = taken ?? 0
    // SAFETY: waitpid(2) writes one number.
    while taken == nil, unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    taken = status
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }

  func stop() {
    if taken == nil { kill(pid, SIGKILL) }
    wait()
  }
}
