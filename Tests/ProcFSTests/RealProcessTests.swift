import Foundation
import Glibc
import Linux
import ProcFS
import Testing

/// The readers on the /proc of this machine, with processes made for the purpose.
struct RealProcessTests {
  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func aProcessOfOurOwn() throws {
    let child = try Child(
      arguments: ["one", "", "two words"], environment: ["A=1", "EMPTY=", "no equals", "A=2", "É=é"])
    let directory = try child.directory()
    let stat = try directory.stat()
    #expect(stat.pid == child.pid && stat.parent == getpid() && Self.text(stat.command) == "python3")
    #expect("RS".utf8.contains(stat.state) && stat.threads == 1 && stat.residentPages > 100)
    #expect(stat.virtualBytes > UInt64(stat.residentPages) * UInt64(Process.pageSize))
    let started = stat.startTime * 10_000_000
    #expect(started <= Clock.boot() && Clock.boot() - started < 60_000_000_000)
    let status = try directory.status()
    #expect(status.uids.agree && status.uids.real == getuid() && status.gids.real == getgid())
    let line = try directory.read("cmdline").text
    let arguments = CommandLine(line.span)
    #expect(arguments.arguments.suffix(3).map(Self.text) == ["one", "", "two words"] && !arguments.titleRewritten)
    let block = try directory.read("environ").text
    #expect(NULSeparated.records(block.span).records.map(Self.text) == ["A=1", "EMPTY=", "no equals", "A=2", "É=é"])
    #expect(try directory.threads(limit: 10) == [child.pid])
    // 0, 1, 2 and the socket.
    #expect(try directory.openDescriptors() == 4, "nil would be a kernel before 6.2")
    let limits = try directory.read("limits").text
    #expect(ResourceLimits(limits.span).rows.count == 16)
    #expect(ResourceLimits(limits.span).rows.first { $0.name == "Max open files" }?.unit == "files")
    #expect(try directory.isDumpable() == (getuid() != 0))
  }

  @Test(arguments: [
    ") R 1 1\n", "((", "a) Z 0 (b", "\u{1B}[2J", " ", "Uid:\t0\t0\t0\t0", "\u{202E}é",
  ])
  func hostileNames(_ name: String) throws {
    let literal = "bytes([" + name.utf8.map { "\($0)" }.joined(separator: ",") + "])"
    let child = try Child("libc.prctl(15, \(literal), 0, 0, 0)")
    let directory = try child.directory()
    let stat = try directory.stat()
    #expect(stat.command == Array(name.utf8))
    #expect(stat.parent == getpid() && stat.pid == child.pid && "RS".utf8.contains(stat.state))
    #expect(try directory.status().uids.real == getuid())
  }

  /// A process that writes over its arguments, as setproctitle(3) does.
  @Test func aRewrittenTitle() throws {
    let child = try Child(
      """
      fields = open('/proc/self/stat', 'rb').read().rsplit(b')', 1)[1].split()
      start, end = int(fields[45]), int(fields[46])
      title = b'worker: password=hunter2'
      with open('/proc/self/mem', 'r+b', buffering=0) as memory:
          memory.seek(start)
          memory.write(title.ljust(end - start, b'\\0'))
      """, arguments: [String(repeating: "x", count: 100)])
    let line = try child.directory().read("cmdline").text
    let parsed = CommandLine(line.span)
    #expect(parsed.titleRewritten && parsed.arguments.map(Self.text) == ["worker: password=hunter2"])
  }

  @Test func readsStopAtTheirLimit() throws {
    let child = try Child(arguments: [String(repeating: "a", count: 100_000)])
    let directory = try child.directory()
    for limit in [1, 100, 4096, 4097, 65536] {
      let (text, truncated) = try directory.read("cmdline", limit: limit)
      #expect(text.count == limit && truncated)
    }
    let (whole, truncated) = try directory.read("cmdline", limit: 1 << 20)
    #expect(whole.count > 100_000 && !truncated)
    let (exact, more) = try directory.read("cmdline", limit: whole.count)
    #expect(exact == whole && !more)
    #expect(try directory.read("cmdline", limit: 0).text.isEmpty)
  }

