import Foundation
import Glibc
import Testing

/// What the agent says of its own confinement, beside what the kernel says, and what it does where a part is missing.
@Suite("Posture", .serialized, .enabled(if: getuid() == 0, "these start the agent in odd ways"))
struct PostureTests {
  private static let profiles = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "profiles").path

  private func roles(_ posture: [String: Any]) throws -> [String: [String: Any]] {
    let list = try #require(posture["processes"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: list.compactMap { role in (role["role"] as? String).map { ($0, role) } })
  }

  @Test("every field that the kernel can tell is what the kernel tells")
  func asTheKernelTells() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let posture = try agent.get("/v1/posture", token: agent.token()).json
    #expect(posture["missing"] as? [String] == [])
    #expect(posture["architecture"] as? String == "x86_64" || posture["architecture"] as? String == "aarch64")
    for (name, role) in try roles(posture) {
      let pid = try #require(agent.pids[name])
      #expect(role["pid"] as? Int == pid)
      let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      func line(_ label: String) -> [String] {
        (status.split(separator: "\n").first { $0.hasPrefix("\(label):") } ?? "").split(separator: "\t").dropFirst()
          .map(String.init)
      }
      for (label, field) in [("Uid", "uids"), ("Gid", "gids")] {
        let ids = try #require(role[field] as? [String: Int])
        #expect(["real", "effective", "saved", "file_system"].map { ids[$0].map(String.init) ?? "" } == line(label))
      }
      let sets = try #require(role["capabilities"] as? [String: String])
      for (label, set) in [
        ("CapInh", "inheritable"), ("CapPrm", "permitted"), ("CapEff", "effective"), ("CapBnd", "bounding"),
        ("CapAmb", "ambient"),
      ] { #expect(line(label) == [sets[set] ?? ""]) }
      #expect(line("Seccomp_filters") == ["\(role["seccomp_filters"] as? Int ?? -1)"])
      #expect(line("Threads") == ["\(role["threads"] as? Int ?? -1)"] && role["threads_alike"] as? Bool == true)
      // `dev up` as root locks them all.
      #expect(role["securebits"] as? Int == 0xEF)
      let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
      for limit in try #require(role["limits"] as? [[String: String]]) {
        let label = [
          "core_file_size": "Max core file size", "file_size": "Max file size", "open_files": "Max open files",
        ]
        let row = limits.split(separator: "\n").first { $0.hasPrefix(label[limit["name"] ?? ""] ?? "?") } ?? ""
        let values = row.dropFirst(26).split(separator: " ").map(String.init)
        #expect(values.first == limit["soft"] && values.dropFirst().first == limit["hard"])
      }
      let tests = try #require(role["self_test"] as? [[String: String]])
      #expect(tests.allSatisfy { $0["after"] == "refused" } && tests.count >= 2)
    }
  }

  /// A process cannot read its filter back; root with ptrace(2) can, and hashes it by itself.
  @Test("the digest is of the program that the kernel holds, in every thread")
  func digestOfTheKernelsProgram() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let posture = try roles(try agent.get("/v1/posture", token: agent.token()).json)
    let script = """
      import ctypes, hashlib, os, sys
      libc = ctypes.CDLL(None, use_errno=True)
      libc.ptrace.argtypes, libc.ptrace.restype = [ctypes.c_long] * 4, ctypes.c_long
      def ptrace(*arguments):
          result = libc.ptrace(*arguments)
          if result < 0:
              sys.exit(f"ptrace {arguments}: {os.strerror(ctypes.get_errno())}")
          return result
      for thread in sorted(os.listdir(f"/proc/{sys.argv[1]}/task")):
          thread = int(thread)
          ptrace(0x4206, thread, 0, 0)  # PTRACE_SEIZE
          ptrace(0x4207, thread, 0, 0)  # PTRACE_INTERRUPT
          os.waitpid(thread, 0x40000000)  # __WALL
          count = ptrace(0x420C, thread, 0, 0)  # PTRACE_SECCOMP_GET_FILTER: the number of instructions
          program = ctypes.create_string_buffer(count * 8)
          ptrace(0x420C, thread, 0, ctypes.addressof(program))
          print(hashlib.sha256(program.raw).hexdigest())
          ptrace(17, thread, 0, 0)  # PTRACE_DETACH
      """
    for (name, role) in posture {
      let pid = try #require(agent.pids[name])
      let result = try Sidelight.run(program: "/usr/bin/python3", ["-c", script, "\(pid)"])
      let digests = result.output.split(separator: "\n").map(String.init)
      #expect(digests.count == role["threads"] as? Int, "\(name): \(result.error)")
      #expect(digests.allSatisfy { $0 == role["seccomp_digest"] as? String }, "\(name)")
    }
    // It has been looked at and goes on.
    #expect(try agent.get("/v1/posture", token: agent.token()).status == 200)
  }

  @Test("posture --verify: 0 where it is what the repository holds, 1 where it differs, 65 for a folder of no use")
  func verify() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let good = try agent.installation.run(["posture", "--verify", Self.profiles])
    #expect(good.status == 0 && !good.output.contains("DIFFERS"), "\(good.output)\(good.error)")
    let json = try agent.installation.run(["posture", "--verify", Self.profiles, "-o", "json"])
    #expect(json.status == 0 && json.output.hasPrefix(#"{"verified":true"#))

    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: Self.profiles + "/digests.json", encoding: .utf8)
    // One digit of one digest.
    let digest = try #require(text.split(separator: "\"").first { $0.utf8.count == 64 })
    let other = (digest.first == "0" ? "1" : "0") + digest.dropFirst()
    try folder.write("digests.json", text.replacing(digest, with: other))
    let differs = try agent.installation.run(["posture", "--verify", folder.path])
    #expect(differs.status == 1)
    #expect(differs.output.split(separator: "\n").filter { $0.hasPrefix("DIFFERS") }.count == 1)
    #expect(
      try agent.installation.run(["posture", "--verify", folder.path, "-o", "json"]).output.contains(
        #""verified":false"#))
    for broken in [
      "", "{}", "[]", text + "x", text.replacing("opener", with: "broker"), text.replacing(digest, with: "abc"),
      text.replacing("\"filters\"", with: "\"filter\""),
    ] {
      try folder.write("digests.json", broken)
      let refused = try agent.installation.run(["posture", "--verify", folder.path])
      #expect(refused.status == 65 && refused.output.isEmpty, "\(broken)")
    }
    #expect(try agent.installation.run(["posture", "--verify", "/nonexistent"]).status == 65)
  }

  @Test("without Landlock strict does not start, and best-effort serves and says what is missing, everywhere")
  func withoutLandlock() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let strict = try Relaunch(agent, .init(withoutLandlock: true), options: [])
    #expect(strict.ending() == 77)
    #expect(
      strict.log.contains("without Landlock") && strict.log.contains("--confinement=best-effort"), "\(strict.log)")

    let relaxed = try Relaunch(agent, .init(withoutLandlock: true), options: ["--confinement=best-effort"])
    let answer = try relaxed.answer("/v1/posture")
    try #require(answer.status == 200, "\(answer.body) \(relaxed.log)")
    let posture = try answer.json
    #expect(posture["confinement"] as? String == "best-effort" && posture["landlock_abi"] as? Int == 0)
    #expect(posture["missing"] as? [String] == ["landlock"])
    for (_, role) in try roles(posture) {
      #expect(role["landlock"] as? Bool == false && role["dumpable"] as? Bool == false)
      // The launcher's and its own.
      #expect(role["seccomp_filters"] as? Int == 2)
      #expect((role["self_test"] as? [[String: String]])?.allSatisfy { $0["after"] == "refused" } == true)
    }
    #expect(relaxed.log.contains("best-effort confinement without: landlock"), "\(relaxed.log)")
    // It looks as it does otherwise, and masks.
    let id = try agent.workloadID(token: agent.token())
    #expect(try agent.get("/v1/processes/\(id)/environment", token: agent.token()).status == 200)
    let verified = try agent.installation.run(["posture", "--verify", Self.profiles])
    #expect(verified.status == 1 && verified.error.contains("landlock"), "\(verified.error)")
  }

  @Test("from a readable executable strict does not start, and best-effort says so")
  func readableExecutable() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let strict = try Relaunch(agent, .init(executableMode: "755"), options: [])
    #expect(strict.ending() == 77)
    let relaxed = try Relaunch(agent, .init(executableMode: "755"), options: ["--confinement", "best-effort"])
    let answer = try relaxed.answer("/v1/posture")
    #expect(try answer.json["missing"] as? [String] == ["unreadable_executable"], "\(answer.body) \(relaxed.log)")
    for (_, role) in try roles(answer.json) { #expect(role["dumpable"] as? Bool == false) }
  }

  @Test("a full bounding set: said on a machine; in a pod, where drop: [ALL] empties it, a reason not to serve")
  func boundingSet() throws {
    let agent = try AgentUnderTest(["sleep", "300"])
    let machine = try Relaunch(agent, .init(keepsBoundingSet: true), options: [])
    let answer = try machine.answer("/v1/posture")
    #expect(try answer.json["missing"] as? [String] == ["bounding_set"], "\(answer.body) \(machine.log)")
    let verified = try agent.installation.run(["posture", "--verify", Self.profiles])
    #expect(verified.status == 0 && verified.error.contains("bounding_set"))
    #expect(try agent.installation.run(["posture"]).output.contains("bounding_set"))
    _ = machine.stop()

    let pod: (String) -> String = { text in
      text.replacing(/"scope":\{[^}]*\}/, with: #""scope":{"type":"pod"}"#)
    }
    let inPod = try Relaunch(agent, .init(keepsBoundingSet: true, configuration: pod), options: [])
    #expect(inPod.ending() == 70)
    #expect(inPod.log.contains("drop: [ALL]"), "\(inPod.log)")
    let relaxed = try Relaunch(
      agent, .init(keepsBoundingSet: true, configuration: pod), options: ["--confinement=best-effort"])
    #expect(try relaxed.answer("/v1/posture").json["missing"] as? [String] == ["bounding_set"])
    _ = relaxed.stop()
    let dropped = try Relaunch(agent, .init(configuration: pod), options: [])
    #expect(try dropped.answer("/v1/posture").json["missing"] as? [String] == [])
  }
}
