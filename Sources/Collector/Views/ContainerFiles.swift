internal import API
internal import Linux
internal import Privsep
internal import ProcFS

/// The files of a container as its processes see them: through `/proc/<pid>/root` of one of them.
struct ContainerFiles: ~Copyable {
  let container: String
  let walk: PathWalk
  private let root: FileDescriptor

  /// Processes tried before it is said that none can be looked into.
  private static let maximumTries = 8
  /// Most bytes of a mount table that are read: about 8,000 mounts.
  private static let mountTableLimit = 1 << 20

  init(container: String, target: Target) throws(Refusal) {
    let members: [Scope.Member]
    do throws(ProcFSError) {
      members = try target.scope.members().members
    } catch {
      throw Refusal(process: error)
    }
    var refusal: Refusal?
    var tries = 0
    for member in members {
      do throws(Refusal) {
        guard let process = try target.open(member), process.container == container else { continue }
        guard tries < Self.maximumTries else { break }
        tries += 1
        let mounts: MountTable
        do throws(ProcFSError) {
          let text = try process.directory.read("mountinfo", limit: Self.mountTableLimit, shortReadIsEnd: false).text
          mounts = MountTable(text.span)
        } catch {
          // A process that has ended and waits for its parent has no mounts any more.
          if case .system(let failure) = error, failure.number == Errno.invalid { throw Refusal(.processGone) }
          throw Refusal(process: error)
        }
        // Known before anything is opened: to open even the root of some file systems is to wait for a server.
        if let top = mounts.rootMount, mounts.trustedFileSystem(of: top.id) == nil {
          throw Refusal(.pathRefused, log: "the root file system is \(top.fileSystem)")
        }
        root = try target.open(.root, of: process)
        self.container = container
        walk = PathWalk(mounts: mounts, proc: target.proc, rootPoint: [0x2F])
        return
      } catch {
        if error.code != .processGone { refusal = refusal ?? error }
      }
    }
    throw refusal ?? Refusal(.containerNotFound)
  }

  func resolve(_ path: [UInt8], followLast: Bool) throws(PathWalk.Failure) -> PathWalk.Place {
    try walk.resolve(path, from: root, followLast: followLast)
  }
}
