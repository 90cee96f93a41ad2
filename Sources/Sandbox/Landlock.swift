internal import CLinux
internal import Linux

/// Landlock domains (landlock(7)). A domain only ever takes rights away, and denies ptrace-gated reads of processes
/// outside it.
package enum Landlock {
  /// What a domain denies.
  package enum Domain: Sendable {
    /// Reading stays; writing, creating, removing, truncating, device ioctls, executing, binding and connecting go.
    case readOnly
    /// No file at all, no binding and connecting.
    case nothing
  }

  /// The kernel's ABI version, or 0 where there is no Landlock.
  package static var abi: Int { max(0, Int(cl_landlock_abi())) }

  package static func enter(_ domain: Domain, abi: Int) throws(SandboxError) {
    var files =
      CL_LANDLOCK_EXECUTE | CL_LANDLOCK_WRITE_FILE | CL_LANDLOCK_REMOVE_DIR | CL_LANDLOCK_REMOVE_FILE
      | CL_LANDLOCK_MAKE_CHAR | CL_LANDLOCK_MAKE_DIR | CL_LANDLOCK_MAKE_REG | CL_LANDLOCK_MAKE_SOCK
      | CL_LANDLOCK_MAKE_FIFO | CL_LANDLOCK_MAKE_BLOCK | CL_LANDLOCK_MAKE_SYM
    if abi >= 2 { files |= CL_LANDLOCK_REFER }
    if abi >= 3 { files |= CL_LANDLOCK_TRUNCATE }
    if abi >= 5 { files |= CL_LANDLOCK_IOCTL_DEV }
    switch domain {
    case .readOnly: break
    case .nothing: files |= CL_LANDLOCK_READ_FILE | CL_LANDLOCK_READ_DIR
    }
    let network = abi >= 4 ? CL_LANDLOCK_BIND_TCP | CL_LANDLOCK_CONNECT_TCP : 0
    let scoped = abi >= 6 ? CL_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | CL_LANDLOCK_SCOPE_SIGNAL : 0
    do throws(SystemError) {
      _ = try checked(
        "landlock_restrict_self", cl_landlock_enter(Int32(abi), UInt64(files), UInt64(network), UInt64(scoped)))
    } catch {
      throw .failed(step: "Landlock", error)
    }
  }
}

private func | (a: some RawRepresentable<UInt32>, b: some RawRepresentable<UInt32>) -> UInt32 {
  a.rawValue | b.rawValue
}
