internal import CLinux
internal import COpenSSL
internal import CSeccomp
internal import Glibc
internal import Linux

/// The compiled filter of one role: kills the process for whatever the table does not allow.
package struct SeccompFilter: ~Copyable {
  private let context: Context
  /// SHA-256 of the program given to seccomp(2), hexadecimal. A process cannot read its filter back.
  package let digest: String
  /// BPF instructions.
  package let instructions: Int

  // SCMP_ACT_KILL_PROCESS and SCMP_ACT_ALLOW are macros with a cast, which are not imported.
  private static let kill: UInt32 = 0x8000_0000
  private static let allow: UInt32 = 0x7FFF_0000

  /// Compiles for this machine's architecture.
  package init(_ rules: [SystemCallRule]) throws(SandboxError) {
    let context = try Context(defaultAction: Self.kill)
    try context.set(SCMP_FLTATR_CTL_TSYNC, 1)
    try context.set(SCMP_FLTATR_ACT_BADARCH, Self.kill)
    // Binary search over call numbers.
    try context.set(SCMP_FLTATR_CTL_OPTIMIZE, 2)
    for rule in rules { try context.add(rule, action: Self.allow) }
    let program = try context.program()
    self.context = context
    digest = Self.sha256(program)
    instructions = program.count / 8
  }

  package init(for role: Role) throws(SandboxError) {
    try self.init(SystemCallTable.rules(for: role))
  }

  /// Loads the filter into every thread of this process. There is no way back.
  package consuming func load() throws(SandboxError) {
    try context.load()
  }

  private static func sha256(_ bytes: [UInt8]) -> String {
    var state = SHA256_CTX()
    var digest = [UInt8](repeating: 0, count: 32)
    // SAFETY: the state and both arrays are live for the calls; SHA-256 writes 32 bytes.
    unsafe SHA256_Init(&state)
    unsafe SHA256_Update(&state, bytes, bytes.count)
    unsafe SHA256_Final(&digest, &state)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

/// libseccomp's context, released with its owner.
@safe private final class Context {
  private let pointer: scmp_filter_ctx

  init(defaultAction: UInt32) throws(SandboxError) {
    // SAFETY: the pointer is owned by this object alone and released in deinit.
    guard let made = unsafe seccomp_init(defaultAction) else { throw .seccomp(step: "seccomp_init", code: -ENOMEM) }
    unsafe pointer = made
  }

  deinit {
    unsafe seccomp_release(pointer)
  }

  func set(_ attribute: scmp_filter_attr, _ value: UInt32) throws(SandboxError) {
    try check("attribute \(attribute.rawValue)", unsafe seccomp_attr_set(pointer, attribute, value))
  }

  func add(_ rule: SystemCallRule, action: UInt32) throws(SandboxError) {
    let number = unsafe seccomp_syscall_resolve_name(rule.name)
    guard number != -1 else { throw .seccomp(step: "resolving \(rule.name)", code: -EINVAL) }
    let comparisons = rule.conditions.map {
      scmp_arg_cmp(arg: $0.argument, op: SCMP_CMP_MASKED_EQ, datum_a: $0.mask, datum_b: $0.value)
    }
    try check(
      "rule \(rule.name)",
      unsafe seccomp_rule_add_array(pointer, action, number, UInt32(comparisons.count), comparisons))
  }

  func load() throws(SandboxError) {
    try check("load", unsafe seccomp_load(pointer))
  }

  /// The BPF program, by way of a memory file.
  func program() throws(SandboxError) -> [UInt8] {
    var program: [UInt8] = []
    do throws(SystemError) {
      let file = FileDescriptor(owning: try checked("memfd_create", cl_memory_file()))
      let code = unsafe seccomp_export_bpf(pointer, file.raw)
      if code != 0 { throw SystemError("seccomp_export_bpf", -code) }
      _ = try file.read(into: &program, count: 65536, at: 0)
    } catch {
      throw .failed(step: "compiling the filter", error)
    }
    return program
  }

  private func check(_ step: String, _ code: Int32) throws(SandboxError) {
    if code != 0 { throw .seccomp(step: step, code: code) }
  }
}
