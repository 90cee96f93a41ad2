internal import CLinux
internal import CSeccomp
internal import Glibc
internal import Linux

/// libseccomp's context, released with its owner. The only user of the library's filters.
@safe final class SeccompContext {
  private let pointer: scmp_filter_ctx

  /// Adds every rule of the source. A name that an architecture does not have is left out for it; one that nobody has
  /// is an error.
  init(_ source: FilterSource) throws(SandboxError) {
    // SAFETY: the pointer is owned by this object alone and released in deinit.
    guard let made = unsafe seccomp_init(source.defaultAction.code) else {
      throw .seccomp(step: "seccomp_init", code: -ENOMEM)
    }
    unsafe pointer = made
    try check(
      "attribute of other architectures",
      unsafe seccomp_attr_set(pointer, SCMP_FLTATR_ACT_BADARCH, source.otherArchitectures.code))
    try check("attribute TSYNC", unsafe seccomp_attr_set(pointer, SCMP_FLTATR_CTL_TSYNC, 1))
    // Binary search over call numbers.
    try check("attribute of the search", unsafe seccomp_attr_set(pointer, SCMP_FLTATR_CTL_OPTIMIZE, 2))
    for architecture in source.architectures {
      let result = unsafe seccomp_arch_add(pointer, architecture.token)
      if result != -EEXIST { try check("architecture \(architecture.rawValue)", result) }
    }
    if !source.architectures.contains(.native) {
      try check("leaving the native architecture", unsafe seccomp_arch_remove(pointer, Architecture.native.token))
    }
    for rule in source.rules { try add(rule) }
  }

  deinit {
    unsafe seccomp_release(pointer)
  }

  private func add(_ rule: FilterSource.Rule) throws(SandboxError) {
    let number = unsafe seccomp_syscall_resolve_name(rule.name)
    guard number != -1 else { throw .seccomp(step: "resolving \(rule.name)", code: -EINVAL) }
    let comparisons = rule.conditions.map {
      scmp_arg_cmp(arg: $0.argument, op: $0.operator.compare, datum_a: $0.value, datum_b: $0.second)
    }
    // SAFETY: the array is live for the call, which copies it.
    let result = unsafe seccomp_rule_add_array(
      pointer, rule.action.code, number, UInt32(comparisons.count), comparisons)
    // The same rule twice is not more than once.
    if result != -EEXIST { try check("rule \(rule.name)", result) }
  }

  func load() throws(SandboxError) {
    try check("load", unsafe seccomp_load(pointer))
  }

  /// The BPF program, by way of a socket: libseccomp writes it at once, as one message that is sent whole or not at all.
  func program() throws(SandboxError) -> [UInt8] {
    var program: [UInt8] = []
    do throws(SystemError) {
      let (own, library) = try Sockets.pair(.sequencedPacket)
      let reader = FileDescriptor(owning: own)
      let writer = FileDescriptor(owning: library)
      let code = unsafe seccomp_export_bpf(pointer, writer.raw)
      if code != 0 { throw SystemError("seccomp_export_bpf", -code) }
      // One instruction more than the kernel takes (BPF_MAXINSNS, include/uapi/linux/bpf_common.h), so that a longer
      // program is not taken for one that fits.
      _ = try reader.read(into: &program, count: 4097 * 8)
    } catch {
      throw .failed(step: "compiling the filter", error)
    }
    return program
  }

  private func check(_ step: String, _ code: Int32) throws(SandboxError) {
    if code != 0 { throw .seccomp(step: step, code: code) }
  }
}

extension FilterSource.Comparison.Operator {
  fileprivate var compare: scmp_compare {
    switch self {
    case .notEqual: SCMP_CMP_NE
    case .less: SCMP_CMP_LT
    case .lessOrEqual: SCMP_CMP_LE
    case .equal: SCMP_CMP_EQ
    case .greaterOrEqual: SCMP_CMP_GE
    case .greater: SCMP_CMP_GT
    case .maskedEqual: SCMP_CMP_MASKED_EQ
    }
  }
}
