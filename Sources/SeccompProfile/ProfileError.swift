package import Sandbox
package import StrictJSON

/// Why a file is no profile, or a profile no filter.
package enum ProfileError: Error, Sendable, Equatable, CustomStringConvertible {
  case json(JSONError)
  case compile(SandboxError)
  case program(FilterProgram.Invalid)
  case unknownMachine(String)

  package var description: String {
    switch self {
    case .json(let error): "\(error)"
    case .compile(.seccomp(let step, let code)): "libseccomp does not take it: \(step) (error \(-code))"
    case .compile(let error): "\(error)"
    case .program(let error): "the compiled filter: \(error)"
    case .unknownMachine(let name): "\(name) is no machine that is known here: SCMP_ARCH_X86_64 or SCMP_ARCH_AARCH64"
    }
  }
}
