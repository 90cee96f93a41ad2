internal import API
internal import Grants
internal import Linux
internal import Privsep
internal import ProcFS

/// Finds the files behind log sources.
final class LogFiles: Sendable {
  let sources: [Configuration.LogSource]
  private let target: Target
  private let volumes: [SharedDescriptor]

  /// Most files that a pattern may stand for; of more, the ones that the folder lists first.
  static let maximumMatches = 500

  init(sources: [Configuration.LogSource], target: Target, volumes: [SharedDescriptor]) {
    self.sources = sources
    self.target = target
    self.volumes = volumes
  }

  /// The folder of a source. Symlinks on the way to it are the container's own, and resolved inside its root or the
  /// volume.
  func folder(of source: Configuration.LogSource) throws(Refusal) -> LogFolder {
    let place: PathWalk.Place
    let walk: PathWalk
    if let volume = source.volume {
      walk = try volumeWalk()
      do throws(PathWalk.Failure) {
        place = try walk.resolve(source.folder, from: volumes[Int(volume)].descriptor, followLast: true)
      } catch {
        throw LogFolder.refusal(error)
      }
    } else {
      do throws(Refusal) {
        let files = try ContainerFiles(container: source.container, target: target)
        walk = files.walk
        do throws(PathWalk.Failure) {
          place = try files.resolve(source.folder, followLast: true)
        } catch {
          throw LogFolder.refusal(error)
        }
      } catch {
        // No process to look through: for a log that is the same as no file.
        if error.code == .containerNotFound { throw Refusal(.logNotFound, log: "no process in \(source.container)") }
        throw error
      }
    }
    do throws(SystemError) {
      let status = try walk.proc.stalls.visit(.mount(place.mount.id)) { () throws(SystemError) in
        try place.shared.descriptor.status()
      }
      guard status.kind == .directory else { throw SystemError("open", Errno.notDirectory) }
    } catch {
      throw error.number == Errno.notDirectory ? Refusal(.logNotFound) : Refusal(process: ProcFSError(error))
    }
    // From here on paths begin at the folder.
    let below = PathWalk(mounts: walk.mounts, proc: walk.proc, rootPoint: walk.rootPoint == nil ? nil : place.path)
    return LogFolder(place, walk: below, allowsHardLinks: source.allowsHardLinks)
  }

  /// The files that a source stands for at this moment.
  struct Survey: Sendable {
    /// The file of a path, or those that a pattern matches and that are no older part of another one: the last modified
    /// first.
    var files: [LogFolder.Found]
    /// All names of the folder, for older parts.
    var names: [[UInt8]]
    /// There are more names, or matches, than are looked at.
    var truncated: Bool
  }

  /// - Parameter listing: whether the names are wanted. A pattern has to read them anyway.
  func survey(
    _ source: Configuration.LogSource, in folder: LogFolder, listing: Bool
  ) throws(Refusal) -> Survey {
    guard let pattern = source.pattern else {
      let file = try folder.look(source.file)
      guard listing else { return Survey(files: [file], names: [], truncated: false) }
      do throws(Refusal) {
        let (names, truncated) = try folder.names()
        return Survey(files: [file], names: names, truncated: truncated)
      } catch {
        // A folder that may be entered and not read: its log can be read, its older parts cannot be found.
        return Survey(files: [file], names: [], truncated: true)
      }
    }
    let (names, namesTruncated) = try folder.names()
    // As a shell has it: what is hidden is not meant unless the pattern says so.
    let wantsHidden = source.file.first == 0x2E
    var matches = names.filter { ($0.first != 0x2E || wantsHidden) && pattern.matches($0) }
    let truncated = namesTruncated || matches.count > Self.maximumMatches
    matches = Array(matches.prefix(Self.maximumMatches))
    var files: [LogFolder.Found] = []
    for name in matches where !matches.contains(where: { RotatedName(name, of: $0) != nil }) {
      do throws(Refusal) {
        files.append(try folder.look(name))
      } catch {
        // Removed since it was listed, or not to be looked at.
        if error.code == .overloaded || error.code == .internalError { throw error }
      }
    }
    files.sort {
      $0.status.modified == $1.status.modified
        ? $0.name.lexicographicallyPrecedes($1.name) : $0.status.modified > $1.status.modified
    }
    return Survey(files: files, names: names, truncated: truncated)
  }

  private func volumeWalk() throws(Refusal) -> PathWalk {
    do throws(ProcFSError) {
      let own = try target.proc.fileSystem.open(Process.pid)
      let mounts = try own.read("mountinfo", limit: 1 << 20, shortReadIsEnd: false).text
      return PathWalk(mounts: MountTable(mounts.span), proc: target.proc)
    } catch {
      throw Refusal(process: error)
    }
  }
}
