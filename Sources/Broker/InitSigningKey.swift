internal import ArgumentParser
internal import Foundation  // FileHandle

/// `sidelight-broker init-signing-key FILE`
struct InitSigningKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init-signing-key", abstract: "Writes a new Ed25519 signing key; never over an existing file.")

  @Argument(help: ArgumentHelp("Where to write it, PKCS #8 in PEM, mode 0600.", valueName: "file"))
  var file: String

  func run() throws {
    // SAFETY: the path is a terminated string for the time of the call, and open(2) keeps no pointer.
    let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    // SAFETY: strerror(3) returns a string that is valid until the next call on this thread, and is copied at once.
    guard descriptor >= 0 else { throw StartError(file, unsafe String(cString: strerror(errno))) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try handle.write(contentsOf: Data(SigningKey.makePEM().utf8))
    try handle.synchronize()
  }
}
