internal import AuditLog
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// Why an audit event could not be written.
struct AuditError: Error, Sendable, CustomStringConvertible {
  /// `errno` of the call that failed.
  let code: Int32

  // SAFETY: strerror(3) returns a string that is valid until the next call on this thread, and is copied at once.
  var description: String { "the audit log cannot be written: \(unsafe String(cString: strerror(code)))" }
}

/// An answer whose audit event has been written. Only `AuditSink` makes one, so none leaves unrecorded.
struct Recorded: Sendable {
  let answer: Answer

  fileprivate init(_ answer: Answer) {
    self.answer = answer
  }
}

/// Where audit events go: a file that is only ever appended to, or standard output. Each event is one `write`.
final class AuditSink: Sendable {
  private let descriptor: Int32
  private let isRegularFile: Bool
  /// Whether the last line was cut short, so that the next one must begin on a line of its own.
  private let torn = Mutex(false)

  /// How long a pipe that nobody empties may hold up a request.
  private static let patience: Int32 = 1000

  /// - Parameter path: nil for standard output.
  init(path: String?) throws(AuditError) {
    if let path {
      // SAFETY: the path is a terminated string for the time of the call, and open(2) keeps no pointer.
      descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
      guard descriptor >= 0 else { throw AuditError(code: errno) }
    } else {
      descriptor = STDOUT_FILENO
    }
    var status = stat()
    // SAFETY: fstat(2) fills the structure that the pointer names and keeps no pointer.
    guard unsafe fstat(descriptor, &status) == 0 else { throw AuditError(code: errno) }
    isRegularFile = status.st_mode & S_IFMT == S_IFREG
  }

  deinit {
    if descriptor != STDOUT_FILENO { close(descriptor) }
  }

  /// The way to an answer: writes its event first. Blocks for the time of the write, at most about a second.
  func record(_ event: BrokerEvent, answer: Answer) throws(AuditError) -> Recorded {
    try append(event)
    return Recorded(answer)
  }

  /// The one answer that may leave unrecorded: that nothing is served because nothing can be recorded.
  static let unavailable = Recorded(
    .refusal(Refusal(.temporarilyUnavailable, "the request cannot be recorded, so it is not served")))

  /// Writes the whole event or throws. What was allowed is on the disk when this returns, if the log is a file.
  func append(_ event: BrokerEvent) throws(AuditError) {
    let line = event.line()
    try torn.withLock { torn throws(AuditError) in
      try awaitRoom()
      try write(torn ? [UInt8(ascii: "\n")] + line : line, torn: &torn)
      guard isRegularFile else { return }
      switch event.kind {
      case .served: break
      case .started, .policyLoaded, .sessionCreated, .sessionRead, .sessionEnded, .tokenIssued, .refused:
        guard fdatasync(descriptor) == 0 else { throw AuditError(code: errno) }
      }
    }
  }

  /// A pipe that is writable takes PIPE_BUF bytes at once, and a line has no more: the write after this cannot block.
  private func awaitRoom() throws(AuditError) {
    if isRegularFile { return }
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    while true {
      // SAFETY: poll(2) reads and writes one entry, the one that the pointer names, and keeps no pointer.
      let ready = unsafe poll(&entry, 1, Self.patience)
      if ready > 0 { return }
      guard ready < 0, errno == EINTR else { throw AuditError(code: ready == 0 ? ETIMEDOUT : errno) }
    }
  }

  private func write(_ bytes: [UInt8], torn: inout Bool) throws(AuditError) {
    while true {
      // SAFETY: the buffer is valid for its count during the call, and write(2) keeps no pointer.
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count == bytes.count {
        torn = false
        return
      }
      if count < 0, errno == EINTR { continue }
      if count > 0 { torn = true }
      throw AuditError(code: count < 0 ? errno : ENOSPC)
    }
  }
}
