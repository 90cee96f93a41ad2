internal import Linux
internal import Masking

extension Request {
  /// Most times that an answer is made anew.
  private static var attempts: Int { 4 }
  /// After how long it is made for the last time, so that it comes before its client is turned away.
  private static var patience: UInt64 { 3_000_000_000 }

  /// An answer that hides every secret that was there when the last of it was read. `make` reads and masks; where a secret
  /// has turned up since what is known was looked up, it may have read it without knowing, and does it all again. Whoever
  /// starts programs with secrets all the time has everything masked. `members` are those in scope, where the view has looked.
  func settled<Answer>(
    _ target: Target, members: [Scope.Member]? = nil, _ make: (TaintSurvey.Known) throws(Refusal) -> Answer
  ) throws(Refusal) -> Answer {
    var known: TaintSurvey.Known
    if let members { known = try target.known(of: members) } else { known = try target.known() }
    let before = masked
    let start = Clock.monotonic()
    for _ in 0..<Self.attempts {
      let answer = try make(known)
      let after = try target.known()
      if after.taintGeneration == known.taintGeneration { return answer }
      known = after
      masked = before
      if Clock.elapsed(from: start, to: Clock.monotonic()) > Self.patience { break }
    }
    known.taint.saturate()
    return try make(known)
  }
}
