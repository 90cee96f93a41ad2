internal import ArgumentParser
internal import Foundation  // FileHandle
internal import Sandbox
internal import SeccompProfile

/// For which machine a profile is rendered.
struct MachineOptions: ParsableArguments {
  enum Name: String, ExpressibleByArgument, CaseIterable {
    case amd64, arm64
  }

  @Option(help: "The machine that loads the profile; without it, both.") var machine: Name?

  @Option(
    name: .customLong("cap"),
    help: ArgumentHelp(
      "A capability that the container is given, for Docker's profiles. May be repeated.", valueName: "CAP_NAME"))
  var capabilities: [String] = []

  @Option(help: ArgumentHelp("The kernel, for Docker's profiles; without it, newer than they know.", valueName: "5.10"))
  var kernel: String?

  func machines() throws(Failure) -> [Machine] {
    var version: KernelVersion?
    if let kernel {
      version = KernelVersion(kernel)
      if version == nil { throw Failure(.usage, "--kernel \(kernel) is no kernel version", hint: "such as 5.10") }
    }
    for name in capabilities where !name.hasPrefix("CAP_") {
      throw Failure(.usage, "--cap \(name) is no capability", hint: "such as CAP_SYS_ADMIN")
    }
    let names = machine.map { [$0] } ?? Name.allCases
    return names.map {
      Machine($0 == .amd64 ? .amd64 : .arm64, capabilities: Set(capabilities), kernel: version)
    }
  }

  /// The one asked for, or this one.
  func oneMachine() throws(Failure) -> Machine {
    let machines = try machines()
    return machines.first { $0.architecture == .native } ?? machines[0]
  }
}

extension MachineOptions.Name {
  init(_ machine: Machine) { self = machine.architecture == .arm64 ? .arm64 : .amd64 }
}

enum ProfileInput {
  /// Larger than any profile there is.
  private static let limit = 1 << 20

  static func read(_ path: String) throws(Failure) -> ProfileDocument {
    let json = try bytes(path, limit: limit)
    do throws(ProfileError) {
      return try ProfileDocument(json: json)
    } catch {
      throw Failure(.state, "\(path) is no seccomp profile: \(error)")
    }
  }

  static func bytes(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    let data: Data?
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      data = try file.read(upToCount: limit + 1)
      try file.close()
    } catch {
      throw Failure(.state, "\(path) cannot be read")
    }
    guard let data, data.count <= limit else {
      throw Failure(.state, data == nil ? "\(path) is empty" : "\(path) is larger than \(limit) bytes")
    }
    return Array(data)
  }

  /// Runs `body`, whose compiling may not come to an end: libseccomp is handed rules that anybody may have written.
  static func bounded<T>(_ path: String, _ body: () throws(ProfileError) -> T) throws(Failure) -> T {
    let watch = Watch(path)
    defer { watch.end() }
    do throws(ProfileError) { return try body() } catch { throw Failure(.state, "\(path): \(error)") }
  }
}

/// Ends the command where libseccomp does not.
private final class Watch {
  private let timer: any DispatchSourceTimer

  init(_ path: String) {
    timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now() + .seconds(60))
    timer.setEventHandler {
      Console.error(Failure(.internalError, "libseccomp does not come to an end with the rules of \(path)").message)
      _exit(ExitStatus.internalError.rawValue)
    }
    timer.activate()
  }

  func end() { timer.cancel() }
}
