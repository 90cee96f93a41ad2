package import StrictJSON

/// A field's value, in one of the forms of `ProcessField.Form`.
package enum FieldValue: Sendable, Equatable {
  case flag(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case text(TargetText)
  case texts([TargetText])
  case integers([Int64])
  case totals(SubtreeTotals)
  case limits([ResourceLimit])
  case cgroups([CgroupMembership])
  case namespaces([NamespaceInode])
  case threads([ThreadEntry])

  package static func plain(_ text: String) -> FieldValue { .text(TargetText(text: text)) }
  package static func words(_ texts: [String]) -> FieldValue { .texts(texts.map { TargetText(text: $0) }) }
}

/// A process and what descends from it, as far as the grant includes them.
package struct SubtreeTotals: Sendable, Equatable, Decodable {
  package var processes: Int
  package var threads: Int
  package var residentBytes: Int64
  package var cpuMilliseconds: Int64

  package init(processes: Int, threads: Int, residentBytes: Int64, cpuMilliseconds: Int64) {
    self.processes = processes
    self.threads = threads
    self.residentBytes = residentBytes
    self.cpuMilliseconds = cpuMilliseconds
  }

  private enum CodingKeys: String, CodingKey {
    case processes, threads
    case residentBytes = "resident_bytes"
    case cpuMilliseconds = "cpu_milliseconds"
  }
}

/// A row of proc_pid_limits(5).
package struct ResourceLimit: Sendable, Equatable, Decodable {
  package var name: String
  package var soft: String
  package var hard: String
  package var unit: String?
  package init(name: String, soft: String, hard: String, unit: String?) {
    self.name = name
    self.soft = soft
    self.hard = hard
    self.unit = unit
  }
}

/// A line of `/proc/<pid>/cgroup`.
package struct CgroupMembership: Sendable, Equatable, Decodable {
  /// 0 is the unified hierarchy (cgroup v2).
  package var hierarchy: Int
  package var controllers: String
  /// Masked.
  package var path: String
  package init(hierarchy: Int, controllers: String, path: String) {
    self.hierarchy = hierarchy
    self.controllers = controllers
    self.path = path
  }
}

/// Processes with the same inode share the namespace (namespaces(7)).
package struct NamespaceInode: Sendable, Equatable, Decodable {
  package var name: String
  package var inode: UInt64
  package init(name: String, inode: UInt64) {
    self.name = name
    self.inode = inode
  }
}

package struct ThreadEntry: Sendable, Equatable, Decodable {
  package var tid: Int
  /// Masked.
  package var command: String
  package var commandBase64: String?
  package var state: String
  package var cpuMilliseconds: Int64

  package init(tid: Int, command: TargetText, state: String, cpuMilliseconds: Int64) {
    self.tid = tid
    self.command = command.text
    commandBase64 = command.base64
    self.state = state
    self.cpuMilliseconds = cpuMilliseconds
  }

  private enum CodingKeys: String, CodingKey {
    case tid, command, state
    case commandBase64 = "command_base64"
    case cpuMilliseconds = "cpu_milliseconds"
  }
}

extension JSONWriter {
  /// The member of a field, and beside it `<name>_base64` where a text was not UTF-8: of a list of texts an object with
  /// the index of each such text.
  package mutating func member(_ field: ProcessField, _ value: FieldValue) {
    let name = field.rawValue
    switch value {
    case .flag(let flag): member(name, flag)
    case .integer(let number): member(name, number)
    case .unsigned(let number): member(name, number)
    case .text(let text): member(name, text)
    case .texts(let texts):
      member(array: name) { for text in texts { $0.string(text.text) } }
      guard texts.contains(where: { $0.base64 != nil }) else { return }
      member(object: name + "_base64") {
        for (index, text) in texts.enumerated() { $0.member(optional: String(index), text.base64) }
      }
    case .integers(let numbers): member(array: name) { for number in numbers { $0.integer(number) } }
    case .totals(let totals):
      member(object: name) {
        $0.member("processes", totals.processes)
        $0.member("threads", totals.threads)
        $0.member("resident_bytes", totals.residentBytes)
        $0.member("cpu_milliseconds", totals.cpuMilliseconds)
      }
    case .limits(let limits):
      member(array: name) {
        for limit in limits {
          $0.object {
            $0.member("name", limit.name)
            $0.member("soft", limit.soft)
            $0.member("hard", limit.hard)
            $0.member(optional: "unit", limit.unit)
          }
        }
      }
    case .cgroups(let groups):
      member(array: name) {
        for group in groups {
          $0.object {
            $0.member("hierarchy", group.hierarchy)
            $0.member("controllers", group.controllers)
            $0.member("path", group.path)
          }
        }
      }
    case .namespaces(let namespaces):
      member(array: name) {
        for namespace in namespaces {
          $0.object {
            $0.member("name", namespace.name)
            $0.member("inode", namespace.inode)
          }
        }
      }
    case .threads(let threads):
      member(array: name) {
        for thread in threads {
          $0.object {
            $0.member("tid", thread.tid)
            $0.member("command", thread.command)
            $0.member(optional: "command_base64", thread.commandBase64)
            $0.member("state", thread.state)
            $0.member("cpu_milliseconds", thread.cpuMilliseconds)
          }
        }
      }
    }
  }
}
