/// What a filter does with a system call (seccomp(2), "Return values").
package enum FilterAction: Sendable, Hashable {
  case killProcess
  case killThread
  case trap
  case errno(UInt16)
  /// A supervisor decides.
  case notify
  case trace(UInt16)
  /// Allowed, and written to the kernel's log.
  case log
  case allow

  /// As the filter returns it, and as libseccomp takes it.
  package var code: UInt32 {
    switch self {
    case .killProcess: 0x8000_0000
    case .killThread: 0x0000_0000
    case .trap: 0x0003_0000
    case .errno(let number): 0x0005_0000 | UInt32(number)
    case .notify: 0x7FC0_0000
    case .trace(let message): 0x7FF0_0000 | UInt32(message)
    case .log: 0x7FFC_0000
    case .allow: 0x7FFF_0000
    }
  }

  /// From a filter's return value. The kernel takes what it does not know as killing the process.
  package init(code: UInt32) {
    let data = UInt16(truncatingIfNeeded: code)
    switch code & 0xFFFF_0000 {
    case 0x0000_0000: self = .killThread
    case 0x0003_0000: self = .trap
    case 0x0005_0000: self = .errno(data)
    case 0x7FC0_0000: self = .notify
    case 0x7FF0_0000: self = .trace(data)
    case 0x7FFC_0000: self = .log
    case 0x7FFF_0000: self = .allow
    case _: self = .killProcess
    }
  }

  /// The kernel makes the call.
  package var permits: Bool {
    switch self {
    case .allow, .log: true
    case .killProcess, .killThread, .trap, .errno, .notify, .trace: false
    }
  }

  /// The kernel makes the call, or somebody outside of the filter may let it.
  package var mayPermit: Bool {
    switch self {
    case .allow, .log, .notify, .trace: true
    case .killProcess, .killThread, .trap, .errno: false
    }
  }
}
