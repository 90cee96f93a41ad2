internal import API
internal import AuditLog
internal import Grants
internal import Linux
internal import Masking
internal import ProcFS
internal import StrictJSON

/// `GET /v1/files` and `/v1/directories`: metadata, never content.
struct FileView {
  let target: Target
  let request: Request
  let defaultContainer: String

  /// Most entries read of one directory, and most in one answer.
  static let directoryLimit = 200_000
  private static let defaultPage = 1000
  private static let maximumPage = 10_000

  func file() throws(Refusal) -> [UInt8] {
    let path = try requestedPath()
    let container = try request.container(default: defaultContainer)
    try request.parameters.finish()
    let place = try resolve(path, container: container, followLast: false)
    let masker = request.masker(try target.taint())
    try request.charge("file", [Array(container.utf8) + [0] + place.path])
    var entry = try Self.entry(place.shared.descriptor, name: path, masker: masker, request: request)
    if entry.type != FileStatus.Kind.symlink.rawValue {
      do throws(SystemError) {
        let names = try place.shared.descriptor.extendedAttributeNames()
        if !names.isEmpty {
          entry.extendedAttributes = names.map { TargetText(bytes: masker.text($0).rendered()).text }
        }
      } catch {
        // The file system keeps none, or not for us.
      }
    }
    let answer = FileAnswer(
      container: container, path: Self.text(path, masker), resolvedPath: Self.text(place.path, masker),
      fileSystem: place.fileSystem, file: entry)
    var writer = JSONWriter()
    answer.write(to: &writer)
    return writer.bytes
  }

  func directory() throws(Refusal) -> [UInt8] {
    let path = try requestedPath()
    let container = try request.container(default: defaultContainer)
    let limit = try request.parameters.integer("limit", in: 1...Self.maximumPage) ?? Self.defaultPage
    let cursor = try request.parameters.integer("cursor", in: 0...Self.directoryLimit) ?? 0
    try request.parameters.finish()
    let place = try resolve(path, container: container, followLast: true)
    try request.charge("directory", [Array(container.utf8) + [0] + place.path])
    let masker = request.masker(try target.taint())
    var (names, cut) = try Self.names(in: place)
    names.sort { $0.lexicographicallyPrecedes($1) }
    var list = DirectoryList(
      container: container, path: Self.text(path, masker), resolvedPath: Self.text(place.path, masker), hidden: 0,
      truncated: cut, next: nil, entries: [])
    let prefix = place.path == [0x2F] ? [] : place.path
    var index = cursor
    while index < names.count {
      if list.entries.count == limit {
        list.truncated = true
        list.next = String(index)
        break
      }
      let name = names[index]
      index += 1
      guard request.grant.paths.matches(prefix + [0x2F] + name) else {
        list.hidden += 1
        continue
      }
      do throws(Refusal) {
        list.entries.append(try listed(name, in: place, masker: masker))
      } catch {
        // Removed since it was listed, or not to be looked at.
        list.hidden += 1
      }
    }
    var writer = JSONWriter(reserving: 400 * list.entries.count + 256)
    list.write(to: &writer)
    return writer.bytes
  }

  private func listed(_ name: [UInt8], in place: PathWalk.Place, masker: Masker) throws(Refusal) -> FileEntry {
    do throws(SystemError) {
      // What is mounted on an entry may hang when it is asked, so only a place on the same trusted file system is.
      let child = try place.shared.descriptor.open(bytes: name, .path)
      guard try isSameMount(child, as: place) else { return Self.mountPoint(name, masker) }
      let entry: Result<FileEntry, Refusal> = Result { () throws(Refusal) in
        try Self.entry(child, name: name, masker: masker, request: request)
      }
      switch entry {
      case .success(let entry): return entry
      case .failure: throw SystemError("statx", Errno.noEntry)
      }
    } catch {
      throw Refusal(process: .init(error))
    }
  }

  private func requestedPath() throws(Refusal) -> [UInt8] {
    let path = try request.parameters.required("path")
    request.facts.path = String(decoding: path, as: UTF8.self)
    guard path.first == 0x2F, path.count <= PathWalk.maximumLength else {
      throw Refusal(.invalidParameter, detail: "path must be absolute and at most \(PathWalk.maximumLength) bytes")
    }
    return path
  }

