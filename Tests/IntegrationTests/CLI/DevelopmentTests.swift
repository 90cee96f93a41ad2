import Foundation
import Glibc
import Testing

/// An installation made by `dev up`, stopped with its owner.
final class DevelopmentInstallation {
  let state = try! TemporaryFolder()

  deinit { _ = try? run(["dev", "down"]) }

  func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Sidelight.Result {
    try Sidelight.run(arguments, environment: environment.merging(["SIDELIGHT_STATE": state.path]) { a, _ in a })
  }

  func up(_ command: [String], environment: [String: String] = [:]) throws {
    let result = try run(["dev", "up"] + command, environment: environment)
    try #require(result.status == 0, Comment(rawValue: result.error))
  }

  var record: [String: Any] {
    get throws {
      let data = try Data(contentsOf: URL(filePath: state.path("sidelight.json")))
      return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
  }

  func pids() throws -> [String: Int] {
    let record = try record
    var pids = try #require(record["agent_pids"] as? [String: Int])
    pids["broker"] = record["broker_pid"] as? Int
    pids["workload"] = record["workload_pid"] as? Int
    return pids
  }

  static func isRunning(_ pid: Int) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
    return !stat.contains(") Z ")
  }
}

@Suite("A development installation", .serialized)
struct DevelopmentTests {
  @Test("up, every look at it, and down; then up again with the same authority")
  func wholeLife() throws {
    let installation = DevelopmentInstallation()
    try installation.up(
      ["--", "sh", "-c", "echo one; sleep 300 & exec sleep 301"], environment: ["DB_PASSWORD": "correct-horse-7"])
    let pids = try installation.pids()
    #expect(Set(pids.keys) == ["opener", "collector", "endpoint", "broker", "workload"])
    #expect(pids.values.allSatisfy(DevelopmentInstallation.isRunning))

    let workload = try #require(pids["workload"])
    let tree = try installation.run(["ps", "--tree"])
    #expect(tree.output.contains("\(workload)") && tree.output.contains("└─ sleep  sleep 300"))
    let environment = try installation.run(["env", "\(workload)", "DB_PASSWORD"])
    #expect(environment.output.hasPrefix("DB_PASSWORD=‹"))
    #expect(!environment.output.contains("correct-horse-7"))
    #expect(try installation.run(["tail", "stdout"]).output == "one\n")
    #expect(try installation.run(["logs"]).output.contains("stderr"))
    #expect(try installation.run(["stat", "/etc/passwd"]).output.contains("regular"))
    #expect(try installation.run(["ls", "/etc"]).output.contains("passwd"))
    #expect(try installation.run(["posture"]).output.contains("strict"))
    #expect(try installation.run(["dev", "status"]).status == 0)

    let authority = try installation.state.read("ca/ca.crt")
    let again = try installation.run(["dev", "up", "--", "sleep", "9"])
    #expect(again.status == 65)
    #expect(again.error.contains("dev down"))
    #expect(try installation.run(["dev", "down"]).status == 0)
    #expect(!pids.values.contains(where: DevelopmentInstallation.isRunning))
    #expect(!FileManager.default.fileExists(atPath: installation.state.path("sidelight.json")))
    #expect(FileManager.default.fileExists(atPath: installation.state.path("audit/agent.jsonl")))
    #expect(try installation.run(["ps"]).status == 65)

    try installation.up(["--", "sleep", "300"])
    #expect(try installation.state.read("ca/ca.crt") == authority)
    #expect(try installation.run(["ps"]).status == 0)
  }

  @Test("a narrower token is refused what it leaves out, and says how to ask")
  func narrower() throws {
    let installation = DevelopmentInstallation()
    try installation.up(["--", "sleep", "300"])
    let record = try installation.record
    let token = try installation.run(["dev", "token", "--actions", "files.stat", "--paths", "/etc/**", "--ttl", "30s"])
    func curl(_ path: String) throws -> String {
      try Sidelight.run(
        program: "/usr/bin/env",
        [
          "curl", "-s", "-w", " %{http_code}", "--cacert", record["ca"] as? String ?? "", "--cert",
          record["client_certificate"] as? String ?? "", "--key", record["client_key"] as? String ?? "", "-H",
          "Authorization: Bearer \(token.output.dropLast())", "\(record["agent_url"] ?? "")\(path)",
        ]
      ).output
    }
    #expect(try curl("/v1/files?path=/etc/passwd").hasSuffix(" 200"))
    #expect(try curl("/v1/files?path=/var").contains("path_not_granted"))
    #expect(try curl("/v1/processes").contains("action_not_granted"))
  }

