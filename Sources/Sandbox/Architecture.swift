/// A machine's system-call ABI, by the name that OCI profiles and libseccomp give it.
package enum Architecture: String, Sendable, CaseIterable {
  case amd64 = "SCMP_ARCH_X86_64"
  case x86 = "SCMP_ARCH_X86"
  case x32 = "SCMP_ARCH_X32"
  case arm64 = "SCMP_ARCH_AARCH64"
  case arm = "SCMP_ARCH_ARM"
  case mips = "SCMP_ARCH_MIPS"
  case mips64 = "SCMP_ARCH_MIPS64"
  case mips64n32 = "SCMP_ARCH_MIPS64N32"
  case mipsel = "SCMP_ARCH_MIPSEL"
  case mipsel64 = "SCMP_ARCH_MIPSEL64"
  case mipsel64n32 = "SCMP_ARCH_MIPSEL64N32"
  case ppc = "SCMP_ARCH_PPC"
  case ppc64 = "SCMP_ARCH_PPC64"
  case ppc64le = "SCMP_ARCH_PPC64LE"
  case s390 = "SCMP_ARCH_S390"
  case s390x = "SCMP_ARCH_S390X"
  case parisc = "SCMP_ARCH_PARISC"
  case parisc64 = "SCMP_ARCH_PARISC64"
  case riscv64 = "SCMP_ARCH_RISCV64"

  /// libseccomp's token, which is the kernel's `AUDIT_ARCH_*` (linux/audit.h) but for x32, which has one of its own.
  package var token: UInt32 {
    switch self {
    case .amd64: 0xC000_003E
    case .x86: 0x4000_0003
    case .x32: 0x4000_003E
    case .arm64: 0xC000_00B7
    case .arm: 0x4000_0028
    case .mips: 0x0000_0008
    case .mips64: 0x8000_0008
    case .mips64n32: 0xA000_0008
    case .mipsel: 0x4000_0008
    case .mipsel64: 0xC000_0008
    case .mipsel64n32: 0xE000_0008
    case .ppc: 0x0000_0014
    case .ppc64: 0x8000_0015
    case .ppc64le: 0xC000_0015
    case .s390: 0x0000_0016
    case .s390x: 0x8000_0016
    case .parisc: 0x0000_000F
    case .parisc64: 0x8000_000F
    case .riscv64: 0xC000_00F3
    }
  }

  /// What a filter sees in `seccomp_data.arch` (seccomp(2)): x32 calls come as x86-64's, with bit 30 of the number set.
  package var audited: UInt32 { self == .x32 ? Architecture.amd64.token : token }

  /// The architecture that this executable was compiled for.
  package static var native: Architecture {
    #if arch(arm64)
      .arm64
    #else
      .amd64
    #endif
  }

  /// The architectures that the project supports, and whose filters are made from the table.
  package static let supported: [Architecture] = [.amd64, .arm64]
}
