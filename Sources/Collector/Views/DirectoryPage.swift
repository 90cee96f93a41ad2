internal import API
internal import Grants
internal import Linux
internal import Masking
internal import ProcFS
internal import StrictJSON

/// One page of a listing. The whole directory is read for each page and only the page's names are kept, so that memory
/// does not grow with the directory; entries are written as they are looked at.
struct DirectoryPage {
  let found: GrantedFiles.Found
  let request: Request
  let masker: Masker
  /// Most entries in the answer.
  let limit: Int
  let place: CursorPlace
  let cursor: DirectoryCursor?
  /// Monotonic nanoseconds: the page ends by then, too, though it has just begun.
  let deadline: UInt64

  static let defaultEntries = 1000
  static let maximumEntries = 10_000
  /// Most entries of one directory that are read; a larger one is shown in part, and the answer says so.
  static let directoryLimit = 200_000
  /// A page ends where its text has this many bytes, or when it has taken so long.
  private static let maximumBytes = 4 << 20
  private static let maximumTime: UInt64 = 4_000_000_000
  /// How long after its beginning a request for a page may take that is made anew; an answer must have begun after ten
  /// seconds.
  static let latest: UInt64 = 8_000_000_000

  func answer() throws(Refusal) -> [UInt8] {
    let directory = found.place.shared
    var list = DirectoryList(
      container: found.container, path: GrantedFiles.text(found.path, masker),
      resolvedPath: GrantedFiles.text(found.place.path, masker))
    let names: [[UInt8]]
    let version: FileStatus
    do throws(SystemError) {
      version = try found.visit { () throws(SystemError) in try directory.descriptor.status() }
      guard version.kind == .directory else { throw SystemError("open", Errno.notDirectory) }
      let opened = try found.visit { () throws(SystemError) in try directory.descriptor.reopenForReading() }
      let selection = try select(from: opened, counting: &list)
      names = selection.names
      list.truncated = list.truncated || selection.isCut
      if selection.isCut, let last = names.last {
        list.next = try next(after: last, version: version)
      }
      // Before this page, or while it was read.
      let after = try found.visit { () throws(SystemError) in try directory.descriptor.status() }
      list.changed = !after.isSameVersion(as: version) || cursor.map { !$0.names(version) } ?? false
    } catch {
      throw Refusal(
        walk: .init(cause: error.number == Errno.notDirectory ? .notADirectory : .system(error), path: []))
    }
    var writer = JSONWriter(reserving: 600 * min(names.count, 1000) + 256)
    // From here on, so that a page shows something of every directory that can be read at all.
    let started = Clock.monotonic()
    var failure: SystemError?
    writer.object {
      list.writePlace(to: &$0)
      $0.member(array: "entries") {
        for (index, name) in names.enumerated() {
          entry(name).write(to: &$0)
          let now = Clock.monotonic()
          let isFull = $0.bytes.count > Self.maximumBytes || now - started > Self.maximumTime || now > deadline
          guard isFull, index + 1 < names.count else { continue }
          list.truncated = true
          do throws(SystemError) {
            list.next = try next(after: name, version: version)
          } catch {
            failure = error
          }
          break
        }
      }
      list.writeCounts(to: &$0)
    }
    if let failure { throw Refusal(.internalError, log: failure.description) }
    return writer.bytes
  }

  private func next(after name: [UInt8], version: FileStatus) throws(SystemError) -> String {
    try DirectoryCursor(after: name, version: cursor?.version ?? .init(version)).sealed(at: place)
  }

  /// The names of this page, in order. Counts what was read, and what the grant leaves out.
  private func select(
    from directory: borrowing FileDescriptor, counting list: inout DirectoryList
  ) throws(SystemError) -> (names: [[UInt8]], isCut: Bool) {
    let prefix = found.place.path == [0x2F] ? [] : found.place.path
    let paths = request.grant.paths
    let isWhole = paths.includeEverything(below: found.place.path)
    var smallest = SmallestNames(limit: limit, after: cursor?.name)
    var total = 0
    var hidden = 0
    var reader = DirectoryReader(limit: Self.directoryLimit)
    while try found.visit({ () throws(SystemError) in try reader.readMore(of: directory) }) {
      reader.takeNames { name in
        total += 1
        if isWhole || paths.matches(prefix + [0x2F] + name) { smallest.offer(name) } else { hidden += 1 }
      }
    }
    list.total = total
    list.hidden = hidden
    list.truncated = reader.isTruncated
    return smallest.finish()
  }

