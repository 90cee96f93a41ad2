internal import API
internal import Grants
internal import LibCrypto
internal import Linux
internal import ProcFS
internal import StrictJSON

/// `GET /v1/files/digest`: a keyed digest of a regular file's content, so that two files, or one file at two times, can
/// be compared without anybody reading them.
struct FileDigestView {
  let files: GrantedFiles
  /// Of this process and this grant; nobody else has it.
  let key: [UInt8]

  /// Shorter content could be found by trying: whoever can write a file here could digest guesses.
  static let smallest: UInt64 = 32
  static let largest: UInt64 = 64 << 20
  /// Reading gives up before the request's time is over.
  private static let maximumTime: UInt64 = 8_000_000_000
  private static let block = 65536

  private var request: Request { files.request }

  func answer() throws(Refusal) -> [UInt8] {
    let (path, container) = try files.wanted()
    try request.parameters.finish()
    let found = try files.find(path, in: container, followLast: true)
    let masker = files.masker(for: found, try files.target.known())
    let status = try Self.visit(found) { () throws(SystemError) in try found.place.shared.descriptor.status() }
    // Each version of a file is an object: otherwise whoever writes it could have guesses digested for nothing.
    let version = "\(status.inode) \(status.changed.rfc3339(.nanoseconds))"
    try request.charge("digest", [found.object + [0] + Array(version.utf8)])
    guard status.kind == .regular else { throw Refusal(.notARegularFile) }
    guard status.links == 1 || grantIncludesAllNames(of: found) else { throw Refusal(.hardLinked) }
    guard status.size >= Self.smallest else { throw Refusal(.fileTooSmall) }
    guard status.size <= Self.largest else { throw Refusal(.fileTooLarge) }
    guard Int64(status.size) <= request.byteAllowance else {
      throw Refusal(.budgetExhausted, limit: "bytes", retryAfter: request.bytesRetryAfter)
    }
    let digest = try digest(of: found, version: status)
    let answer = FileDigest(
      container: container, path: GrantedFiles.text(path, masker),
      resolvedPath: GrantedFiles.text(found.place.path, masker), digest: Self.hexadecimal(digest),
      size: Int64(status.size), inode: status.inode, device: "\(status.deviceMajor):\(status.deviceMinor)",
      modified: status.modified.rfc3339(.nanoseconds), changed: status.changed.rfc3339(.nanoseconds))
    var writer = JSONWriter()
    answer.write(to: &writer)
    return writer.bytes
  }

  /// A file with several names has one content, so each of its names must be granted. That is known only where the mount
  /// shows its whole file system, and the grant includes everything below the mount.
  private func grantIncludesAllNames(of found: GrantedFiles.Found) -> Bool {
    let mount = found.place.mount
    return mount.root == [0x2F] && request.grant.paths.includeEverything(below: mount.point)
  }

  private func digest(of found: GrantedFiles.Found, version: FileStatus) throws(Refusal) -> [UInt8] {
    let started = Clock.monotonic()
    let file = try Self.visit(found) { () throws(SystemError) in
      SharedDescriptor(try found.place.shared.descriptor.reopenForReading())
    }
    let opened = try Self.visit(found) { () throws(SystemError) in try file.descriptor.status() }
    guard opened.isSameVersion(as: version) else { throw Refusal(.fileChanged) }
    var hmac: LibCrypto.RunningHMAC
    do throws(LibCrypto.Failure) { hmac = try LibCrypto.RunningHMAC(key: key) } catch { throw Self.failed(error) }
    var total: UInt64 = 0
    // One byte more than there was tells a file that grows; it would never end.
    while total <= version.size {
      let wanted = Int(min(UInt64(Self.block), version.size + 1 - total))
      let offset = Int64(total)
      let bytes = try Self.visit(found) { () throws(SystemError) in
        var bytes: [UInt8] = []
        _ = try file.descriptor.read(into: &bytes, count: wanted, at: offset)
        return bytes
      }
      if bytes.isEmpty { break }
      total += UInt64(bytes.count)
      request.bytesRead += Int64(bytes.count)
      do throws(LibCrypto.Failure) { try hmac.update(bytes) } catch { throw Self.failed(error) }
      guard Clock.monotonic() - started < Self.maximumTime else {
        throw Refusal(.targetUnresponsive, log: "read \(total) of \(version.size) bytes in time")
      }
    }
    let after = try Self.visit(found) { () throws(SystemError) in try file.descriptor.status() }
    guard total == version.size, after.isSameVersion(as: version) else { throw Refusal(.fileChanged) }
    do throws(LibCrypto.Failure) { return try hmac.digest() } catch { throw Self.failed(error) }
  }

  private static func visit<Value>(
    _ found: GrantedFiles.Found, _ body: () throws(SystemError) -> Value
  ) throws(Refusal) -> Value {
    do throws(SystemError) { return try found.visit(body) } catch { throw refusal(error) }
  }

  private static func refusal(_ error: SystemError) -> Refusal {
    // Somebody holds a lease on the file (fcntl(2)) and would have to give it up first.
    if error.number == Errno.again { return Refusal(.targetUnresponsive, log: error.description) }
    return Refusal(walk: .init(cause: .system(error), path: []))
  }

  private static func failed(_ error: LibCrypto.Failure) -> Refusal { Refusal(.internalError, log: error.description) }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
