package import Sandbox

/// A seccomp profile as its file has it: the OCI runtime's form (runtime-spec, config-linux.md, "Seccomp"), or Docker's,
/// which has rules for some machines, kernels and capabilities.
package struct Profile: Sendable, Equatable {
  package var defaultAction: FilterAction
  /// OCI: whose calls the filter knows, beside the machine's own.
  package var architectures: [Architecture]
  /// Docker: for each machine the further architectures.
  package var architectureMap: [ArchitectureEntry]
  package var flags: [String]
  package var rules: [Rule]

  package init(
    defaultAction: FilterAction, architectures: [Architecture] = [], architectureMap: [ArchitectureEntry] = [],
    flags: [String] = [], rules: [Rule] = []
  ) {
    self.defaultAction = defaultAction
    self.architectures = architectures
    self.architectureMap = architectureMap
    self.flags = flags
    self.rules = rules
  }

  package struct ArchitectureEntry: Sendable, Equatable {
    package var machine: Architecture
    package var more: [Architecture]
  }

  /// An entry of `syscalls`.
  package struct Rule: Sendable, Equatable {
    package var names: [String]
    package var action: FilterAction
    package var conditions: [FilterSource.Comparison]
    /// Docker: where the rule is there at all.
    package var includes: Selector
    package var excludes: Selector
    package var comment: String

    package init(
      _ names: [String], _ action: FilterAction, _ conditions: [FilterSource.Comparison] = [],
      includes: Selector = Selector(), excludes: Selector = Selector(), comment: String = ""
    ) {
      self.names = names
      self.action = action
      self.conditions = conditions
      self.includes = includes
      self.excludes = excludes
      self.comment = comment
    }
  }

  /// Docker's `includes` and `excludes`.
  package struct Selector: Sendable, Equatable {
    package var capabilities: [String] = []
    /// Names of Go's ports: amd64, arm64, x86, x32, arm …
    package var ports: [String] = []
    package var minimumKernel: KernelVersion?

    package init() {}
  }
}

/// A kernel's release, as far as profiles speak of it.
package struct KernelVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var major: Int
  package var minor: Int

  package init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// `5.10`, or a release such as `5.10.0-13-amd64`.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isASCII && $0.isNumber }),
      major >= 0
    else { return nil }
    self.init(major, minor)
  }

  package static func < (a: Self, b: Self) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
  package var description: String { "\(major).\(minor)" }
}
