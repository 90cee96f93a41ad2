import Glibc
import Linux
import ProcFS
import Testing

/// A real process that runs a Python script until the value goes. The script calls `ready()` when it is as it should be.
struct Child: ~Copyable {
  let pid: Int32
  /// Held open: its other end tells when the child has come so far.
  private let socket: Linux.FileDescriptor

  init(_ script: String = "", arguments: [String] = [], environment: [String] = ["A=1"]) throws {
    let whole = """
      import ctypes, os, sys, time
      libc = ctypes.CDLL(None)
      def ready():
          os.write(3, b"r")
      \(script)
      ready()
      time.sleep(600)
      """
    let (left, right) = try Sockets.pair(.stream)
    let started = Result { () throws(SystemError) in
      try Linux.Process.spawn(
        "/usr/bin/python3", arguments: ["python3", "-I", "-c", whole] + arguments, environment: environment,
        inherited: [right])
    }
    Glibc.close(right)
    let ours = FileDescriptor(owning: left)
    let child = try started.get()
    var word: [UInt8] = []
    guard try ours.read(into: &word, count: 1) == 1 else { throw NotReady() }
    socket = ours
    pid = child
  }

  struct NotReady: Error {}

  deinit { end() }

  /// Ends it and takes its status, so that nothing of it is left. Twice does nothing more.
  func end() {
    kill(pid, SIGKILL)
    var status: Int32 = 0
    _ = unsafe waitpid(pid, &status, 0)
  }

  /// Ends it and leaves a zombie.
  func becomeZombie() throws {
    kill(pid, SIGKILL)
    var info = unsafe siginfo_t()
    try #require(unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == 0)
  }

  func directory() throws -> ProcessDirectory { try ProcFileSystem().open(pid) }
}
