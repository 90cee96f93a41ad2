import Foundation
import Glibc
import Linux
import Synchronization
import Testing

struct ProcessTests {
  /// Starts a shell with descriptor 3 as a pipe, and returns what it wrote there.
  static func output(_ script: String, environment: [String] = [], also: [Int32] = []) throws -> String {
    let (left, right) = try Sockets.pair(.stream)
    let reader = FileDescriptor(owning: left)
    let pid = try Linux.Process.spawn(
      "/bin/sh", arguments: ["sh", "-c", script, "name", "an argument", ""], environment: environment,
      inherited: [right] + also)
    close(right)
    var got: [UInt8] = []
    while try reader.read(into: &got, count: 4096) > 0 {}
    var status: Int32 = 0
    #expect(unsafe waitpid(pid, &status, 0) == pid)
    #expect(status == 0)
    return String(decoding: got, as: UTF8.self)
  }

  @Test func argumentsAndEnvironment() throws {
    #expect(
      try Self.output("printf '%s|%s|%s|%s' \"$0\" \"$#\" \"$1\" \"$A\" >&3", environment: ["A=b c"])
        == "name|2|an argument|b c")
    #expect(try Self.output("tr '\\0' ' ' < /proc/self/environ >&3", environment: ["ONLY=this"]) == "ONLY=this ")
  }

  /// Nothing but 0 to 2 and what was given is open in the child, however the numbers lie here.
  @Test func onlyTheGivenDescriptorsAreInherited() throws {
    let folder = try Folder()
    let path = try folder.file("a")
    // Not close-on-exec, and with a high number too.
    let low = unsafe Glibc.open(path, O_RDONLY)
    let high = fcntl(low, F_DUPFD, 150)
    defer {
      close(low)
      close(high)
    }
    try #require(low >= 0 && high >= 150)
    let names = try Self.output("ls /proc/self/fd | tr '\\n' ' ' >&3", also: [high, low])
    // ls itself has one more, for the directory.
    #expect(names == "0 1 2 3 4 5 6 ")
    #expect(
      try Self.output("readlink /proc/self/fd/4 /proc/self/fd/5 >&3", also: [high, low]) == "\(path)\n\(path)\n")
  }

  /// Whatever numbers the descriptors have, and in whatever order.
  @Test(arguments: [
    [3, 4, 5], [5, 4, 3], [200, 201, 202], [202, 201, 200], [4, 200, 3], [201, 200, 5], [900, 3, 901],
  ])
  func descriptorsKeepTheirOrder(_ numbers: [Int]) async {
    await #expect(processExitsWith: .success) { [numbers = numbers as [Int]] in
      // Pipes: each is told from the others by its inode, and the last one takes the answer.
      for number in numbers {
        guard dup2(2, Int32(number)) >= 0 else { exit(1) }
      }
      var inodes: [UInt64] = []
      for number in numbers {
        let (left, right) = try Sockets.pair(.stream)
        guard left > 950 || dup2(right, Int32(number)) >= 0 else { exit(2) }
        inodes.append(try FileDescriptor.borrowing(Int32(number)) { fd throws(SystemError) in try fd.status().inode })
      }
      let expected = inodes.map { "socket:[\($0)]" }
      let script =
        "test \"$(readlink /proc/self/fd/3)\" = '\(expected[0])'"
        + " && test \"$(readlink /proc/self/fd/4)\" = '\(expected[1])'"
        + " && test \"$(readlink /proc/self/fd/5)\" = '\(expected[2])' && ! test -e /proc/self/fd/6"
      let pid = try Linux.Process.spawn(
        "/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH=/usr/bin:/bin"],
        inherited: numbers.map { Int32($0) })
      var status: Int32 = 0
      guard unsafe waitpid(pid, &status, 0) == pid, status == 0 else { exit(3) }
      exit(EXIT_SUCCESS)
    }
  }

  @Test func aMissingProgramIsAnError() {
    #expect(throws: SystemError("posix_spawn", ENOENT)) {
      try Linux.Process.spawn("/nonexistent", arguments: ["x"], environment: [], inherited: [])
    }
    #expect(throws: SystemError("posix_spawn", EBADF)) {
      try Linux.Process.spawn("/bin/true", arguments: ["x"], environment: [], inherited: [100_000])
    }
  }

  @Test("who this process is, as the calls for it say") func identity() throws {
    let identity = try Linux.Process.Identity()
    #expect(identity.userID == geteuid() && identity.userIDs[0] == getuid())
    #expect(identity.groupID == getegid() && identity.groupIDs[0] == getgid())
    #expect(identity.parentPid == getppid())
    #expect(Linux.Process.pid == getpid() && identity.pid == getpid())
    #expect(Linux.Process.pageSize == sysconf(Int32(_SC_PAGESIZE)))
  }

  @Test(
    "root in any of the four user ids is root; a name cannot pass for another field",
    arguments: [
      ("1\t2\t3\t4", false), ("0\t2\t3\t4", true), ("1\t0\t3\t4", true), ("1\t2\t0\t4", true), ("1\t2\t3\t0", true),
    ])
  func rootInAnyID(ids: String, isRoot: Bool) throws {
    let text = "Name:\tUid:\\n0\nPid:\t9\nPPid:\t7\nUid:\t\(ids)\nGid:\t5\t6\t7\t8\nUid:\t0\t0\t0\t0\n"
    let identity = try Linux.Process.Identity(status: Array(text.utf8))
    #expect(identity.isRoot == isRoot && identity.parentPid == 7 && identity.groupID == 6)
  }

  @Test(
    "a status that lacks an id tells nobody who this is",
    arguments: [
      "", "Pid:\t0\nPPid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n",
      "Pid:\t9\nPPid:\t7\nUid:\t1\t2\t3\t4\n", "Pid:\t9\nPPid:\t7\nUid:\t1\t2\t3\nGid:\t5\t6\t7\t8\n",
      "Pid:\t9\nPPid:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n",
      "Pid:\t9\nPPid:\t7\nUid:\t1\t2\t3\t-4\nGid:\t5\t6\t7\t8\n",
    ])
  func incompleteStatus(text: String) {
    #expect(throws: SystemError("/proc/self/status", EINVAL)) {
      try Linux.Process.Identity(status: Array(text.utf8))
    }
  }

  @Test func theBuildIDIsHexadecimal() {
    let id = Linux.Process.buildID
    #expect(id == "unknown" || (id.utf8.count >= 16 && id.allSatisfy { $0.isHexDigit && !$0.isUppercase }))
  }

  @Test func descriptorLimit() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 64, rlim_max: 256)
      guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { exit(1) }
      try Linux.Process.raiseDescriptorLimit()
      guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { exit(2) }
      exit(limit.rlim_cur == 256 ? EXIT_SUCCESS : EXIT_FAILURE)
    }
  }

  /// Worker threads leave signals to the thread that waits for them.
  @Test func threadsBlockSignals() async {
    await #expect(processExitsWith: .exitCode(42)) {
      try Linux.Process.startThread(stackKilobytes: 256) {
        let text = (try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("SigBlk:") } ?? ""
        let blocked = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
        for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1] where blocked >> UInt64(number - 1) & 1 == 0 {
          exit(1)
        }
        exit(42)
      }
      while true { pause() }
    }
  }

  @Test func leavingRunsNoHandlers() async {
    await #expect(processExitsWith: .exitCode(3)) {
      atexit { _exit(9) }
      Linux.Process.exitNow(3)
    }
  }
}
