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

  /// Whatever numbers the descriptors have, and in whatever order. In a program in C: one in Swift has descriptors of its
  /// own at such numbers, and ends where they are taken from it.
  @Test(arguments: [
    [3, 4, 5], [5, 4, 3], [200, 201, 202], [202, 201, 200], [4, 200, 3], [201, 200, 5], [900, 3, 901],
  ])
  func descriptorsKeepTheirOrder(_ numbers: [Int]) throws {
    let folder = try Folder()
    let source = try folder.file("main.c", Array(Self.spawner.utf8))
    let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CLinux").path
    let program = folder.path + "/spawner"
    try #require(
      try Self.output(
        "gcc -I '\(sources)/include' -o '\(program)' '\(source)' '\(sources)/processes.c' 2>&3",
        environment: ["PATH=/usr/bin:/bin"]) == "")
    let arguments = numbers.map(String.init).joined(separator: " ")
    #expect(try Self.output("'\(program)' \(arguments) 3>&-; echo $? >&3") == "0\n")
  }

  /// Puts a socket at each number, each told from the others by its inode, and starts a shell that looks what it got.
  private static let spawner = """
    #define _GNU_SOURCE
    #include "CLinux.h"
    #include <stdio.h>
    #include <stdlib.h>
    #include <sys/socket.h>
    #include <sys/stat.h>
    #include <sys/wait.h>
    #include <unistd.h>

    int main(int count, char *words[]) {
      int numbers[3];
      unsigned long inodes[3];
      if (count != 4) return 1;
      for (int i = 0; i < 3; i++)
        if (dup2(2, numbers[i] = atoi(words[i + 1])) < 0) return 2;
      for (int i = 0; i < 3; i++) {
        int pair[2];
        struct stat status;
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || dup2(pair[1], numbers[i]) < 0) return 3;
        if (fstat(numbers[i], &status) < 0) return 4;
        inodes[i] = status.st_ino;
      }
      char script[400];
      snprintf(script, sizeof script,
               "test $(readlink /proc/self/fd/3) = 'socket:[%lu]' && test $(readlink /proc/self/fd/4) = 'socket:[%lu]' && "
               "test $(readlink /proc/self/fd/5) = 'socket:[%lu]' && ! test -e /proc/self/fd/6",
               inodes[0], inodes[1], inodes[2]);
      char *arguments[] = {"sh", "-c", script, NULL}, *environment[] = {"PATH=/usr/bin:/bin", NULL};
      int status, pid = cl_spawn("/bin/sh", arguments, environment, numbers, 3);
      return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 5;
    }
    """

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
