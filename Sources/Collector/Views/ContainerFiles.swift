internal import API
internal import Linux
internal import Privsep
internal import ProcFS

/// The files of a container as its processes see them: through `/proc/<pid>/root` of one of them.
struct ContainerFiles: ~Copyable {
  let container: String
  private let root: FileDescriptor
  let walk: PathWalk

  /// Processes tried before it is said that none can be looked into.
  private static let maximumTries = 8

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
        let root = try target.open(.root, of: process)
        let mounts: [UInt8]
        do throws(ProcFSError) {
          mounts = try process.directory.read("mountinfo", limit: 1 << 20, shortReadIsEnd: false).text
        } catch {
          throw Refusal(process: error)
        }
        self.container = container
        self.root = root
        walk = PathWalk(mounts: MountTable(mounts.span), proc: target.proc)
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
