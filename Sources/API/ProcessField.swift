/// Every field of a process, by its name on the wire. Values of this one table: what the answers hold, what `fields=`
/// takes, what the OpenAPI file describes (a test compares them), and how the command line shows it.
package enum ProcessField: String, Sendable, CaseIterable {
  // Who it is. In every answer.
  case id, pid, ppid, parent, container
  // What it is.
  case kind, command, state, threads
  case processGroup = "process_group"
  case session, terminal
  case terminalProcessGroup = "terminal_process_group"
  case tracer
  case namespacePIDs = "namespace_pids"
  case namespaceProcessGroups = "namespace_process_groups"
  case namespaceSessions = "namespace_sessions"
  case depth, children, subtree
  case threadList = "thread_list"
  // What it was called with.
  case arguments
  case argumentCount = "argument_count"
  case titleRewritten = "title_rewritten"
  // As whom it runs, and what it may.
  case uid, gid, uids, gids, groups
  case loginUID = "login_uid"
  case auditSession = "audit_session"
  case umask
  case noNewPrivileges = "no_new_privileges"
  case seccomp
  case seccompFilters = "seccomp_filters"
  case capabilities
  case permittedCapabilities = "permitted_capabilities"
  case inheritableCapabilities = "inheritable_capabilities"
  case boundingCapabilities = "bounding_capabilities"
  case ambientCapabilities = "ambient_capabilities"
  // Since when.
  case startTime = "start_time"
  case startTicks = "start_ticks"
  case ageSeconds = "age_seconds"
  // Processor.
  case cpuMilliseconds = "cpu_milliseconds"
  case userMilliseconds = "user_milliseconds"
  case systemMilliseconds = "system_milliseconds"
  case childrenUserMilliseconds = "children_user_milliseconds"
  case childrenSystemMilliseconds = "children_system_milliseconds"
  case guestMilliseconds = "guest_milliseconds"
  case childrenGuestMilliseconds = "children_guest_milliseconds"
  case ioDelayMilliseconds = "io_delay_milliseconds"
  case runNanoseconds = "run_nanoseconds"
  case runDelayNanoseconds = "run_delay_nanoseconds"
  case timeslices
  case lastCPU = "last_cpu"
  case nice, priority
  case realtimePriority = "realtime_priority"
  case policy
  case allowedCPUs = "allowed_cpus"
  case allowedMemoryNodes = "allowed_memory_nodes"
  case voluntarySwitches = "voluntary_switches"
  case involuntarySwitches = "involuntary_switches"
  case autogroup
  // Memory.
  case residentBytes = "resident_bytes"
  case virtualBytes = "virtual_bytes"
  case peakResidentBytes = "peak_resident_bytes"
  case peakVirtualBytes = "peak_virtual_bytes"
  case anonymousBytes = "anonymous_bytes"
  case fileBytes = "file_bytes"
  case sharedMemoryBytes = "shared_memory_bytes"
  case swapBytes = "swap_bytes"
  case lockedBytes = "locked_bytes"
  case pinnedBytes = "pinned_bytes"
  case dataBytes = "data_bytes"
  case stackBytes = "stack_bytes"
  case textBytes = "text_bytes"
  case libraryBytes = "library_bytes"
  case pageTableBytes = "page_table_bytes"
  case hugePageBytes = "huge_page_bytes"
  case minorFaults = "minor_faults"
  case majorFaults = "major_faults"
  case childrenMinorFaults = "children_minor_faults"
  case childrenMajorFaults = "children_major_faults"
  case oomScore = "oom_score"
  case oomScoreAdjustment = "oom_score_adjustment"
  case proportionalBytes = "proportional_bytes"
  case uniqueBytes = "unique_bytes"
  case proportionalSwapBytes = "proportional_swap_bytes"
  // Files and limits.
  case executable
  case executableDeleted = "executable_deleted"
  case executableDevice = "executable_device"
  case executableInode = "executable_inode"
  case workingDirectory = "working_directory"
  case rootDirectory = "root_directory"
  case openDescriptors = "open_descriptors"
  case limits
  // Where it runs.
  case cgroup, cgroups
  case containerRuntime = "container_runtime"
  case containerID = "container_id"
  case podUID = "pod_uid"
  case namespaces
  // What no reader in a Landlock domain gets: always `unsupported`.
  case exitCode = "exit_code"
  case io
  case waitChannel = "wait_channel"
}

extension ProcessField {
  /// What `fields=` takes beside names, and how the command line orders what it shows.
  package enum Group: String, Sendable, CaseIterable {
    case identity, process
    case commandLine = "command_line"
    case credentials, time, cpu, memory, files, placement, unsupported
  }

