internal import CLinux
internal import Glibc
package import Linux

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
  package let mode: ConfinementMode
  /// Who this process is.
  package let identity: Process.Identity
  /// 0 where the kernel has no Landlock (best-effort only).
  package let landlockABI: Int
  package let hasLandlockDomain: Bool
  /// As in capabilities(7). Setting them takes a capability, so that only a launcher can.
  package let securebits: UInt32
  /// What it has tried after all of this, and what came of it.
  package let selfTests: [SelfTest]
  /// What the machine did not give.
  package let shortfalls: [Shortfall]
  /// Whether the root file system is mounted read-only.
  package let rootIsReadOnly: Bool

  /// Refuses what no sandbox can mend: root, capabilities, an executable that its user can read, a kernel without
  /// Landlock. Changes nothing; tells who this is.
  @discardableResult
  package static func preflight(_ mode: ConfinementMode) throws(SandboxError) -> Process.Identity {
    let identity = try asked("/proc/self/status") { () throws(SystemError) in try Process.Identity() }
    if identity.isRoot { throw .runningAsRoot }
    try Capabilities.requireNone()
    guard mode == .strict else { return identity }
    if try step("prctl", cl_get_dumpable()) != 0 { throw .dumpableAtEntry }
    if Landlock.abi == 0 { throw .landlockMissing }
    return identity
  }

  /// Everything but the seccomp filter: checks who we are, drops capabilities, sets no_new_privs and non-dumpable,
  /// limits and the Landlock domain, then tries what must fail now. `keepsFileSize` leaves RLIMIT_FSIZE alone, for a
  /// collector whose audit sink is a regular file, and for an opener that has children to start.
  package static func harden(
    _ role: Role, mode: ConfinementMode, keepsFileSize: Bool = false
  ) throws(SandboxError) -> Confinement {
    let identity = try preflight(mode)
    // Read once, while it can be.
    guard Process.pid == identity.pid else { throw .didNotTake("own pid") }
    // Capabilities and domains belong to threads: one that is there already would keep what it has.
    let threads = try asked("/proc/self/task") { () throws(SystemError) in try Process.threadCount() }
    guard threads == 1 else { throw .didNotTake("one thread") }
    let wasDumpable = try step("prctl", cl_get_dumpable()) != 0
    try step("prctl", unsafe cl_set_name("sl-\(role.rawValue)"))
    try step("prctl", cl_set_no_new_privs())
    try step("prctl", cl_set_dumpable(0))
    try Capabilities.clear()
    try limit(RLIMIT_CORE, to: 0)
    try asked("RLIMIT_NOFILE") { () throws(SystemError) in try Process.raiseDescriptorLimit() }
    let rootIsReadOnly = try step("fstatvfs", cl_root_is_read_only()) == 1

    let abi = Landlock.abi
    let trial = SelfTestRun(
      SelfTest.attempts(for: role, landlockABI: abi), parent: identity.parentPid)
    var hasDomain = false
    switch role {
    case .opener: break  // A domain would deny the ptrace-gated opens that are its purpose.
    case .collector, .endpoint:
      if abi > 0 {
        try Landlock.enter(role == .endpoint ? .nothing : .readOnly, abi: abi)
        hasDomain = true
      } else if mode == .strict {
        throw .landlockMissing
      }
    }
    let selfTests = trial.finish()
    if let failed = selfTests.first(where: { $0.after == .permitted }) {
      throw .selfTestFailed(failed.attempt.rawValue)
    }
    guard try step("prctl", cl_get_no_new_privs()) == 1 else { throw .didNotTake("no_new_privs") }
    guard try step("prctl", cl_get_dumpable()) == 0 else { throw .didNotTake("PR_SET_DUMPABLE") }
    try Capabilities.requireNone()
    var shortfalls = Landlock.shortfalls(abi: abi)
    if wasDumpable { shortfalls.append(.unreadableExecutable) }
    if !Capabilities.boundingSetIsEmpty { shortfalls.append(.boundingSet) }
    let hardened = Confinement(
      role: role, mode: mode, identity: identity, landlockABI: abi, hasLandlockDomain: hasDomain,
      securebits: try Capabilities.securebits(),
      selfTests: selfTests, shortfalls: shortfalls, rootIsReadOnly: rootIsReadOnly)
    if !keepsFileSize { try hardened.forbidFileWrites() }
    return hardened
  }

  /// RLIMIT_FSIZE 0, for good: no byte more goes into a regular file, whichever descriptor this process holds.
  package func forbidFileWrites() throws(SandboxError) {
    try Self.limit(RLIMIT_FSIZE, to: 0)
  }

  /// What it tells of itself, once it is known which filter it loads.
  package func report(filterDigest: String) -> ConfinementReport {
    ConfinementReport(
      filterDigest: filterDigest, securebits: securebits, hasLandlockDomain: hasLandlockDomain, selfTests: selfTests,
      shortfalls: shortfalls)
  }

  /// Loads the role's filter into every thread. What comes after is what the table allows.
  package func load(_ filter: consuming SeccompFilter) throws(SandboxError) -> Confined {
    let digest = filter.digest
    try filter.load()
    return Confined(confinement: self, filterDigest: digest)
  }

  private static func asked<Answer>(
    _ what: String, _ body: () throws(SystemError) -> Answer
  ) throws(SandboxError) -> Answer {
    do throws(SystemError) { return try body() } catch { throw .failed(step: what, error) }
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

  package var report: ConfinementReport { confinement.report(filterDigest: filterDigest) }

  fileprivate init(confinement: Confinement, filterDigest: String) {
    self.confinement = confinement
    self.filterDigest = filterDigest
  }
}
