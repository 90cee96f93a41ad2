internal import Synchronization

/// How much memory answers hold that are made and that their clients have not taken yet. Small ones are not counted: they
/// are bounded by how many requests may be under way, and must not be refused because somebody reads large ones slowly.
final class WaitingAnswers: Sendable {
  /// The largest answer that is not counted, in bytes.
  static let small = 64 << 10

  /// Bytes of all counted answers.
  private let limit: Int
  private let held = Mutex(0)

  init(limit: Int) { self.limit = limit }

  /// Gives the bytes back when the last reference to it goes.
  final class Share: Sendable {
    private let bytes: Int
    private let answers: WaitingAnswers?

    fileprivate init(bytes: Int, of answers: WaitingAnswers?) {
      self.bytes = bytes
      self.answers = answers
    }

    deinit { answers?.held.withLock { $0 -= bytes } }
  }

  /// Nil where there is no room now. A single answer always has room where none waits.
  func share(bytes: Int) -> Share? {
    if bytes <= Self.small { return Share(bytes: 0, of: nil) }
    let fits = held.withLock { held in
      guard held == 0 || held + bytes <= limit else { return false }
      held += bytes
      return true
    }
    return fits ? Share(bytes: bytes, of: self) : nil
  }
}
