package import Linux

/// Why something under /proc could not be read.
package enum ProcFSError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The process has ended.
  case gone
  case denied
  case system(SystemError)
  /// The text is not what the kernel writes; `file` is a name under /proc, never content.
  case malformed(file: String)

  package init(_ error: SystemError) {
    switch error.number {
    case Errno.noEntry, Errno.noProcess: self = .gone
    case Errno.accessDenied, Errno.notPermitted: self = .denied
    case _: self = .system(error)
    }
  }

  package var description: String {
    switch self {
    case .gone: "the process has ended"
    case .denied: "the kernel denies it"
    case .system(let error): error.description
    case .malformed(let file): "/proc/…/\(file) is not in the expected form"
    }
  }
}
