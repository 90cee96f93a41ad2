internal import Linux

/// Reads one log as it grows, and finds out what becomes of its file. Four things can happen to it:
///
/// - It is renamed and another gets its name. It is read until it is quiet, then the files between, then the new one.
/// - It is cut to nothing and written again. If a copy was made of it before (copytruncate of logrotate(8)), the rest is
///   read from there.
/// - It is cut and has grown past the old place before anybody looked: what stands before the place is then another text.
/// - It is removed. Its bytes are read to the end; the number of its inode, which another file may get at once, is not
///   trusted without the time of its birth.
///
/// Time is passed in. Blocks on the file system.
struct FollowedLog: Sendable {
  enum Event: Equatable, Sendable {
    case bytes([UInt8])
    /// Bytes of a hole in the file, which read as NULs.
    case hole(UInt64)
    /// Of the file before, written after it had been left.
    case late([UInt8])
    /// What comes next is of another file, from its beginning.
    case rotated
    /// What comes next is of the same name from its beginning; something may have been missed.
    case reset(String)
    /// The file has been removed and nothing has its name.
    case gone
  }

  /// A file that comes after the present one.
  private struct Next: Sendable {
    var opened: OpenedLog
    /// When it was found.
    var found: UInt64
    var event = Event.rotated
    /// Nobody writes to it any more.
    var isCopy = false
    /// It is followed under its own name from then on.
    var hasOwnName = false
  }

  private(set) var opened: OpenedLog
  /// Of the next byte.
  private(set) var offset: UInt64
  private var place: LogPlace
  /// What stands before `offset`, at most `LogCursor.markedBytes`.
  private var before: [UInt8]
  /// The file's time of modification when `before` was last seen to be there.
  private var checked: Timestamp?
  /// The present file is a copy of one that was cut: nobody writes to it any more.
  private var isCopy = false
  private var queue: [Next] = []
  private var lastLook: UInt64?
  /// Since when nothing has come.
  private var quietSince: UInt64
  private var missingSince: UInt64?
  private var previous: (opened: OpenedLog, offset: UInt64, until: UInt64)?

  static let chunk = 65536
  private static let lookInterval: UInt64 = 1_000_000_000
  /// How long a renamed file must have been quiet: its writer may not have opened the new one yet.
  private static let quietTime: UInt64 = 1_000_000_000
  /// How long a writer that never opens the new one is waited for; what it writes then comes late.
  private static let longestWait: UInt64 = 5_000_000_000
  /// How long a file that was left, or was written since, is still looked at.
  private static let lateTime: UInt64 = 30_000_000_000
  private static let goneTime: UInt64 = 60_000_000_000
  private static let maximumQueue = 16

  /// - Throws: where the bytes before `offset` cannot be read.
  init(_ opened: OpenedLog, offset: UInt64, place: LogPlace, now: UInt64) throws(SystemError) {
    self.opened = opened
    self.offset = offset
    self.place = place
    quietSince = now
    before = try Self.bytes(before: offset, in: opened)
  }

  /// Bytes that are there and not read yet, but for a hole before them.
  var lag: UInt64 {
    get throws(SystemError) {
      let size = try opened.statusNow().size
      var total: UInt64 = 0
      if size > offset {
        let data = try opened.nextData(from: Int64(clamping: offset)).map { UInt64($0) } ?? size
        total = size > data ? size - max(data, offset) : 0
      }
      for next in queue { total = total.addingClamped(try next.opened.statusNow().size) }
      return total
    }
  }

  /// Whether other files come after the present one.
  var hasMore: Bool { !queue.isEmpty }

  /// What stands before a place of the present file, for a cursor.
  func bytes(before offset: UInt64) throws(SystemError) -> [UInt8] { try Self.bytes(before: offset, in: opened) }

  static func bytes(before offset: UInt64, in opened: OpenedLog) throws(SystemError) -> [UInt8] {
    let count = Int(min(offset, UInt64(LogCursor.markedBytes)))
    var bytes: [UInt8] = []
    while bytes.count < count {
      let got = try opened.read(
        into: &bytes, count: count - bytes.count, at: Int64(offset) - Int64(count) + Int64(bytes.count))
      if got == 0 { break }
    }
    return bytes
  }

