internal import ProcFS
internal import Synchronization

/// What the containers of a pod are called: as configured, else as the kubelet's mount says, else by the runtime's id.
final class ContainerNames: Sendable {
  /// A name for a runtime's container id, or for the first digits of one.
  struct Configured: Sendable, Equatable {
    var name: String
    /// 12 to 64 hexadecimal digits.
    var id: String
  }

  private let configured: [Configured]
  private let own: TerminationLog?
  /// Names by cgroup path, found in mount tables. Only by paths that name a container: with cgroup v1 every process that
  /// is about to end is in `/`.
  private let known = Mutex<[[UInt8]: String]>([:])

  private static let maximumKnown = 256
  private static let mountTableLimit = 1 << 20

  /// - Parameter own: this process.
  init(configured: [Configured], own: borrowing ProcessDirectory) throws(ProcFSError) {
    self.configured = configured
    let text = try own.read("mountinfo", limit: Self.mountTableLimit, shortReadIsEnd: false).text
    self.own = TerminationLog(ownMounts: text.span)
  }

  /// - Parameters:
  ///   - id: the runtime's id of the container, or its first digits; nil where the path has none.
  ///   - path: of the process's cgroup.
  func name(of process: borrowing ProcessDirectory, id: String?, path: [UInt8]) throws(ProcFSError) -> String? {
    if let id, let match = configured.first(where: { id.hasPrefix($0.id) || $0.id.hasPrefix(id) }) {
      return match.name
    }
    guard let own else { return id }
    if id != nil, let name = known.withLock({ $0[path] }) { return name }
    let text: [UInt8]
    do throws(ProcFSError) {
      text = try process.read("mountinfo", limit: Self.mountTableLimit, shortReadIsEnd: false).text
    } catch {
      // A zombie has no mounts any more (EINVAL).
      guard case .system = error else { throw error }
      return id
    }
    guard let name = own.container(ofMounts: text.span) else { return id }
    if id != nil {
      known.withLock {
        if $0.count >= Self.maximumKnown { $0.remove(at: $0.startIndex) }
        $0[path] = name
      }
    }
    return name
  }
}
