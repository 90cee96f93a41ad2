/// The parts of `/proc/<pid>/status` (proc_pid_status(5)) that views and posture use.
package struct ProcessStatus: Sendable, Equatable {
  package struct IDs: Sendable, Equatable {
    package var real, effective, saved, fileSystem: UInt32
    package var agree: Bool { real == effective && effective == saved && saved == fileSystem }
  }

  package struct CapabilitySets: Sendable, Equatable {
    package var inheritable: UInt64 = 0
    package var permitted: UInt64 = 0
    package var effective: UInt64 = 0
    package var bounding: UInt64 = 0
    package var ambient: UInt64 = 0
  }

  package var uids: IDs
  package var gids: IDs
  package var capabilities: CapabilitySets
  package var noNewPrivileges: Bool
  /// 0 disabled, 1 strict, 2 filter.
  package var seccompMode: Int
  package var seccompFilters: Int

  package init(_ text: Span<UInt8>) throws(ProcFSError) {
    var uids: IDs?
    var gids: IDs?
    var sets = CapabilitySets()
    var noNewPrivileges = false
    var seccompMode = 0
    var seccompFilters = 0
    // `Name:` is first and holds no raw newline: the kernel escapes it.
    Fields.lines(text) { line in
      guard let colon = line.first(where: { text[$0] == UInt8(ascii: ":") }) else { return }
      let words = Fields.words(text, in: (colon + 1)..<line.upperBound)
      guard let first = words.first else { return }
      let number = Fields.number(text, at: first.lowerBound)?.value
      switch String(decoding: Fields.array(text, line.lowerBound..<colon), as: UTF8.self) {
      case "Uid": uids = Self.ids(text, words)
      case "Gid": gids = Self.ids(text, words)
      case "CapInh": sets.inheritable = Fields.hexadecimal(text, in: first) ?? .max
      case "CapPrm": sets.permitted = Fields.hexadecimal(text, in: first) ?? .max
      case "CapEff": sets.effective = Fields.hexadecimal(text, in: first) ?? .max
      case "CapBnd": sets.bounding = Fields.hexadecimal(text, in: first) ?? .max
      case "CapAmb": sets.ambient = Fields.hexadecimal(text, in: first) ?? .max
      case "NoNewPrivs": noNewPrivileges = number == 1
      case "Seccomp": seccompMode = Int(clamping: number ?? 0)
      case "Seccomp_filters": seccompFilters = Int(clamping: number ?? 0)
      case _: break
      }
    }
    guard let uids, let gids else { throw .malformed(file: "status") }
    self.uids = uids
    self.gids = gids
    capabilities = sets
    self.noNewPrivileges = noNewPrivileges
    self.seccompMode = seccompMode
    self.seccompFilters = seccompFilters
  }

  private static func ids(_ text: Span<UInt8>, _ words: [Range<Int>]) -> IDs? {
    guard words.count == 4 else { return nil }
    var ids: [UInt32] = []
    for word in words {
      guard let (value, _) = Fields.number(text, at: word.lowerBound), let id = UInt32(exactly: value) else {
        return nil
      }
      ids.append(id)
    }
    return IDs(real: ids[0], effective: ids[1], saved: ids[2], fileSystem: ids[3])
  }
}
