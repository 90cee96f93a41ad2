internal import Foundation  // FileManager
internal import Glibc

/// The environment of this command itself. Nothing else here reads it.
enum CallerEnvironment {
  static func variable(_ name: String, emptyIsAbsent: Bool = false) -> String? {
    // SAFETY: getenv returns nil or a C string that lives until the environment changes; nobody here changes it, and
    // the bytes are copied at once.
    guard let pointer = unsafe getenv(name) else { return nil }
    let value = unsafe String(cString: pointer)
    return emptyIsAbsent && value.isEmpty ? nil : value
  }

  /// All of it as it was when this command started, as `NAME=value`, in order.
  static var all: [String] {
    let block = FileManager.default.contents(atPath: "/proc/self/environ") ?? Data()
    return block.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
