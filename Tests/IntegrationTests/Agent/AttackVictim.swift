import Foundation
import Glibc
import Linux
import Testing

/// What attacks are aimed at: a process, a file, a folder and a port, all of the attacker's own user, so that nothing
/// but the attacker's confinement protects them.
final class AttackVictim {
  static let user = "64123"

  private let folder = try! TemporaryFolder()
  private let process: Child
  private let listener: FileDescriptor
  private let datagrams: Int32

  init() throws {
    _ = unsafe chmod(folder.path, 0o755)
    for name in ["output", "error"] { try folder.write(name, "") }
    try #require(
      try Sidelight.run(
        program: "/usr/bin/install", ["-d", "-m", "777", "-o", Self.user, "-g", Self.user, folder.path("place")]
      ).status == 0)
    try folder.write("place/file", "the workload's own")
    try #require(
      unsafe chmod(folder.path("place/file"), 0o666) == 0 && chown(folder.path("place/file"), 64123, 64123) == 0)
    process = try Child(
      "/usr/bin/setpriv", ["--reuid", Self.user, "--regid", Self.user, "--clear-groups", "sleep", "300"],
      output: folder.path("output"), error: folder.path("error"))
    for _ in 0..<6000 where Self.text("/proc/\(process.pid)/comm") != "sleep\n" { usleep(10_000) }
    try #require(Self.text("/proc/\(process.pid)/comm") == "sleep\n")
    listener = try Sockets.listen(address: "127.0.0.1", port: 0)
    datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = try Sockets.localPort(of: listener).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let bound = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(datagrams, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(bound == 0)
  }

  deinit {
    process.stop()
    close(datagrams)
  }

  /// As AttackRole takes them.
  var words: [String] {
    get throws {
      [
        "\(process.pid)", folder.path("place/file"), folder.path("place"), "/bin/true",
        "\(try Sockets.localPort(of: listener))",
      ]
    }
  }

  /// All that an attack could have changed, and whether anybody has connected or sent something.
  var state: [String: String] {
    get throws {
      var state: [String: String] = [:]
      let stat = try Sidelight.run(
        program: "/usr/bin/stat",
        ["-c", "%n %i %f %h %u %g %s %b %y %z", folder.path("place/file"), folder.path("place")])
      state["metadata"] = stat.output
      state["content"] = Self.text(folder.path("place/file"))
      state["folder"] = try FileManager.default.contentsOfDirectory(atPath: folder.path("place")).sorted().joined(
        separator: ",")
      state["attributes"] = try Sidelight.run(
        program: "/usr/bin/python3",
        ["-c", "import os, sys; print(os.listxattr(sys.argv[1]))", folder.path("place/file")]
      ).output
      for name in ["comm", "limits", "oom_score_adj", "cmdline", "environ", "maps"] {
        state[name] = Self.text("/proc/\(process.pid)/\(name)")
      }
      let status = Self.text("/proc/\(process.pid)/status").split(separator: "\n")
      for label in ["State", "TracerPid", "Uid", "SigPnd", "ShdPnd", "Seccomp", "Cpus_allowed", "Threads", "FDSize"] {
        state[label] = status.first { $0.hasPrefix("\(label):") }.map(String.init)
      }
      // The nice value is the seventeenth field after the name.
      state["nice"] = Self.text("/proc/\(process.pid)/stat").split(separator: ")").last?.split(separator: " ")
        .dropFirst(16).first.map(String.init)
      let connection = accept(listener.raw, nil, nil)
      state["connections"] = connection >= 0 ? "one" : "none"
      if connection >= 0 { close(connection) }
      var byte: UInt8 = 0
      state["datagrams"] = unsafe recv(datagrams, &byte, 1, 0) >= 0 ? "one" : "none"
      return state
    }
  }

  private static func text(_ path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? "(gone)"
  }
}
