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
    let own = try proc.open(Process.pid)
    let names = try ContainerNames(configured: [.init(name: "app", id: "0a1b2c3d0a1b")], own: own)
    #expect(try names.name(of: own, id: Self.id, path: []) == "app")
    #expect(try names.name(of: own, id: "0a1b2c3d0a1b", path: []) == "app")
    #expect(try names.name(of: own, id: "ffff00001111", path: []) == "ffff00001111")
    #expect(try names.name(of: own, id: nil, path: []) == nil)
  }
}
