/// The payloads of frames that have one, as types. Sizes are checked when read; what they mean is the receiver's matter.

/// `hello`: how the endpoint is confined, for posture.
package struct RoleStatus: Sendable, Equatable {
  package var pid: Int32
  /// As `ConfinementReport` writes it; its receiver reads it.
  package var report: String

  package init(pid: Int32, report: String) {
    self.pid = pid
    self.report = report
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.integer(pid)
    writer.string(report)
    return writer.bytes
  }

  package init(_ payload: [UInt8]) throws(FrameError) {
    var reader = ByteReader(payload[...])
    pid = try reader.integer()
    report = try reader.text(limit: 2048, "report")
    try reader.finish()
  }
}

/// `connection`: who is on the other side, after TLS has validated the chain.
package struct PeerMessage: Sendable, Equatable {
  /// The leaf certificate, DER.
  package var certificate: [UInt8]
  /// Empty where the certificate names none or several.
  package var spiffeID: String
  /// Seconds since 1970.
  package var notAfter: Int64
  package var address: String

  package init(certificate: [UInt8], spiffeID: String, notAfter: Int64, address: String) {
    self.certificate = certificate
    self.spiffeID = spiffeID
    self.notAfter = notAfter
    self.address = address
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.string(certificate)
    writer.string(spiffeID)
    writer.integer(notAfter)
    writer.string(address)
    return writer.bytes
  }

  package static let certificateLimit = 16384

  package init(_ payload: [UInt8]) throws(FrameError) {
    var reader = ByteReader(payload[...])
    certificate = try reader.string(limit: Self.certificateLimit, "certificate")
    spiffeID = try reader.text(limit: 2048, "spiffeID")
    notAfter = try reader.integer()
    address = try reader.text(limit: 64, "address")
    try reader.finish()
  }
}

/// `request`: one HTTP request without a body.
package struct RequestMessage: Sendable, Equatable {
  package var connection: UInt32
  package var method: String
  /// Path and query as received.
  package var target: String
  /// The value of the one Authorization field; empty where there is none.
  package var authorization: String

  package init(connection: UInt32, method: String, target: String, authorization: String) {
    self.connection = connection
    self.method = method
    self.target = target
    self.authorization = authorization
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.integer(connection)
    writer.string(method)
    writer.string(target)
    writer.string(authorization)
    return writer.bytes
  }

  package init(_ payload: [UInt8]) throws(FrameError) {
    var reader = ByteReader(payload[...])
    connection = try reader.integer()
    method = try reader.text(limit: 64, "method")
    target = try reader.text(limit: 16384, "target")
    authorization = try reader.text(limit: 16384, "authorization")
    try reader.finish()
  }
}

/// `rejected`: a request that is not acceptable HTTP; the collector records it and answers.
package struct RejectedMessage: Sendable, Equatable {
  package enum Reason: UInt8, Sendable, CaseIterable {
    case malformed = 1
    case headTooLarge, bodyNotAllowed, timeout
  }
  package var connection: UInt32
  package var reason: Reason

  package init(connection: UInt32, reason: Reason) {
    self.connection = connection
    self.reason = reason
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.integer(connection)
    writer.integer(reason.rawValue)
    return writer.bytes
  }

  package init(_ payload: [UInt8]) throws(FrameError) {
    var reader = ByteReader(payload[...])
    connection = try reader.integer()
    guard let reason = Reason(rawValue: try reader.integer()) else { throw .invalidField("reason") }
    self.reason = reason
    try reader.finish()
  }
}

/// `log`: a line for the collector's log.
package struct LogMessage: Sendable, Equatable {
  package enum Level: UInt8, Sendable, CaseIterable {
    case info = 1
    case warning, error
  }
  package var level: Level
  package var text: String

  package init(level: Level, text: String) {
    self.level = level
    self.text = text
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.integer(level.rawValue)
    writer.string(Array(text.utf8.prefix(1024)))
    return writer.bytes
  }

  package init(_ payload: [UInt8]) throws(FrameError) {
    var reader = ByteReader(payload[...])
    guard let level = Level(rawValue: try reader.integer()) else { throw .invalidField("level") }
    self.level = level
    text = String(decoding: try reader.string(limit: 1024, "text"), as: UTF8.self)
    try reader.finish()
  }
}

/// `head`: status and header fields of an answer.
package struct HeadMessage: Sendable, Equatable {
  package var status: UInt16
  package var fields: [(name: String, value: String)]
  /// Bytes of the body that follows; nil for a stream of unknown length.
  package var length: UInt64?

  package init(status: UInt16, fields: [(name: String, value: String)], length: UInt64?) {
    self.status = status
    self.fields = fields
    self.length = length
  }

  package static func == (a: HeadMessage, b: HeadMessage) -> Bool {
    a.encoded == b.encoded
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.integer(status)
    writer.integer(length ?? .max)
    writer.integer(UInt8(fields.count))
    for field in fields {
      writer.string(field.name)
      writer.string(field.value)
    }
    return writer.bytes
  }

  package init(_ payload: [UInt8]) throws(FrameError) {
    var reader = ByteReader(payload[...])
    status = try reader.integer()
    let length = try reader.integer(UInt64.self)
    self.length = length == .max ? nil : length
    let count = try reader.integer(UInt8.self)
    fields = []
    for _ in 0..<count {
      let name = try reader.text(limit: 128, "name")
      fields.append((name, try reader.text(limit: 2048, "value")))
    }
    try reader.finish()
  }
}

/// `credit`: how many more body bytes the endpoint will take for a stream.
package struct CreditMessage: Sendable, Equatable {
  package var bytes: UInt32
  package init(bytes: UInt32) { self.bytes = bytes }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.integer(bytes)
    return writer.bytes
  }

  package init(_ payload: [UInt8]) throws(FrameError) {
    var reader = ByteReader(payload[...])
    bytes = try reader.integer()
    try reader.finish()
  }
}

/// How many body bytes each stream may have under way before the endpoint gives credit.
package enum Credit {
  package static let initial = 262_144
}
