internal import Linux

/// A file of a log, opened for reading. All that asks the file system for it is a visit of the watch: a volume may stop
/// answering while its log is followed.
struct OpenedLog: Sendable {
  private let file: ClosedOnVisit
  /// As it was when it was opened.
  var status: FileStatus
  /// In its folder.
  let name: [UInt8]

  /// - Parameters:
  ///   - status: of the file, as it is now.
  ///   - mount: the id of the mount that it is reached by.
  init(_ file: SharedDescriptor, status: FileStatus, name: [UInt8], mount: UInt64, stalls: StallWatch) {
    self.file = ClosedOnVisit(file, place: .mount(mount), stalls: stalls)
    self.status = status
    self.name = name
  }

  /// The same one: by device, inode and, since the number of a removed file is soon given to another, time of birth.
  func isSame(as other: FileStatus) -> Bool {
    status.isSameFile(as: other) && status.born == other.born
  }

  /// Closes other files of its mount that nobody has any more.
  func tidy() { file.stalls.tidy(at: file.place) }

  func statusNow() throws(SystemError) -> FileStatus {
    try file.stalls.visit(file.place) { () throws(SystemError) in try file.shared.descriptor.status() }
  }

  /// Reads at most `count` bytes at `offset`, appended to `buffer`. 0 at the end of the file.
  func read(into buffer: inout [UInt8], count: Int, at offset: Int64) throws(SystemError) -> Int {
    try file.stalls.enter(file.place)
    defer { file.stalls.leave() }
    return try file.shared.descriptor.read(into: &buffer, count: count, at: offset)
  }

  /// The first place at or after `offset` that holds data and not a hole; nil where none follows.
  func nextData(from offset: Int64) throws(SystemError) -> Int64? {
    try file.stalls.visit(file.place) { () throws(SystemError) in try file.shared.descriptor.nextData(from: offset) }
  }
}

/// A descriptor whose closing waits for the file system like any other call: FUSE is asked to flush. The main thread, too,
/// may be the last one that has it.
private final class ClosedOnVisit: Sendable {
  let shared: SharedDescriptor
  let place: StallWatch.Place
  let stalls: StallWatch

  init(_ shared: SharedDescriptor, place: StallWatch.Place, stalls: StallWatch) {
    self.shared = shared
    self.place = place
    self.stalls = stalls
  }

  deinit { stalls.leaveBehind(shared, at: place) }
}
