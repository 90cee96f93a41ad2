package import StrictJSON

/// Why a field that was asked for is not there, or not whole.
package struct FieldStatus: Sendable, Equatable, Decodable {
  package enum Status: String, Sendable, CaseIterable, Decodable {
    /// The kernel does not let this agent read it; `reason` says why.
    case denied
    /// It went while it was read, and the process did not.
    case gone
    /// It was read, and there was nothing.
    case empty
    /// The value is there and is not all.
    case truncated
    /// This kernel does not have it, or gives it to no reader that is confined as this agent is.
    case unsupported
    /// Reading it did not end in time.
    case stalled
  }

  /// The `rawValue` of a `ProcessField`.
  package var field: String
  package var status: Status
  /// For `denied` and `empty`: a typed reason such as `different_uid` or `zombie`.
  package var reason: String?

  package init(_ field: ProcessField, _ status: Status, reason: String? = nil) {
    self.field = field.rawValue
    self.status = status
    self.reason = reason
  }
}

/// One process. Of the fields that were asked for each is in `members`, or named in `unread`, or both where it is not
/// whole: nothing is left out in silence.
package struct ProcessEntry: Sendable, Equatable {
  package struct Member: Sendable, Equatable {
    package var field: ProcessField
    package var value: FieldValue
  }

  /// In the order of `ProcessField`.
  package private(set) var members: [Member] = []
  package private(set) var unread: [FieldStatus] = []

  package init() {}

  /// Call in the order of `ProcessField`.
  package mutating func add(_ field: ProcessField, _ value: FieldValue) {
    members.append(Member(field: field, value: value))
  }

  package mutating func note(_ field: ProcessField, _ status: FieldStatus.Status, reason: String? = nil) {
    unread.append(FieldStatus(field, status, reason: reason))
  }

  package subscript(field: ProcessField) -> FieldValue? { members.first { $0.field == field }?.value }

  package func status(of field: ProcessField) -> FieldStatus? { unread.first { $0.field == field.rawValue } }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      for member in members { $0.member(member.field, member.value) }
      writeUnread(to: &$0)
    }
  }

  private func writeUnread(to writer: inout JSONWriter) {
    guard !unread.isEmpty else { return }
    writer.member(array: "unread") {
      for field in unread {
        $0.object {
          $0.member("field", field.field)
          $0.member("status", field.status.rawValue)
          $0.member(optional: "reason", field.reason)
        }
      }
    }
  }
}

/// Typed access to what the command line shows in its tables.
extension ProcessEntry {
  package func text(_ field: ProcessField) -> TargetText? {
    if case .text(let text)? = self[field] { text } else { nil }
  }

  package func integer(_ field: ProcessField) -> Int64? {
    if case .integer(let number)? = self[field] { number } else { nil }
  }

  package var id: String { text(.id)?.text ?? "" }
  package var pid: Int { Int(integer(.pid) ?? 0) }
  package var ppid: Int { Int(integer(.ppid) ?? 0) }
  package var container: String { text(.container)?.text ?? "" }
  package var arguments: [TargetText] {
    if case .texts(let texts)? = self[.arguments] { texts } else { [] }
  }
}

extension ProcessEntry: Decodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Members that are not known are passed over: they may come from a newer agent.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for field in ProcessField.allCases {
      let key = Key(stringValue: field.rawValue)
      guard container.contains(key) else { continue }
      func value<Value: Decodable>(_ type: Value.Type) throws -> Value { try container.decode(type, forKey: key) }
      let base64 = Key(stringValue: field.rawValue + "_base64")
      let decoded: FieldValue =
        switch field.form {
        case .flag: .flag(try value(Bool.self))
        case .integer: .integer(try value(Int64.self))
        case .unsigned: .unsigned(try value(UInt64.self))
        case .text:
          .text(
            TargetText(
              text: try value(String.self), base64: try container.decodeIfPresent(String.self, forKey: base64)))
        case .texts: .texts(try Self.texts(value([String].self), container, base64))
        case .integers: .integers(try value([Int64].self))
        case .totals: .totals(try value(SubtreeTotals.self))
        case .limits: .limits(try value([ResourceLimit].self))
        case .cgroups: .cgroups(try value([CgroupMembership].self))
        case .namespaces: .namespaces(try value([NamespaceInode].self))
        case .threads: .threads(try value([ThreadEntry].self))
        }
      add(field, decoded)
    }
    unread = try container.decodeIfPresent([FieldStatus].self, forKey: Key(stringValue: "unread")) ?? []
  }

  private static func texts(
    _ texts: [String], _ container: KeyedDecodingContainer<Key>, _ key: Key
  ) throws -> [TargetText] {
    let originals = try container.decodeIfPresent([String: String].self, forKey: key) ?? [:]
    return texts.enumerated().map { TargetText(text: $1, base64: originals[String($0)]) }
  }
}

