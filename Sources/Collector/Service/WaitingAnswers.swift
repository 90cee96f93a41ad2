internal import Synchronization

/// How much memory answers hold that are made and that their clients have not taken yet. Small ones are not counted: they
/// are bounded by how many requests may be under way, and must not be refused because somebody reads large ones slowly.
/// A session that has some already gets no more than half of the room, so that no single slow client keeps the others from
/// their answers.
final class WaitingAnswers: Sendable {
  /// The largest answer that is not counted, in bytes.
  static let small = 64 << 10

  /// Bytes of all counted answers.
  private let limit: Int
  /// By session; only those that hold some.
  private let held = Mutex<[String: Int]>([:])

  init(limit: Int) { self.limit = limit }

  /// Gives the bytes back when the last reference to it goes.
  final class Share: Sendable {
    private let bytes: Int
    private let session: String
    private let answers: WaitingAnswers?

    fileprivate init(bytes: Int, session: String, of answers: WaitingAnswers?) {
      self.bytes = bytes
      self.session = session
      self.answers = answers
    }

    deinit { answers?.giveBack(bytes, of: session) }
  }

  /// Nil where there is no room now. A single answer always has room where none waits.
  func share(bytes: Int, session: String) -> Share? {
    if bytes <= Self.small { return Share(bytes: 0, session: session, of: nil) }
    let fits = held.withLock { held in
      let own = held[session] ?? 0
      let all = held.values.reduce(0, +)
      guard all == 0 || (all + bytes <= limit && (own == 0 || own + bytes <= limit / 2)) else { return false }
      held[session] = own + bytes
      return true
    }
    return fits ? Share(bytes: bytes, session: session, of: self) : nil
  }

  private func giveBack(_ bytes: Int, of session: String) {
    held.withLock { held in
      let rest = (held[session] ?? 0) - bytes
      held[session] = rest > 0 ? rest : nil
    }
  }
}
