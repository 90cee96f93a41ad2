internal import Foundation  // Error.localizedDescription
internal import Glibc
internal import Linux

/// A folder with a whole installation. It is ours if it was new or empty when `dev up` first took it, which the marker
/// remembers. One command at a time changes it.
///
///     DIR/sidelight.json          what every command reads
///         policy.yaml             the access policy; edit it, then down and up
///         ca/ broker/ user/       keys and certificates, mode 0700
///         session/                the session's certificate and key
///         agent/ bin/             what the agent is given
///         logs/                   the workload's standard output and error
///         log/ audit/             what agent and broker write
struct StateDirectory: Sendable {
  static let marker = ".sidelight"

  let path: String
  /// Locked for as long as this lives.
  private let lock: SharedDescriptor

  /// For `dev up`: makes the folder if it is not there.
  static func take(_ path: String) throws(Failure) -> StateDirectory {
    let manager = FileManager.default
    if !manager.fileExists(atPath: path) {
      do {
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
      } catch {
        throw Failure(.state, "\(path) cannot be made", hint: "give a folder that you may write to")
      }
    }
    let contents: [String]
    do {
      contents = try manager.contentsOfDirectory(atPath: path)
    } catch {
      throw Failure(.state, "\(path) is not a folder that can be read", hint: "give a new or an empty folder")
    }
    guard contents.isEmpty || contents.contains(marker) else {
      throw Failure(
        .state, "\(path) is not empty and was not made by 'sidelight dev up'", hint: "give a new or an empty folder")
    }
    return try StateDirectory(path, create: true)
  }

  /// For `dev down` and `dev status`: only a folder of ours.
  static func open(_ path: String) throws(Failure) -> StateDirectory {
    guard FileManager.default.fileExists(atPath: "\(path)/\(marker)") else {
      throw Failure(
        .state, "\(path) was not made by 'sidelight dev up'",
        hint: "give --state or SIDELIGHT_STATE the folder of an installation")
    }
    return try StateDirectory(path, create: false)
  }

  private init(_ path: String, create: Bool) throws(Failure) {
    let marker = "\(path)/\(Self.marker)"
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0)
    // SAFETY: the path is a terminated string for the time of the call, which keeps no pointer.
    let raw = unsafe Glibc.open(marker, flags, 0o600)
    guard raw >= 0 else {
      throw Failure(.state, "\(marker) cannot be opened: \(SystemError.text(errno))", hint: "use the user who made it")
    }
    let descriptor = FileDescriptor(owning: raw)
    guard flock(raw, LOCK_EX | LOCK_NB) == 0 else {
      throw Failure(.state, "another 'sidelight dev' command is at work in \(path)", hint: "wait for it to end")
    }
    self.path = path
    lock = SharedDescriptor(descriptor)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// A folder of ours, with exactly this mode and, where given, group.
  func makeFolder(_ name: String, mode: mode_t, group: UInt32? = nil) throws(Failure) {
    let path = file(name)
    // SAFETY: the path is a terminated string for the time of the call, which keeps no pointer.
    if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw failure(name, errno) }
    // SAFETY: the same.
    let raw = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard raw >= 0 else { throw failure(name, errno) }
    let folder = FileDescriptor(owning: raw)
    try adopt(folder, name, mode: mode, group: group)
  }

  func read(_ name: String) throws(Failure) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: file(name)) else {
      throw Failure(.state, "\(file(name)) cannot be read", hint: "is the folder yours?")
    }
    return Array(data)
  }

  func readText(_ name: String) throws(Failure) -> String { String(decoding: try read(name), as: UTF8.self) }

  /// Replaces the file as a whole: readers see the old one or the new one.
  func write(_ text: String, to name: String, mode: mode_t, group: UInt32? = nil) throws(Failure) {
    let temporary = name + ".new"
    remove(temporary)
    let descriptor = try create(temporary, flags: O_WRONLY | O_EXCL, mode: mode, group: group)
    do throws(SystemError) {
      try descriptor.writeAll(Array(text.utf8))
    } catch {
      throw failure(name, error.number)
    }
    try rename(temporary, to: name)
  }

  /// A file that grows; what is in it stays.
  func openForAppending(_ name: String, mode: mode_t, group: UInt32? = nil) throws(Failure) -> FileDescriptor {
    try create(name, flags: O_WRONLY | O_APPEND, mode: mode, group: group)
  }

  /// Copies a file from elsewhere, replacing ours as a whole.
  func copy(_ source: String, to name: String, mode: mode_t) throws(Failure) {
    let temporary = name + ".new"
    remove(temporary)
    do {
      try FileManager.default.copyItem(atPath: source, toPath: file(temporary))
    } catch {
      throw Failure(.state, "\(source) cannot be copied to \(file(name)): \(error.localizedDescription)")
    }
    // SAFETY: the paths are terminated strings for the time of each call, which keeps no pointer.
    guard unsafe chown(file(temporary), geteuid(), getegid()) == 0, unsafe chmod(file(temporary), mode) == 0 else {
      throw failure(name, errno)
    }
    try rename(temporary, to: name)
  }

  /// A place in the tree, to hand to a process that may not walk the path to it.
  func openPlace(_ name: String, _ mode: FileDescriptor.Mode) throws(Failure) -> FileDescriptor {
    do throws(SystemError) {
      return try FileDescriptor.open(path: file(name), mode)
    } catch {
      throw failure(name, error.number)
    }
  }

  /// Does nothing where it is not there.
  func remove(_ name: String) {
    // SAFETY: the path is a terminated string for the time of the call, which keeps no pointer.
    _ = unsafe unlink(file(name))
  }

  /// The last lines of one of our own logs.
  func lastLines(_ name: String, count: Int = 5) -> [String] {
    guard let data = FileManager.default.contents(atPath: file(name)) else { return [] }
    return String(decoding: data.suffix(16 << 10), as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
  }

  private func create(
    _ name: String, flags: Int32, mode: mode_t, group: UInt32? = nil
  ) throws(Failure) -> FileDescriptor {
    // SAFETY: the path is a terminated string for the time of the call, which keeps no pointer.
    let raw = unsafe Glibc.open(file(name), flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw failure(name, errno) }
    let descriptor = FileDescriptor(owning: raw)
    try adopt(descriptor, name, mode: mode, group: group)
    return descriptor
  }

  /// The group first: chown(2) clears bits of the mode.
  private func adopt(
    _ descriptor: borrowing FileDescriptor, _ name: String, mode: mode_t, group: UInt32?
  ) throws(Failure) {
    if let group, fchown(descriptor.raw, geteuid(), group) != 0 { throw failure(name, errno) }
    guard fchmod(descriptor.raw, mode) == 0 else { throw failure(name, errno) }
  }

  private func rename(_ name: String, to final: String) throws(Failure) {
    // SAFETY: both paths are terminated strings for the time of the call, which keeps no pointer.
    guard unsafe Glibc.rename(file(name), file(final)) == 0 else { throw failure(final, errno) }
  }

  private func failure(_ name: String, _ number: Int32) -> Failure {
    Failure(.state, "\(file(name)): \(SystemError.text(number))", hint: "is the folder yours, and is there space?")
  }
}
