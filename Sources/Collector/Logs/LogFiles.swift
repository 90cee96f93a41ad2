internal import API
internal import Linux
internal import Privsep
internal import ProcFS

/// Finds and opens the files behind log sources.
final class LogFiles: Sendable {
  let sources: [Configuration.LogSource]
  private let target: Target
  private let volumes: [SharedDescriptor]

  init(sources: [Configuration.LogSource], target: Target, volumes: [SharedDescriptor]) {
    self.sources = sources
    self.target = target
    self.volumes = volumes
  }

  struct OpenedLog: Sendable {
    var file: SharedDescriptor
    var status: FileStatus
  }

  /// The O_PATH place of a source's file. The last component is never a symlink, and neither leads out of the
  /// source's folder; symlinks before it are the container's own and resolved inside its root.
  func locate(_ source: Configuration.LogSource) throws(Refusal) -> PathWalk.Place {
    if let volume = source.volume {
      let walk = try volumeWalk()
      do throws(PathWalk.Failure) {
        return try walk.resolve(source.path, from: volumes[Int(volume)].descriptor, followLast: false)
      } catch {
        throw Self.refusal(error)
      }
    }
    let files: ContainerFiles
    do throws(Refusal) {
      files = try ContainerFiles(container: source.container, target: target)
    } catch {
      // No process to look through: for a log that is the same as no file.
      if error.code == .containerNotFound { throw Refusal(.logNotFound, log: "no process in \(source.container)") }
      throw error
    }
    do throws(PathWalk.Failure) {
      return try files.resolve(source.path, followLast: false)
    } catch {
      throw Self.refusal(error)
    }
  }

  func open(_ source: Configuration.LogSource) throws(Refusal) -> OpenedLog {
    let place = try locate(source)
    do throws(SystemError) {
      let before = try place.shared.descriptor.status()
      guard before.kind == .regular else { throw SystemError("open", Errno.invalid) }
      guard before.links == 1 || source.allowsHardLinks else { throw SystemError("open", Errno.loop) }
      let file = SharedDescriptor(try place.shared.descriptor.reopenForReading())
      return OpenedLog(file: file, status: before)
    } catch {
      switch error.number {
      case Errno.invalid: throw Refusal(.notARegularFile)
      case Errno.loop: throw Refusal(.pathRefused, detail: "the file has more than one hard link")
      case Errno.noEntry: throw Refusal(.logNotFound)
      case _: throw Self.refusal(PathWalk.Failure(cause: .system(error), path: []))
      }
    }
  }

  private static func refusal(_ failure: PathWalk.Failure) -> Refusal {
    switch failure.cause {
    case .notFound, .notADirectory: Refusal(.logNotFound)
    case .refusedFileSystem, .tooManyLinks, .system: Refusal(walk: failure)
    }
  }

  private func volumeWalk() throws(Refusal) -> PathWalk {
    do throws(ProcFSError) {
      let mounts = try target.proc.fileSystem.read("self/mountinfo")
      return PathWalk(mounts: MountTable(mounts.span), proc: target.proc)
    } catch {
      throw Refusal(process: error)
    }
  }
}
