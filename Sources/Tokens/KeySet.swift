internal import LibCrypto
package import StrictJSON

/// The broker's public keys, from the JWK set (RFC 7517) that is mounted into the pod. Only Ed25519 (RFC 8037) counts;
/// keys of other kinds are passed over, so that a broker may publish more.
package struct KeySet: Sendable {
  private var keys: [String: [UInt8]] = [:]

  /// Most keys taken.
  package static let maximumKeys = 16

  package init(json text: [UInt8]) throws(JSONError) {
    let value = try JSONParser.parse(text, limits: .init(bytes: 65536, depth: 8))
    guard case .object(let object) = value, case .array(let items)? = object["keys"] else {
      throw .missing(path: "keys")
    }
    for (index, item) in items.enumerated() {
      guard case .object(let key) = item else { throw .wrongType(path: "keys[\(index)]", expected: "an object") }
      guard key["kty"]?.string == "OKP", key["crv"]?.string == "Ed25519" else { continue }
      guard let id = key["kid"]?.string, !id.isEmpty else { throw .missing(path: "keys[\(index)].kid") }
      guard key["d"] == nil else { throw .invalid(path: "keys[\(index)]", reason: "holds a private key") }
      guard let x = key["x"]?.string, let point = Base64URL.decode(x.utf8), point.count == 32 else {
        throw .invalid(path: "keys[\(index)].x", reason: "is not 32 bytes in base64url")
      }
      if let use = key["use"], use.string != "sig" { continue }
      guard keys.updateValue(point, forKey: id) == nil else { throw .duplicateMember(id) }
    }
    guard !keys.isEmpty else { throw .invalid(path: "keys", reason: "has no Ed25519 key") }
    guard keys.count <= Self.maximumKeys else { throw .invalid(path: "keys", reason: "has too many keys") }
  }

  func publicKey(_ id: String) -> [UInt8]? { keys[id] }
}
