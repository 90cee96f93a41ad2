package import NIOSSL

/// A SPIFFE ID: `spiffe://<trust domain>/<path>` (SPIFFE-ID §2). Held to the narrow form that the specification asks
/// issuers to write: lower-case scheme and trust domain, no empty, `.` or `..` segment, no percent-encoding, no port,
/// user, query or fragment. So two IDs are equal exactly where their bytes are.
package struct SPIFFEID: Sendable, Hashable, CustomStringConvertible {
  /// Longest ID accepted, in bytes (SPIFFE-ID §2.3).
  package static let maximumLength = 2048
  /// Longest trust domain accepted, in bytes.
  package static let maximumTrustDomainLength = 255

  package enum Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    case tooLong, scheme, trustDomain, path
    package var description: String {
      switch self {
      case .tooLong: "is longer than \(SPIFFEID.maximumLength) bytes"
      case .scheme: "does not begin with spiffe://"
      case .trustDomain: "has a trust domain that is empty, too long, or uses other characters than a-z 0-9 . - _"
      case .path: "has a path segment that is empty, a dot segment, or uses other characters than A-Z a-z 0-9 . - _"
      }
    }
  }

  package let trustDomain: String
  /// The path's segments, without slashes; none where the ID is the trust domain's own.
  package let segments: [String]

  package init(_ text: String) throws(Invalid) {
    try self.init(bytes: Array(text.utf8))
  }

  package init(bytes: [UInt8]) throws(Invalid) {
    guard bytes.count <= Self.maximumLength else { throw .tooLong }
    guard bytes.starts(with: Self.prefix) else { throw .scheme }
    let parts = bytes.dropFirst(Self.prefix.count).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    // Splitting yields one part at least, be it empty.
    guard let domain = parts.first, Self.isTrustDomain(domain) else { throw .trustDomain }
    for segment in parts.dropFirst() {
      guard Self.isSegment(segment) else { throw .path }
    }
    trustDomain = String(decoding: domain, as: UTF8.self)
    segments = parts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
  }

  private init(trustDomain: String, segments: [String]) throws(Invalid) {
    try self.init("spiffe://\(trustDomain)/\(segments.joined(separator: "/"))")
  }

  /// The SPIFFE ID of an X.509-SVID (X.509-SVID §2, §5.2): the one URI among its alternative names.
  /// - Throws: `noSPIFFEID` without a URI, `severalSPIFFEIDs` with two or more, whatever their scheme.
  package init(certificate: NIOSSLCertificate) throws(IdentityError) {
    var uris: [[UInt8]] = []
    for name in certificate._subjectAlternativeNames() where name.nameType == .uri {
      uris.append(Array(name.contents))
    }
    guard let uri = uris.first else { throw .noSPIFFEID }
    guard uris.count == 1 else { throw .severalSPIFFEIDs }
    do throws(Invalid) {
      try self.init(bytes: uri)
    } catch {
      throw .invalidSPIFFEID(error)
    }
  }

  package var description: String {
    segments.isEmpty ? "spiffe://\(trustDomain)" : "spiffe://\(trustDomain)/\(segments.joined(separator: "/"))"
  }

  private static let prefix = Array("spiffe://".utf8)

  private static func isTrustDomain(_ bytes: ArraySlice<UInt8>) -> Bool {
    !bytes.isEmpty && bytes.count <= maximumTrustDomainLength
      && bytes.allSatisfy { isLowerCase($0) || isDigitOrMark($0) }
  }

  private static func isSegment(_ bytes: ArraySlice<UInt8>) -> Bool {
    let dot = UInt8(ascii: ".")
    return !bytes.isEmpty && bytes != [dot] && bytes != [dot, dot]
      && bytes.allSatisfy { isLowerCase($0) || isLowerCase($0 | 0x20) || isDigitOrMark($0) }
  }

  private static func isLowerCase(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isDigitOrMark(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
    case _: false
    }
  }
}

/// The shapes of ID that this project gives a meaning.
extension SPIFFEID {
  /// An agent: `/ns/<namespace>/agent/<pod uid>`.
  package static func agent(trustDomain: String, namespace: String, uid: String) throws(Invalid) -> SPIFFEID {
    try SPIFFEID(trustDomain: trustDomain, segments: ["ns", namespace, "agent", uid])
  }

  /// A person's session: `/session/<sid>`.
  package static func session(trustDomain: String, id: String) throws(Invalid) -> SPIFFEID {
    try SPIFFEID(trustDomain: trustDomain, segments: ["session", id])
  }

  /// A person, as the development authority names them: `/user/<name>`.
  package static func user(trustDomain: String, name: String) throws(Invalid) -> SPIFFEID {
    try SPIFFEID(trustDomain: trustDomain, segments: ["user", name])
  }

  /// The session id, where this is a session's ID.
  package var sessionID: String? { segments.count == 2 && segments[0] == "session" ? segments[1] : nil }

  /// The person's name, where this is a person's ID.
  package var userName: String? { segments.count == 2 && segments[0] == "user" ? segments[1] : nil }

  /// The agent's namespace and pod uid, where this is an agent's ID.
  package var agent: (namespace: String, uid: String)? {
    segments.count == 4 && segments[0] == "ns" && segments[2] == "agent" ? (segments[1], segments[3]) : nil
  }
}
