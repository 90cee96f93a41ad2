import Foundation
import Testing

/// A folder of its own that goes when the value does, with the `openssl` program run inside it.
struct OpenSSL: ~Copyable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "identity-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

  /// Runs `openssl` with words separated by single spaces; returns its output, standard error included.
  @discardableResult
  func run(_ words: String, succeeds: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = words.split(separator: " ").map(String.init)
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect((process.terminationStatus == 0) == succeeds, "\(words)\n\(output)", sourceLocation: sourceLocation)
    return output
  }

  /// A self-signed certificate `name.pem` with `name.key`, with these alternative names, such as `URI:spiffe://td/a`.
  func selfSigned(_ name: String, alternativeNames: String?) throws -> [UInt8] {
    let extensions = alternativeNames.map { " -addext subjectAltName=\($0)" } ?? ""
    try run(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).pem -subj /CN=x"
        + " -days 1\(extensions)")
    return try read("\(name).pem")
  }
}
