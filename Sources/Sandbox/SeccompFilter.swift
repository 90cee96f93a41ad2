internal import COpenSSL
internal import Linux

/// The compiled filter of one process.
package struct SeccompFilter: ~Copyable {
  private let context: SeccompContext
  /// SHA-256 of the program given to seccomp(2), hexadecimal. A process cannot read its filter back.
  package let digest: String
  /// BPF instructions.
  package let instructions: Int

  /// Compiles for an architecture. Only this machine's can be loaded. What no rule names kills the process, or gets
  /// the default action.
  package init(
    _ rules: [SystemCallRule], on architecture: Architecture = .native, otherwise: FilterAction = .killProcess
  ) throws(SandboxError) {
    let context = try SeccompContext(Self.source(rules, on: architecture, otherwise: otherwise))
    let program = try context.program()
    self.context = context
    digest = Self.sha256(program)
    instructions = program.count / 8
  }

  package init(for role: Role, on architecture: Architecture = .native) throws(SandboxError) {
    try self.init(SystemCallTable.rules(for: role, on: architecture), on: architecture)
  }

  /// The broker's.
  package static func broker(on architecture: Architecture = .native) throws(SandboxError) -> SeccompFilter {
    try SeccompFilter(SystemCallTable.broker, on: architecture, otherwise: SystemCallTable.brokerOtherwise)
  }

  /// What is compiled. Rules of another architecture are left out.
  package static func source(
    _ rules: [SystemCallRule], on architecture: Architecture, otherwise: FilterAction = .killProcess
  ) -> FilterSource {
    FilterSource(
      architectures: [architecture], defaultAction: otherwise, otherArchitectures: .killProcess,
      rules: rules.filter { $0.applies(on: architecture) }.map {
        .init(name: $0.name, action: $0.action, conditions: $0.conditions.map(\.comparison))
      })
  }

  /// Loads the filter into every thread of this process. There is no way back.
  package consuming func load() throws(SandboxError) {
    try context.load()
  }

  private static func sha256(_ bytes: [UInt8]) -> String {
    var state = SHA256_CTX()
    var digest = [UInt8](repeating: 0, count: 32)
    // SAFETY: the state and both arrays are live for the calls; SHA-256 writes 32 bytes.
    unsafe SHA256_Init(&state)
    unsafe SHA256_Update(&state, bytes, bytes.count)
    unsafe SHA256_Final(&digest, &state)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
