import Foundation
import Testing

/// Where the products of this package are: the folder in `SIDELIGHT_BIN_DIR`, or that of the debug build.
enum Products {
  static func path(_ name: String) -> String {
    let folder =
      ProcessInfo.processInfo.environment["SIDELIGHT_BIN_DIR"]
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/debug").path
    return "\(folder)/\(name)"
  }
}

/// A folder that goes when the value does.
struct TemporaryFolder: ~Copyable {
  let url: URL

  init() throws {
    // Digits alone: with a random name of more kinds of characters a path may be taken for a secret as a whole.
    let number = UInt64.random(in: 100_000_000_000...999_999_999_999)
    url = FileManager.default.temporaryDirectory.appending(path: "sidelight-\(number)")
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  var path: String { url.path }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: url.appending(path: name))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path(name))
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
  }
}

/// A program run to its end.
struct Command {
  /// The exit status, or the negated number of the signal that ended it.
  let status: Int32
  let output: String
  let error: String

  /// Runs a program and waits for it, at most for `timeout` seconds; then it is killed and the test fails.
  static func run(
    _ program: String, _ arguments: [String] = [], input: String = "", folder: String? = nil,
    environment: [String: String]? = nil, timeout: TimeInterval = 60,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Command {
    let files = try TemporaryFolder()
    try files.write("input", input)
    for name in ["output", "error"] { try files.write(name, "") }
    let process = try start(
      program, arguments, folder: folder, environment: environment,
      input: FileHandle(forReadingAtPath: files.path("input")),
      output: FileHandle(forWritingAtPath: files.path("output")),
      error: FileHandle(forWritingAtPath: files.path("error")))
    let deadline = Date().addingTimeInterval(timeout)
    while process.isRunning, Date() < deadline { usleep(2000) }
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      Issue.record("\(program) took longer than \(timeout) seconds", sourceLocation: sourceLocation)
    }
    process.waitUntilExit()
    return Command(
      status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: try files.read("output"), error: try files.read("error"))
  }

  /// Starts a program that goes on beside the test.
  static func start(
    _ program: String, _ arguments: [String], folder: String? = nil, environment: [String: String]? = nil,
    input: FileHandle? = FileHandle.nullDevice, output: FileHandle?, error: FileHandle?
  ) throws -> Process {
    let process = Process()
    if program.contains("/") {
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = arguments
    } else {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [program] + arguments
    }
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    if let environment { process.environment = environment }
    process.standardInput = input
    process.standardOutput = output
    process.standardError = error
    try process.run()
    return process
  }
}
