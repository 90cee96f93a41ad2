internal import CLinux
internal import Glibc
internal import Linux

/// Puts this process into its role's sandbox. The first thing each role's main does, while there is one thread, before
/// a byte is read from anyone.
///
/// ```swift
/// let hardened = try Confinement.harden(.collector, mode: .strict, keepsFileSize: false)
/// // start the worker threads
/// let confined = try hardened.load(SeccompFilter(for: .collector))
/// ```
package struct Confinement: Sendable {
  package let role: Role
  /// 0 where the kernel has no Landlock (best-effort only) or the role has no domain.
  package let landlockABI: Int
  package let hasLandlockDomain: Bool
  package let mode: ConfinementMode

  /// Refuses what no sandbox can mend: root, capabilities, an executable that its user can read, a kernel without
  /// Landlock. Changes nothing.
  package static func preflight(_ mode: ConfinementMode) throws(SandboxError) {
    guard getuid() != 0, geteuid() != 0 else { throw .runningAsRoot }
    try Capabilities.requireNone()
    guard mode == .strict else { return }
    if try step("prctl", cl_get_dumpable()) != 0 { throw .dumpableAtEntry }
    if Landlock.abi == 0 { throw .landlockMissing }
  }

  /// Everything but the seccomp filter: checks who we are, drops capabilities, sets no_new_privs and non-dumpable,
  /// limits and the Landlock domain. `keepsFileSize` leaves RLIMIT_FSIZE alone, for a collector whose audit sink is a
  /// regular file.
  package static func harden(
    _ role: Role, mode: ConfinementMode, keepsFileSize: Bool = false
  ) throws(SandboxError) -> Confinement {
    try preflight(mode)
    _ = Process.identity
    try step("prctl", unsafe cl_set_name("sl-\(role.rawValue)"))
    try step("prctl", cl_set_no_new_privs())
    try step("prctl", cl_set_dumpable(0))
    try Capabilities.clear()
    try limit(RLIMIT_CORE, to: 0)
    if !keepsFileSize { try limit(RLIMIT_FSIZE, to: 0) }
    do throws(SystemError) { try Process.raiseDescriptorLimit() } catch { throw .failed(step: "RLIMIT_NOFILE", error) }

    let abi = Landlock.abi
    var inDomain = false
    switch role {
    case .opener: break  // A domain would deny the ptrace-gated opens that are its purpose.
    case .collector, .endpoint:
      if abi > 0 {
        try Landlock.enter(role == .endpoint ? .nothing : .readOnly, abi: abi)
        inDomain = true
      } else if mode == .strict {
        throw .landlockMissing
      }
    }
    guard try step("prctl", cl_get_no_new_privs()) == 1 else { throw .didNotTake("no_new_privs") }
    guard try step("prctl", cl_get_dumpable()) == 0 else { throw .didNotTake("PR_SET_DUMPABLE") }
    try Capabilities.requireNone()
    return Confinement(role: role, landlockABI: abi, hasLandlockDomain: inDomain, mode: mode)
  }

  /// Loads the role's filter into every thread. What comes after is what the table allows.
  package func load(_ filter: consuming SeccompFilter) throws(SandboxError) -> Confined {
    let digest = filter.digest
    try filter.load()
    return Confined(confinement: self, filterDigest: digest)
  }

  @discardableResult
  private static func step(_ call: StaticString, _ result: Int32) throws(SandboxError) -> Int32 {
    do throws(SystemError) {
      return try checked(call, result)
    } catch {
      throw .failed(step: call.description, error)
    }
  }

  private static func limit(_ resource: __rlimit_resource, to value: UInt) throws(SandboxError) {
    var limit = rlimit(rlim_cur: value, rlim_max: value)
    // SAFETY: a pointer to a local for the call.
    if unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limit) != 0 {
      throw .failed(step: "setrlimit", SystemError("setrlimit", errno))
    }
  }
}

/// The proof that the whole sandbox is in force. Only `Confinement.load` makes one; whatever reads a byte from
/// anyone asks for it.
package struct Confined: Sendable {
  package let confinement: Confinement
  /// SHA-256 of the seccomp program, hexadecimal.
  package let filterDigest: String

  fileprivate init(confinement: Confinement, filterDigest: String) {
    self.confinement = confinement
    self.filterDigest = filterDigest
  }
}
