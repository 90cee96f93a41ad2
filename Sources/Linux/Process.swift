internal import CLinux
internal import Glibc

/// This process, and starting others.
package enum Process {
  /// This process's number, as the mounted /proc counts; read once. 0 where /proc cannot be read, without which nothing
  /// is confined (`Confinement.harden`).
  package static let pid: Int32 = {
    do throws(SystemError) { return try Identity().pid } catch { return 0 }
  }()

  /// Who this process is, as /proc/self/status has it (proc_pid_status(5)): one read instead of five calls.
  package struct Identity: Sendable, Equatable {
    package let pid: Int32
    package let parentPid: Int32
    /// Real, effective, saved and file system id, in this order.
    package let userIDs: [UInt32]
    package let groupIDs: [UInt32]

    /// The effective ids.
    package var userID: UInt32 { userIDs[1] }
    package var groupID: UInt32 { groupIDs[1] }
    /// Root in any of the four ids: from a saved one it is one call away.
    package var isRoot: Bool { userIDs.contains(0) }

    /// Reads it now.
    package init() throws(SystemError) {
      let file = try FileDescriptor.open(path: "/proc/self/status", .readFollowing)
      // Nobody else's file in its place: PROC_SUPER_MAGIC, include/uapi/linux/magic.h.
      guard try file.fileSystemMagic() == 0x9FA0 else { throw SystemError("/proc/self/status", Errno.invalid) }
      var text: [UInt8] = []
      // All of it stands before the groups, which alone can be long.
      _ = try file.read(into: &text, count: 4096)
      try self.init(status: text)
    }

    /// - Throws: EINVAL where the text is not of that form.
    package init(status text: [UInt8]) throws(SystemError) {
      var fields: [String: [UInt32]] = [:]
      for line in text.split(separator: 0x0A) {
        guard let colon = line.firstIndex(of: 0x3A) else { continue }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        guard ["Pid", "PPid", "Uid", "Gid"].contains(name), fields[name] == nil else { continue }
        let words = line[(colon + 1)...].split(separator: 0x09)
        let numbers = words.compactMap { UInt32(String(decoding: $0, as: UTF8.self)) }
        fields[name] = numbers.count == words.count ? numbers : []
      }
      guard let own = fields["Pid"], own.count == 1, let pid = Int32(exactly: own[0]), pid > 0,
        let parent = fields["PPid"], parent.count == 1, let parentPid = Int32(exactly: parent[0]),
        let userIDs = fields["Uid"], userIDs.count == 4, let groupIDs = fields["Gid"], groupIDs.count == 4
      else { throw SystemError("/proc/self/status", Errno.invalid) }
      self.pid = pid
      self.parentPid = parentPid
      self.userIDs = userIDs
      self.groupIDs = groupIDs
    }
  }

  /// How many threads this process has, counted in /proc/self/task; 2 stands for more than one.
  package static func threadCount() throws(SystemError) -> Int {
    let tasks = try FileDescriptor.open(path: "/proc/self/task", .readFollowing)
    return try DirectoryReader.names(in: tasks, limit: 2).names.count
  }

  /// Bytes of a memory page.
  package static let pageSize = Int(getpagesize())

  /// Ends at once, without exit handlers: nothing of ours needs them, and a filter forbids most of what they do.
  package static func exitNow(_ status: Int32) -> Never { cl_exit_now(status) }

  /// Starts `path`; `inherited[i]` becomes descriptor 3+i, 0–2 stay, all others are closed.
  package static func spawn(
    _ path: String, arguments: [String], environment: [String], inherited: [Int32]
  ) throws(SystemError) -> Int32 {
    let argv = CStringArray(arguments)
    let envp = CStringArray(environment)
    let result = withExtendedLifetime((argv, envp)) {
      // SAFETY: both arrays outlive the call; posix_spawn(3) keeps no pointer.
      unsafe cl_spawn(path, argv.pointer, envp.pointer, inherited, inherited.count)
    }
    return try checked("posix_spawn", result)
  }

  package static func raiseDescriptorLimit() throws(SystemError) {
    var limit = rlimit()
    // SAFETY: pointers to a local for each call.
    _ = try retrying("getrlimit") { Int(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)) }
    limit.rlim_cur = limit.rlim_max
    _ = try retrying("setrlimit") { Int(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)) }
  }

  /// Runs `body` for ever on a new thread with a stack of `stackKilobytes`. Signals are blocked there.
  package static func startThread(stackKilobytes: Int, _ body: @escaping @Sendable () -> Never) throws(SystemError) {
    let box = unsafe Unmanaged.passRetained(ThreadBody(body))
    // SAFETY: the retained box is handed to the new thread, which never returns and so never lets go of it.
    let result = unsafe cl_start_thread(
      { unsafe Unmanaged<ThreadBody>.fromOpaque($0!).takeUnretainedValue().body() }, box.toOpaque(), stackKilobytes)
    if result < 0 { unsafe box.release() }
    _ = try checked("pthread_create", result)
  }

  /// The linker's build id of this executable, hexadecimal; `unknown` where it was linked without one.
  package static var buildID: String {
    var bytes = [UInt8](repeating: 0, count: 32)
    // SAFETY: the array is live and exclusively ours for the call.
    let count = unsafe cl_build_id(&bytes, bytes.count)
    if count == 0 { return "unknown" }
    return bytes[..<count].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Blocks at least this long.
  package static func sleep(milliseconds: Int32) {
    do throws(SystemError) { _ = try Poll.wait([], timeoutMilliseconds: milliseconds) } catch {}
  }

  package static func tuneAllocator() { cl_tune_allocator() }
}

private final class ThreadBody: Sendable {
  let body: @Sendable () -> Never
  init(_ body: @escaping @Sendable () -> Never) { self.body = body }
}

/// A NULL-terminated array of C strings, freed with its owner.
@safe private final class CStringArray {
  let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ strings: [String]) {
    count = strings.count
    // SAFETY: allocated for count + 1 elements, all initialised here, freed in deinit.
    unsafe pointer = .allocate(capacity: count + 1)
    for (index, string) in strings.enumerated() { unsafe (pointer + index).initialize(to: strdup(string)) }
    unsafe (pointer + count).initialize(to: nil)
  }

  deinit {
    for index in 0..<count { unsafe free(pointer[index]) }
    unsafe pointer.deallocate()
  }
}