  private func entry(_ name: [UInt8]) -> FileEntry {
    let text = GrantedFiles.text(name, masker)
    let parent = found.place
    // What is mounted on an entry may hang when it is asked, so only a place on the same trusted mount is.
    let path = parent.path == [0x2F] ? [0x2F] + name : parent.path + [0x2F] + name
    if found.walk.mounted(on: path, of: parent.mount) != nil { return FileEntry(name: text, status: .mountPoint) }
    do throws(SystemError) {
      let child = try found.visit { () throws(SystemError) in try parent.shared.descriptor.open(bytes: name, .path) }
      do throws(ProcFSError) {
        let mount = try found.walk.proc.fileSystem.mountID(ofOwnDescriptor: child.raw)
        guard mount == parent.mount.id else { return FileEntry(name: text, status: .mountPoint) }
      } catch {
        return FileEntry(name: text, status: .denied)
      }
      let facts = try found.visit { () throws(SystemError) in try FileFacts(child, withAttributes: false) }
      return FileEntry(name: text, metadata: FileView.metadata(facts, masker: masker, request: request))
    } catch {
      switch error.number {
      case Errno.noEntry: return FileEntry(name: text, status: .gone)
      case Errno.timedOut: return FileEntry(name: text, status: .stalled)
      case _: return FileEntry(name: text, status: .denied)
      }
    }
  }
}

/// Keeps the first `limit` names in the order of their bytes, of those after `after`, in memory for about twice as many.
struct SmallestNames {
  let limit: Int
  private let after: OrderedName?
  private var kept: [OrderedName] = []
  /// Set once `limit` names are known: what does not come before it is not among the first.
  private var bound: OrderedName?
  private var isCut = false

  init(limit: Int, after: [UInt8]?) {
    self.limit = limit
    self.after = after.map { OrderedName($0[...]) }
  }

  mutating func offer(_ name: ArraySlice<UInt8>) {
    let name = OrderedName(name)
    if let after, !(after < name) { return }
    if let bound, !(name < bound) {
      isCut = isCut || name != bound
      return
    }
    kept.append(name)
    if kept.count >= 2 * limit + 1024 { shrink() }
  }

  /// Sorted, without the repeats that a changing directory can show.
  consuming func finish() -> (names: [[UInt8]], isCut: Bool) {
    shrink()
    return (kept.map(\.bytes), isCut)
  }

  private mutating func shrink() {
    kept.sort()
    var unique: [OrderedName] = []
    unique.reserveCapacity(min(kept.count, limit))
    for name in kept where name != unique.last {
      guard unique.count < limit else {
        isCut = true
        break
      }
      unique.append(name)
    }
    kept = unique
    if kept.count == limit { bound = kept.last }
  }
}

/// A name that is compared by its first sixteen bytes as two numbers, and only where these agree byte by byte.
private struct OrderedName: Comparable {
  private let high: UInt64
  private let low: UInt64
  let bytes: [UInt8]

  init(_ name: ArraySlice<UInt8>) {
    bytes = Array(name)
    var numbers: (UInt64, UInt64) = (0, 0)
    for (place, byte) in name.prefix(16).enumerated() {
      // Shorter names get zeros, which no name holds.
      if place < 8 {
        numbers.0 |= UInt64(byte) << UInt64(56 - 8 * place)
      } else {
        numbers.1 |= UInt64(byte) << UInt64(120 - 8 * place)
      }
    }
    (high, low) = numbers
  }

  static func == (a: OrderedName, b: OrderedName) -> Bool {
    a.high == b.high && a.low == b.low && a.bytes == b.bytes
  }

  static func < (a: OrderedName, b: OrderedName) -> Bool {
    if a.high != b.high { return a.high < b.high }
    if a.low != b.low { return a.low < b.low }
    return a.bytes.count > 16 && b.bytes.count > 16
      ? a.bytes.lexicographicallyPrecedes(b.bytes) : a.bytes.count < b.bytes.count
  }
}
