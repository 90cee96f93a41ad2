internal import CLinux
internal import Glibc

/// This process, and starting others.
package enum Process {
  /// Who this process is. Asked once, before the filter, and remembered: no role needs the calls afterwards.
  package struct Identity: Sendable {
    package let pid: Int32
    package let parentPid: Int32
    package let userID: UInt32
    package let groupID: UInt32

    fileprivate init() {
      pid = getpid()
      parentPid = getppid()
      userID = geteuid()
      groupID = getegid()
    }
  }
  package static let identity = Identity()

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
