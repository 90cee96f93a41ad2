internal import CLinux
internal import Linux

/// Landlock domains (landlock(7)). A domain only ever takes rights away, and denies ptrace-gated reads of processes
/// outside it.
package enum Landlock {
  /// What a domain denies.
  package enum Domain: Sendable, CaseIterable {
    /// Reading stays; writing, creating, removing, truncating, device ioctls, executing, binding, connecting, abstract
    /// UNIX sockets and signals to outside go.
    case readOnly
    /// No file at all, and the same.
    case nothing
  }

  /// The rights that a domain handles and grants nowhere, as bits of `struct landlock_ruleset_attr`.
  package struct Rights: Sendable, Equatable {
    package var files: UInt64
    package var network: UInt64
    package var scopes: UInt64
  }

  /// The kernel's ABI version, or 0 where there is no Landlock.
  package static var abi: Int { max(0, Int(cl_landlock_abi())) }

  /// Everything that the ABI knows, but for reading in a `readOnly` domain: a kernel refuses a bit that it does not know,
  /// and grants what is not handled.
  package static func rights(_ domain: Domain, abi: Int) -> Rights {
    var files =
      CL_LANDLOCK_EXECUTE | CL_LANDLOCK_WRITE_FILE | CL_LANDLOCK_REMOVE_DIR | CL_LANDLOCK_REMOVE_FILE
      | CL_LANDLOCK_MAKE_CHAR | CL_LANDLOCK_MAKE_DIR | CL_LANDLOCK_MAKE_REG | CL_LANDLOCK_MAKE_SOCK
      | CL_LANDLOCK_MAKE_FIFO | CL_LANDLOCK_MAKE_BLOCK | CL_LANDLOCK_MAKE_SYM
    // Before ABI 2 a domain denies what REFER is about without being asked.
    if abi >= 2 { files |= CL_LANDLOCK_REFER }
    if abi >= 3 { files |= CL_LANDLOCK_TRUNCATE }
    if abi >= 5 { files |= CL_LANDLOCK_IOCTL_DEV }
    switch domain {
    case .readOnly: break
    case .nothing: files |= CL_LANDLOCK_READ_FILE | CL_LANDLOCK_READ_DIR
    }
    let network = abi >= 4 ? CL_LANDLOCK_BIND_TCP | CL_LANDLOCK_CONNECT_TCP : 0
    let scopes = abi >= 6 ? CL_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | CL_LANDLOCK_SCOPE_SIGNAL : 0
    return Rights(files: UInt64(files), network: UInt64(network), scopes: UInt64(scopes))
  }

  /// What a kernel of this ABI cannot deny.
  package static func shortfalls(abi: Int) -> [Shortfall] {
    guard abi >= 1 else { return [.landlock] }
    var found: [Shortfall] = []
    if abi < 3 { found.append(.landlockTruncate) }
    if abi < 4 { found.append(.landlockNetwork) }
    if abi < 5 { found.append(.landlockDeviceControl) }
    if abi < 6 { found.append(.landlockScopes) }
    return found
  }

  /// Enters a domain, for good. With no_new_privs set, and while there is one thread: each thread has its own domains.
  package static func enter(_ domain: Domain, abi: Int) throws(SandboxError) {
    let rights = rights(domain, abi: abi)
    do throws(SystemError) {
      _ = try checked(
        "landlock_restrict_self", cl_landlock_enter(Int32(abi), rights.files, rights.network, rights.scopes))
    } catch {
      throw .failed(step: "Landlock", error)
    }
  }
}

private func | (a: some RawRepresentable<UInt32>, b: some RawRepresentable<UInt32>) -> UInt32 {
  a.rawValue | b.rawValue
}
