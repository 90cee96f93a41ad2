import ProcFS

extension FuzzTarget {
  static let procFS: [FuzzTarget] = [
    FuzzTarget("stat") { input in
      guard let stat = try? ProcessStat(input.span) else { return }
      try require(stat.pid >= 0 && stat.parent >= 0, "a negative pid")
      let opening = Array("\(stat.pid) (".utf8)
      // Leading zeros are numbers too.
      let start = input.firstIndex(of: UInt8(ascii: "(")) ?? 0
      try require(opening.last == input[start], "no parenthesis")
      try require(
        Array(input[(start + 1)...].prefix(stat.command.count)) == stat.command, "the command is not what stands there")
      let next = start + 1 + stat.command.count
      try require(
        next < input.count && input[next] == UInt8(ascii: ")")
          && !input[(next + 1)...].contains(UInt8(ascii: ")")), "the command does not end at the last parenthesis")
    },
    FuzzTarget("status") { input in
      guard let status = try? ProcessStatus(input.span) else { return }
      // What is not understood must count as a capability held, never as none.
      _ = status.capabilities
      try require(status.seccompMode >= 0 && status.seccompFilters >= 0, "a negative count")
    },
    FuzzTarget("cmdline") { input in
      let line = CommandLine(input.span)
      let bytes = line.arguments.reduce(0) { $0 + $1.count }
      try require(bytes <= input.count, "more bytes than there were")
      try require(line.arguments.allSatisfy { !$0.contains(0) }, "a NUL in an argument")
    },
    FuzzTarget("environ") { input in
      let (records, unterminated) = NULSeparated.records(input.span)
      var joined = Array(records.joined(separator: [0]))
      if !unterminated, !records.isEmpty { joined.append(0) }
      try require(joined == input, "the records are not the block")
      for record in records {
        let entry = EnvironmentEntry(record: record)
        try require(!entry.name.contains(UInt8(ascii: "=")), "a name with =")
        try require(entry.name + (entry.value.map { [UInt8(ascii: "=")] + $0 } ?? []) == record, "not the record")
      }
      let block = EnvironmentBlock(input, limit: 5)
      try require(block.records.count == min(5, records.count), "other records in place")
      for (record, whole) in zip(block.records, records) {
        let entry = EnvironmentEntry(record: whole)
        try require(
          Array(block.name(record)) == entry.name && block.value(record).map { Array($0) } == entry.value,
          "another entry")
      }
      let few = NULSeparated.records(input.span, limit: 3).records
      // The rest of a block without a NUL comes as one more.
      try require(few.count <= 4 && few.elementsEqual(records.prefix(few.count)), "the limit changes records")
    },
    FuzzTarget("cgroup") { input in
      let groups = ControlGroups(input.span)
      let bytes = groups.memberships.reduce(0) { $0 + $1.path.count + $1.controllers.count + 3 }
      try require(bytes <= input.count + 1, "more bytes than there were")
      try require(groups.memberships.allSatisfy { $0.hierarchy >= 0 && !$0.path.contains(0x0A) }, "not one line")
      for own in [nil, [UInt8(ascii: "/")], Array("/kubepods/pod/\(String(repeating: "c", count: 64))".utf8)] {
        guard let reference = ContainerReference(path: groups.path, beside: own) else { continue }
        try require(
          (1...64).contains(reference.id.utf8.count) && reference.id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F },
          "an id that is none")
      }
    },
    FuzzTarget("figures") { input in
      if let statistics = try? SchedulerStatistics(input.span) {
        try require(input.contains { (0x30...0x39).contains($0) }, "figures from nothing: \(statistics)")
      }
      if let rollup = try? MemoryRollup(input.span) {
        try require(rollup.proportional % 1024 == 0 && rollup.unique % 1024 == 0, "not of kilobytes")
      }
    },
    FuzzTarget("mountinfo") { input in
      let table = MountTable(input.span)
      for id: UInt64 in 0..<64 {
        guard let type = table.trustedFileSystem(of: id) else { continue }
        try require(MountTable.trustedFileSystems.contains(type), "trusts \(type)")
        try require(table[id]?.fileSystem == type, "another mount's type")
      }
    },
    FuzzTarget("limits") { input in
      let limits = ResourceLimits(input.span)
      try require(limits.rows.count <= input.count, "more rows than bytes")
    },
  ]
}
