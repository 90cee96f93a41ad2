import Foundation
import Glibc
import Linux
import Sandbox
import Testing

/// Trials in processes of one thread, made by fork(2). Only inside an exit test, whose own other threads are idle: the
/// filter then meets exactly the calls that the trial makes.
enum Forked {
  enum Outcome: Equatable {
    case exited(Int32)
    case killed(Int32)
  }

  private static let forkPointer: @convention(c) () -> Int32 = unsafe unsafeBitCast(
    dlsym(nil, "fork"), to: (@convention(c) () -> Int32).self)
  private static let syscallPointer: @convention(c) (Int, Int, Int, Int, Int, Int, Int) -> Int = unsafe unsafeBitCast(
    dlsym(nil, "syscall"), to: (@convention(c) (Int, Int, Int, Int, Int, Int, Int) -> Int).self)

  /// A raw system call: its result or -1.
  static func call(_ number: Int, _ a: [Int]) -> Int { syscallPointer(number, a[0], a[1], a[2], a[3], a[4], a[5]) }

  static func run(_ body: () throws -> Int32) -> Outcome {
    let pid = forkPointer()
    if pid == 0 {
      // A trial that blocks ends all the same.
      alarm(120)
      do {
        Process.exitNow(try body())
      } catch {
        FileHandle.standardError.write(Data("trial: \(error)\n".utf8))
        Process.exitNow(99)
      }
    }
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
  }

  /// As the agent is: another user, and with that no capability.
  static func becomeNobody() {
    guard setgroups(0, nil) == 0, setregid(64123, 64123) == 0, setreuid(64123, 64123) == 0 else {
      Process.exitNow(98)
    }
  }

  /// Says which expectation failed, and ends the exit test: with success, for only then is its standard error kept.
  static func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
    if condition { return }
    FileHandle.standardError.write(Data("failed: \(what())\n".utf8))
    exit(EXIT_SUCCESS)
  }

  /// What the trials of an exit test said, where they failed.
  static func report(_ result: ExitTest.Result?, sourceLocation: SourceLocation = #_sourceLocation) {
    let lines = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n")
    for line in lines where line.contains("trial: ") || line.contains("failed: ") {
      Issue.record("\(line)", sourceLocation: sourceLocation)
    }
  }

  /// Numbers by name, of this architecture.
  static func callNumbers() throws -> [String: Int] {
    var numbers: [String: Int] = [:]
    for line in try String(contentsOfFile: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", encoding: .utf8).split(
      separator: "\n")
    {
      let words = line.split(separator: " ")
      if words.count == 3, words[0] == "#define", words[1].hasPrefix("__NR_"), let number = Int(words[2]) {
        numbers[String(words[1].dropFirst(5))] = number
      }
    }
    return numbers
  }
}

/// A filter compiled once and loaded in each trial, which has a copy of its own by fork(2).
final class PreparedFilter {
  private var filter: SeccompFilter?

  init(for role: Role) throws(SandboxError) { filter = try SeccompFilter(for: role) }

  func load() throws(SandboxError) {
    if let filter = filter.take() { try filter.load() }
  }
}
