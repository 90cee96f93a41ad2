internal import NIOHTTP1
internal import Privsep

/// What a parsed request head has to be for the collector to see it as a request.
enum RequestHead {
  enum Judgement: Equatable {
    case request(RequestMessage)
    case rejected(RejectedMessage.Reason)
  }

  static let maximumFields = 64

  /// One Authorization field at most, one Host (RFC 9112 §3.2), no body.
  static func judge(_ head: HTTPRequestHead, connection: UInt32) -> Judgement {
    let authorizations = head.headers["authorization"]
    guard head.headers.count <= maximumFields else { return .rejected(.headTooLarge) }
    guard head.version.major == 1, authorizations.count <= 1, head.uri.utf8.count <= HeadLimiter.maximumHead,
      head.version.minor == 0 || head.headers["host"].count == 1
    else { return .rejected(.malformed) }
    let lengths = head.headers["content-length"]
    if head.headers.contains(name: "transfer-encoding") || lengths.contains(where: { $0 != "0" }) {
      return .rejected(.bodyNotAllowed)
    }
    return .request(
      RequestMessage(
        connection: connection, method: head.method.rawValue, target: head.uri,
        authorization: authorizations.first ?? ""))
  }
}
