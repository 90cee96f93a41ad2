internal import Foundation  // FileHandle

/// Why a file named in a configuration cannot be used.
package enum InputFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// `errno` of the call that failed.
  case unreadable(path: String, code: Int32)
  case notRegular(path: String)
  case tooLarge(path: String, limit: Int)
  /// A secret that everybody on the machine may read.
  case readableByOthers(path: String)

  package var description: String {
    switch self {
    // SAFETY: strerror(3) returns a string that is valid until the next call on this thread, and is copied at once.
    case .unreadable(let path, let code): "cannot read \(path): \(unsafe String(cString: strerror(code)))"
    case .notRegular(let path): "\(path) is not a regular file"
    case .tooLarge(let path, let limit): "\(path) is larger than \(limit) bytes"
    case .readableByOthers(let path): "\(path) holds a secret and is readable by others; take that permission away"
    }
  }
}

/// Files that a program is told to read at its start.
package enum InputFile {
  /// The whole of a regular file.
  package static func read(_ path: String, limit: Int = 1 << 20) throws(InputFileError) -> [UInt8] {
    try read(path, limit: limit, secret: false)
  }

  /// The same for a secret: the file's mode must give nothing to others.
  package static func readSecret(_ path: String, limit: Int = 1 << 16) throws(InputFileError) -> [UInt8] {
    try read(path, limit: limit, secret: true)
  }

  private static func read(_ path: String, limit: Int, secret: Bool) throws(InputFileError) -> [UInt8] {
    // SAFETY: the path is a terminated string for the time of the call, and open(2) keeps no pointer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(path: path, code: errno) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    // SAFETY: fstat(2) fills the structure that the pointer names and keeps no pointer.
    guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path: path) }
    if secret, status.st_mode & 0o007 != 0 { throw .readableByOthers(path: path) }
    let data: Data?
    do {
      data = try file.read(upToCount: limit + 1)
    } catch {
      throw .unreadable(path: path, code: EIO)
    }
    let bytes = [UInt8](data ?? Data())
    guard bytes.count <= limit else { throw .tooLarge(path: path, limit: limit) }
    return bytes
  }
}
