internal import API
internal import FoundationEssentials
internal import StrictJSON

/// An answer that is ready to be sent, once it has been recorded.
struct Answer: Sendable {
  let status: Int
  let headers: [(name: String, value: String)]
  let body: [UInt8]

  private init(status: Int, contentType: String?, cache: String, allow: String? = nil, body: [UInt8]) {
    self.status = status
    var headers = [
      ("Cache-Control", cache), ("X-Content-Type-Options", "nosniff"), ("Content-Length", String(body.count)),
    ]
    if let contentType { headers.append(("Content-Type", contentType)) }
    if let allow { headers.append(("Allow", allow)) }
    self.headers = headers
    self.body = body
  }

  /// JSON that no cache may keep.
  static func json(status: Int, _ body: [UInt8]) -> Answer {
    Answer(status: status, contentType: "application/json", cache: "no-store", body: body)
  }

  static func encoding(_ value: some Encodable, status: Int) throws(Refusal) -> Answer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return json(status: status, [UInt8](try encoder.encode(value)))
    } catch {
      throw .failure(error)
    }
  }

  /// A document that is the same for everybody.
  static func document(_ body: [UInt8]) -> Answer {
    Answer(status: 200, contentType: "application/json", cache: "public, max-age=60", body: body)
  }

  static let noContent = Answer(status: 204, contentType: nil, cache: "no-store", body: [])

  /// A `BrokerError`.
  static func refusal(_ refusal: Refusal) -> Answer {
    let error = refusal.body
    var writer = JSONWriter()
    writer.object {
      $0.member("error", error.error)
      $0.member("error_description", error.errorDescription)
      $0.member(optional: "rule", error.rule)
    }
    return Answer(
      status: refusal.code.status, contentType: "application/json", cache: "no-store", allow: refusal.allow,
      body: writer.bytes)
  }
}
