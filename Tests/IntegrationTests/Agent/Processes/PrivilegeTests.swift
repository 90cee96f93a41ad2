import Foundation
import Glibc
import Testing

/// What the kernel lets a process of the same user see of another, row by row, and what it does not and why.
@Suite("Privileges and identity", .serialized, .enabled(if: getuid() == 0, "needs root to make each kind of process"))
struct PrivilegeTests {
  @Test("each row of the matrix: the tree shows all, and what is denied says why")
  func matrix() throws {
    let tree = try PrivilegedTree()
    let agent = try AgentUnderTest([], options: ["--pid", "\(tree.top)"])
    let token = try agent.token()
    let list = try agent.processes(token: token)
    #expect(Set(tree.pids.values).isSubset(of: list.compactMap { $0["pid"] as? Int }))
    let gated = [
      "executable", "executable_deleted", "executable_inode", "working_directory", "root_directory", "namespaces",
      "proportional_bytes",
    ]
    let open = [
      "command", "state", "uids", "gids", "capabilities", "seccomp", "start_time", "resident_bytes", "open_descriptors",
      "limits", "cgroup", "oom_score", "policy", "run_nanoseconds", "namespace_pids",
    ]
    let rows: [(name: String, reason: String?)] = [
      ("normal", nil), ("capable", "target_has_capabilities"), ("group", "different_gid"), ("other", "different_uid"),
      ("effective", "different_uid"), ("root", "different_uid"), ("undumpable", "not_dumpable"),
      ("unreadable", "not_dumpable"),
    ]
    for row in rows {
      let pid = try #require(tree.pids[row.name])
      let process = try agent.process(pid, fields: "all", token: token)
      for field in open {
        #expect(process[field] != nil && AgentUnderTest.status(field, in: process) == nil, "\(row.name) \(field)")
      }
      #expect((process["arguments"] as? [String])?.isEmpty == false, "\(row.name)")
      for field in gated {
        let status = AgentUnderTest.status(field, in: process)
        #expect(status == row.reason.map { "denied \($0)" }, "\(row.name) \(field)")
        #expect((process[field] == nil) == (row.reason != nil), "\(row.name) \(field)")
      }
      let id = try #require(process["id"] as? String)
      let environment = try agent.get("/v1/processes/\(id)/environment", token: token)
      if let reason = row.reason {
        #expect(environment.status == 422 && environment.code == "target_unreadable", "\(row.name)")
        #expect(try environment.json["reason"] as? String == reason, "\(row.name)")
      } else {
        #expect(environment.status == 200 && environment.body.contains("DB_PASSWORD"))
        #expect(!environment.body.contains("tree-Zq8"))
      }
    }
    let zombie = try agent.process(try #require(tree.pids["zombie"]), fields: "all", token: token)
    for field in gated { #expect(AgentUnderTest.status(field, in: zombie) == "empty zombie", "\(field)") }
    let id = try #require(zombie["id"] as? String)
    let environment = try agent.get("/v1/processes/\(id)/environment", token: token)
    #expect(try environment.status == 422 && (environment.json["reason"] as? String) == "zombie", "\(environment.body)")
    // For people: the reason in place of the value.
    let table = try agent.installation.run(["ps", "\(try #require(tree.pids["other"]))"])
    #expect(table.output.contains("(denied: different_uid)"), "\(table.output)\(table.error)")
    try agent.expectSmall()
  }

  @Test("a pid that is taken again, by clone3 with set_tid: the old id is gone, and never the new process")
  func reuse() throws {
    let tree = try PrivilegedTree()
    let agent = try AgentUnderTest([], options: ["--pid", "\(tree.top)"])
    let token = try agent.token()
    // A number that is free and will stay so for a while: far from where the kernel counts.
    let largest = try #require(Int(try String(contentsOfFile: "/proc/sys/kernel/pid_max", encoding: .utf8).dropLast()))
    let pid = try #require(
      (largest - 4000..<largest - 1).first { !FileManager.default.fileExists(atPath: "/proc/\($0)") })
    #expect(try tree.restart(pid: pid) == ["\(pid)", "0"])
    var ids: [String] = []
    for _ in 0..<20 {
      let token = try agent.token()
      let process = try agent.process(pid, fields: "default", token: token)
      let id = try #require(process["id"] as? String)
      #expect(!ids.contains(id), "another process is another id")
      ids.append(id)
      #expect(try tree.restart(pid: pid) == ["\(pid)", "0"])
      for old in ids {
        for path in ["/v1/processes/\(old)", "/v1/processes/\(old)/environment", "/v1/processes?root=\(old)"] {
          let answer = try agent.get(path, token: token)
          #expect(answer.status == 410 && answer.code == "process_gone", "\(path)")
        }
      }
    }
    // Every part of an id counts.
    let id = try #require(try agent.process(pid, fields: "pid", token: token)["id"] as? String)
    let parts = try #require(id.wholeMatch(of: /([0-9]+)@([0-9]+)\.([0-9]+)-([0-9a-f]{8})/)?.output)
    let start = try #require(Int(parts.2))
    let inode = try #require(Int(parts.3))
    for other in [
      "\(parts.1)@\(start + 1).\(inode)-\(parts.4)", "\(parts.1)@\(start).\(inode + 1)-\(parts.4)",
      "\(parts.1)@\(start)-\(parts.4)",
      "\(parts.1)@\(start).\(inode)-\(parts.4 == "00000000" ? "00000001" : "00000000")",
    ] {
      #expect(try agent.get("/v1/processes/\(other)", token: token).code == "process_gone", "\(other)")
    }
    #expect(try agent.get("/v1/processes/\(id)", token: token).status == 200)
  }

  @Test("a parent that the grant does not include: its children are orphans, and no total tells of it")
  func orphans() throws {
    let tree = try PrivilegedTree()
    let agent = try AgentUnderTest([], options: ["--pid", "\(tree.top)"])
    let narrow = try agent.narrowToken { $0["processes"] = ["/usr/bin/python3*"] }
    let answer = try agent.get("/v1/processes?fields=default,subtree,depth,children", token: narrow)
    let processes = try #require(try answer.json["processes"] as? [[String: Any]])
    // Where the kernel does not tell the executable only a grant of all includes the process.
    #expect(processes.isEmpty)
    #expect(try answer.json["hidden"] as? Int == tree.pids.count + 1)
    let sleepers = try agent.narrowToken { $0["processes"] = ["/usr/bin/sleep"] }
    let shown = try agent.get("/v1/processes?fields=subtree,depth,children", token: sleepers)
    let both = try #require(try shown.json["processes"] as? [[String: Any]])
    let normal = try #require(tree.pids["normal"])
    #expect(Set(both.compactMap { $0["pid"] as? Int }) == [tree.top, normal])
    let top = try #require(both.first { $0["pid"] as? Int == tree.top })
    #expect((top["subtree"] as? [String: Any])?["processes"] as? Int == 2)
    #expect(top["children"] as? [Int] == [normal])
    #expect(try shown.json["hidden"] as? Int == tree.pids.count - 1)
  }
}
