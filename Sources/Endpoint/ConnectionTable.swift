internal import NIOCore

/// Bounds the connections: few that have not shown a certificate, and the oldest of those that have not even said
/// anything makes room for a new one, so that a flood of silent connections keeps nobody out.
final class ConnectionTable {
  private var strangers: [ObjectIdentifier: (order: UInt64, connection: HTTPConnection)] = [:]
  private var known: [ObjectIdentifier: HTTPConnection] = [:]
  private var order: UInt64 = 0

  static let maximumStrangers = 128
  static let maximumKnown = 96
  static let maximumOfOneCertificate = 32

  func add(_ connection: HTTPConnection) {
    if strangers.count >= Self.maximumStrangers,
      let first = strangers.min(by: {
        ($0.value.connection.hasSpoken ? 1 : 0, $0.value.order) < (
          $1.value.connection.hasSpoken ? 1 : 0, $1.value.order
        )
      })
    {
      strangers[first.key] = nil
      first.value.connection.drop()
    }
    order += 1
    strangers[ObjectIdentifier(connection)] = (order, connection)
  }

  /// After the handshake. False where there are too many, of this certificate or of all.
  func admit(_ connection: HTTPConnection, certificate: [UInt8]) -> Bool {
    strangers[ObjectIdentifier(connection)] = nil
    guard known.count < Self.maximumKnown,
      known.values.count(where: { $0.certificate == certificate }) < Self.maximumOfOneCertificate
    else { return false }
    connection.certificate = certificate
    known[ObjectIdentifier(connection)] = connection
    return true
  }

  func remove(_ connection: HTTPConnection) {
    strangers[ObjectIdentifier(connection)] = nil
    known[ObjectIdentifier(connection)] = nil
  }

  /// Closes everything that no answer is under way on.
  func closeIdle() {
    for (_, connection) in strangers.values { connection.drop() }
    for connection in known.values where connection.isIdle { connection.drop() }
  }
}
