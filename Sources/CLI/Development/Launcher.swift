internal import FoundationEssentials
internal import Glibc
internal import Linux

/// Starts programs through `dev-launch`, and knows whether they still run.
struct Launcher: Sendable {
  /// The folder of this very executable; agent and broker lie beside it.
  let folder: String

  init() throws(Failure) {
    let path: String
    do {
      path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    } catch {
      throw Failure(.internalError, "/proc/self/exe cannot be read", hint: "is /proc mounted?")
    }
    folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  struct Programs: Sendable {
    let agent: String
    let broker: String
  }

  func programs() throws(Failure) -> Programs {
    Programs(agent: try program("sidelight-agent"), broker: try program("sidelight-broker"))
  }

  /// The path of a program beside this one.
  private func program(_ name: String) throws(Failure) -> String {
    let path = "\(folder)/\(name)"
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Failure(
        .general, "\(name) is not in \(folder), beside this command",
        hint: "build all three products ('make build'), or install them into one folder")
    }
    return path
  }

  /// Starts a program and returns when it runs. `descriptors[i]` becomes number `LaunchSpec.Descriptor.firstOwn + i`.
  func launch(
    _ spec: LaunchSpec, arguments: [String], environment: [String], output: borrowing FileDescriptor,
    error: borrowing FileDescriptor, descriptors: [Int32] = []
  ) throws(LaunchFailure) -> ProcessIdentity {
    var ends: [Int32] = [-1, -1]
    // SAFETY: pipe(2) fills exactly two numbers.
    guard unsafe pipe(&ends) == 0 else { throw .system(SystemError("pipe", errno)) }
    let reading = FileDescriptor(owning: ends[0])
    let pid: Int32
    do throws(SystemError) {
      // All other descriptors, the reading end included, are closed in the child.
      pid = try Linux.Process.spawn(
        "/proc/self/exe", arguments: ["sidelight", DevLaunch.name, spec.text, "--"] + arguments,
        environment: environment, inherited: [ends[1], output.raw, error.raw] + descriptors)
    } catch {
      _ = close(ends[1])
      throw .system(error)
    }
    // Else this end would keep the report from ending.
    _ = close(ends[1])
    var report: [UInt8] = []
    do throws(SystemError) {
      while try reading.read(into: &report, count: 512) > 0 {}
    } catch {
      throw .system(error)
    }
    if let problem = LaunchReport.read(report) {
      // It ends by itself.
      _ = waitpid(pid, nil, 0)
      throw .step(problem)
    }
    // Until it is waited for, the number cannot be another process's, so that what is read here is ours.
    guard let stat = ProcessStat(pid: pid) else { throw .system(SystemError("proc_pid_stat", ESRCH)) }
    return ProcessIdentity(pid: pid, startTime: stat.startTime)
  }

  /// Waits for a child of ours; its exit status, or -1 after a signal.
  static func waitForEnd(of process: ProcessIdentity) -> Int32 {
    var status: Int32 = 0
    // SAFETY: waitpid(2) writes one number.
    while unsafe waitpid(process.pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
  }

  /// Collects a child of ours that has ended, and says how; nil while it runs.
  static func ending(of process: ProcessIdentity) -> String? {
    var status: Int32 = 0
    // SAFETY: waitpid(2) writes one number.
    let result = unsafe waitpid(process.pid, &status, WNOHANG)
    guard result != 0 else { return nil }
    guard result == process.pid else { return process.isRunning ? nil : "ended" }
    let signal = status & 0x7F
    return signal == 0 ? "ended with status \(status >> 8 & 0xFF)" : "was ended by signal \(signal)"
  }
}

/// Why a program was not started.
enum LaunchFailure: Error, Sendable {
  case system(SystemError)
  case step(LaunchReport.Problem)
}