  /// Passes over what is between here and a later place of the present file.
  mutating func jump(to offset: UInt64) throws(SystemError) {
    before = try bytes(before: offset)
    self.offset = offset
  }

  /// What comes next; nil where nothing has come yet.
  mutating func next(now: UInt64, limit: Int = chunk) throws(SystemError) -> Event? {
    if lastLook.map({ now &- $0 >= Self.lookInterval }) ?? true {
      lastLook = now
      look(now: now)
      if let event = try late(now: now) { return event }
    }
    var status = try opened.statusNow()
    var (isCut, event) = try read(status, limit: limit)
    if isCut {
      guard let copy = copy() else {
        start(at: 0, now: now)
        return .reset("truncated")
      }
      // The rest of the old text first, then the file that it was cut from.
      queue.insert(Next(opened: opened, found: now, event: .reset("truncated")), at: 0)
      queue.insert(
        contentsOf: copy.later.map { Next(opened: $0, found: now, event: .reset("truncated"), isCopy: true) }, at: 0)
      let place = offset
      opened = copy.opened
      isCopy = true
      start(at: place, now: now)
      before = try bytes(before: place)
      status = try opened.statusNow()
      (isCut, event) = try read(status, limit: limit)
    }
    if let event {
      quietSince = now
      return event
    }
    if let next = queue.first, try isDone(next: next, now: now) { return go(on: next, now: now) }
    if let missingSince, now &- missingSince >= Self.goneTime, queue.isEmpty, status.links == 0 { return .gone }
    return nil
  }

  private mutating func start(at offset: UInt64, now: UInt64) {
    self.offset = offset
    before = []
    checked = nil
    quietSince = now
  }

  /// What is new; `isCut` where what stands before the place is not what was read there.
  private mutating func read(
    _ status: FileStatus, limit: Int
  ) throws(SystemError) -> (isCut: Bool, event: Event?) {
    guard status.size >= offset else { return (!isCopy, nil) }
    guard status.size > offset else {
      if checked == status.modified { return (false, nil) }
      checked = status.modified
      let found = try bytes(before: offset)
      return (!isCopy && found != before, nil)
    }
    if status.size - offset >= LineCutter.shortestHole {
      let data = try opened.nextData(from: Int64(offset)).map { UInt64($0) } ?? status.size
      if data >= offset + LineCutter.shortestHole, data <= status.size {
        let found = try bytes(before: offset)
        guard isCopy || found == before else { return (true, nil) }
        let count = data - offset
        offset = data
        before = [UInt8](repeating: 0, count: Int(min(data, UInt64(LogCursor.markedBytes))))
        return (false, .hole(count))
      }
    }
    // What was read already comes again with what is new: in one call, so that nothing happens between.
    var bytes: [UInt8] = []
    let got = try opened.read(
      into: &bytes, count: before.count + limit, at: Int64(offset) - Int64(before.count))
    guard bytes.prefix(before.count) == before[...] else { return (!isCopy, nil) }
    guard got > before.count else { return (false, nil) }
    let new = Array(bytes.dropFirst(before.count))
    offset += UInt64(new.count)
    before = Array(bytes.suffix(LogCursor.markedBytes))
    checked = status.modified
    return (false, .bytes(new))
  }

  // MARK: Other files

  /// Finds out whether the name leads to another file now.
  private mutating func look(now: UInt64) {
    do throws(Refusal) {
      let last = queue.last?.opened ?? opened
      guard let current = try place.current(now: now) else {
        missingSince = missingSince ?? now
        return
      }
      missingSince = nil
      guard queue.count < Self.maximumQueue else { return }
      if !last.isSame(as: current.status) {
        // A file that is younger than the one that has its name is a copy, made before that one was cut.
        let isCopied = last.status.born.map { own in current.status.born.map { $0 < own } ?? false } ?? false
        let event = isCopied ? Event.reset("truncated") : .rotated
        for file in try between(last, current) {
          queue.append(Next(opened: file, found: now, event: event, isCopy: isCopied))
        }
        queue.append(Next(opened: try place.open(current), found: now, event: event))
      } else if queue.isEmpty, let younger = try place.younger(than: last.status, now: now) {
        queue.append(Next(opened: try place.open(younger), found: now, hasOwnName: true))
      }
    } catch {
      // Too many descriptors are open, or the folder is not there at the moment: the next look may see more.
      return
    }
  }

