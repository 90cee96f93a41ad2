internal import API
internal import Linux

/// Where a log of one source is found again and again: its folder is opened anew now and then, since a container that has
/// been started again has another one.
struct LogPlace: Sendable {
  let files: LogFiles
  let source: Configuration.LogSource
  /// The name that is followed.
  private(set) var name: [UInt8]
  /// Whether a newer file that the pattern matches takes its place, as where each day has a file of its own.
  let goesOn: Bool

  private var folder: LogFolder
  private var opened: UInt64
  private var surveyed: UInt64

  /// How often the folder is opened anew, and read for younger files.
  private static let folderTime: UInt64 = 5_000_000_000

  init(
    files: LogFiles, source: Configuration.LogSource, folder: LogFolder, name: [UInt8], goesOn: Bool, now: UInt64
  ) {
    self.files = files
    self.source = source
    self.folder = folder
    self.name = name
    self.goesOn = goesOn
    opened = now
    surveyed = now
  }

  /// What the name leads to now; nil where there is nothing that may be read.
  mutating func current(now: UInt64) throws(Refusal) -> LogFolder.Found? {
    if now &- opened >= Self.folderTime {
      folder = try files.folder(of: source)
      opened = now
    }
    do throws(Refusal) {
      let found = try folder.look(name)
      return found.status.kind == .regular && !found.isRefused(allowsHardLinks: source.allowsHardLinks) ? found : nil
    } catch {
      if error.code == .overloaded { throw error }
      return nil
    }
  }

  /// The youngest file of the pattern, where it is younger than that one and has something in it.
  mutating func younger(than status: FileStatus, now: UInt64) throws(Refusal) -> LogFolder.Found? {
    guard goesOn, let born = status.born, now &- surveyed >= Self.folderTime else { return nil }
    surveyed = now
    let found = try files.survey(source, in: folder, listing: false).files.filter {
      guard let theirs = $0.status.born else { return false }
      return theirs > born && $0.status.size > 0 && $0.status.kind == .regular
        && !$0.isRefused(allowsHardLinks: source.allowsHardLinks)
    }
    return found.max { ($0.status.born ?? $0.status.modified) < ($1.status.born ?? $1.status.modified) }
  }

  mutating func goOn(with name: [UInt8]) { self.name = name }

  /// The older parts that can be read, opened one by one by who needs them.
  func predecessors() throws(Refusal) -> [LogFolder.Found] {
    folder.predecessors(of: name, among: try folder.names().names).files
      .filter { !$0.isCompressed && !$0.found.isRefused(allowsHardLinks: source.allowsHardLinks) }
      .map(\.found)
  }

  func open(_ found: LogFolder.Found) throws(Refusal) -> OpenedLog { try folder.open(found) }
}
