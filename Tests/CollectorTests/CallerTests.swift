import API
import Linux
import Privsep
import Testing
import Tokens

@testable import Collector

struct CallerTests {
  static let detail = #"{"type":"sidelight","actions":[]}"#

  static func code(
    _ caller: Caller, _ authorization: String, _ verifier: TokenVerifier, generation: Int = 0,
    now: Int64 = Clock.now().seconds
  ) -> ProblemCode? {
    RequestTargetTests.code { () throws(Refusal) in
      _ = try caller.authenticate(
        authorization: authorization, keys: .init(verifier: verifier, generation: generation), now: now)
    }
  }

  @Test func schemes() throws {
    let (verifier, token) = try Bench.token(Self.detail)
    let caller = try Caller(Bench.peer)
    for scheme in ["Bearer ", "bearer ", "BEARER "] { #expect(Self.code(caller, scheme + token, verifier) == nil) }
    for text in [
      "", "Bearer", "Bearer ", token, "Basic " + token, "DPoP " + token, " Bearer " + token, "Bearer\t" + token,
    ] {
      #expect(Self.code(caller, text, verifier) == .tokenMissing, "\(text.prefix(12))")
    }
    for text in ["Bearer  " + token, "Bearer " + token + " ", "Bearer " + token + ", Bearer " + token, "Bearer x"] {
      #expect(Self.code(caller, text, verifier) == .tokenInvalid)
    }
  }

  @Test func certificates() throws {
    let (verifier, token) = try Bench.token(Self.detail)
    var peer = Bench.peer
    peer.spiffeID = ""
    #expect(Self.code(try Caller(peer), "Bearer " + token, verifier) == .certificateUnsuitable)
    peer = Bench.peer
    peer.notAfter = Clock.now().seconds
    #expect(Self.code(try Caller(peer), "Bearer " + token, verifier) == .certificateExpired)
    peer = Bench.peer
    peer.certificate = [9]
    #expect(Self.code(try Caller(peer), "Bearer " + token, verifier) == .tokenWrongCertificate)
  }

  /// A token that was verified once is not good for ever, and the certificate is looked at each time.
  @Test func whatWasVerifiedExpires() throws {
    let (verifier, token) = try Bench.token(Self.detail, expires: 2_000_000_000)
    var peer = Bench.peer
    peer.notAfter = 2_000_000_020
    let caller = try Caller(peer)
    #expect(Self.code(caller, "Bearer " + token, verifier, now: 1_999_999_900) == nil)
    #expect(Self.code(caller, "Bearer " + token, verifier, now: 1_999_999_999) == nil)
    #expect(Self.code(caller, "Bearer " + token, verifier, now: 2_000_000_015) == nil, "within the skew")
    #expect(Self.code(caller, "Bearer " + token, verifier, now: 2_000_000_020) == .certificateExpired)
    let lasting = try Caller(Bench.peer)
    #expect(Self.code(lasting, "Bearer " + token, verifier, now: 1_999_999_999) == nil)
    #expect(Self.code(lasting, "Bearer " + token, verifier, now: 2_000_000_030) == .tokenExpired)
  }

  /// What is remembered is that very text: one that differs is verified anew.
  @Test func anotherTextIsVerifiedAnew() throws {
    let (verifier, token) = try Bench.token(Self.detail)
    let caller = try Caller(Bench.peer)
    #expect(Self.code(caller, "Bearer " + token, verifier) == nil)
    // The header and payload of the good one under a signature of another key.
    let (_, other) = try Bench.token(Self.detail)
    let forged = token.split(separator: ".").prefix(2).joined(separator: ".") + "." + other.split(separator: ".")[2]
    #expect(Self.code(caller, "Bearer " + forged, verifier) == .tokenInvalid)
    #expect(Self.code(caller, "Bearer " + token, verifier) == nil)
  }

  /// What one key set has verified is verified again by the next.
  @Test func whatWasVerifiedEndsWithItsKeys() throws {
    let (verifier, token) = try Bench.token(Self.detail)
    let (other, _) = try Bench.token(Self.detail)
    let caller = try Caller(Bench.peer)
    #expect(Self.code(caller, "Bearer " + token, verifier) == nil)
    #expect(Self.code(caller, "Bearer " + token, other) == nil, "remembered")
    #expect(Self.code(caller, "Bearer " + token, other, generation: 1) == .tokenInvalid)
  }

  /// Every reason of the verifier has a code of its own.
  @Test func codes() {
    let errors: [TokenError] = [
      .tooLarge, .invalid("x"), .expired, .notYetValid, .lifetimeTooLong, .beforeStart, .wrongIssuer, .wrongAudience,
      .wrongCertificate, .wrongSession("x"), .detailsInvalid("x"),
    ]
    let codes = errors.map { Refusal($0).code }
    #expect(Set(codes).count == errors.count)
    #expect(codes.allSatisfy { $0.status == 401 || $0.status == 403 })
  }
}
