internal import CLinux
internal import Glibc
internal import Linux
internal import StrictJSON

/// The hidden `dev-launch SPEC -- PROGRAM ARG…`: becomes another program as another user. What lies between, changing
/// user, groups and capabilities, posix_spawn(3) cannot do, and a runtime with threads must not fork(2) for.
/// Runs with one thread only, and never returns.
struct DevLaunch {
  static let name = "dev-launch"
  private let specification: String
  private let arguments: [String]

  /// nil where the command line is another command's.
  init?(arguments: [String]) {
    guard arguments.count >= 5, arguments[1] == Self.name, arguments[3] == "--" else { return nil }
    specification = arguments[2]
    self.arguments = Array(arguments[4...])
  }

  func run() -> Never {
    do throws(LaunchReport.Problem) {
      try become()
    } catch {
      report(LaunchReport.bytes(error))
    }
    exit(127)
  }

  private func become() throws(LaunchReport.Problem) {
    let spec: LaunchSpec
    do throws(JSONError) {
      spec = try LaunchSpec(text: specification)
    } catch {
      throw LaunchReport.Problem(step: "read its specification", number: EINVAL)
    }
    // A session of its own: it outlives the terminal and the command that started it.
    try step("setsid", setsid())
    try takeStandardStreams(closing: spec.executable)
    restoreSignals()
    if let directory = spec.directory {
      // SAFETY: the path is a terminated string for the time of the call, which keeps no pointer.
      try step("chdir", unsafe chdir(directory))
    }
    if spec.dropsBoundingSet {
      // While there is still a capability to do it with. The bits outlive the change of user and exec.
      try shim("lock the securebits", cl_lock_securebits())
      try shim("drop the bounding set", cl_capbset_drop_all())
    }
    if let user = spec.user { try change(to: user, groups: spec.groups) }
    try shim("clear its capabilities", cl_clear_capabilities())
    report([LaunchReport.ready])
    try execute(spec)
  }

  /// 0 from /dev/null, 1 and 2 from their places; nothing of this launch stays open in the program.
  private func takeStandardStreams(closing executable: Int32?) throws(LaunchReport.Problem) {
    // SAFETY: the path is a terminated string for the time of the call, which keeps no pointer.
    let null = unsafe open("/dev/null", O_RDONLY)
    try step("open /dev/null", null)
    try step("dup2", dup2(null, STDIN_FILENO))
    if null > STDERR_FILENO { _ = close(null) }
    try step("dup2", dup2(LaunchSpec.Descriptor.standardOutput, STDOUT_FILENO))
    try step("dup2", dup2(LaunchSpec.Descriptor.standardError, STDERR_FILENO))
    _ = close(LaunchSpec.Descriptor.standardOutput)
    _ = close(LaunchSpec.Descriptor.standardError)
    for descriptor in [LaunchSpec.Descriptor.report, executable].compactMap({ $0 }) {
      try step("fcntl", fcntl(descriptor, F_SETFD, FD_CLOEXEC))
    }
  }

  /// A signal that this command ignores (SIGPIPE, for one) would stay ignored in the program.
  private func restoreSignals() {
    for number in 1..<Int32(65) where number != SIGKILL && number != SIGSTOP {
      // Fails for the two that the C library keeps for itself, which is as it should be.
      _ = signal(number, SIG_DFL)
    }
  }

  /// Groups first: without root they cannot change. As root, setgid(2) and setuid(2) set the real, the effective and
  /// the saved id. The capabilities are cleared afterwards, whatever the securebits say about changes of user.
  private func change(to user: UserIdentity, groups: [UInt32]) throws(LaunchReport.Problem) {
    // SAFETY: pointer and count come from one live array; setgroups(2) copies.
    try step("setgroups", unsafe setgroups(groups.count, groups))
    try step("setgid", setgid(user.gid))
    try step("setuid", setuid(user.uid))
    guard getuid() == user.uid, geteuid() == user.uid, getgid() == user.gid, getegid() == user.gid else {
      throw LaunchReport.Problem(step: "setuid", number: EPERM)
    }
  }

  private func execute(_ spec: LaunchSpec) throws(LaunchReport.Problem) {
    // SAFETY: each copy is a terminated string of its own, and none is freed: they are for the new program.
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    var nothing: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
    if let executable = spec.executable {
      let path = "/proc/self/fd/\(executable)"
      if spec.clearsEnvironment {
        // SAFETY: both arrays end with nil and live for the call, which returns only if it failed.
        _ = unsafe execve(path, pointers, &nothing)
      } else {
        // SAFETY: the same.
        _ = unsafe execv(path, pointers)
      }
    } else {
      // SAFETY: the same. execvp(3) goes on after a place in PATH that this user may not enter.
      _ = unsafe execvp(arguments[0], pointers)
    }
    throw LaunchReport.Problem(step: "exec", number: errno)
  }

  private func step(_ name: String, _ result: Int32) throws(LaunchReport.Problem) {
    let number = errno
    if result < 0 { throw LaunchReport.Problem(step: name, number: number) }
  }

  /// For the C shims, which return -errno.
  private func shim(_ name: String, _ result: Int32) throws(LaunchReport.Problem) {
    if result < 0 { throw LaunchReport.Problem(step: name, number: -result) }
  }

  /// The launcher may have gone; there is nobody else to tell.
  private func report(_ bytes: [UInt8]) {
    // SAFETY: pointer and count come from one live array; write(2) keeps no pointer.
    _ = unsafe write(LaunchSpec.Descriptor.report, bytes, bytes.count)
  }
}
