internal import API
internal import LibCrypto
internal import Privsep
internal import Synchronization
internal import Tokens

/// One TLS connection as the endpoint describes it.
final class Caller: Sendable {
  let peer: Peer
  /// Seconds since 1970: until when the client certificate is valid.
  let notAfter: Int64
  let address: String
  /// The last token verified on this connection; it is good until it expires or the key set changes.
  private let verified = Mutex<(text: String, generation: Int, token: VerifiedToken)?>(nil)

  init(_ message: PeerMessage) throws(LibCrypto.Failure) {
    peer = Peer(
      thumbprint: Base64URL.encode(try LibCrypto.sha256(message.certificate)), spiffeID: message.spiffeID)
    notAfter = message.notAfter
    address = message.address
  }

  /// Who calls, proven by certificate and token.
  func authenticate(
    authorization: String, keys: TokenKeys.Current, now: Int64
  ) throws(Refusal) -> VerifiedToken {
    guard !peer.spiffeID.isEmpty else { throw Refusal(.certificateUnsuitable) }
    guard notAfter > now else { throw Refusal(.certificateExpired) }
    guard !authorization.isEmpty else { throw Refusal(.tokenMissing) }
    // RFC 9110 §11.1: the scheme is case-insensitive.
    let words = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard words.count == 2, words[0].lowercased() == "bearer", !words[1].isEmpty else {
      throw Refusal(.tokenMissing, log: "the Authorization field is not of the Bearer scheme")
    }
    let text = String(words[1])
    if let cached = verified.withLock({ $0 }), cached.text == text, cached.generation == keys.generation,
      cached.token.expires > now
    {
      return cached.token
    }
    do throws(TokenError) {
      let token = try keys.verifier.verify(try UnverifiedToken(text), from: peer, now: now)
      verified.withLock { $0 = (text, keys.generation, token) }
      return token
    } catch {
      throw Refusal(error)
    }
  }
}