  @Test("a process that was there before is looked at and left alone")
  func existingProcess() throws {
    let installation = DevelopmentInstallation()
    let isRoot = getuid() == 0
    let log = installation.state.path("../\(UUID().uuidString).log")
    let victim = try Child(
      isRoot ? "/usr/bin/setpriv" : "/usr/bin/env",
      (isRoot ? ["--reuid", "65533", "--regid", "65533", "--clear-groups"] : []) + ["sleep", "300"], output: log,
      error: "/dev/null")
    defer {
      victim.stop()
      try? FileManager.default.removeItem(atPath: log)
    }
    // It is the other user's when it has become `sleep`.
    let deadline = Date().addingTimeInterval(60)
    while (try? String(contentsOfFile: "/proc/\(victim.pid)/comm", encoding: .utf8)) != "sleep\n", Date() < deadline {
      usleep(10_000)
    }
    try installation.up(["--pid", "\(victim.pid)"])
    #expect(try installation.run(["ps"]).output.contains("\(victim.pid)"))
    #expect(try installation.run(["logs"]).output.contains("stdout"))
    #expect(try installation.run(["dev", "down"]).status == 0)
    #expect(DevelopmentInstallation.isRunning(Int(victim.pid)))
  }

  @Test("a number that now belongs to another process is not touched")
  func reusedNumber() throws {
    let installation = DevelopmentInstallation()
    try installation.up(["--", "sleep", "300"])
    let bystander = try Child("/usr/bin/env", ["sleep", "300"], output: "/dev/null", error: "/dev/null")
    defer { bystander.stop() }
    let workload = try #require(try installation.pids()["workload"])
    let text = try installation.state.read("sidelight.json")
    try installation.state.write(
      "sidelight.json",
      text.replacing("\"workload_pid\":\(workload)", with: "\"workload_pid\":\(bystander.pid)"))
    let down = try installation.run(["dev", "down"])
    #expect(down.status == 0)
    #expect(down.output.contains("had ended already: workload"))
    #expect(DevelopmentInstallation.isRunning(Int(bystander.pid)))
    _ = kill(pid_t(workload), SIGKILL)
  }

  @Test("what cannot be started is said, and nothing stays behind")
  func failures() throws {
    let installation = DevelopmentInstallation()
    let plain = installation.state.path("../\(UUID().uuidString).txt")
    try "no program".write(toFile: plain, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: plain) }
    let cases: [([String], Int32, String)] = [
      (["--", "no-such-command-here"], 66, "command not found"), (["--", plain], 1, "not executable"),
      (["--", "sh", "-c", "echo last words >&2; exit 3"], 1, "last words"), (["--pid", "4194304"], 66, "no process"),
      (["--log", "a=relative", "--", "sleep", "1"], 64, "--log"),
      (["--log", "stdout=/x", "--", "sleep", "1"], 64, "same name"),
    ]
    for (arguments, status, words) in cases {
      let result = try installation.run(["dev", "up"] + arguments)
      #expect(result.status == status, "\(arguments): \(result.error)")
      #expect(result.error.contains(words), "\(arguments): \(result.error)")
      #expect(!FileManager.default.fileExists(atPath: installation.state.path("sidelight.json")))
      let left = try Sidelight.run(program: "/usr/bin/env", ["pgrep", "-f", installation.state.path])
      #expect(left.output.isEmpty, "\(arguments)")
    }
  }

  @Test(
    "as root: the command is searched as its user, and root's own processes are refused", .enabled(if: getuid() == 0))
  func root() throws {
    let installation = DevelopmentInstallation()
    let hidden = try TemporaryFolder()
    try hidden.write("sleep", "#!/bin/sh\necho wrong\nsleep 300\n")
    _ = unsafe chmod(hidden.path("sleep"), 0o755)
    _ = unsafe chmod(hidden.path, 0o700)
    try installation.up(
      ["--user", "4000:4001", "--", "sleep", "300"], environment: ["PATH": "\(hidden.path):/usr/bin:/bin"])
    let pids = try installation.pids()
    let workload = try #require(pids["workload"])
    let status = try String(contentsOfFile: "/proc/\(workload)/status", encoding: .utf8)
    #expect(status.contains("Uid:\t4000\t4000\t4000\t4000") && status.contains("Gid:\t4001\t4001\t4001\t4001"))
    #expect(status.contains("Groups:\t \n") && status.contains("CapPrm:\t0000000000000000"))
    #expect(try installation.run(["tail", "stdout"]).output.isEmpty)
    let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(workload)/fd")
    #expect(Set(files) == ["0", "1", "2"])
    for role in ["opener", "collector", "endpoint"] {
      let status = try String(contentsOfFile: "/proc/\(try #require(pids[role]))/status", encoding: .utf8)
      #expect(status.contains("Uid:\t4000\t4000\t4000\t4000") && status.contains("Groups:\t64990 "))
      for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        #expect(status.contains("\(set):\t0000000000000000"), "\(role) \(set)")
      }
    }
    let peek = try Sidelight.run(
      program: "/usr/bin/setpriv",
      [
        "--reuid", "4000", "--regid", "4001", "--clear-groups", "cat",
        installation.state.path("agent/credentials/tls.key"), "/proc/\(pids["endpoint"] ?? 0)/environ",
      ])
    #expect(peek.status != 0 && peek.output.isEmpty)
    let refused = try Sidelight.run(["dev", "up", "--state", hidden.path("s"), "--pid", "\(getpid())"])
    #expect(refused.status == 1)
    #expect(refused.error.contains("belongs to root"))
  }
}
