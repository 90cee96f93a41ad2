/// What a cgroup path says of the container that a process is in. Runtimes write it so:
///
/// | runtime | with cgroupfs | with systemd |
/// |---|---|---|
/// | Docker | `/docker/<id>` | `/system.slice/docker-<id>.scope` |
/// | containerd | `/kubepods/burstable/pod<uid>/<id>` | `…-pod<uid>.slice/cri-containerd-<id>.scope` |
/// | CRI-O | `/kubepods/pod<uid>/crio-<id>` | `…-pod<uid>.slice/crio-<id>.scope` |
/// | Podman | `/libpod_parent/libpod-<id>` | `/machine.slice/libpod-<id>.scope/container` |
/// | LXC | `/lxc/<name>` | `/lxc.payload.<name>` |
///
/// Seen from a cgroup namespace of its own, another container's path begins with `/..`.
package struct ContainerReference: Sendable, Equatable {
  package enum Runtime: String, Sendable, CaseIterable {
    case docker, containerd, podman, lxc
    case crio = "cri-o"
    /// An id in a place that several runtimes use.
    case unknown
  }

  package var runtime: Runtime
  /// 64 hexadecimal digits, or the name that LXC gives.
  package var id: String
  /// The Kubernetes pod's UID, as the API server writes it.
  package var podUID: String?

  /// The container of a path; nil where none can be told.
  ///
  /// A process that may make cgroups below its own chooses their names. So the outermost name counts that is one of a
  /// container; and beside `own`, the path of this agent's container, the name right below their common parent, since
  /// containers of one pod are siblings.
  package init?(path: [UInt8], beside own: [UInt8]? = nil) {
    let parts = Self.parts(path)
    var candidates = parts[...]
    if let own {
      let ownParts = Self.parts(own)
      let up: ArraySlice<UInt8> = [0x2E, 0x2E]
      if ownParts.isEmpty, parts.first == up {
        // As many steps up as this agent's own group is deep.
        candidates = parts.drop { $0 == up }.prefix(1)
      } else if !ownParts.isEmpty, ownParts.count < parts.count + 1, parts.starts(with: ownParts.dropLast()) {
        let sibling = parts.dropFirst(ownParts.count - 1).prefix(1)
        if sibling.contains(where: { Self.named($0, afterLXC: false) != nil }) { candidates = sibling }
      }
    }
    var afterLXC = false
    for part in candidates {
      if let (runtime, id) = Self.named(part, afterLXC: afterLXC) {
        let before = parts.prefix { $0 != part }
        self.runtime = runtime == .unknown && before.last == Array("docker".utf8)[...] ? .docker : runtime
        self.id = id
        podUID = before.lazy.reversed().compactMap { Self.podUID(in: $0) }.first
        return
      }
      afterLXC = part == Array("lxc".utf8)[...]
    }
    return nil
  }

  private static func parts(_ path: [UInt8]) -> [ArraySlice<UInt8>] { path.split(separator: UInt8(ascii: "/")) }

  private static let prefixes: [(text: [UInt8], runtime: Runtime)] = [
    (Array("docker-".utf8), .docker), (Array("cri-containerd-".utf8), .containerd), (Array("crio-".utf8), .crio),
    (Array("libpod-".utf8), .podman),
  ]

  private static func named(_ part: ArraySlice<UInt8>, afterLXC: Bool) -> (Runtime, String)? {
    if afterLXC, isName(part) { return (.lxc, String(decoding: part, as: UTF8.self)) }
    let payload = Array("lxc.payload.".utf8)
    if part.starts(with: payload), isName(part.dropFirst(payload.count)) {
      return (.lxc, String(decoding: part.dropFirst(payload.count), as: UTF8.self))
    }
    for (text, runtime) in prefixes where part.starts(with: text) {
      return id(part.dropFirst(text.count)).map { (runtime, $0) }
    }
    // With another prefix, or none: the id alone tells.
    let last = part.split(separator: UInt8(ascii: "-")).last ?? []
    return id(last).map { (.unknown, $0) }
  }

  /// 64 hexadecimal digits and nothing more, but for `.scope`.
  private static func id(_ part: ArraySlice<UInt8>) -> String? {
    let digits = part.prefix { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    guard digits.count == 64, part.count == 64 || part.dropFirst(64).elementsEqual(".scope".utf8) else { return nil }
    return String(decoding: digits, as: UTF8.self)
  }

  private static func isName(_ part: ArraySlice<UInt8>) -> Bool {
    (1...64).contains(part.count)
      && part.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
          || $0 == 0x5F || $0 == 0x2E
      }
  }

  /// `pod<uid>`, or a slice that ends in it with `_` for `-`.
  private static func podUID(in part: ArraySlice<UInt8>) -> String? {
    let pod = Array("pod".utf8)
    let suffix = Array(".slice".utf8)
    let isSlice = part.count > suffix.count && part.suffix(suffix.count).elementsEqual(suffix)
    let name = isSlice ? part.dropLast(suffix.count) : part
    let word = isSlice ? name.split(separator: UInt8(ascii: "-")).last ?? [] : name
    guard word.starts(with: pod), word.count > pod.count, word.count <= 68 else { return nil }
    let uid = word.dropFirst(pod.count).map { $0 == 0x5F ? 0x2D : $0 }
    // A UUID, or for a static pod the hash of its manifest.
    guard uid.count >= 32,
      uid.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2D })
    else { return nil }
    return String(decoding: uid, as: UTF8.self)
  }
}