  @Test func threadsAreListed() throws {
    let child = try Child(
      "import threading\nfor _ in range(20): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()")
    let directory = try child.directory()
    let threads = try directory.threads(limit: 1000)
    #expect(threads.count == 21 && threads.contains(child.pid))
    #expect(try directory.stat().threads == 21)
    #expect(try directory.threads(limit: 5).count == 5)
  }

  /// Through a held directory a process that has ended is gone, whoever has its number next.
  @Test func aDeadProcessIsGone() throws {
    let child = try Child()
    let directory = try child.directory()
    _ = try directory.stat()
    child.end()
    #expect(throws: ProcFSError.gone) { try directory.stat() }
    #expect(throws: ProcFSError.gone) { try directory.status() }
    #expect(throws: ProcFSError.gone) { try directory.read("cmdline") }
    #expect(throws: ProcFSError.gone) { try directory.read("environ") }
    #expect(throws: ProcFSError.gone) { try directory.read("cgroup") }
    #expect(throws: ProcFSError.gone) { try directory.threads(limit: 1) }
    #expect(throws: ProcFSError.gone) { try directory.openDescriptors() }
    #expect(throws: ProcFSError.gone) { try directory.isDumpable() }
  }

  @Test func aFileThatWasOpenedBeforeTheEnd() throws {
    let child = try Child()
    let file = try child.directory().descriptor.open("stat", .read)
    let environment = try child.directory().descriptor.open("environ", .read)
    child.end()
    #expect(throws: SystemError("read", ESRCH)) { try ProcessDirectory.read(file, limit: 100) }
    #expect(try ProcessDirectory.read(environment, limit: 100).text.isEmpty)
  }

  @Test func zombies() throws {
    let child = try Child()
    let directory = try child.directory()
    try child.becomeZombie()
    let stat = try directory.stat()
    #expect(stat.isZombie && stat.pid == child.pid)
    #expect(try directory.read("cmdline").text.isEmpty)
    let (text, truncated) = try directory.read("cmdline")
    #expect(CommandLine(text.span).arguments.isEmpty && !truncated)
    #expect(try directory.status().uids.real == getuid())
  }

  @Test func theInodeTellsProcessesApart() throws {
    let first = try Child()
    let second = try Child()
    let inode = try #require(try first.directory().pidfsInode())
    #expect(try first.directory().pidfsInode() == inode)
    #expect(try second.directory().pidfsInode() != inode)
    #expect(try ProcFileSystem().open(getpid()).pidfsInode() != inode)
  }

  /// The same number taken again: another inode, and the held directory stays gone.
  @Test func aNumberThatIsTakenAgain() throws {
    let first = try Child()
    let held = try first.directory()
    let inode = try held.pidfsInode()
    let pid = first.pid
    first.end()
    // Other tests start processes meanwhile, so it may take some tries.
    for _ in 0..<200 {
      try Data("\(pid - 1)".utf8).write(to: URL(fileURLWithPath: "/proc/sys/kernel/ns_last_pid"))
      let next = try Linux.Process.spawn("/bin/sleep", arguments: ["sleep", "600"], environment: [], inherited: [])
      defer {
        kill(next, SIGKILL)
        var status: Int32 = 0
        _ = unsafe waitpid(next, &status, 0)
      }
      guard next == pid else { continue }
      #expect(throws: ProcFSError.gone) { try held.stat() }
      #expect(throws: ProcFSError.gone) { try held.read("environ") }
      let fresh = try ProcFileSystem().open(pid)
      #expect(try fresh.pidfsInode() != inode)
      #expect(try fresh.stat().parent == getpid())
      return
    }
    Issue.record("the number was never taken again")
  }

