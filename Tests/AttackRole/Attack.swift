internal import CAttack
internal import Linux

/// One of the attacks by its place in the list.
struct Attack: Sendable {
  let index: Int32
  // SAFETY: the names are string literals.
  var name: String { unsafe String(cString: ca_name(index)) }

  init(index: Int32) { self.index = index }

  init?(name: String) {
    guard let found = (0..<ca_count()).map(Attack.init(index:)).first(where: { $0.name == name }) else { return nil }
    self = found
  }

  func perform(_ victim: Victim) -> Int { victim.attacked(by: index) }
}

/// What the attacks are aimed at: a process, a file, a folder, a program and a port.
struct Victim: Sendable {
  struct Usage: Error {}

  private let process: Int32
  private let file, folder, program: String
  private let port: Int32

  init(_ words: some Collection<String>) throws(Usage) {
    let words = Array(words)
    guard words.count == 5, let process = Int32(words[0]), let port = Int32(words[4]) else { throw Usage() }
    self.process = process
    file = words[1]
    folder = words[2]
    program = words[3]
    self.port = port
  }

  func attacked(by attack: Int32) -> Int {
    unsafe file.withCString { file in
      unsafe folder.withCString { folder in
        unsafe program.withCString { program in
          var victim = unsafe ca_victim(process: process, file: file, folder: folder, program: program, port: port)
          // SAFETY: the victim and its strings live for the call.
          return unsafe ca_perform(attack, &victim)
        }
      }
    }
  }
}

/// Arguments to try every call with.
struct Arguments: Sendable {
  var name: String
  var values: [Int]

  static let all = [
    Arguments(name: "zero", values: [0, 0, 0, 0, 0, 0]),
    Arguments(name: "garbage", values: [-1, 0x5A5A_5A5A_5A5A_5A5A, 0x7FFF_FFFF, -2, 1 << 40, -4096]),
  ]

  func call(_ number: Int) -> Int { unsafe ca_call(number, values) }
}

/// What came of an attack.
enum Outcome: Sendable {
  case returned(Int)
  case killed(Int32)
  case exited(Int32)

  init(result: Int) { self = .returned(result) }

  /// `worked`, `failed` with errno, `killed` with the signal, `exited` with the status.
  var text: String {
    switch self {
    case .returned(let result): result >= 0 ? "worked" : "failed \(-result)"
    case .killed(let signal): "killed \(signal)"
    case .exited(let status): "exited \(status)"
    }
  }
}
