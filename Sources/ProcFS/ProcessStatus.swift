/// `/proc/<pid>/status` (proc_pid_status(5)).
package struct ProcessStatus: Sendable, Equatable {
  package struct IDs: Sendable, Equatable {
    package var real, effective, saved, fileSystem: UInt32
    package var agree: Bool { real == effective && effective == saved && saved == fileSystem }
    package var all: [UInt32] { [real, effective, saved, fileSystem] }
  }

  package struct CapabilitySets: Sendable, Equatable {
    package var inheritable: UInt64 = 0
    package var permitted: UInt64 = 0
    package var effective: UInt64 = 0
    package var bounding: UInt64 = 0
    package var ambient: UInt64 = 0
  }

  /// The lines in kilobytes, by their names there.
  package enum Memory: String, Sendable, CaseIterable {
    case peakVirtual = "VmPeak"
    case locked = "VmLck"
    case pinned = "VmPin"
    case peakResident = "VmHWM"
    case anonymous = "RssAnon"
    case file = "RssFile"
    case shared = "RssShmem"
    case data = "VmData"
    case stack = "VmStk"
    case text = "VmExe"
    case library = "VmLib"
    case pageTable = "VmPTE"
    case swap = "VmSwap"
    case hugePages = "HugetlbPages"
  }

  package var uids: IDs
  package var gids: IDs
  package var groups: [UInt32] = []
  /// More supplementary groups than are kept.
  package var groupsTruncated = false
  package var capabilities: CapabilitySets
  package var noNewPrivileges: Bool
  /// 0 disabled, 1 strict, 2 filter.
  package var seccompMode: Int
  package var seccompFilters: Int
  /// Whether the kernel says how many (since Linux 5.9).
  package var countsSeccompFilters = false
  package var umask: UInt32?
  package var tracer: Int32?
  /// Ids in each nested PID namespace, from that of the mount to the innermost.
  package var namespacePids: [Int32] = []
  package var namespaceProcessGroups: [Int32] = []
  package var namespaceSessions: [Int32] = []
  /// In bytes. Empty for kernel threads and zombies, which have no memory.
  package var memory: [Memory: UInt64] = [:]
  package var allowedCPUs: String?
  package var allowedMemoryNodes: String?
  package var voluntarySwitches: UInt64?
  package var involuntarySwitches: UInt64?

  /// Most supplementary groups kept, and most nested namespaces (the kernel allows 65,536, and 32).
  package static let maximumGroups = 1024
  private static let maximumNamespaces = 64

  package init(_ text: Span<UInt8>) throws(ProcFSError) {
    var uids: IDs?
    var gids: IDs?
    var sets = CapabilitySets()
    var rest = Rest()
    // `Name:` is first and holds no raw newline: the kernel escapes it.
    Fields.lines(text) { line in
      guard let colon = line.first(where: { text[$0] == UInt8(ascii: ":") }) else { return }
      let words = Fields.words(text, in: (colon + 1)..<line.upperBound)
      let label = String(decoding: Fields.array(text, line.lowerBound..<colon), as: UTF8.self)
      guard let first = words.first else { return }
      switch label {
      case "Uid": uids = Self.ids(text, words)
      case "Gid": gids = Self.ids(text, words)
      case "CapInh": sets.inheritable = Fields.hexadecimal(text, in: first) ?? .max
      case "CapPrm": sets.permitted = Fields.hexadecimal(text, in: first) ?? .max
      case "CapEff": sets.effective = Fields.hexadecimal(text, in: first) ?? .max
      case "CapBnd": sets.bounding = Fields.hexadecimal(text, in: first) ?? .max
      case "CapAmb": sets.ambient = Fields.hexadecimal(text, in: first) ?? .max
      case _: rest.read(label, words, text)
      }
    }
    guard let uids, let gids else { throw .malformed(file: "status") }
    self.uids = uids
    self.gids = gids
    groups = rest.groups
    groupsTruncated = rest.groupsTruncated
    capabilities = sets
    noNewPrivileges = rest.noNewPrivileges
    seccompMode = rest.seccompMode
    seccompFilters = rest.seccompFilters ?? 0
    countsSeccompFilters = rest.seccompFilters != nil
    umask = rest.umask
    tracer = rest.tracer
    namespacePids = rest.namespacePids
    namespaceProcessGroups = rest.namespaceProcessGroups
    namespaceSessions = rest.namespaceSessions
    memory = rest.memory
    allowedCPUs = rest.allowedCPUs
    allowedMemoryNodes = rest.allowedMemoryNodes
    voluntarySwitches = rest.voluntarySwitches
    involuntarySwitches = rest.involuntarySwitches
  }

  /// What may be missing.
  private struct Rest {
    var groups: [UInt32] = []
    var groupsTruncated = false
    var noNewPrivileges = false
    var seccompMode = 0
    var seccompFilters: Int?
    var umask: UInt32?
    var tracer: Int32?
    var namespacePids: [Int32] = []
    var namespaceProcessGroups: [Int32] = []
    var namespaceSessions: [Int32] = []
    var memory: [Memory: UInt64] = [:]
    var allowedCPUs: String?
    var allowedMemoryNodes: String?
    var voluntarySwitches: UInt64?
    var involuntarySwitches: UInt64?

    mutating func read(_ label: String, _ words: [Range<Int>], _ text: Span<UInt8>) {
      let first = words[0]
      let number = Fields.number(text, at: first.lowerBound)?.value
      switch label {
      case "NoNewPrivs": noNewPrivileges = number == 1
      case "Seccomp": seccompMode = Int(clamping: number ?? 0)
      case "Seccomp_filters": seccompFilters = Int(clamping: number ?? 0)
      case "Umask": umask = Fields.octal(text, in: first)
      case "TracerPid": tracer = number.flatMap { Int32(exactly: $0) }
      case "Groups":
        groupsTruncated = words.count > maximumGroups
        for word in words.prefix(maximumGroups) {
          if let id = Fields.number(text, at: word.lowerBound).flatMap({ UInt32(exactly: $0.value) }) {
            groups.append(id)
          }
        }
      case "NSpid": namespacePids = Self.numbers(words, text)
      case "NSpgid": namespaceProcessGroups = Self.numbers(words, text)
      case "NSsid": namespaceSessions = Self.numbers(words, text)
      case "Cpus_allowed_list": allowedCPUs = String(decoding: Fields.array(text, first), as: UTF8.self)
      case "Mems_allowed_list": allowedMemoryNodes = String(decoding: Fields.array(text, first), as: UTF8.self)
      case "voluntary_ctxt_switches": voluntarySwitches = number
      case "nonvoluntary_ctxt_switches": involuntarySwitches = number
      case _:
        guard let line = Memory(rawValue: label), let number else { return }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1024)
        memory[line] = overflow ? .max : bytes
      }
    }

    private static func numbers(_ words: [Range<Int>], _ text: Span<UInt8>) -> [Int32] {
      var numbers: [Int32] = []
      for word in words.prefix(maximumNamespaces) {
        guard let id = Fields.number(text, at: word.lowerBound).flatMap({ Int32(exactly: $0.value) }) else { return [] }
        numbers.append(id)
      }
      return numbers
    }
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
