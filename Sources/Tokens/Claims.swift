internal import StrictJSON

/// The payload of a token whose signature has held.
struct Claims {
  let issuer: String
  let subject: String
  let audience: String
  let issued: Int64
  let notBefore: Int64?
  let expires: Int64
  let tokenID: String
  let session: String
  let grant: String
  let actor: String?
  let thumbprint: String
  let detail: JSONValue

  init(_ payload: [UInt8]) throws(TokenError) {
    do throws(JSONError) {
      var reader = try JSONReader(
        try JSONParser.parse(payload, limits: .init(bytes: UnverifiedToken.maximumSize, depth: 8)), at: "claims")
      // Far from overflow, so that sums need no checks: the year 5138.
      let times: ClosedRange<Int64> = 0...100_000_000_000
      issuer = try reader.string("iss")
      subject = try reader.string("sub")
      audience = try reader.string("aud")
      issued = try reader.integer("iat", in: times)
      notBefore = try reader.optionalInteger("nbf", in: times)
      expires = try reader.integer("exp", in: times)
      tokenID = try Self.identifier(&reader, "jti")
      session = try Self.identifier(&reader, "sid")
      grant = try Self.identifier(&reader, "gid")
      actor = try reader.optionalObject("act").map { act throws(JSONError) in
        var act = act
        return try act.string("sub")
      }
      var confirmation = try reader.object("cnf")
      thumbprint = try confirmation.string("x5t#S256")
      guard let details = try reader.optionalArray("authorization_details"), details.count == 1 else {
        throw .invalid(path: "authorization_details", reason: "must have exactly one entry")
      }
      detail = details[0]
    } catch {
      throw .detailsInvalid(error.description)
    }
  }

  /// Identifiers end up in audit events and tables: short and printable.
  private static func identifier(_ reader: inout JSONReader, _ name: String) throws(JSONError) -> String {
    let text = try reader.string(name)
    guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw .invalid(path: name, reason: "must be 1 to 128 printable ASCII characters")
    }
    return text
  }
}