  /// Inside the grant as asked for and as resolved; what lies outside is not even told absent.
  private func resolve(
    _ path: [UInt8], container: String, followLast: Bool
  ) throws(Refusal) -> PathWalk.Place {
    // `..` is resolved by text alone: walked, it would tell whether what stands before it exists.
    let path = PathWalk.normalised(path)
    guard request.grant.paths.matches(path) else { throw Refusal(.pathNotGranted) }
    let files = try ContainerFiles(container: container, target: target)
    do throws(PathWalk.Failure) {
      let place = try files.resolve(path, followLast: followLast)
      guard request.grant.paths.matches(place.path) else { throw PathWalk.Failure(cause: .notFound, path: place.path) }
      return place
    } catch {
      guard request.grant.paths.matches(error.path) else { throw Refusal(.pathNotGranted, log: "leads outside") }
      throw Refusal(walk: error)
    }
  }

  private static func names(in place: PathWalk.Place) throws(Refusal) -> (names: [[UInt8]], truncated: Bool) {
    do throws(SystemError) {
      guard try place.shared.descriptor.status().kind == .directory else {
        throw SystemError("open", Errno.notDirectory)
      }
      let directory = try place.shared.descriptor.reopenForReading()
      return try DirectoryReader.names(in: directory, limit: directoryLimit)
    } catch {
      throw Refusal(walk: .init(cause: error.number == Errno.notDirectory ? .notADirectory : .system(error), path: []))
    }
  }

  private func isSameMount(_ child: borrowing FileDescriptor, as place: PathWalk.Place) throws(SystemError) -> Bool {
    do {
      let theirs = try target.proc.fileSystem.mountID(ofOwnDescriptor: child.raw)
      return try theirs == target.proc.fileSystem.mountID(ofOwnDescriptor: place.shared.descriptor.raw)
    } catch {
      throw SystemError("fdinfo", Errno.invalid)
    }
  }

  private static func text(_ path: [UInt8], _ masker: Masker) -> String {
    TargetText(bytes: masker.text(path).rendered()).text
  }

  /// An entry that another file system is mounted on: named, not looked at. Ask for its own path to see it.
  private static func mountPoint(_ name: [UInt8], _ masker: Masker) -> FileEntry {
    let epoch = Timestamp(seconds: 0).rfc3339(.nanoseconds)
    return FileEntry(
      name: TargetText(bytes: masker.text(name).rendered()), type: "mount_point", size: 0, allocatedBytes: 0,
      mode: "0000", uid: 0, gid: 0, links: 0, inode: 0, device: "0:0", accessed: epoch, modified: epoch,
      changed: epoch, born: nil)
  }

  private static func entry(
    _ file: borrowing FileDescriptor, name: [UInt8], masker: Masker, request: Request
  ) throws(Refusal) -> FileEntry {
    do throws(SystemError) {
      let status = try file.status()
      var mode = String(status.mode, radix: 8)
      mode = String(repeating: "0", count: max(0, 4 - mode.utf8.count)) + mode
      var entry = FileEntry(
        name: TargetText(bytes: masker.text(name).rendered()), type: status.kind.rawValue,
        size: Int64(clamping: status.size), allocatedBytes: Int64(clamping: status.allocated), mode: mode,
        uid: Int(status.uid), gid: Int(status.gid), links: Int(status.links), inode: status.inode,
        device: "\(status.deviceMajor):\(status.deviceMinor)", accessed: status.accessed.rfc3339(.nanoseconds),
        modified: status.modified.rfc3339(.nanoseconds), changed: status.changed.rfc3339(.nanoseconds),
        born: status.born?.rfc3339(.nanoseconds))
      if status.kind == .symlink {
        let target = masker.text(try file.linkTarget())
        request.count(target)
        let text = TargetText(bytes: target.rendered())
        entry.target = text.text
        entry.targetBase64 = text.base64
      }
      return entry
    } catch {
      throw Refusal(process: .init(error))
    }
  }
}
