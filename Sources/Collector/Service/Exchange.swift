internal import AuditLog
internal import Budgets
internal import LibCrypto
internal import Linux
internal import Masking
internal import Tokens

/// What is known of one request while a worker handles it. Owned by that worker.
final class Exchange {
  let caller: Caller?
  let stream: ResponseStream
  var requestID: String { stream.requestID }
  var facts = AuditRequest()
  /// Set once the token has been verified.
  var token: VerifiedToken?
  /// Set once the budget has admitted the request; then `finish` is owed.
  var account: Account?
  /// Set once the action is granted.
  var request: Request?

  init(caller: Caller?, stream: ResponseStream) {
    self.caller = caller
    self.stream = stream
  }

  /// 128 random bits, hexadecimal.
  static func identifier() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(generator.next(), radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }.joined()
  }
}

/// What remains of a request when its answer is on the way: enough to record its end.
struct ExchangeRecord: Sendable {
  var requestID: String
  var account: Account?
  var session: String?
  var grant: String?
  var status: Int
  var code: String?
  var masked: [String: Int]
  var follow: LogFollow?
  var started: UInt64
}

/// Makes fingerprints under a key that belongs to this process and one grant, and that no caller ever sees.
struct GrantFingerprints: Sendable {
  private let key: [UInt8]

  init(processKey: [UInt8], grant: String) throws(LibCrypto.Failure) {
    key = try LibCrypto.hmacSHA256(key: processKey, Array("grant".utf8) + [0] + Array(grant.utf8))
  }

  /// The key for digests of files: another one, so that a digest says nothing about the fingerprint of a value.
  static func digestKey(processKey: [UInt8], grant: String) throws(LibCrypto.Failure) -> [UInt8] {
    try LibCrypto.hmacSHA256(key: processKey, Array("file-digest".utf8) + [0] + Array(grant.utf8))
  }

  var fingerprinter: Fingerprinter {
    let key = key
    return Fingerprinter { value in
      do throws(LibCrypto.Failure) {
        return try LibCrypto.hmacSHA256(key: key, value)
      } catch {
        // Without a digest there is no fingerprint; the value stays masked.
        return []
      }
    }
  }
}
