internal import Glibc

/// A system call that failed: which call, and errno(3).
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  package let call: StaticString
  package let number: Int32

  package init(_ call: StaticString, _ number: Int32) {
    self.call = call
    self.number = number
  }

  package var description: String { "\(call): \(Self.name(of: number))" }

  package static func == (a: SystemError, b: SystemError) -> Bool {
    a.number == b.number && a.call.description == b.call.description
  }

  package static func name(of number: Int32) -> String {
    switch number {
    case EPERM: "EPERM"
    case ENOENT: "ENOENT"
    case ESRCH: "ESRCH"
    case EIO: "EIO"
    case EBADF: "EBADF"
    case EAGAIN: "EAGAIN"
    case ENOMEM: "ENOMEM"
    case EACCES: "EACCES"
    case EEXIST: "EEXIST"
    case ENOTDIR: "ENOTDIR"
    case EISDIR: "EISDIR"
    case EINVAL: "EINVAL"
    case ENFILE: "ENFILE"
    case EMFILE: "EMFILE"
    case EPIPE: "EPIPE"
    case ELOOP: "ELOOP"
    case ENAMETOOLONG: "ENAMETOOLONG"
    case ENOSYS: "ENOSYS"
    case EOPNOTSUPP: "EOPNOTSUPP"
    case ETIMEDOUT: "ETIMEDOUT"
    case ETOOMANYREFS: "ETOOMANYREFS"
    case EADDRINUSE: "EADDRINUSE"
    case _: "errno \(number)"
    }
  }
}

/// Error numbers that callers branch on, so that they need not import Glibc.
package enum Errno {
  package static let notPermitted = EPERM
  package static let noEntry = ENOENT
  package static let noProcess = ESRCH
  package static let accessDenied = EACCES
  package static let again = EAGAIN
  package static let interrupted = EINTR
  package static let notDirectory = ENOTDIR
  package static let loop = ELOOP
  package static let timedOut = ETIMEDOUT
  package static let invalid = EINVAL
  package static let tooManyReferences = ETOOMANYREFS
  package static let tooManyOpen = EMFILE
  package static let nameTooLong = ENAMETOOLONG
  package static let tooLarge = EFBIG
  package static let messageTooLong = EMSGSIZE
  package static let brokenPipe = EPIPE
  package static let connectionReset = ECONNRESET
  package static let notSupported = EOPNOTSUPP
  package static let outOfRange = ERANGE
  package static let tooBig = E2BIG
}

/// Turns a C shim's `value or -errno` into a value or an error.
package func checked<Value: BinaryInteger>(_ call: StaticString, _ result: Value) throws(SystemError) -> Value {
  if result < 0 { throw SystemError(call, Int32(truncatingIfNeeded: -Int64(result))) }
  return result
}

/// Calls until it is not interrupted; reads errno on the next line.
package func retrying(
  _ call: StaticString, _ body: () -> Int
) throws(SystemError) -> Int {
  while true {
    let result = body()
    if result >= 0 { return result }
    let number = errno
    if number != EINTR { throw SystemError(call, number) }
  }
}
