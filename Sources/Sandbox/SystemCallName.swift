internal import CSeccomp
internal import Glibc

/// Names and numbers of system calls, as libseccomp knows them.
package enum SystemCallName {
  /// The number on an architecture; nil where it has no such call, or where nobody has.
  package static func number(of name: String, on architecture: Architecture) -> Int32? {
    let number = unsafe seccomp_syscall_resolve_name_arch(architecture.token, name)
    return number >= 0 ? number : nil
  }

  /// Whether libseccomp knows the name on any architecture. A container runtime passes over what it does not know.
  package static func isKnown(_ name: String) -> Bool {
    // __NR_SCMP_ERROR; calls that only other architectures have are negative numbers below it.
    unsafe seccomp_syscall_resolve_name(name) != -1
  }

  /// The name of a number as a filter sees it, where `architecture` is the one audited: x32's are found by bit 30.
  package static func name(of number: UInt32, on architecture: Architecture) -> String? {
    let own = architecture == .amd64 && number & 0x4000_0000 != 0 ? Architecture.x32 : architecture
    // SAFETY: libseccomp allocates the string, which is copied and freed here.
    guard let text = unsafe seccomp_syscall_resolve_num_arch(own.token, Int32(bitPattern: number)) else { return nil }
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }

  /// The release of the library, such as 2.5.4.
  package static var libraryVersion: String {
    // SAFETY: a pointer to a static structure of the library, or NULL.
    guard let version = unsafe seccomp_version() else { return "unknown" }
    return unsafe "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.micro)"
  }
}
