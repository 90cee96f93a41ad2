/// Who asked, as the verified access token says. Nothing of it is set for a token that was not verified.
package struct AuditCaller: Sendable, Equatable {
  /// The token's `iss`.
  package var issuer: String?
  /// The token's `sub`.
  package var subject: String?
  /// The token's `act.sub`.
  package var actor: String?
  /// The token's `sid`.
  package var session: String?
  /// The token's `gid`.
  package var grant: String?
  /// The token's `jti`.
  package var tokenID: String?

  package init(
    issuer: String? = nil, subject: String? = nil, actor: String? = nil, session: String? = nil, grant: String? = nil,
    tokenID: String? = nil
  ) {
    self.issuer = issuer
    self.subject = subject
    self.actor = actor
    self.session = session
    self.grant = grant
    self.tokenID = tokenID
  }

  func write(to members: inout AuditMembers) {
    members.text("issuer", issuer, limit: .name)
    members.text("subject", subject, limit: .name)
    members.text("actor", actor, limit: .name)
    members.text("session", session, limit: .identifier)
    members.text("grant", grant, limit: .identifier)
    members.text("jti", tokenID, limit: .identifier)
  }
}

/// The other end of the connection.
package struct AuditPeer: Sendable, Equatable {
  /// The SPIFFE ID in its certificate.
  package var spiffeID: String?
  /// SHA-256 of its certificate's DER, base64url (RFC 8705 `x5t#S256`).
  package var thumbprint: String?
  /// Address and port.
  package var address: String?

  package init(spiffeID: String? = nil, thumbprint: String? = nil, address: String? = nil) {
    self.spiffeID = spiffeID
    self.thumbprint = thumbprint
    self.address = address
  }

  func write(to members: inout AuditMembers) {
    members.text("peer_id", spiffeID, limit: .name)
    members.text("peer_x5t", thumbprint, limit: .identifier)
    members.text("peer_address", address, limit: .identifier)
  }
}

/// What was asked for, in the caller's words but for what says nothing (`.` and `..` in a path), and where symlinks led;
/// never what was found there.
package struct AuditRequest: Sendable, Equatable {
  package var method: String?
  /// The route's pattern, such as `/v1/processes/{id}/environment`; absent where no route matched.
  package var route: String?
  package var action: String?
  package var container: String?
  /// The process id as the caller gave it.
  package var process: String?
  /// The other process of a comparison, as the caller gave it.
  package var comparedWith: String?
  package var path: String?
  /// The file that was looked at, masked, where it is not `path`.
  package var resolvedPath: String?
  /// The log source's name.
  package var log: String?
  /// The variables' names; nil where the request named none.
  package var names: [String]?

  package init(
    method: String? = nil, route: String? = nil, action: String? = nil, container: String? = nil,
    process: String? = nil, comparedWith: String? = nil, path: String? = nil, resolvedPath: String? = nil,
    log: String? = nil, names: [String]? = nil
  ) {
    self.method = method
    self.route = route
    self.action = action
    self.container = container
    self.process = process
    self.comparedWith = comparedWith
    self.path = path
    self.resolvedPath = resolvedPath
    self.log = log
    self.names = names
  }

  /// Bytes of the caller as text. Where they are not UTF-8, those that are not ASCII stand as `\\xNN`, so that no two look
  /// the same.
  package static func words(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let digits = Array("0123456789abcdef")
    return bytes.reduce(into: "") { text, byte in
      if byte < 0x80 {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
      }
    }
  }

  func write(to members: inout AuditMembers) {
    members.text("method", method, limit: .identifier)
    members.text("route", route, limit: .name)
    members.text("action", action, limit: .identifier)
    members.text("container", container, limit: .name)
    members.text("process", process, limit: .identifier)
    members.text("compared_with", comparedWith, limit: .identifier)
    members.path("path", path, limit: .text)
    members.path("resolved_path", resolvedPath, limit: .text)
    members.text("log", log, limit: .name)
    members.list("names", names, limit: .list)
  }
}

package enum AuditOutcome: String, Sendable, CaseIterable {
  case allowed, refused
}
