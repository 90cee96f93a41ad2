package import Sandbox

extension Profile {
  /// The profile of one of Sidelight's programs, made from the table: what its container may call. Names that an
  /// architecture does not have are passed over there.
  package static func own(_ program: Program) -> Profile {
    let rules = SystemCallTable.container(for: program)
    let plain = rules.filter { $0.conditions.isEmpty && $0.action == .allow }.map(\.name)
    return Profile(
      defaultAction: .errno(1), architectures: Architecture.supported,
      rules: [Rule(plain, .allow)]
        + rules.filter { !$0.conditions.isEmpty || $0.action != .allow }.map {
          Rule([$0.name], $0.action, $0.conditions.map(\.comparison))
        })
  }
}
