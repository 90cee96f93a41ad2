internal import Linux
internal import StrictJSON
internal import Synchronization

/// The agent's own log: one JSON object a line on standard error. Only the collector writes it.
final class Log: Sendable {
  enum Level: String, Sendable { case info, warning, error }

  private let lock = Mutex<Void>(())

  /// `text` is ours: it never holds bytes of the target or of a token.
  func write(_ level: Level, _ text: String, request: String? = nil) {
    var writer = JSONWriter()
    writer.object {
      $0.member("time", Clock.now().rfc3339(.milliseconds))
      $0.member("level", level.rawValue)
      $0.member("role", "collector")
      $0.member(optional: "request_id", request)
      $0.member("message", text)
    }
    let line = writer.bytes + [0x0A]
    _ = lock.withLock { _ in
      // A log that nobody drains must not stop the agent: if there is no room the line is lost, unlike an audit event.
      StandardStream.error.write(line, timeoutMilliseconds: 0)
    }
  }
}
