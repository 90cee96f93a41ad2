internal import Linux
internal import ProcFS

/// One process in scope, through one held descriptor.
struct TargetProcess: ~Copyable {
  let directory: ProcessDirectory
  let stat: ProcessStat
  let identity: ProcessIdentity
  let container: String

  var place: StallWatch.Place { identity.place }

  /// Why the kernel would not let this agent look inside, from what everybody may read (DESIGN: the privilege matrix).
  borrowing func denialReason(own: Process.Identity) -> String {
    if stat.isZombie { return "zombie" }
    if stat.isKernelThread { return "kernel_thread" }
    let status: ProcessStatus
    do throws(ProcFSError) {
      status = try directory.status()
    } catch {
      return "gone"
    }
    if !status.uids.agree || status.uids.real != own.userID { return "different_uid" }
    if !status.gids.agree || status.gids.real != own.groupID { return "different_gid" }
    if status.capabilities.permitted != 0 { return "target_has_capabilities" }
    return "not_dumpable"
  }
}
