package import Linux

/// Why a process refuses to run. The description is for the operator.
package enum SandboxError: Error, Sendable, Equatable, CustomStringConvertible {
  case runningAsRoot
  case capabilityLeft(set: String, value: String)
  case dumpableAtEntry
  case landlockMissing
  case failed(step: String, SystemError)
  case seccomp(step: String, code: Int32)
  case didNotTake(String)
  /// What had to fail did not: the name of the attempt.
  case selfTestFailed(String)

  package var description: String {
    switch self {
    case .runningAsRoot:
      "refusing to run as root: start the agent with the workload's unprivileged uid and gid"
    case .capabilityLeft(let set, let value):
      "refusing to run with a capability in the \(set) set (\(value)): start the container with drop: [ALL]"
    case .dumpableAtEntry:
      "refusing to run from an executable that its user can read (its memory could be read by a process of the same"
        + " uid): make the file root-owned with mode 0711, and start it from a process that holds no capability"
    case .landlockMissing:
      "refusing to run without Landlock, which this kernel does not offer; --confinement=best-effort runs without"
    case .failed(let step, let error): "refusing to run: \(step) failed (\(error))"
    case .seccomp(let step, let code): "refusing to run: libseccomp \(step) failed (\(SystemError.name(of: -code)))"
    case .didNotTake(let what): "refusing to run: \(what) did not take"
    case .selfTestFailed(let attempt): "refusing to run: confined as it is, it could still \(attempt)"
    }
  }
}
