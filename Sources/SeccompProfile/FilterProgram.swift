package import Sandbox

/// A seccomp filter as the kernel runs it: classic BPF over one `seccomp_data` (seccomp(2), linux/filter.h).
package struct FilterProgram: Sendable, Equatable {
  package struct Instruction: Sendable, Equatable {
    package var code: UInt16
    package var jumpTrue: UInt8
    package var jumpFalse: UInt8
    package var constant: UInt32

    package init(code: UInt16, jumpTrue: UInt8 = 0, jumpFalse: UInt8 = 0, constant: UInt32) {
      self.code = code
      self.jumpTrue = jumpTrue
      self.jumpFalse = jumpFalse
      self.constant = constant
    }
  }

  package let instructions: [Instruction]

  package enum Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    case length(Int)
    case instruction(at: Int, code: UInt16)
    case jump(at: Int)
    case load(at: Int, offset: UInt32)
    case noReturn
    case tooComplex

    package var description: String {
      switch self {
      case .length(let count): "a program of \(count) bytes is no filter"
      case .instruction(let place, let code): "instruction \(place) (code \(code)) is none that libseccomp makes"
      case .jump(let place): "instruction \(place) jumps out of the program"
      case .load(let place, let offset): "instruction \(place) loads from offset \(offset)"
      case .noReturn: "the program does not end with a return"
      case .tooComplex: "the conditions of the filters are too many to decide"
      }
    }
  }

  /// The kernel's limit (BPF_MAXINSNS).
  private static let maximum = 4096

  /// Checks what the kernel checks before it takes a filter (seccomp_check_filter, bpf_check_classic), so that
  /// evaluation cannot fail.
  package init(_ instructions: [Instruction]) throws(Invalid) {
    guard (1...Self.maximum).contains(instructions.count) else { throw .length(instructions.count * 8) }
    for (place, instruction) in instructions.enumerated() {
      guard let operation = Operation(rawValue: instruction.code) else {
        throw .instruction(at: place, code: instruction.code)
      }
      let remaining = UInt32(instructions.count - place - 1)
      switch operation {
      case .loadWord:
        guard instruction.constant < 64, instruction.constant % 4 == 0 else {
          throw .load(at: place, offset: instruction.constant)
        }
      case .jump: guard instruction.constant < remaining else { throw .jump(at: place) }
      case .jumpEqual, .jumpGreater, .jumpGreaterOrEqual, .jumpSet:
        guard instruction.jumpTrue < remaining, instruction.jumpFalse < remaining else { throw .jump(at: place) }
      case .and, .returnConstant: break
      }
    }
    guard instructions.last?.code == Operation.returnConstant.rawValue else { throw .noReturn }
    self.instructions = instructions
  }

  /// `struct sock_filter`s in this machine's (little-endian) byte order.
  package init(_ bytes: [UInt8]) throws(Invalid) {
    guard bytes.count % 8 == 0 else { throw .length(bytes.count) }
    var instructions: [Instruction] = []
    instructions.reserveCapacity(bytes.count / 8)
    for start in stride(from: 0, to: bytes.count, by: 8) {
      var constant: UInt32 = 0
      for index in (4..<8).reversed() { constant = constant << 8 | UInt32(bytes[start + index]) }
      instructions.append(
        Instruction(
          code: UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8, jumpTrue: bytes[start + 2],
          jumpFalse: bytes[start + 3], constant: constant))
    }
    try self.init(instructions)
  }

  /// The instructions that libseccomp's programs are made of; the kernel takes a few more.
  enum Operation: UInt16 {
    case loadWord = 0x20  // BPF_LD | BPF_W | BPF_ABS
    case and = 0x54  // BPF_ALU | BPF_AND | BPF_K
    case jump = 0x05  // BPF_JMP | BPF_JA
    case jumpEqual = 0x15  // BPF_JMP | BPF_JEQ | BPF_K
    case jumpGreater = 0x25  // BPF_JMP | BPF_JGT | BPF_K
    case jumpGreaterOrEqual = 0x35  // BPF_JMP | BPF_JGE | BPF_K
    case jumpSet = 0x45  // BPF_JMP | BPF_JSET | BPF_K
    case returnConstant = 0x06  // BPF_RET | BPF_K
  }

  /// What the filter answers to a call, computed as the kernel does.
  package func action(for call: SystemCall) -> FilterAction {
    var place = 0
    var accumulator: UInt32 = 0
    while true {
      let instruction = instructions[place]
      let constant = instruction.constant
      place += 1
      func branch(_ condition: Bool) { place += Int(condition ? instruction.jumpTrue : instruction.jumpFalse) }
      switch Operation(rawValue: instruction.code) {
      case .loadWord?: accumulator = call[word: Int(constant) / 4]
      case .and?: accumulator &= constant
      case .jump?: place += Int(constant)
      case .jumpEqual?: branch(accumulator == constant)
      case .jumpGreater?: branch(accumulator > constant)
      case .jumpGreaterOrEqual?: branch(accumulator >= constant)
      case .jumpSet?: branch(accumulator & constant != 0)
      case .returnConstant?: return FilterAction(code: constant)
      case nil: return .killProcess  // The initialiser has refused it.
      }
    }
  }
}

extension FilterSource {
  /// Compiled by libseccomp and read back.
  package func program() throws(ProfileError) -> FilterProgram {
    let bytes: [UInt8]
    do throws(SandboxError) { bytes = try compiled() } catch { throw .compile(error) }
    do throws(FilterProgram.Invalid) { return try FilterProgram(bytes) } catch { throw .program(error) }
  }
}
