import Foundation
import Glibc
import Linux
import Testing

/// A scope with processes that a workload could not make itself: of other users, with capabilities, with chosen pids.
/// Made by root, which then becomes the workload's user; what it does on request, a child that stays root does.
final class PrivilegedTree {
  let folder: TemporaryFolder
  let top: Int
  /// By name.
  private(set) var pids: [String: Int] = [:]
  private let child: Child

  /// Uid and gid of the scope's top.
  static let user = 65534

  init() throws {
    folder = try TemporaryFolder()
    _ = unsafe chmod(folder.path, 0o755)
    try folder.write("tree.py", Self.script)
    child = try Child(
      "/usr/bin/python3", ["-I", folder.path("tree.py"), folder.path], environment: ["DB_PASSWORD": "tree-Zq8-77-hush"],
      output: folder.path("output"), error: folder.path("error"))
    top = Int(child.pid)
    let words = try answer(1)
    for word in words {
      let pair = word.split(separator: "=")
      if pair.count == 2 { pids[String(pair[0])] = Int(pair[1]) }
    }
  }

  deinit {
    // The children of a killed parent go on: each is ended by its own number.
    for pid in pids.values where pid > 0 { kill(pid_t(pid), SIGKILL) }
    if let spawned = try? folder.read("spawned") {
      for line in spawned.split(separator: "\n") { if let pid = pid_t(line), pid > 0 { kill(pid, SIGKILL) } }
    }
    child.stop()
  }

  /// The n-th line of output.
  private func answer(_ number: Int) throws -> [String] {
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline {
      let lines = ((try? folder.read("output")) ?? "").split(separator: "\n", omittingEmptySubsequences: false)
      if lines.count > number { return lines[number - 1].split(separator: " ").map(String.init) }
      usleep(10_000)
    }
    Issue.record("the tree did not answer: \((try? folder.read("error")) ?? "")")
    return []
  }

  private var requests = 1

  /// Ends the process that has been started for `pid` before, if any, and starts another with this very pid.
  func restart(pid: Int) throws -> [String] {
    requests += 1
    try folder.write("request", "\(pid)\n")
    kill(pid_t(try #require(pids["root"])), SIGUSR1)
    return try answer(requests)
  }

  private static let script = #"""
    import ctypes, os, signal, struct, subprocess, sys, time
    folder = sys.argv[1]
    libc = ctypes.CDLL(None, use_errno=True)
    user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    pids = {}
    def start(name, arguments):
        pids[name] = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid
    start("normal", user + ["sleep", "600"])
    start("capable", user + ["--inh-caps", "+net_raw", "--ambient-caps", "+net_raw", "sleep", "601"])
    start("group", ["setpriv", "--reuid", "65534", "--regid", "1234", "--clear-groups", "sleep", "602"])
    start("other", ["setpriv", "--reuid", "1234", "--regid", "65534", "--clear-groups", "sleep", "603"])
    start("effective", ["setpriv", "--ruid", "65534", "--euid", "1234", "--regid", "65534", "--clear-groups", "sleep", "604"])
    start("undumpable", user + ["/usr/bin/python3", "-I", "-c", "import ctypes, time; ctypes.CDLL(None).prctl(4, 0); time.sleep(600)"])
    subprocess.run(["install", "-m", "711", "/usr/bin/sleep", folder + "/unreadable"], check=True)
    plainly = "import os, sys; os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534); os.execv(sys.argv[1], sys.argv[1:])"
    start("unreadable", ["/usr/bin/python3", "-I", "-c", plainly, folder + "/unreadable", "605"])
    pids["zombie"] = os.fork()
    if pids["zombie"] == 0: os._exit(3)

    def worker():
        # Stays root, and starts processes with chosen pids (clone3 with set_tid).
        last = [0]
        count = [0]
        def spawn(wanted):
            if last[0]:
                os.kill(last[0], signal.SIGKILL)
                os.waitpid(last[0], 0)
            ids = (ctypes.c_int * 1)(wanted)
            arguments = struct.pack("<11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(ids), 1, 0)
            pid = libc.syscall(435, arguments, len(arguments))
            if pid == 0:
                libc.execl(b"/usr/bin/sleep", b"sleep", b"600", None)
                os._exit(9)
            last[0] = max(pid, 0)
            if pid > 0:
                with open(folder + "/spawned", "a") as f: f.write(f"{pid}\n")
            print(pid, ctypes.get_errno(), flush=True)
        while True:
            signal.sigwait({signal.SIGUSR1})
            spawn(int(open(folder + "/request").read()))

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    pids["root"] = os.fork()
    if pids["root"] == 0: worker()
    time.sleep(0.5)
    print(*[f"{name}={pid}" for name, pid in pids.items()], flush=True)
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    # Readable again by its own user, as any program that was started by it.
    os.execv("/usr/bin/sleep", ["sleep", "599"])
    """#
}
