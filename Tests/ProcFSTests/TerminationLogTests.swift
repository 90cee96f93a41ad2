import ProcFS
import Testing

@Suite("Termination log")
struct TerminationLogTests {
  private static let folder = "/var/lib/kubelet/pods/5f0c1f3e-0000-4000-8000-000000000001/containers"

  private func mount(_ root: String, on point: String = "/dev/termination-log", device: String = "254:0") -> String {
    "246 238 \(device) \(root) \(point) rw,relatime - ext4 /dev/vda rw\n"
  }

  private let rootMount = "238 86 0:72 / / ro,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n"

  private func own(_ text: String) -> TerminationLog? {
    let bytes = Array(text.utf8)
    return TerminationLog(ownMounts: bytes.span)
  }

  /// What the agent with a mount of its own calls a container with these mounts.
  private func name(_ text: String) throws -> String? {
    let agent = try #require(own(rootMount + mount("\(Self.folder)/sidelight/00000002")))
    let bytes = Array(text.utf8)
    return agent.container(ofMounts: bytes.span)
  }

  @Test("the kubelet's mount names the container, wherever the pod has its termination log")
  func names() throws {
    #expect(try name(rootMount + mount("\(Self.folder)/app/0a1b2c3d")) == "app")
    #expect(try name(mount("\(Self.folder)/db-1/0a1b2c3d", on: "/tmp/why")) == "db-1")
    #expect(try name(rootMount) == nil)
    #expect(try name("") == nil)
  }

  @Test("a kubelet with a file system of its own")
  func ownFileSystem() throws {
    let folder = "/pods/5f0c1f3e-0000-4000-8000-000000000001/containers"
    let agent = try #require(own(mount("\(folder)/sidelight/00000002")))
    let bytes = Array(mount("\(folder)/app/00000001").utf8)
    #expect(agent.container(ofMounts: bytes.span) == "app")
  }

  @Test(
    "a mount that a workload could make does not name it",
    arguments: [
      // On a volume of its own, with the same path inside.
      ("/var/lib/kubelet/pods/5f0c1f3e-0000-4000-8000-000000000001/containers/other/00000001", "0:99"),
      // In a folder of a volume on the kubelet's file system.
      (
        "/var/lib/kubelet/pods/5f0c1f3e-0000-4000-8000-000000000001/volumes/kubernetes.io~empty-dir/x"
          + "/pods/5f0c1f3e-0000-4000-8000-000000000001/containers/other/00000001", "254:0"
      ),
      // Of another pod.
      ("/var/lib/kubelet/pods/11111111-0000-4000-8000-000000000001/containers/other/00000001", "254:0"),
      ("/var/lib/kubelet/pods/5f0c1f3e-0000-4000-8000-000000000001/containers/other", "254:0"),
      ("/var/lib/kubelet/pods/5f0c1f3e-0000-4000-8000-000000000001/containers/other/log", "254:0"),
      ("/var/lib/kubelet/pods/5f0c1f3e-0000-4000-8000-000000000001/containers/o\u{1b}[2J/00000001", "254:0"),
    ])
  func pretended(root: String, device: String) throws {
    #expect(try name(mount(root, device: device)) == nil)
    // Nor does it hide the real one.
    #expect(try name(mount(root, device: device) + mount("\(Self.folder)/app/00000001")) == "app")
  }

  @Test("two names at once are none")
  func ambiguous() throws {
    let two = mount("\(Self.folder)/app/00000001") + mount("\(Self.folder)/db/00000003", on: "/x")
    #expect(try name(two) == nil)
    #expect(own(two) == nil)
    let twice = mount("\(Self.folder)/app/00000001") + mount("\(Self.folder)/app/00000001", on: "/x")
    #expect(try name(twice) == "app")
  }

  @Test("any bytes are taken without harm")
  func noise() {
    var random = SplitMix(state: 50)
    let alphabet = Array("/ 0:podscontainers\n-a\u{1b}".utf8)
    for _ in 0..<2000 {
      let size = Int(random.next() % 300)
      let bytes = (0..<size).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
      #expect(TerminationLog(ownMounts: bytes.span) == nil)
    }
  }
}
