package import Grants

/// A request for a session, as it is judged: who, on what, and what they said.
package struct AccessRequest: Sendable, Equatable {
  package var subject: String
  /// Where the subject belongs, as authenticated: `certificate:<group>`.
  package var sources: Set<String>
  /// Whether more than one factor was shown.
  package var multiFactor: Bool
  package var target: Target
  package var justification: String?
  /// How many sessions the subject has open under each rule, by the rule's id.
  package var openSessions: [String: Int64]

  package init(
    subject: String, sources: Set<String>, multiFactor: Bool = false, target: Target, justification: String? = nil,
    openSessions: [String: Int64] = [:]
  ) {
    self.subject = subject
    self.sources = sources
    self.multiFactor = multiFactor
    self.target = target
    self.justification = justification
    self.openSessions = openSessions
  }
}

/// A workload with an agent, as policies see it.
package struct Target: Sendable, Equatable {
  package let namespace: String
  package let labels: [String: String]
  /// The containers' names with the pattern that matches exactly each. Not empty.
  package let containers: [(name: String, glob: Glob)]

  package enum Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    case noContainer, containerName, sameContainer
    package var description: String {
      switch self {
      case .noContainer: "must name a container"
      case .containerName: "has a container name with other characters than A-Z a-z 0-9 . _ -"
      case .sameContainer: "names a container twice"
      }
    }
  }

  package init(namespace: String, labels: [String: String] = [:], containers: [String]) throws(Invalid) {
    guard !containers.isEmpty else { throw .noContainer }
    guard Set(containers).count == containers.count else { throw .sameContainer }
    self.namespace = namespace
    self.labels = labels
    var named: [(String, Glob)] = []
    for name in containers {
      let plain = name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        case _: false
        }
      }
      // A name of such characters, as a pattern, matches itself alone.
      guard plain else { throw .containerName }
      do { named.append((name, try Glob(name))) } catch { throw .containerName }
    }
    self.containers = named
  }

  package static func == (a: Target, b: Target) -> Bool {
    a.namespace == b.namespace && a.labels == b.labels && a.containers.map(\.name) == b.containers.map(\.name)
  }
}
