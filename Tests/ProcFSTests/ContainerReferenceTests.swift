import ProcFS
import Testing

struct ContainerReferenceTests {
  static let id = ControlGroupTests.id
  static let other = String(repeating: "b7", count: 32)
  static let uid = "5f0c1f3e-0000-4000-8000-2b6c2b6c2b6c"
  static let escapedUID = "5f0c1f3e_0000_4000_8000_2b6c2b6c2b6c"

  static func reference(_ path: String, beside own: String? = nil) -> ContainerReference? {
    ContainerReference(path: Array(path.utf8), beside: own.map { Array($0.utf8) })
  }

  @Test(
    arguments: [
      ("/docker/\(id)", .docker, id, nil), ("/system.slice/docker-\(id).scope", .docker, id, nil),
      ("/docker/\(id)/init.scope", .docker, id, nil),
      ("/kubepods/burstable/pod\(uid)/\(id)", .unknown, id, uid),
      ("/kubepods/pod\(uid)/crio-\(id)", .crio, id, uid),
      (
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(escapedUID).slice/cri-containerd-\(id).scope",
        .containerd, id, uid
      ),
      ("/kubepods.slice/kubepods-pod\(escapedUID).slice/crio-\(id).scope/container", .crio, id, uid),
      ("/../cri-containerd-\(id).scope", .containerd, id, nil),
      (
        "/kubepods/besteffort/pod\(String(repeating: "0a", count: 16))/\(id)", .unknown, id,
        String(repeating: "0a", count: 16)
      ),
      ("/machine.slice/libpod-\(id).scope/container", .podman, id, nil),
      ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope", .podman, id, nil),
      ("/libpod_parent/libpod-\(id)", .podman, id, nil), ("/machine.slice/libpod-\(id).scope", .podman, id, nil),
      ("/lxc/web-1/system.slice", .lxc, "web-1", nil), ("/lxc.payload.web-1/init.scope", .lxc, "web-1", nil),
      ("/ecs/0123456789abcdef/\(id)", .unknown, id, nil),
    ] as [(String, ContainerReference.Runtime, String, String?)])
  func shapes(_ path: String, _ runtime: ContainerReference.Runtime, _ id: String, _ uid: String?) {
    let reference = Self.reference(path)
    #expect(reference?.runtime == runtime && reference?.id == id && reference?.podUID == uid, "\(path)")
  }

  @Test(arguments: [
    "", "/", "/init.scope", "/system.slice/ssh.service", "/docker", "/docker/\(id.dropLast())", "/docker/\(id)0",
    "/docker-\(id.uppercased()).scope", "/docker-\(id).service", "/\(id)x", "/x\(id)", "/..", "/lxc.payload.", "/lxc",
    "/user.slice/user-1000.slice/session-1.scope", "/kubepods.slice/kubepods-pod\(escapedUID).slice",
  ])
  func whatIsNoContainer(_ path: String) {
    #expect(Self.reference(path) == nil)
  }

  /// A process that may make cgroups cannot pass for another container by giving one its name.
  @Test(
    arguments: [
      ("/../cri-containerd-\(id).scope/cri-containerd-\(other).scope", "/", id),
      ("/../../libpod-\(id).scope/container/libpod-\(other).scope", "/", id),
      ("/kubepods/pod\(uid)/\(id)/\(other)", "/kubepods/pod\(uid)/\(String(repeating: "c", count: 64))", id),
      ("/docker/\(id)/docker/\(other)", nil, id),
      // The same kubelet in a container of its own: what is beside this agent counts, not what is around both.
      (
        "/docker/\(other)/kubepods/pod\(uid)/\(id)",
        "/docker/\(other)/kubepods/pod\(uid)/\(String(repeating: "c", count: 64))", id
      ),
      ("/system.slice/docker-\(id).scope", "/system.slice/sidelight.service", id),
      ("/other.slice/docker-\(id).scope", "/system.slice/sidelight.service", id),
    ] as [(String, String?, String)])
  func forgedNames(_ path: String, _ own: String?, _ id: String) {
    #expect(Self.reference(path, beside: own)?.id == id)
  }

  @Test func randomPathsNeverCrash() {
    var random = SplitMix(state: 143)
    let words = [
      "/", "..", "lxc", "docker", "docker-", "pod", ".slice", ".scope", Self.id, "-", "_", "a", "lxc.payload.",
    ]
    for _ in 0..<3000 {
      func path() -> String {
        (0..<Int.random(in: 0...8, using: &random)).map { _ in words.randomElement(using: &random)! }.joined()
      }
      let own = path()
      if let reference = Self.reference(path(), beside: own) {
        #expect(!reference.id.isEmpty && reference.id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F })
      }
    }
  }
}
