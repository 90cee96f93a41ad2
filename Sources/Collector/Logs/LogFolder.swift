internal import API
internal import Linux
internal import ProcFS

/// The folder that the files of a source stand in, held. A file is reached from it by one name, which is no symlink: so
/// no file of a source leads out of its folder.
struct LogFolder: Sendable {
  /// A file of the folder, not opened yet.
  struct Found: Sendable {
    var name: [UInt8]
    var status: FileStatus
    /// O_PATH.
    fileprivate var place: SharedDescriptor
    fileprivate var mount: UInt64

    /// Whether the workload could have put here what belongs elsewhere: a link to a file that only it may read.
    func isRefused(allowsHardLinks: Bool) -> Bool {
      status.kind == .regular && status.links > 1 && !allowsHardLinks
    }
  }

  /// Most names of a folder that are looked at.
  static let maximumNames = 20_000

  private let directory: SharedDescriptor
  private let mount: UInt64
  private let walk: PathWalk
  private let allowsHardLinks: Bool

  init(_ place: PathWalk.Place, walk: PathWalk, allowsHardLinks: Bool) {
    directory = place.shared
    mount = place.mount.id
    self.walk = walk
    self.allowsHardLinks = allowsHardLinks
  }

  /// Unsorted.
  func names() throws(Refusal) -> (names: [[UInt8]], truncated: Bool) {
    do throws(SystemError) {
      return try walk.proc.stalls.visit(.mount(mount)) { () throws(SystemError) in
        let readable = try directory.descriptor.reopenForReading()
        return try DirectoryReader.names(in: readable, limit: Self.maximumNames)
      }
    } catch {
      throw Self.refusal(PathWalk.Failure(cause: .system(error), path: []))
    }
  }

  /// What has this name now, itself where it is a symlink. The name holds no `/`.
  func look(_ name: [UInt8]) throws(Refusal) -> Found {
    let place: PathWalk.Place
    do throws(PathWalk.Failure) {
      place = try walk.resolve(name, from: directory.descriptor, followLast: false)
    } catch {
      throw Self.refusal(error)
    }
    do throws(SystemError) {
      let status = try walk.proc.stalls.visit(.mount(place.mount.id)) { () throws(SystemError) in
        try place.shared.descriptor.status()
      }
      return Found(name: name, status: status, place: place.shared, mount: place.mount.id)
    } catch {
      throw Self.refusal(PathWalk.Failure(cause: .system(error), path: []))
    }
  }

  /// Opens a regular file; nothing else, since opening a FIFO or a device has effects.
  func open(_ found: Found) throws(Refusal) -> OpenedLog {
    guard found.status.kind == .regular else { throw Refusal(.notARegularFile) }
    guard !found.isRefused(allowsHardLinks: allowsHardLinks) else {
      throw Refusal(.pathRefused, detail: "the file has more than one hard link")
    }
    do throws(SystemError) {
      return try walk.proc.stalls.visit(.mount(found.mount)) { () throws(SystemError) in
        let file = SharedDescriptor(try found.place.descriptor.reopenForReading())
        return OpenedLog(
          file, status: try file.descriptor.status(), name: found.name, mount: found.mount, stalls: walk.proc.stalls)
      }
    } catch {
      switch error.number {
      case Errno.noEntry: throw Refusal(.logNotFound)
      case _: throw Self.refusal(PathWalk.Failure(cause: .system(error), path: []))
      }
    }
  }

  static func refusal(_ failure: PathWalk.Failure) -> Refusal {
    switch failure.cause {
    case .notFound, .notADirectory: Refusal(.logNotFound)
    case .refusedFileSystem, .tooManyLinks, .system: Refusal(walk: failure)
    }
  }
}

// MARK: Older parts

extension LogFolder {
  struct Predecessor: Sendable {
    var found: Found
    var isCompressed: Bool
  }

  /// Most older parts of one log that are looked at.
  static let maximumPredecessors = 32

  /// The older parts of the log `base` among the names of its folder, the newest first. `truncated` where there are more
  /// than are looked at.
  func predecessors(of base: [UInt8], among names: [[UInt8]]) -> (files: [Predecessor], truncated: Bool) {
    var known: [(name: [UInt8], rotated: RotatedName)] = []
    for name in names {
      if let rotated = RotatedName(name, of: base) { known.append((name, rotated)) }
    }
    // By number where all have one, by date where none has; by modification where names do not tell.
    let isMixed = known.contains { $0.rotated.number == nil } && known.contains { $0.rotated.number != nil }
    known.sort {
      if let left = $0.rotated.number, let right = $1.rotated.number, left != right { return left < right }
      return $0.rotated.number == nil && $1.rotated.number == nil
        ? $1.name.lexicographicallyPrecedes($0.name) : $0.name.lexicographicallyPrecedes($1.name)
    }
    var files: [Predecessor] = []
    for (name, rotated) in known.prefix(Self.maximumPredecessors) {
      do throws(Refusal) {
        let found = try look(name)
        if found.status.kind == .regular {
          files.append(Predecessor(found: found, isCompressed: rotated.isCompressed))
        }
      } catch {
        // Removed since it was listed, or not to be looked at: as if it were not there.
        continue
      }
    }
    if isMixed { files.sort { $0.found.status.modified > $1.found.status.modified } }
    return (files, known.count > Self.maximumPredecessors)
  }
}