  /// Files that had the name between the two, oldest first: made after the one, and written after it.
  private func between(_ own: OpenedLog, _ current: LogFolder.Found) throws(Refusal) -> [OpenedLog] {
    guard let born = own.status.born else { return [] }
    let modified = Self.statusNow(own).modified
    // Copies are younger than what they are copies of.
    let end = current.status.born.flatMap { $0 < born ? nil : $0 }
    var found: [(born: Timestamp, file: OpenedLog)] = []
    for candidate in try place.predecessors().prefix(Self.maximumQueue) {
      guard let theirs = candidate.status.born, theirs > born, end.map({ theirs <= $0 }) ?? true,
        candidate.status.modified >= modified, !own.isSame(as: candidate.status),
        !candidate.status.isSameFile(as: current.status), candidate.status.size > 0
      else { continue }
      found.append((theirs, try place.open(candidate)))
    }
    return found.sorted { $0.born < $1.born }.map(\.file)
  }

  /// The copy that was made of the present file before it was cut, and the copies made after that one.
  private func copy() -> (opened: OpenedLog, later: [OpenedLog])? {
    guard offset >= LogCursor.leastCopied, !isCopy else { return nil }
    do throws(Refusal) {
      let candidates = try place.predecessors().filter { !opened.isSame(as: $0.status) }
      for candidate in candidates where candidate.status.size >= offset {
        let file = try place.open(candidate)
        guard Self.stands(before, before: offset, in: file) else { continue }
        var later: [(born: Timestamp, file: OpenedLog)] = []
        for other in candidates {
          guard let own = candidate.status.born, let theirs = other.status.born, theirs > own, other.status.size > 0
          else { continue }
          later.append((theirs, try place.open(other)))
        }
        return (file, later.sorted { $0.born < $1.born }.map(\.file))
      }
    } catch {
      return nil
    }
    return nil
  }

  private static func statusNow(_ opened: OpenedLog) -> FileStatus {
    do throws(SystemError) { return try opened.statusNow() } catch { return opened.status }
  }

  private static func stands(_ text: [UInt8], before offset: UInt64, in file: OpenedLog) -> Bool {
    do throws(SystemError) { return try bytes(before: offset, in: file) == text } catch { return false }
  }

  /// Whether the present file has been read to its end for good.
  private func isDone(next: Next, now: UInt64) throws(SystemError) -> Bool {
    if isCopy { return true }
    // As long as the new file is empty nothing is lost by waiting for the old one.
    let size = try next.opened.statusNow().size
    guard queue.count > 1 || size > 0 else { return false }
    return now &- quietSince >= Self.quietTime || now &- next.found >= Self.longestWait
  }

  private mutating func go(on next: Next, now: UInt64) -> Event {
    queue.removeFirst()
    previous = isCopy ? nil : (opened, offset, now &+ Self.lateTime)
    opened = next.opened
    isCopy = next.isCopy
    start(at: 0, now: now)
    if next.hasOwnName { place.goOn(with: opened.name) }
    return next.event
  }

  private mutating func late(now: UInt64) throws(SystemError) -> Event? {
    guard var last = previous else { return nil }
    guard now < last.until else {
      previous = nil
      return nil
    }
    var bytes: [UInt8] = []
    guard try last.opened.read(into: &bytes, count: Self.chunk, at: Int64(last.offset)) > 0 else {
      return nil
    }
    last.offset += UInt64(bytes.count)
    last.until = now &+ Self.lateTime
    previous = last
    // More may be there: look again at once.
    lastLook = nil
    return .late(bytes)
  }
}
