internal import Identity

/// Who a person is, and where they belong, as some way of authentication found.
struct Principal: Sendable, Equatable {
  enum Method: String, Sendable {
    /// A short-lived certificate of the development authority.
    case certificate
  }

  /// Unique over all methods: the method, a colon, and its name for the person.
  let subject: String
  /// The groups as the method knows them; a policy refers to them as `<method>:<group>`.
  let groups: [String]
  let method: Method
  let multiFactor: Bool
  /// Seconds since 1970.
  let authenticatedAt: Int64

  var sources: Set<String> { Set(groups.map { "\(method.rawValue):\($0)" }) }
}

/// What a caller shows of who they are.
struct PresentedCredentials: Sendable {
  let certificate: PeerCertificate?
}

/// One way for people to authenticate.
protocol Authenticator: Sendable {
  /// The person, or a refusal that says what is missing.
  /// - Parameter now: seconds since 1970.
  func authenticate(_ presented: PresentedCredentials, now: Int64) throws(Refusal) -> Principal
}

/// People by their certificate: SPIFFE ID `/user/<name>` of our trust domain, the same name as `CN`, groups as `O`.
struct CertificateAuthenticator: Authenticator {
  let trustDomain: String

  func authenticate(_ presented: PresentedCredentials, now: Int64) throws(Refusal) -> Principal {
    guard let certificate = presented.certificate else {
      throw Refusal(.invalidClient, "a user certificate is required")
    }
    guard certificate.spiffeID.trustDomain == trustDomain else {
      throw Refusal(.invalidClient, "the certificate belongs to another trust domain")
    }
    guard let name = certificate.spiffeID.userName else {
      throw Refusal(.accessDenied, "this needs a user certificate", log: "the certificate is not a user's")
    }
    guard certificate.commonName == name else {
      throw Refusal(.invalidClient, "the certificate's names disagree")
    }
    return Principal(
      subject: "certificate:\(name)", groups: certificate.organizations, method: .certificate, multiFactor: false,
      authenticatedAt: now)
  }
}