  package var group: Group {
    switch self {
    case .id, .pid, .ppid, .parent, .container: .identity
    case .kind, .command, .state, .threads, .processGroup, .session, .terminal, .terminalProcessGroup, .tracer,
      .namespacePIDs, .namespaceProcessGroups, .namespaceSessions, .depth, .children, .subtree, .threadList:
      .process
    case .arguments, .argumentCount, .titleRewritten: .commandLine
    case .uid, .gid, .uids, .gids, .groups, .loginUID, .auditSession, .umask, .noNewPrivileges, .seccomp,
      .seccompFilters, .capabilities, .permittedCapabilities, .inheritableCapabilities, .boundingCapabilities,
      .ambientCapabilities:
      .credentials
    case .startTime, .startTicks, .ageSeconds: .time
    case .cpuMilliseconds, .userMilliseconds, .systemMilliseconds, .childrenUserMilliseconds,
      .childrenSystemMilliseconds, .guestMilliseconds, .childrenGuestMilliseconds, .ioDelayMilliseconds,
      .runNanoseconds, .runDelayNanoseconds, .timeslices, .lastCPU, .nice, .priority, .realtimePriority, .policy,
      .allowedCPUs, .allowedMemoryNodes, .voluntarySwitches, .involuntarySwitches, .autogroup:
      .cpu
    case .residentBytes, .virtualBytes, .peakResidentBytes, .peakVirtualBytes, .anonymousBytes, .fileBytes,
      .sharedMemoryBytes, .swapBytes, .lockedBytes, .pinnedBytes, .dataBytes, .stackBytes, .textBytes, .libraryBytes,
      .pageTableBytes, .hugePageBytes, .minorFaults, .majorFaults, .childrenMinorFaults, .childrenMajorFaults,
      .oomScore, .oomScoreAdjustment, .proportionalBytes, .uniqueBytes, .proportionalSwapBytes:
      .memory
    case .executable, .executableDeleted, .executableDevice, .executableInode, .workingDirectory, .rootDirectory,
      .openDescriptors, .limits:
      .files
    case .cgroup, .cgroups, .containerRuntime, .containerID, .podUID, .namespaces: .placement
    case .exitCode, .io, .waitChannel: .unsupported
    }
  }

  /// The form of the value; what an OpenAPI type says, and how a decoder reads it.
  package enum Form: Sendable {
    case flag, integer, unsigned, text, texts, integers, totals, limits, cgroups, namespaces, threads
  }

  package var form: Form {
    switch self {
    case .titleRewritten, .noNewPrivileges, .executableDeleted: .flag
    case .startTicks, .runNanoseconds, .runDelayNanoseconds, .timeslices, .executableInode, .voluntarySwitches,
      .involuntarySwitches, .minorFaults, .majorFaults, .childrenMinorFaults, .childrenMajorFaults:
      .unsigned
    case .id, .parent, .container, .kind, .command, .state, .terminal, .umask, .seccomp, .startTime, .policy,
      .allowedCPUs, .allowedMemoryNodes, .autogroup, .executable, .executableDevice, .workingDirectory,
      .rootDirectory, .cgroup, .containerRuntime, .containerID, .podUID:
      .text
    case .arguments, .capabilities, .permittedCapabilities, .inheritableCapabilities, .boundingCapabilities,
      .ambientCapabilities:
      .texts
    case .namespacePIDs, .namespaceProcessGroups, .namespaceSessions, .children, .uids, .gids, .groups: .integers
    case .subtree: .totals
    case .limits: .limits
    case .cgroups: .cgroups
    case .namespaces: .namespaces
    case .threadList: .threads
    case .pid, .ppid, .threads, .processGroup, .session, .terminalProcessGroup, .tracer, .depth, .argumentCount, .uid,
      .gid, .loginUID, .auditSession, .seccompFilters, .ageSeconds, .cpuMilliseconds, .userMilliseconds,
      .systemMilliseconds, .childrenUserMilliseconds, .childrenSystemMilliseconds, .guestMilliseconds,
      .childrenGuestMilliseconds, .ioDelayMilliseconds, .lastCPU, .nice, .priority, .realtimePriority,
      .residentBytes, .virtualBytes, .peakResidentBytes, .peakVirtualBytes, .anonymousBytes, .fileBytes,
      .sharedMemoryBytes, .swapBytes, .lockedBytes, .pinnedBytes, .dataBytes, .stackBytes, .textBytes, .libraryBytes,
      .pageTableBytes, .hugePageBytes, .oomScore, .oomScoreAdjustment, .proportionalBytes, .uniqueBytes,
      .proportionalSwapBytes, .openDescriptors, .exitCode, .io, .waitChannel:
      .integer
    }
  }

  /// In every answer, whatever `fields=` says.
  package static let always: Set<ProcessField> = [.id, .pid, .ppid, .parent, .container]

  /// Where `fields=` is not given: of a list, and of one process.
  package static let listed: Set<ProcessField> = always.union([
    .kind, .command, .state, .threads, .arguments, .uid, .gid, .noNewPrivileges, .seccomp, .capabilities, .startTime,
    .ageSeconds, .cpuMilliseconds, .residentBytes,
  ])
  package static let shown: Set<ProcessField> = listed.union([
    .executable, .cgroup, .openDescriptors, .limits,
  ])

  /// Too slow or too long for each process of a list.
  package static let onlyOfOne: Set<ProcessField> = [
    .proportionalBytes, .uniqueBytes, .proportionalSwapBytes, .threadList,
  ]

  /// Fields whose text the process itself has chosen, so that a secret may stand in it.
  package static let freeText: Set<ProcessField> = [
    .command, .arguments, .argumentCount, .titleRewritten, .executable, .workingDirectory, .rootDirectory, .cgroup,
    .cgroups, .threadList,
  ]

  /// What `fields=` means: names of fields, of groups, `default` and `all`, with commas between. nil with the first word
  /// that is none of them, or that is not for a list.
  package static func selection(
    _ text: String, inList: Bool
  ) -> Result<Set<ProcessField>, UnknownField> {
    var selected = always
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = String(word)
      if let field = ProcessField(rawValue: word) {
        if inList, onlyOfOne.contains(field) { return .failure(.onlyOfOne(word)) }
        selected.insert(field)
      } else if word == "all" || Group(rawValue: word) != nil {
        for field in allCases where word == "all" || field.group.rawValue == word {
          if !(inList && onlyOfOne.contains(field)) { selected.insert(field) }
        }
      } else if word == "default" {
        selected.formUnion(inList ? listed : shown)
      } else {
        return .failure(.unknown(word))
      }
    }
    return .success(selected)
  }

  package enum UnknownField: Error, Sendable, Equatable {
    case unknown(String)
    case onlyOfOne(String)
  }
}
