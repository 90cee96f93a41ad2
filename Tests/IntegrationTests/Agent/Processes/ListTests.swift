import Foundation
import Glibc
import Testing

/// Lists: what they open, how they go on, and that they say what other programs say.
@Suite("Lists of processes", .serialized)
struct ListTests {
  /// Every open of the agent's three processes while `body` runs.
  static func traced(_ agent: AgentUnderTest, _ body: () throws -> Void) throws -> [String] {
    let folder = try TemporaryFolder()
    let trace = folder.path("trace")
    let pids = agent.pids.values.flatMap { ["-p", "\($0)"] }
    let strace = try Child(
      "/usr/bin/strace", ["-f", "-qq", "-e", "trace=open,openat,openat2", "-o", trace] + pids, output: folder.path("o"),
      error: folder.path("e"))
    defer { strace.stop() }
    let deadline = Date().addingTimeInterval(30)
    func isTraced(_ pid: Int) -> Bool {
      let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
      return status.contains("TracerPid:\t\(strace.pid)\n")
    }
    while !agent.pids.values.allSatisfy(isTraced), Date() < deadline { usleep(10_000) }
    try #require(agent.pids.values.allSatisfy(isTraced))
    try body()
    usleep(200_000)
    kill(strace.pid, SIGTERM)
    while agent.pids.values.contains(where: isTraced), Date() < deadline { usleep(10_000) }
    return try folder.read("trace").split(separator: "\n").map(String.init)
  }

  @Test(
    "a list opens no environ, maps or smaps for itself; secrets are surveyed for free text alone, once for each process",
    .enabled(if: getuid() == 0, "needs root to trace the agent"))
  func opens() throws {
    let agent = try AgentUnderTest(["sh", "-c", "for i in 1 2 3 4 5; do sleep 30$i & done; wait"])
    let token = try agent.token()
    let deadline = Date().addingTimeInterval(60)
    func count() throws -> Int {
      try #require(try agent.get("/v1/processes?fields=pid", token: token).json["processes"] as? [Any]).count
    }
    while try count() < 6, Date() < deadline { usleep(50_000) }
    // All that is no free text of a process: no environment, by anybody, whatever else is asked for.
    let plain = "kind,state,threads,credentials,time,cpu,memory,children,subtree,limits,open_descriptors,namespaces"
    let quiet = try Self.traced(agent) {
      for _ in 0..<3 {
        let answer = try agent.get("/v1/processes?fields=\(plain)&sort=-cpu_milliseconds", token: token)
        #expect(answer.status == 200, "\(answer.body)")
      }
    }
    #expect(quiet.contains { $0.contains("\"stat\"") } && quiet.contains { $0.contains("\"ns/pid\"") })
    for line in quiet {
      #expect(!line.contains("environ") && !line.contains("\"maps") && !line.contains("smaps"), "\(line)")
      #expect(!line.contains("cmdline") && !line.contains("\"mem\""), "\(line)")
    }
    // The default list: the collector opens none of them either. The survey does, through the opener.
    let loud = try Self.traced(agent) {
      for _ in 0..<3 {
        let answer = try agent.get("/v1/processes", token: token)
        #expect(answer.status == 200)
      }
    }
    let opener = try #require(agent.pids["opener"])
    let environs = loud.filter { $0.contains("environ") }
    #expect(environs.count == 6, "one for each process, not one for each list: \(environs)")
    #expect(environs.allSatisfy { $0.hasPrefix("\(opener) ") }, "\(environs)")
    #expect(loud.contains { $0.contains("\"cmdline\"") })
    for line in loud {
      #expect(!line.contains("\"maps") && !line.contains("smaps") && !line.contains("\"mem\""), "\(line)")
    }
  }

