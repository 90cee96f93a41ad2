internal import CCapability
internal import CLinux
internal import Linux

/// The calling thread's Linux capabilities, through libcap.
package enum Capabilities {
  /// Refuses if the effective, permitted, inheritable or ambient set holds anything.
  package static func requireNone() throws(SandboxError) {
    guard let state = unsafe cap_get_proc() else {
      throw .failed(step: "cap_get_proc", SystemError("capget", Errno.invalid))
    }
    defer { unsafe cap_free(UnsafeMutableRawPointer(state)) }
    for (set, name) in [(CAP_EFFECTIVE, "effective"), (CAP_PERMITTED, "permitted"), (CAP_INHERITABLE, "inheritable")] {
      var held: [Int32] = []
      for capability in 0..<Int32(cap_max_bits()) {
        var flag = CAP_CLEAR
        if unsafe cap_get_flag(state, capability, set, &flag) == 0, flag == CAP_SET { held.append(capability) }
      }
      if !held.isEmpty { throw .capabilityLeft(set: name, value: held.map { "\($0)" }.joined(separator: ",")) }
    }
    for capability in 0..<Int32(cap_max_bits()) where cap_get_ambient(capability) == 1 {
      throw .capabilityLeft(set: "ambient", value: "\(capability)")
    }
  }

  /// Empties every set that a process without privileges can empty: ambient, effective, permitted, inheritable.
  package static func clear() throws(SandboxError) {
    guard cap_reset_ambient() == 0 else {
      throw .failed(step: "cap_reset_ambient", SystemError("prctl", Errno.notPermitted))
    }
    guard let empty = unsafe cap_init() else {
      throw .failed(step: "cap_init", SystemError("cap_init", Errno.invalid))
    }
    defer { unsafe cap_free(UnsafeMutableRawPointer(empty)) }
    guard unsafe cap_set_proc(empty) == 0 else {
      throw .failed(step: "cap_set_proc", SystemError("capset", Errno.notPermitted))
    }
  }

  /// The securebits of this thread, PR_GET_SECUREBITS.
  package static func securebits() throws(SandboxError) -> UInt32 {
    do throws(SystemError) {
      return UInt32(try checked("prctl", cl_get_securebits()))
    } catch {
      throw .failed(step: "PR_GET_SECUREBITS", error)
    }
  }

  /// Whether the bounding set is empty. Only the container's runtime (`drop: [ALL]`) or a privileged launcher can empty it.
  package static var boundingSetIsEmpty: Bool {
    for capability in 0..<Int32(64) where cl_bounding_set_read(capability) == 1 { return false }
    return true
  }
}
