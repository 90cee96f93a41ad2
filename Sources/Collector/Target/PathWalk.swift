internal import Linux
internal import ProcFS

/// Resolves a path from a held directory, one component at a time, never leaving it and never stepping on a file
/// system that can hang or lie. Each component is opened with O_PATH and O_NOFOLLOW, so nothing is opened on the file's
/// side; symlinks are read and resolved here, from the same root.
struct PathWalk {
  /// Where a walk ended.
  struct Place {
    /// O_PATH; a symlink itself where the last component is one and `followLast` was not set.
    let shared: SharedDescriptor
    /// From the root, without symlinks, `.` and `..`; starts with `/`.
    let path: [UInt8]
    let mount: MountTable.Mount
    var fileSystem: String { mount.fileSystem }
  }

  /// Why a walk stopped. `path` is where it would have led, as far as known: the caller may say "not found" only if
  /// the grant includes that.
  struct Failure: Error {
    enum Cause {
      case notFound
      case notADirectory
      /// A file system that is never stepped on, or one that the mount table does not know.
      case refusedFileSystem
      case tooManyLinks
      case system(SystemError)
    }
    var cause: Cause
    var path: [UInt8]
  }

  static let maximumLinks = 40
  static let maximumLength = 4096
  static let maximumComponents = 512

  let mounts: MountTable
  let proc: SharedProc
  /// The path that `mounts` has for the root of walks, such as `/`; nil where it is not known. Where it is, a mount that
  /// is not trusted is not even opened with O_PATH, which on NFS and 9P asks the server.
  let rootPoint: [UInt8]?

  init(mounts: MountTable, proc: SharedProc, rootPoint: [UInt8]? = nil) {
    self.mounts = mounts
    self.proc = proc
    self.rootPoint = rootPoint
  }

  /// Walks `path` (absolute or relative, both from `root`).
  func resolve(
    _ path: [UInt8], from root: borrowing FileDescriptor, followLast: Bool
  ) throws(Failure) -> Place {
    // The stack of held directories, from the root down; `..` pops and stops at the root.
    let first: FileDescriptor
    do throws(SystemError) { first = try root.duplicate() } catch {
      throw Failure(cause: .system(error), path: [0x2F])
    }
    let stack = Stack()
    let rootMount = try mount(of: first, path: [0x2F])
    stack.push(first, name: [], mount: rootMount)
    // Components still to walk, the next one last.
    var pending = Array(Self.components(path).reversed())
    var links = 0
    while let component = pending.popLast() {
      guard pending.count < Self.maximumComponents else { throw Failure(cause: .tooManyLinks, path: stack.path) }
      if component == [0x2E] { continue }
      if component == [0x2E, 0x2E] {
        stack.pop()
        continue
      }
      let here = stack.path(with: component)
      if isRefused(here, of: stack.top.1) { throw Failure(cause: .refusedFileSystem, path: here) }
      let next: FileDescriptor
      do throws(SystemError) {
        next = try stack.open(component, stalls: proc.stalls)
      } catch {
        // Where the rest would have led, for the caller's decision what it may say.
        let rest = pending.reversed().reduce(into: here) { $0 += [0x2F] + $1 }
        switch error.number {
        case Errno.noEntry, Errno.nameTooLong: throw Failure(cause: .notFound, path: rest)
        case Errno.notDirectory: throw Failure(cause: .notADirectory, path: rest)
        case _: throw Failure(cause: .system(error), path: rest)
        }
      }
      let mount = try mount(of: next, path: here)
      let kind: FileStatus.Kind
      let target: [UInt8]
      do throws(SystemError) {
        try proc.stalls.enter(.mount(mount.id))
        defer { proc.stalls.leave() }
        kind = try next.status().kind
        target = kind == .symlink && (followLast || !pending.isEmpty) ? try next.linkTarget() : []
      } catch {
        throw Failure(cause: .system(error), path: here)
      }
      if kind == .symlink, followLast || !pending.isEmpty {
        links += 1
        guard links <= Self.maximumLinks else { throw Failure(cause: .tooManyLinks, path: here) }
        if target.first == 0x2F { stack.popAll() }
        pending.append(contentsOf: Self.components(target).reversed())
        continue
      }
      guard kind == .directory || pending.isEmpty else {
        let rest = pending.reversed().reduce(into: here) { $0 += [0x2F] + $1 }
        throw Failure(cause: .notADirectory, path: rest)
      }
      stack.push(next, name: component, mount: mount)
    }
    let path = stack.path
    let (descriptor, mount) = stack.top
    return Place(shared: descriptor, path: path, mount: mount)
  }

