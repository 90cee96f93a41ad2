import Foundation
import Glibc
import Testing

/// Files beside what stat(1), ls(1), lsattr(1) and cmp(1) say of the same ones.
@Suite("Files", .serialized)
struct FileTests {
  /// A folder that the workload's user may enter, with one of everything in it.
  private func sample() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    let script = """
      import os, socket, struct, sys
      os.chdir(sys.argv[1])
      open("plain", "w").write("x" * 5000)
      os.chmod("plain", 0o4751)
      os.utime("plain", ns=(1234567890123456789, 987654321000000007))
      with open("sparse", "w") as f: f.truncate(10_000_000); f.write("end")
      os.mkdir("folder"); os.chmod("folder", 0o1770)
      os.symlink("plain", "link"); os.link("plain", "other-name")
      os.mkfifo("fifo"); os.mknod("null", 0o20666, os.makedev(1, 3)); os.mknod("loop", 0o60600, os.makedev(7, 200))
      socket.socket(socket.AF_UNIX).bind("socket")
      open("empty", "w"); open(b"not-utf8-\\xff", "w"); open("new\\nline", "w")
      os.setxattr("plain", "user.note", b"value"); os.setxattr("plain", "user.second", b"")
      acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in [
          (1, 6, 0xFFFFFFFF), (2, 4, 65533), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)])
      open("listed", "w"); os.setxattr("listed", "system.posix_acl_access", acl)
      os.setxattr("folder", "system.posix_acl_default", acl)
      open("append", "w"); open("immutable", "w"); open("nodump", "w")
      """
    let made = try Sidelight.run(program: "/usr/bin/python3", ["-c", script, folder.path])
    try #require(made.status == 0, "\(made.error)")
    for (flag, name) in [("+a", "append"), ("+i", "immutable"), ("+d", "nodump")] {
      try #require(try Sidelight.run(program: "/usr/bin/chattr", [flag, folder.path(name)]).status == 0)
    }
    return folder
  }

  private func unlock(_ folder: borrowing TemporaryFolder) throws {
    for name in ["append", "immutable"] {
      _ = try Sidelight.run(program: "/usr/bin/chattr", ["-ai", folder.path(name)])
    }
  }

  @Test("every field agrees with stat, ls and lsattr, on one of everything")
  func sideBySide() throws {
    let folder = try sample()
    defer { try? unlock(folder) }
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    let names = [
      "plain", "sparse", "folder", "link", "other-name", "fifo", "null", "loop", "socket", "empty", "new\nline",
      "listed", "append", "immutable", "nodump", ".",
    ]
    let listing = try agent.get("/v1/directories?path=\(folder.path)", token: token).json
    let entries = try #require(listing["entries"] as? [[String: Any]])
    #expect(entries.count == names.count && listing["hidden"] as? Int == 0)
    for name in names {
      let query = name == "new\nline" ? "new%0Aline" : name
      let answer = try agent.get("/v1/files?path=\(folder.path)/\(query)", token: token)
      let file = try #require(try answer.json["file"] as? [String: Any], "\(name): \(answer.body)")
      let stat = try Sidelight.run(
        program: "/usr/bin/stat",
        ["--printf", "%s|%b|%a|%u|%g|%h|%i|%o|%Hd:%Ld|%Hr:%Lr|%F|%.9X|%.9Y|%.9Z|%.9W|%m", folder.path(name)]
      ).output.split(separator: "|").map(String.init)
      try #require(stat.count == 16, "\(stat)")
      func number(_ member: String) -> Int? { (file[member] as? NSNumber)?.intValue }
      #expect(number("size") == Int(stat[0]), "\(name)")
      #expect(number("allocated_bytes") == Int(stat[1]).map { $0 * 512 }, "\(name)")
      #expect((file["mode"] as? String).flatMap { Int($0, radix: 8) } == Int(stat[2], radix: 8), "\(name)")
      #expect(number("uid") == Int(stat[3]) && number("gid") == Int(stat[4]), "\(name)")
      #expect(number("links") == Int(stat[5]) && number("inode") == Int(stat[6]), "\(name)")
      #expect(number("block_size") == Int(stat[7]), "\(name)")
      #expect(file["device"] as? String == stat[8], "\(name)")
      let isDevice = name == "null" || name == "loop"
      #expect(file["special_device"] as? String == (isDevice ? stat[9] : nil), "\(name)")
      let kinds = [
        "regular file": "regular", "regular empty file": "regular", "directory": "directory",
        "symbolic link": "symlink", "fifo": "fifo", "socket": "socket", "character special file": "character_device",
        "block special file": "block_device",
      ]
      #expect(file["type"] as? String == kinds[stat[10]], "\(name)")
      for (member, place) in [("accessed", 11), ("modified", 12), ("changed", 13), ("born", 14)] {
        #expect(try Self.epoch(file[member] as? String ?? "") == stat[place], "\(name) \(member)")
      }
      #expect((try answer.json["mount"] as? [String: Any])?["point"] as? String == stat[15], "\(name)")
      #expect((file["unread"] as? [Any])?.isEmpty == true, "\(name): \(answer.body)")
      if file["type"] as? String == "regular" {
        #expect(file["sparse"] as? Bool == (name == "sparse"), "\(name)")
        let flags =
          try Sidelight.run(program: "/usr/bin/lsattr", ["-d", folder.path(name)]).output
          .split(separator: " ").first ?? ""
        let attributes = file["attributes"] as? [String] ?? []
        for (letter, word) in [("a", "append"), ("i", "immutable"), ("d", "nodump"), ("c", "compressed")] {
          #expect(attributes.contains(word) == flags.contains(letter), "\(name): \(flags) \(attributes)")
        }
      }
      // A listing says the same, less what it does not look up.
      guard name != "." else { continue }
      var listed = try #require(entries.first { $0["name"] as? String == name }, "\(name)")
      var whole = file
      for member in ["name", "extended_attributes", "access_control_lists"] {
        whole[member] = nil
        listed[member] = nil
      }
      #expect(NSDictionary(dictionary: whole) == NSDictionary(dictionary: listed), "\(name)")
    }
    func file(_ name: String) throws -> [String: Any] {
      try #require(
        try agent.get("/v1/files?path=\(folder.path)/\(name)", token: token).json["file"] as? [String: Any])
    }
    let attributes = try #require(try file("plain")["extended_attributes"] as? [[String: String]])
    #expect(Set(attributes.compactMap { $0["name"] }) == ["user.note", "user.second"])
    #expect(try file("plain")["access_control_lists"] as? [String] == [])
    #expect(try file("listed")["access_control_lists"] as? [String] == ["access"])
    #expect(try file("folder")["access_control_lists"] as? [String] == ["default"])
    #expect(try file("link")["target"] as? String == "plain")
    let odd = try #require(entries.first { $0["name_base64"] != nil })
    #expect(Data(base64Encoded: odd["name_base64"] as? String ?? "") == Data("not-utf8-".utf8) + [0xFF])
    // The values of extended attributes are nowhere.
    #expect(try !agent.get("/v1/files?path=\(folder.path)/plain", token: token).body.contains("\"value\""))
    // The order is that of ls(1) in the C locale.
    let order = try Sidelight.run(program: "/usr/bin/ls", ["-A", "-b", folder.path], environment: ["LC_ALL": "C"])
    let printed = order.output.split(separator: "\n").map {
      String($0).replacing("\\n", with: "\n").replacing("\\377", with: "\u{FFFD}")
    }
    let shown = entries.map { $0["name"] as? String ?? "" }
    #expect(printed == shown)
  }

  /// `seconds.nanoseconds` since 1970, as stat(1) prints it.
  private static func epoch(_ time: String) throws -> String {
    let date = try Date(time.prefix(19) + "Z", strategy: .iso8601)
    return "\(Int(date.timeIntervalSince1970)).\(time.dropFirst(20).dropLast())"
  }

  @Test("a digest tells equal from different, and nothing across grants")
  func digests() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    let secret = "listen = 0.0.0.0:8080\nupstream = db.internal:5432\n"
    for (name, text) in [("a", secret), ("b", secret), ("c", secret + " ")] {
      try folder.write(name, text)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.path(name))
    }
    try folder.write("private", secret)
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    func digest(_ name: String, _ token: String) throws -> String {
      let answer = try agent.get("/v1/files/digest?path=\(folder.path)/\(name)", token: token)
      return try #require(try answer.json["digest"] as? String, "\(answer.body)")
    }
    let a = try digest("a", token)
    #expect(try digest("b", token) == a && digest("c", token) != a)
    let other = try agent.token(claims: { $0["gid"] = "another-grant" })
    #expect(try digest("a", other) != a && digest("a", other) == digest("b", other))
    let plain = try Sidelight.run(program: "/usr/bin/sha256sum", [folder.path("a")]).output.prefix(64)
    #expect(a != plain)
    let unreadable = try agent.get("/v1/files/digest?path=\(folder.path)/private", token: token)
    #expect(unreadable.code == "target_unreadable")
    // What is read is charged, though the answer is short.
    let large = folder.path("large")
    try Data(repeating: 65, count: 200_000).write(to: URL(filePath: large))
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: large)
    let poor = try agent.narrowToken { $0["limits"] = ["bytes": 300_000] }
    #expect(try agent.get("/v1/files/digest?path=\(large)", token: poor).status == 200)
    let second = try agent.get("/v1/files/digest?path=\(large)", token: poor)
    #expect(second.code == "budget_exhausted")
    #expect(try second.json["limit"] as? String == "bytes")

    let lines = try agent.installation.run(["digest", folder.path("a"), folder.path("b"), folder.path("c")])
    let words = lines.output.split(separator: "\n").map { $0.split(separator: " ").first ?? "" }
    #expect(lines.status == 0 && words.count == 3 && words[0] == words[1] && words[0] != words[2])
    let partly = try agent.installation.run(["digest", folder.path("a"), folder.path("none")])
    #expect(partly.status == 66 && partly.output.contains(folder.path("a")) && partly.error.contains("file_not_found"))
  }

  @Test("a hundred thousand entries: all of them once, in bounded time and memory")
  func manyEntries() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    let count = 100_000
    let made = try Sidelight.run(
      program: "/usr/bin/python3",
      [
        "-c",
        "import os, sys; os.chdir(sys.argv[1]); [os.close(os.open(f'entry-{n:06}', os.O_CREAT | os.O_WRONLY)) for n in range(\(count))]",
        folder.path,
      ])
    try #require(made.status == 0, "\(made.error)")
    let agent = try AgentUnderTest(["sleep", "300"])
    let token = try agent.token()
    let started = Date()
    let first = try agent.get("/v1/directories?path=\(folder.path)&limit=100", token: token).json
    #expect((first["entries"] as? [Any])?.count == 100 && first["total"] as? Int == count)
    #expect(first["truncated"] as? Bool == true && first["changed"] as? Bool == false)
    print("first page of 100 of \(count): \(Date().timeIntervalSince(started)) s")
    // Pages of 10,000 are as much as is given at once; two of them, and the rest by the command.
    var cursor = ""
    var names: [String] = []
    for _ in 0..<2 {
      let page = try agent.get("/v1/directories?path=\(folder.path)&limit=10000\(cursor)", token: token)
      #expect(page.body.utf8.count < 5 << 20)
      names += (try page.json["entries"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
      cursor = "&cursor=\(try page.json["next"] as? String ?? "")"
      try agent.expectSmall()
    }
    #expect(names == (0..<names.count).map { "entry-" + String("\(1_000_000 + $0)".dropFirst()) })
    #expect(names.count > 10_000)
    let few = try agent.installation.run(["ls", "--limit", "150", folder.path])
    #expect(few.output.split(separator: "\n").count == 151 && few.error.contains("100000 entries"), "\(few.error)")
    let all = try agent.installation.run(["ls", "--all", folder.path])
    let lines = all.output.split(separator: "\n").dropFirst()
    #expect(all.status == 0 && lines.count == count && !all.error.contains("more"), "\(all.error)")
    #expect(lines.first?.hasSuffix("entry-000000") == true && lines.last?.hasSuffix("entry-099999") == true)
    print("all of \(count), with the two pages before: \(Date().timeIntervalSince(started)) s")
    try agent.expectSmall()
  }
}