/// The answer of `GET /v1/processes`: one snapshot, or a page of it.
package struct ProcessList: Sendable, Equatable, Decodable {
  /// What is said of the snapshot, beside the processes in it.
  package struct Summary: Sendable, Equatable {
    /// RFC 3339; the snapshot was taken between both.
    package var snapshotStart = ""
    package var snapshotEnd = ""
    /// A random UUID of this boot, and the inode of the PID namespace that the pids are of.
    package var bootID = ""
    package var pidNamespace: UInt64 = 0
    /// Processes that ended while the snapshot was taken.
    package var vanished = 0
    /// Processes in scope that the grant does not include.
    package var hidden = 0
    /// Kernel threads that were left out.
    package var kernelThreads = 0
    /// Processes of the answer, over all pages, whose parent is not among them.
    package var orphans = 0
    package var truncated = false
    /// Pass as `cursor` for the next part.
    package var next: String?

    package init() {}
  }

  package var summary: Summary
  package var processes: [ProcessEntry]
  package var next: String? { summary.next }

  /// The name under which a tree shows what has no parent in it; the value of `parent` then.
  package static let unknownParent = "unknown"
  /// The value of `parent` at the top of a scope, or of a PID namespace.
  package static let noParent = "none"

  package init(summary: Summary, processes: [ProcessEntry]) {
    self.summary = summary
    self.processes = processes
  }

  private enum CodingKeys: String, CodingKey {
    case vanished, hidden, orphans, truncated, next, processes
    case snapshotStart = "snapshot_start"
    case snapshotEnd = "snapshot_end"
    case bootID = "boot_id"
    case pidNamespace = "pid_namespace"
    case kernelThreads = "kernel_threads"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    summary = Summary()
    summary.snapshotStart = try container.decode(String.self, forKey: .snapshotStart)
    summary.snapshotEnd = try container.decode(String.self, forKey: .snapshotEnd)
    summary.bootID = try container.decodeIfPresent(String.self, forKey: .bootID) ?? ""
    summary.pidNamespace = try container.decodeIfPresent(UInt64.self, forKey: .pidNamespace) ?? 0
    summary.vanished = try container.decode(Int.self, forKey: .vanished)
    summary.hidden = try container.decode(Int.self, forKey: .hidden)
    summary.kernelThreads = try container.decodeIfPresent(Int.self, forKey: .kernelThreads) ?? 0
    summary.orphans = try container.decodeIfPresent(Int.self, forKey: .orphans) ?? 0
    summary.truncated = try container.decode(Bool.self, forKey: .truncated)
    summary.next = try container.decodeIfPresent(String.self, forKey: .next)
    processes = try container.decode([ProcessEntry].self, forKey: .processes)
  }

  package func write(to writer: inout JSONWriter) {
    Self.write(to: &writer) {
      for process in processes { process.write(to: &$0) }
      return summary
    }
  }

  /// Writes processes as they come, and then what is said of them all, so that no list of them is kept.
  package static func write<E>(
    to writer: inout JSONWriter, processes: (inout JSONWriter) throws(E) -> Summary
  ) throws(E) {
    try writer.object { writer throws(E) in
      var summary = Summary()
      try writer.member(array: "processes") { writer throws(E) in summary = try processes(&writer) }
      writer.member("snapshot_start", summary.snapshotStart)
      writer.member("snapshot_end", summary.snapshotEnd)
      writer.member("boot_id", summary.bootID)
      writer.member("pid_namespace", summary.pidNamespace)
      writer.member("vanished", summary.vanished)
      writer.member("hidden", summary.hidden)
      writer.member("kernel_threads", summary.kernelThreads)
      writer.member("orphans", summary.orphans)
      writer.member("truncated", summary.truncated)
      writer.member(optional: "next", summary.next)
    }
  }
}
