internal import Linux
internal import StrictJSON
internal import Synchronization
internal import Tokens

/// The verifier with the broker's keys as they are now. `jwks.json` is looked at again when somebody asks, at most every
/// ten seconds, so that a key which the broker has taken back is not believed for longer.
final class TokenKeys: Sendable {
  /// A verifier and the number of its key set; what an older one verified is to be verified again.
  struct Current: Sendable {
    let verifier: TokenVerifier
    let generation: Int
  }

  private struct State: Sendable {
    var current: Current
    var text: [UInt8]
    var nextLook: UInt64
  }

  /// Between two looks, in nanoseconds.
  private static let interval: UInt64 = 10_000_000_000

  private let read: @Sendable () throws(JSONError) -> [UInt8]
  private let verifier: @Sendable (KeySet) -> TokenVerifier
  private let log: Log
  private let state: Mutex<State>

  /// `read` gives the text of the key set, through the opener; it is called on any thread, one at a time.
  init(
    log: Log, now: UInt64 = Clock.monotonic(), read: @escaping @Sendable () throws(JSONError) -> [UInt8],
    verifier: @escaping @Sendable (KeySet) -> TokenVerifier
  ) throws(JSONError) {
    self.log = log
    self.read = read
    self.verifier = verifier
    let text = try read()
    let current = Current(verifier: verifier(try KeySet(json: text)), generation: 0)
    state = Mutex(State(current: current, text: text, nextLook: now + Self.interval))
  }

  /// The keys to verify with. Where the file cannot be read or is no key set, those from before stay, and the log says so.
  func current(now: UInt64) -> Current {
    state.withLock { state in
      guard now >= state.nextLook else { return state.current }
      state.nextLook = now + Self.interval
      do throws(JSONError) {
        let text = try read()
        guard text != state.text else { return state.current }
        state.current = Current(
          verifier: verifier(try KeySet(json: text)), generation: state.current.generation + 1)
        state.text = text
        log.write(.info, "jwks.json has changed; its keys are used from now on")
      } catch {
        log.write(.error, "jwks.json: \(error); the keys from before stay")
      }
      return state.current
    }
  }
}
