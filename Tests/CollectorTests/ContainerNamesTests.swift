import Foundation
import Glibc
import Linux
import ProcFS
import StrictJSON
import Testing

@testable import Collector

@Suite("Names of containers")
struct ContainerNamesTests {
  private static let id = String(repeating: "0a1b2c3d", count: 8)

  private func read(_ containers: String) throws(JSONError) -> [ContainerNames.Configured] {
    try ConfigurationTests.read(["scope": "{\"type\":\"pod\"}", "containers": containers]).containers
  }

  @Test("names with the first digits of an id, or all of them")
  func configuration() throws {
    let containers = try read(
      """
      [{"name":"app","id":"\(Self.id)"},{"name":"db","id":"ffff00001111"}]
      """)
    #expect(containers == [.init(name: "app", id: Self.id), .init(name: "db", id: "ffff00001111")])
    #expect(try ConfigurationTests.read().containers.isEmpty)
  }

  @Test(
    "what could name two containers, or none, stops the start",
    arguments: [
      #"[{"name":"app"}]"#, #"[{"id":"0a1b2c3d0a1b"}]"#, #"[{"name":"","id":"0a1b2c3d0a1b"}]"#,
      #"[{"name":"a/b","id":"0a1b2c3d0a1b"}]"#, #"[{"name":"a","id":"0a1b2c3d0a1"}]"#,
      #"[{"name":"a","id":"0A1B2C3D0A1B"}]"#, #"[{"name":"a","id":"0a1b2c3d0a1b","image":"x"}]"#,
      #"[{"name":"a","id":"0a1b2c3d0a1b"},{"name":"b","id":"0a1b2c3d0a1b2c"}]"#,
    ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try read(text) }
  }

  @Test("a configured name wins over the id, which is the name of last resort; here is no kubelet")
  func names() throws {
    let proc = try ProcFileSystem()
    let own = try proc.open(Linux.Process.pid)
    let names = try ContainerNames(configured: [.init(name: "app", id: "0a1b2c3d0a1b")], own: own)
    #expect(try names.name(of: own, id: Self.id, path: []) == "app")
    #expect(try names.name(of: own, id: "0a1b2c3d0a1b", path: []) == "app")
    #expect(try names.name(of: own, id: "ffff00001111", path: []) == "ffff00001111")
    #expect(try names.name(of: own, id: nil, path: []) == nil)
  }

  @Test(
    "a name is kept for the path of a container, and not for the one where all processes end",
    .enabled(if: getuid() == 0, "mounts in a namespace of its own"))
  func kept() throws {
    let temporary = FileManager.default.temporaryDirectory.appending(path: "names-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    let folder = "\(temporary)/pods/5f0c1f3e-0000-4000-8000-000000000001/containers"
    let agent = try Mounted(folder: folder, container: "sidelight")
    let app = try Mounted(folder: folder, container: "app")
    let db = try Mounted(folder: folder, container: "db")
    let bare = try ProcFileSystem().open(Linux.Process.pid)
    let names = try ContainerNames(configured: [], own: agent.directory())
    // With cgroup v1 that is the path of all that are about to end, whatever their container.
    let root = Array("/".utf8)
    #expect(try names.name(of: app.directory(), id: nil, path: root) == "app")
    #expect(try names.name(of: db.directory(), id: nil, path: root) == "db")
    #expect(try names.name(of: bare, id: nil, path: root) == nil)
    for number in 0..<300 {
      let path = Array("/kubepods/\(number)".utf8)
      #expect(try names.name(of: app.directory(), id: Self.id, path: path) == "app")
      #expect(try names.name(of: bare, id: Self.id, path: path) == "app", "it has unmounted the file")
    }
  }
}

/// A process in a mount namespace of its own, in which a kubelet's file of a container is mounted; until the value goes.
private struct Mounted: ~Copyable {
  let pid: Int32

  init(folder: String, container: String) throws {
    let file = "\(folder)/\(container)/0a1b2c3d"
    try FileManager.default.createDirectory(atPath: "\(folder)/\(container)", withIntermediateDirectories: true)
    try Data().write(to: URL(filePath: file))
    let child = try Linux.Process.spawn(
      "/usr/bin/unshare",
      arguments: ["unshare", "--mount", "sh", "-c", "mount --bind \(file) \(file) && exec sleep 600"],
      environment: ["PATH=/usr/bin:/bin"], inherited: [])
    let deadline = Date().addingTimeInterval(60)
    while try ProcFileSystem().open(child).stat().command != Array("sleep".utf8), Date() < deadline { usleep(1000) }
    pid = child
  }

  deinit {
    kill(pid, SIGKILL)
    var status: Int32 = 0
    _ = unsafe waitpid(pid, &status, 0)
  }

  func directory() throws -> ProcessDirectory { try ProcFileSystem().open(pid) }
}