  @Test("pages: every process once, in order, with a sealed cursor of its own list; and a tree of the parts")
  func pages() throws {
    let agent = try AgentUnderTest(["sh", "-c", "for i in $(seq 60); do sleep 300 & done; wait"])
    let token = try agent.token()
    let deadline = Date().addingTimeInterval(60)
    while try agent.processes(token: token).count < 61, Date() < deadline { usleep(50_000) }
    for sort in ["start_time", "-start_time", "pid", "-pid", "threads", "-virtual_bytes"] {
      var seen: [Int] = []
      var cursor: String?
      var parts = 0
      repeat {
        let answer = try agent.get(
          "/v1/processes?fields=default&limit=7&sort=\(sort)" + (cursor.map { "&cursor=\($0)" } ?? ""), token: token)
        let part = try #require(try answer.json["processes"] as? [[String: Any]], "\(answer.body)")
        #expect(part.count <= 7)
        seen += part.compactMap { $0["pid"] as? Int }
        cursor = try answer.json["next"] as? String
        #expect(try answer.json["truncated"] as? Bool == (cursor != nil))
        #expect(try answer.json["orphans"] as? Int == 0, "parents in another part are no unknown ones")
        parts += 1
      } while cursor != nil && parts < 20
      #expect(parts == 9 && seen.count == 61 && Set(seen).count == 61, "\(sort)")
      if sort == "pid" { #expect(seen == seen.sorted()) }
      if sort == "-pid" { #expect(seen == seen.sorted(by: >)) }
      if sort == "start_time" { #expect(seen.first == agent.workload) }
    }
    // A cursor is good for its own question and session only.
    let next = try #require(try agent.get("/v1/processes?limit=7", token: token).json["next"] as? String)
    #expect(try agent.get("/v1/processes?limit=50&fields=pid&cursor=\(next)", token: token).status == 200)
    for query in [
      "sort=pid&cursor=\(next)", "depth=1&cursor=\(next)", "cursor=\(next.dropLast())", "cursor=A\(next.dropFirst())",
    ] {
      #expect(try agent.get("/v1/processes?\(query)", token: token).code == "invalid_parameter", "\(query)")
    }
    // The command line: a part, and the whole.
    let few = try agent.installation.run(["ps", "--sort", "age", "--limit", "3"])
    #expect(few.status == 0 && few.output.split(separator: "\n").count == 4 && few.error.contains("there are more"))
    #expect(try agent.installation.run(["ps", "--tree"]).output.split(separator: "\n").count == 62)
    let top = try agent.installation.run(["ps", "--root", "\(agent.workload)", "--depth", "0"])
    #expect(top.output.split(separator: "\n").count == 2, "\(top.output)\(top.error)")
    let chosen = try agent.installation.run(["ps", "--fields", "command,nice,swap_bytes,login_uid", "--limit", "1"])
    #expect(
      chosen.output.split(separator: "\n").first?.split(separator: " ") == [
        "PID", "COMMAND", "LOGIN_UID", "NICE", "SWAP_BYTES",
      ])
    for wrong in [
      ["--limit", "0"], ["--tree", "--sort", "cpu"], ["--depth", "-1"], ["--sort", "name"], ["--fields", "x"],
      ["1", "--tree"],
    ] {
      #expect(try agent.installation.run(["ps"] + wrong).status == 64, "\(wrong)")
    }
    try agent.expectSmall()
  }

  /// Field by field beside ps(1), between two looks of ours: what stays must be equal, what grows must lie between.
  @Test("the same pids, parents, states, sizes and times as ps and pstree on a busy machine")
  func sideBySide() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        def busy():
            name(b'busy')
            while True:
                block = bytearray(os.urandom(1) * 300000)
                for _ in range(20000): pass
        def nested(levels):
            name(b'nested')
            if levels: child(lambda: nested(levels - 1))
            stay()
        def many():
            name(b'many')
            for _ in range(7): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
            os.nice(5)
            stay()
        def churn():
            name(b'churn')
            while True:
                pid = os.fork()
                if pid == 0: os._exit(0)
                os.waitpid(pid, 0)
        def leader():
            os.setsid(); name(b'leader'); stay()
        for body in (busy, lambda: nested(5), many, churn, leader): child(body)
        child(lambda: None)
        for _ in range(5): subprocess.Popen(['sleep', '600'])
        time.sleep(0.5)
        ready()
        stay()
        """))
    _ = try PythonWorkload.words(agent)
    let token = try agent.token()
    let columns = [
      "pid", "ppid", "pgid", "sid", "euid", "ruid", "egid", "nlwp", "ni", "vsz", "rss", "min_flt", "maj_flt",
      "cputimes",
      "etimes", "s", "tty", "comm",
    ]
    func look() throws -> [Int: [String: Any]] {
      let answer = try agent.get("/v1/processes?fields=process,credentials,time,cpu,memory", token: token)
      let list = try #require(try answer.json["processes"] as? [[String: Any]], "\(answer.body)")
      return Dictionary(uniqueKeysWithValues: list.map { ($0["pid"] as? Int ?? 0, $0) })
    }
    var compared = 0
    for _ in 0..<5 {
      let before = try look()
      let ps = try Sidelight.run(program: "/usr/bin/ps", ["-eo", columns.map { "\($0)=" }.joined(separator: ",")])
      let after = try look()
      let rows = ps.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 17).map(String.init) }
      for row in rows where row.count == columns.count {
        let said = Dictionary(uniqueKeysWithValues: zip(columns, row.map { $0.trimmingCharacters(in: .whitespaces) }))
        guard let pid = Int(said["pid"] ?? ""), let old = before[pid], let new = after[pid],
          old["id"] as? String == new["id"] as? String
        else { continue }
        Self.compare(said, old, new)
        compared += 1
      }
      // Whoever was there before and after, ps has seen too.
      let theirs = Set(rows.compactMap { Int($0[0]) })
      for (pid, old) in before where after[pid]?["id"] as? String == old["id"] as? String {
        #expect(theirs.contains(pid), "\(pid)")
      }
    }
    #expect(compared >= 50, "\(compared)")
    try Self.comparePstree(agent, look)
    try agent.expectSmall()
  }

  private static func compare(_ said: [String: String], _ old: [String: Any], _ new: [String: Any]) {
    let name = said["comm"] ?? ""
    func same(_ column: String, _ field: String, _ value: (Any?) -> String?) {
      // What changed meanwhile may be either.
      let ours = [value(old[field]), value(new[field])]
      guard ours[0] == ours[1] else { return }
      #expect(said[column] == ours[0], "\(name) \(column): \(said[column] ?? "") and \(field) \(ours)")
    }
    func between(_ column: String, _ field: String, unit: Int, _ slack: Int = 0) {
      guard let theirs = Int(said[column] ?? ""), let first = (old[field] as? Int).map({ $0 / unit }),
        let last = (new[field] as? Int).map({ $0 / unit })
      else {
        Issue.record("\(name) \(column) or \(field) is missing")
        return
      }
      #expect(
        (min(first, last) - slack...max(first, last) + slack).contains(theirs),
        "\(name) \(column): \(theirs), ours \(first) to \(last)")
    }
    for (column, field) in [
      ("ppid", "ppid"), ("pgid", "process_group"), ("sid", "session"), ("euid", "uid"), ("egid", "gid"),
      ("nlwp", "threads"), ("ni", "nice"),
    ] {
      same(column, field) { ($0 as? Int).map(String.init) }
    }
    same("ruid", "uids") { ($0 as? [Int])?.first.map(String.init) }
    same("tty", "terminal") { $0 as? String ?? "?" }
    if old["kind"] as? String != "zombie" { same("comm", "command") { $0 as? String } }
    if name != "busy", name != "churn" {
      same("s", "state") { $0 as? String }
      between("vsz", "virtual_bytes", unit: 1024)
      between("rss", "resident_bytes", unit: 1024, 256)
    }
    between("min_flt", "minor_faults", unit: 1)
    between("maj_flt", "major_faults", unit: 1)
    between("cputimes", "cpu_milliseconds", unit: 1000)
    between("etimes", "age_seconds", unit: 1, 1)
  }

  /// The lines of pstree(1), as pairs of child and parent.
  private static func comparePstree(_ agent: AgentUnderTest, _ look: () throws -> [Int: [String: Any]]) throws {
    let before = try look()
    let drawn = try Sidelight.run(program: "/usr/bin/pstree", ["-p", "-A", "-T", "-l", "\(agent.workload)"])
    let after = try look()
    var parents: [Int: Int] = [:]
    var stack: [(column: Int, pid: Int)] = []
    for line in drawn.output.split(separator: "\n") {
      for match in String(line).matches(of: /[A-Za-z0-9_.]+\(([0-9]+)\)/) {
        let column = String(line)[..<match.range.lowerBound].count
        guard let pid = Int(match.output.1) else { continue }
        while let last = stack.last, last.column >= column { stack.removeLast() }
        if let parent = stack.last { parents[pid] = parent.pid }
        stack.append((column, pid))
      }
    }
    #expect(parents.count >= 15, "\(drawn.output)")
    for (pid, process) in before where after[pid]?["ppid"] as? Int == process["ppid"] as? Int && pid != agent.workload {
      guard let parent = parents[pid] else { continue }
      #expect(process["ppid"] as? Int == parent, "\(pid)")
      let parentID = process["parent"] as? String
      #expect(parentID == before[parent]?["id"] as? String, "\(pid)")
    }
    let missing = before.keys.filter { after[$0] != nil && $0 != agent.workload && parents[$0] == nil }
    #expect(missing.isEmpty, "\(missing)\n\(drawn.output)")
  }

  @Test(
    "an opener that does not answer: what needs it is stalled, soon, and the rest is answered",
    .enabled(if: getuid() == 0, "needs root to stop the opener"))
  func stalled() throws {
    let agent = try AgentUnderTest(["sh", "-c", "for i in $(seq 20); do sleep 300 & done; wait"])
    let token = try agent.token()
    let opener = pid_t(try #require(agent.pids["opener"]))
    kill(opener, SIGSTOP)
    defer { kill(opener, SIGCONT) }
    let start = Date()
    let answer = try agent.get(
      "/v1/processes?fields=state,threads,open_descriptors,namespaces,executable", token: token)
    #expect(answer.code == "target_unresponsive", "executables need the secrets: \(answer.body)")
    let plain = try agent.get("/v1/processes?fields=state,threads,open_descriptors,namespaces", token: token)
    let processes = try #require(try plain.json["processes"] as? [[String: Any]], "\(plain.body)")
    #expect(!processes.isEmpty && Date().timeIntervalSince(start) < 8)
    for process in processes {
      #expect(AgentUnderTest.status("namespaces", in: process) == "stalled" && process["open_descriptors"] != nil)
    }
    #expect(try agent.get("/v1/processes?fields=cpu,memory,credentials", token: token).status == 200)
    kill(opener, SIGCONT)
    #expect(try agent.get("/v1/processes", token: token).status == 200)
  }
}
