package import Sandbox

/// Where a profile is loaded: decides which of its rules there are.
package struct Machine: Sendable {
  package var architecture: Architecture
  /// What the container is given, such as CAP_SYS_ADMIN. Empty: none.
  package var capabilities: Set<String>
  /// Nil: newer than whatever a profile speaks of.
  package var kernel: KernelVersion?

  package init(_ architecture: Architecture, capabilities: Set<String> = [], kernel: KernelVersion? = nil) {
    self.architecture = architecture
    self.capabilities = capabilities
    self.kernel = kernel
  }

  /// Whose calls its kernel takes: 32-bit programs run as well.
  package var audited: [Architecture] {
    switch architecture {
    case .amd64: [.amd64, .x86]
    case .arm64: [.arm64, .arm]
    case _: [architecture]
    }
  }

  /// What Docker's profiles call it.
  var port: String {
    switch architecture {
    case .amd64: "amd64"
    case .arm64: "arm64"
    case .x86, .x32, .arm, .mips, .mips64, .mips64n32, .mipsel, .mipsel64, .mipsel64n32, .ppc, .ppc64, .ppc64le, .s390,
      .s390x, .parisc, .parisc64, .riscv64:
      String(architecture.rawValue.dropFirst("SCMP_ARCH_".count)).lowercased()
    }
  }
}

/// What a container runtime gives to libseccomp for a profile on a machine: one name and its conditions a rule.
package struct Rendering: Sendable {
  package struct Rule: Sendable, Equatable {
    package var name: String
    package var action: FilterAction
    package var conditions: [FilterSource.Comparison]
    /// Which entry of `syscalls` it comes from.
    package var entry: Int
  }

  package var machine: Machine
  package var architectures: [Architecture]
  package var defaultAction: FilterAction
  package var rules: [Rule]

  /// As runc 1.1 does (libcontainer/seccomp, `matchCall`): a rule with the default action and a name that libseccomp
  /// does not know are passed over, and a rule with two conditions on one argument is taken as one rule for each of its
  /// conditions, any of which is enough.
  package init(_ profile: Profile, on machine: Machine) {
    self.machine = machine
    defaultAction = profile.defaultAction
    var architectures = [machine.architecture] + profile.architectures
    if let entry = profile.architectureMap.first(where: { $0.machine == machine.architecture }) {
      architectures += entry.more
    }
    self.architectures = []
    for architecture in architectures where !self.architectures.contains(architecture) {
      self.architectures.append(architecture)
    }
    rules = []
    for (index, entry) in profile.rules.enumerated() where entry.isThere(on: machine) {
      for name in entry.names {
        let repeats = Set(entry.conditions.map(\.argument)).count < entry.conditions.count
        for conditions in repeats ? entry.conditions.map({ [$0] }) : [entry.conditions] {
          rules.append(Rule(name: name, action: entry.action, conditions: conditions, entry: index))
        }
      }
    }
  }

  package var source: FilterSource {
    source(rules)
  }

  func source(_ rules: [Rule]) -> FilterSource {
    FilterSource(
      architectures: architectures, defaultAction: defaultAction,
      rules: rules.filter { $0.action != defaultAction && SystemCallName.isKnown($0.name) }.map {
        .init(name: $0.name, action: $0.action, conditions: $0.conditions)
      })
  }

  package func program() throws(ProfileError) -> FilterProgram { try source.program() }
}

extension Profile.Rule {
  /// Docker's rule: all of `includes` holds, and nothing of `excludes` does.
  func isThere(on machine: Machine) -> Bool {
    func reaches(_ version: KernelVersion) -> Bool { machine.kernel.map { $0 >= version } ?? true }
    if !excludes.ports.isEmpty, excludes.ports.contains(machine.port) { return false }
    if excludes.capabilities.contains(where: machine.capabilities.contains) { return false }
    if let version = excludes.minimumKernel, reaches(version) { return false }
    if !includes.ports.isEmpty, !includes.ports.contains(machine.port) { return false }
    if !includes.capabilities.allSatisfy(machine.capabilities.contains) { return false }
    if let version = includes.minimumKernel, !reaches(version) { return false }
    return true
  }
}