  /// Whether something is mounted on `path`, below the mount `parent`, that is not to be touched.
  func isRefused(_ path: [UInt8], of parent: MountTable.Mount) -> Bool {
    mounted(on: path, of: parent).map { mounts.trustedFileSystem(of: $0.id) == nil } ?? false
  }

  /// What the mount table has on `path`, below the mount `parent`.
  func mounted(on path: [UInt8], of parent: MountTable.Mount) -> MountTable.Mount? {
    guard let rootPoint else { return nil }
    return mounts.mount(on: rootPoint == [0x2F] ? path : rootPoint + path, of: parent.id)
  }

  /// The mount that a descriptor is on, without touching its file system.
  func mount(of descriptor: borrowing FileDescriptor, path: [UInt8]) throws(Failure) -> MountTable.Mount {
    let id: UInt64
    do throws(ProcFSError) {
      id = try proc.fileSystem.mountID(ofOwnDescriptor: descriptor.raw)
    } catch {
      throw Failure(cause: .refusedFileSystem, path: path)
    }
    guard mounts.trustedFileSystem(of: id) != nil, let mount = mounts[id] else {
      throw Failure(cause: .refusedFileSystem, path: path)
    }
    return mount
  }

  static func components(_ path: [UInt8]) -> [[UInt8]] {
    path.split(separator: 0x2F).map(Array.init)
  }

  /// The path with `.`, `..` and repeated slashes resolved by text alone: what was asked for, before any symlink.
  static func normalised(_ path: [UInt8]) -> [UInt8] {
    var names: [[UInt8]] = []
    for component in components(path) where component != [0x2E] {
      if component == [0x2E, 0x2E] { _ = names.popLast() } else { names.append(component) }
    }
    return names.isEmpty ? [0x2F] : names.reduce(into: []) { $0 += [0x2F] + $1 }
  }

  /// Held directories from the root down.
  private final class Stack {
    private struct Entry {
      let descriptor: SharedDescriptor
      let name: [UInt8]
      let mount: MountTable.Mount
    }
    private var entries: [Entry] = []

    func push(_ descriptor: consuming FileDescriptor, name: [UInt8], mount: MountTable.Mount) {
      entries.append(Entry(descriptor: SharedDescriptor(descriptor), name: name, mount: mount))
    }

    func pop() { if entries.count > 1 { entries.removeLast() } }
    func popAll() { entries.removeLast(entries.count - 1) }

    func open(_ name: [UInt8], stalls: StallWatch) throws(SystemError) -> FileDescriptor {
      let top = entries[entries.count - 1]
      return try stalls.visit(.mount(top.mount.id)) { () throws(SystemError) in
        try top.descriptor.descriptor.open(bytes: name, .path)
      }
    }

    var path: [UInt8] {
      entries.count == 1 ? [0x2F] : entries.dropFirst().reduce(into: []) { $0 += [0x2F] + $1.name }
    }

    func path(with name: [UInt8]) -> [UInt8] {
      entries.dropFirst().reduce(into: []) { $0 += [0x2F] + $1.name } + [0x2F] + name
    }

    var top: (SharedDescriptor, MountTable.Mount) {
      let top = entries[entries.count - 1]
      return (top.descriptor, top.mount)
    }
  }
}
