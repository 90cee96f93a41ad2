import CFuzzer
import Glibc

/// The fuzz targets as a program around libFuzzer. It holds all of them; SIDELIGHT_FUZZ_TARGET says which one runs, and
/// `list` prints their names and longest inputs.
@main enum Fuzzer {
  static let target: FuzzTarget = {
    // SAFETY: nothing changes the environment of this process while it runs.
    let name = unsafe getenv("SIDELIGHT_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    if let found = FuzzTarget.all.first(where: { $0.name == name }) { return found }
    for target in FuzzTarget.all { print(target.name, target.longest) }
    exit(name == "list" ? 0 : 64)
  }()

  static func main() {
    _ = target
    var count = CommandLine.argc
    // SAFETY: the runtime's own argument vector, which lives as long as the process.
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
    // SAFETY: both pointers live for the call; libFuzzer passes `count` bytes that live until the closure returns.
    let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
      Fuzzer.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    }
    exit(status)
  }

  private static func run(_ input: [UInt8]) -> CInt {
    do {
      try target.run(input)
    } catch {
      print("broken invariant of \(target.name): \(error)")
      fflush(nil)
      abort()
    }
    return 0
  }
}
