/// The mount by which a kubelet tells the name of a container: the container's own termination log, a file
/// `…/pods/<pod uid>/containers/<name>/<8 hexadecimal digits>` of the node (pkg/kubelet/kuberuntime). Everybody may
/// read every process's mount table.
///
/// A workload may mount within a namespace of its own. So a target's mount counts only if it is of the device and in the
/// folder of the agent's own: only the kubelet writes there, and a container gets its own file and no other's.
package struct TerminationLog: Sendable, Equatable {
  /// `major:minor` of the file system.
  package var device: [UInt8]
  /// The path up to the container's name, `/` at its end.
  package var folder: [UInt8]
  package var container: String

  /// The one of a `mountinfo`; nil where there is none, or where there are several that say different things.
  package init?(ownMounts text: Span<UInt8>) {
    let found = Self.all(in: text)
    guard let first = found.first, found.allSatisfy({ $0 == first }) else { return nil }
    self = first
  }

  /// The name of the container whose process has this `mountinfo`, in the same pod as `self`.
  package func container(ofMounts text: Span<UInt8>) -> String? {
    let found = Self.all(in: text).filter { $0.device == device && $0.folder == folder }
    guard let first = found.first, found.allSatisfy({ $0 == first }) else { return nil }
    return first.container
  }

  private init(device: [UInt8], folder: [UInt8], container: String) {
    self.device = device
    self.folder = folder
    self.container = container
  }

  private static func all(in text: Span<UInt8>) -> [TerminationLog] {
    var found: [TerminationLog] = []
    Fields.lines(text) { line in
      // id parent major:minor root mountpoint options …, proc_pid_mountinfo(5)
      let words = Fields.words(text, in: line)
      guard words.count >= 9 else { return }
      let root = Fields.array(text, words[3])
      let parts = root.split(separator: UInt8(ascii: "/"))
      guard parts.count >= 5, parts[parts.count - 5].elementsEqual("pods".utf8), isPodUID(parts[parts.count - 4]),
        parts[parts.count - 3].elementsEqual("containers".utf8), isLabel(parts[parts.count - 2]),
        parts[parts.count - 1].count == 8, parts[parts.count - 1].allSatisfy(isHexadecimal)
      else { return }
      let name = parts[parts.count - 2]
      found.append(
        TerminationLog(
          device: Fields.array(text, words[2]), folder: Array(root[..<name.startIndex]),
          container: String(decoding: name, as: UTF8.self)))
    }
    return found
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }

  /// A UUID, or for a static pod the hash of its manifest.
  private static func isPodUID(_ part: ArraySlice<UInt8>) -> Bool {
    (32...36).contains(part.count) && part.allSatisfy { isHexadecimal($0) || $0 == 0x2D }
  }

  /// The name of a container: a label of RFC 1123.
  private static func isLabel(_ part: ArraySlice<UInt8>) -> Bool {
    (1...63).contains(part.count)
      && part.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
  }
}
