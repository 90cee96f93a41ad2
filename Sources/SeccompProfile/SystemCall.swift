package import Sandbox

/// One call as a filter sees it: `struct seccomp_data` (seccomp(2)).
package struct SystemCall: Sendable, Hashable {
  package var number: UInt32
  /// What `seccomp_data.arch` holds.
  package var architecture: UInt32
  package var instructionPointer: UInt64
  /// Six.
  package var arguments: [UInt64]

  package init(number: UInt32, architecture: UInt32, arguments: [UInt64] = [], instructionPointer: UInt64 = 0) {
    self.number = number
    self.architecture = architecture
    self.arguments = Array((arguments + [0, 0, 0, 0, 0, 0]).prefix(6))
    self.instructionPointer = instructionPointer
  }

  /// Nil where the architecture has no such call.
  package init?(_ name: String, on architecture: Architecture, arguments: [UInt64] = []) {
    guard let number = SystemCallName.number(of: name, on: architecture) else { return nil }
    self.init(
      number: UInt32(bitPattern: number), architecture: architecture.audited, arguments: arguments)
  }

  /// The words of 32 bits that a filter can load, in the order of `struct seccomp_data` on a little-endian machine.
  package subscript(word index: Int) -> UInt32 {
    switch index {
    case 0: number
    case 1: architecture
    case 2: UInt32(truncatingIfNeeded: instructionPointer)
    case 3: UInt32(truncatingIfNeeded: instructionPointer >> 32)
    case _:
      UInt32(truncatingIfNeeded: arguments[(index - 4) / 2] >> (index % 2 == 0 ? 0 : 32))
    }
  }

  /// From sixteen words, in the same order.
  package init(words: [UInt32]) {
    func long(_ index: Int) -> UInt64 { UInt64(words[index]) | UInt64(words[index + 1]) << 32 }
    self.init(
      number: words[0], architecture: words[1], arguments: (0..<6).map { long(4 + 2 * $0) },
      instructionPointer: long(2))
  }

  /// The architecture whose call this is: x32's calls come as x86-64's with bit 30 of the number set.
  package var abi: Architecture? {
    if architecture == Architecture.amd64.audited {
      return number & 0x4000_0000 != 0 && number < 0x8000_0000 ? .x32 : .amd64
    }
    return Architecture.allCases.first { $0 != .x32 && $0.token == architecture }
  }

  /// The name, or the number where nobody has given it one.
  package var name: String {
    if let abi, let name = SystemCallName.name(of: number, on: abi == .x32 ? .amd64 : abi) { return name }
    return "#\(number)"
  }
}
