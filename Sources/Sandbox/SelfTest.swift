internal import CLinux
internal import Glibc
internal import Linux

/// What a process tries, and must fail at, between its Landlock domain and its filter. Each attempt is real and is made
/// twice: before the domain, where it shows that the attempt itself works, and after. The filter comes later and would
/// end the process for most of them.
package struct SelfTest: Sendable, Equatable {
  package enum Attempt: String, Sendable, CaseIterable {
    /// setresuid(2) to 0.
    case becomeRoot = "become_root"
    /// capset(2) with one permitted capability.
    case raiseCapability = "raise_capability"
    /// open(2) of /dev/null for reading, which its mode lets everybody do.
    case readFile = "read_file"
    /// open(2) of the root directory.
    case listDirectory = "list_directory"
    /// open(2) of /dev/null for writing, which its mode lets everybody do.
    case writeFile = "write_file"
    /// ioctl(2) on /dev/null, opened for reading.
    case deviceControl = "device_control"
    /// execveat(2) of its own file with AT_EXECVE_CHECK, which executes nothing.
    case execute
    /// open(2) of the parent's /proc/<pid>/environ.
    case readParentEnvironment = "read_parent_environment"
    /// bind(2) of a TCP socket.
    case bindTCP = "bind_tcp"
    /// connect(2) of a TCP socket.
    case connectTCP = "connect_tcp"
    /// connect(2) to an abstract UNIX socket made before the domain.
    case connectAbstract = "connect_abstract_unix"
    /// kill(2) of the parent with signal 0.
    case signalParent = "signal_parent"
  }

  package enum Outcome: String, Sendable, CaseIterable {
    /// It worked.
    case permitted
    /// EACCES or EPERM.
    case refused
    /// It could not be tried: another error, such as a file that is not there.
    case unavailable

    init(_ result: Int32) {
      switch result {
      case 0...: self = .permitted
      case -EACCES, -EPERM: self = .refused
      case _: self = .unavailable
      }
    }
  }

  package var attempt: Attempt
  package var before: Outcome
  package var after: Outcome

  package init(_ attempt: Attempt, before: Outcome, after: Outcome) {
    self.attempt = attempt
    self.before = before
    self.after = after
  }

  /// What a role must fail at, once it has what this ABI of Landlock can give it (0: none).
  package static func attempts(for role: Role, landlockABI abi: Int) -> [Attempt] {
    let always: [Attempt] = [.becomeRoot, .raiseCapability]
    guard role != .opener else { return always }
    var found = always + [.readParentEnvironment]
    guard abi >= 1 else { return found }
    found += [.writeFile, .execute]
    if role == .endpoint { found += [.readFile, .listDirectory] }
    if abi >= 4 { found += [.bindTCP, .connectTCP] }
    // The endpoint cannot even open the device.
    if abi >= 5, role == .collector { found.append(.deviceControl) }
    if abi >= 6 { found += [.connectAbstract, .signalParent] }
    return found
  }
}

/// The attempts of one process, half made: `finish` makes them again.
struct SelfTestRun: ~Copyable {
  private let attempts: [SelfTest.Attempt]
  private let parent: Int32
  private var before: [SelfTest.Outcome] = []
  /// Made outside of any domain; -1 where it could not be.
  private let listener: FileDescriptor

  init(_ attempts: [SelfTest.Attempt], parent: Int32) {
    self.attempts = attempts
    self.parent = parent
    let made = attempts.contains(.connectAbstract) ? cl_abstract_listener() : -1
    listener = FileDescriptor(owning: made)
    for attempt in attempts { before.append(outcome(of: attempt)) }
  }

  consuming func finish() -> [SelfTest] {
    var found: [SelfTest] = []
    for (index, attempt) in attempts.enumerated() {
      found.append(SelfTest(attempt, before: before[index], after: outcome(of: attempt)))
    }
    return found
  }

  private borrowing func outcome(of attempt: SelfTest.Attempt) -> SelfTest.Outcome {
    // SAFETY: each path is a terminated string for the time of the call; none is kept.
    let result: Int32 =
      switch attempt {
      case .becomeRoot: cl_try_become_root()
      case .raiseCapability: cl_try_raise_capability()
      case .readFile: unsafe cl_try_open("/dev/null", O_RDONLY)
      case .listDirectory: unsafe cl_try_open("/", O_RDONLY | Int32(CL_O_DIRECTORY))
      case .writeFile: unsafe cl_try_open("/dev/null", O_WRONLY)
      case .deviceControl: unsafe cl_try_device_ioctl("/dev/null")
      case .execute: unsafe cl_try_execute("/proc/self/exe")
      case .readParentEnvironment: unsafe cl_try_open("/proc/\(parent)/environ", O_RDONLY)
      case .bindTCP: cl_try_bind_tcp()
      case .connectTCP: cl_try_connect_tcp()
      case .connectAbstract: cl_try_connect_abstract(listener.raw)
      // A process that was started from outside of its PID namespace has no parent, and 0 would be its own group.
      case .signalParent: parent > 0 ? cl_try_signal(parent) : -ESRCH
      }
    return .init(result)
  }
}