  @Test func whatDoesNotExistIsGone() throws {
    let proc = try ProcFileSystem()
    #expect(throws: ProcFSError.gone) { _ = try proc.open(Int32.max) }
    #expect(throws: ProcFSError.gone) { _ = try proc.open(0) }
    #expect(throws: ProcFSError.gone) { _ = try ProcFileSystem(path: "/nonexistent") }
    #expect(throws: ProcFSError.gone) { try proc.open(getpid()).read("nonexistent") }
  }

  /// A name of several components leads nowhere else: only what the code writes is opened.
  @Test func linksInTheDirectoryAreNotFollowed() throws {
    let directory = try ProcFileSystem().open(getpid())
    #expect(throws: ProcFSError.self) { try directory.read("exe") }
    #expect(throws: ProcFSError.self) { try directory.read("cwd") }
  }

  @Test func theListOfProcesses() throws {
    let child = try Child()
    let proc = try ProcFileSystem()
    let (pids, truncated) = try proc.processIDs(limit: 100_000)
    #expect(!truncated && Set(pids).isSuperset(of: [1, getpid(), child.pid]) && Set(pids).count == pids.count)
    #expect(pids.allSatisfy { $0 > 0 })
    // /proc/self and its like are no processes.
    let (some, cut) = try proc.processIDs(limit: 3)
    #expect(cut && some.count <= 3)
  }

  @Test func ownDescriptors() throws {
    let proc = try ProcFileSystem()
    let root = try FileDescriptor.open(path: "/", .path)
    let mounts = try proc.read("self/mountinfo")
    let table = MountTable(mounts.span)
    let id = try proc.mountID(ofOwnDescriptor: root.raw)
    #expect(table[id] != nil)
    let procRoot = try FileDescriptor.open(path: "/proc", .path)
    let procID = try proc.mountID(ofOwnDescriptor: procRoot.raw)
    #expect(table[procID]?.fileSystem == "proc")
    #expect(Self.text(try proc.path(ofOwnDescriptor: procRoot.raw)) == "/proc")
    #expect(throws: ProcFSError.gone) { try proc.mountID(ofOwnDescriptor: 99_999) }
    #expect(Self.text(try proc.read("sys/kernel/osrelease")).contains("."))
  }

  /// What ps(1) says of every process that was there the whole time.
  @Test func agreesWithPs() throws {
    struct Facts: Equatable {
      var parent: Int32
      var user: UInt32
      var group: UInt32
      var bytes: UInt64
      var start: UInt64
    }
    func look() throws -> [Int32: Facts] {
      let proc = try ProcFileSystem()
      var found: [Int32: Facts] = [:]
      let (pids, _) = try proc.processIDs(limit: 100_000)
      for pid in pids {
        // One that has ended meanwhile is left out.
        do throws(ProcFSError) {
          let directory = try proc.open(pid)
          let stat = try directory.stat()
          let status = try directory.status()
          found[pid] = Facts(
            parent: stat.parent, user: status.uids.effective, group: status.gids.effective, bytes: stat.virtualBytes,
            start: stat.startTime)
        } catch {
          #expect(error == .gone)
        }
      }
      return found
    }
    let child = try Child("libc.prctl(15, b'a (b) c', 0, 0, 0)")
    let before = try look()
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/bin/ps")
    process.arguments = ["-eo", "pid=,ppid=,euid=,egid=,vsz=,comm="]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let after = try look()
    var compared = 0
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 5)
      guard words.count == 6, let pid = Int32(words[0]), let facts = after[pid], before[pid] == facts else { continue }
      #expect("\(facts.parent) \(facts.user) \(facts.group)" == words[1..<4].joined(separator: " "))
      // The size of a process that works may change and change back between the looks; the child only sleeps.
      if pid == child.pid { #expect(words[4] == "\(facts.bytes / 1024)" && words[5] == "a (b) c") }
      compared += 1
    }
    #expect(compared >= 10 && output.contains("a (b) c"))
  }
}
