/// Why a token is refused. The description is for the log; it quotes nothing of the token.
package enum TokenError: Error, Sendable, Equatable, CustomStringConvertible {
  case tooLarge
  /// Anything wrong before the signature has held: nothing of it is believed.
  case invalid(String)
  case expired
  case notYetValid
  case lifetimeTooLong
  case beforeStart
  case wrongIssuer
  case wrongAudience
  case wrongCertificate
  case wrongSession(String)
  case detailsInvalid(String)

  package var description: String {
    switch self {
    case .tooLarge: "token over \(UnverifiedToken.maximumSize) bytes"
    case .invalid(let reason): "token not valid: \(reason)"
    case .expired: "token expired"
    case .notYetValid: "token not valid yet"
    case .lifetimeTooLong: "token lives longer than \(TokenVerifier.maximumLifetime) s"
    case .beforeStart: "token issued before this agent started"
    case .wrongIssuer: "token from another issuer"
    case .wrongAudience: "token for another audience"
    case .wrongCertificate: "token bound to another certificate"
    case .wrongSession(let reason): "token and certificate do not belong together: \(reason)"
    case .detailsInvalid(let reason): "authorization details not understood: \(reason)"
    }
  }
}
