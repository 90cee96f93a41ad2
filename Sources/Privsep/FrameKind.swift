/// The frames on the stream between endpoint and collector: who may send which, and how large. Unknown means die.
package enum FrameKind: UInt8, Sendable, CaseIterable {
  case hello = 1
  case connection, disconnection, request, rejected, credit, cancel, log, shutdown
  case ready, head, body, end, abort

  package enum Sender: Sendable { case endpoint, collector }

  package struct Rule: Sendable {
    package var sender: Sender
    /// Largest payload, in bytes.
    package var limit: Int
  }

  package static let maximumPayload = 65536

  package var rule: Rule {
    switch self {
    case .hello: Rule(sender: .endpoint, limit: 4096)
    case .connection: Rule(sender: .endpoint, limit: 20480)
    case .disconnection: Rule(sender: .endpoint, limit: 0)
    case .request: Rule(sender: .endpoint, limit: 20480)
    case .rejected: Rule(sender: .endpoint, limit: 512)
    case .credit: Rule(sender: .endpoint, limit: 4)
    case .cancel: Rule(sender: .endpoint, limit: 0)
    case .log: Rule(sender: .endpoint, limit: 2048)
    case .ready: Rule(sender: .collector, limit: 0)
    case .head: Rule(sender: .collector, limit: 4096)
    case .body: Rule(sender: .collector, limit: Self.maximumPayload)
    case .end: Rule(sender: .collector, limit: 0)
    case .abort: Rule(sender: .collector, limit: 0)
    case .shutdown: Rule(sender: .endpoint, limit: 0)
    }
  }
}

/// One message on the stream: a header of 12 bytes (payload size, kind, three zero bytes, stream or connection number)
/// and the payload.
package struct Frame: Sendable, Equatable {
  package static let headerSize = 12

  package var kind: FrameKind
  /// A request's stream, or a connection's number.
  package var stream: UInt32
  package var payload: [UInt8]

  package init(_ kind: FrameKind, stream: UInt32 = 0, payload: [UInt8] = []) {
    self.kind = kind
    self.stream = stream
    self.payload = payload
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.bytes.reserveCapacity(Self.headerSize + payload.count)
    writer.integer(UInt32(payload.count))
    writer.integer(kind.rawValue)
    writer.bytes.append(contentsOf: [0, 0, 0])
    writer.integer(stream)
    writer.bytes.append(contentsOf: payload)
    return writer.bytes
  }
}

/// Cuts a stream of bytes into frames, and refuses what the table does not allow from that sender.
package struct FrameDecoder: Sendable {
  private let sender: FrameKind.Sender
  private var buffer: [UInt8] = []
  private var start = 0

  package init(from sender: FrameKind.Sender) {
    self.sender = sender
  }

  package mutating func append(_ bytes: some Sequence<UInt8>) {
    if start > 0, start >= buffer.count / 2 {
      buffer.removeFirst(start)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// The next whole frame, or nil until more bytes come.
  package mutating func next() throws(FrameError) -> Frame? {
    guard buffer.count - start >= Frame.headerSize else { return nil }
    var reader = ByteReader(buffer[start...])
    let size = Int(try reader.integer(UInt32.self))
    let raw = try reader.integer(UInt8.self)
    guard let kind = FrameKind(rawValue: raw) else { throw .unknownKind(raw) }
    for _ in 0..<3 where try reader.integer(UInt8.self) != 0 { throw .invalidField("padding") }
    guard kind.rule.sender == sender else { throw .wrongDirection(kind: "\(kind)") }
    guard size <= kind.rule.limit else { throw .tooLarge(kind: "\(kind)", size: size, limit: kind.rule.limit) }
    let stream = try reader.integer(UInt32.self)
    let end = start + Frame.headerSize + size
    guard buffer.count >= end else { return nil }
    let payload = Array(buffer[(start + Frame.headerSize)..<end])
    start = end
    return Frame(kind, stream: stream, payload: payload)
  }
}
