internal import NIOCore

/// Bounds the connections: few that have not shown a certificate, and the oldest of those that have not even said
/// anything makes room for a new one, so that a flood of silent connections keeps nobody out.
final class ConnectionTable {
  private var strangers: [ObjectIdentifier: (order: UInt64, connection: HTTPConnection)] = [:]
  private var known: [ObjectIdentifier: HTTPConnection] = [:]
  private var order: UInt64 = 0

  static let maximumStrangers = 128
  static let maximumKnown = 64
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

  /// After the handshake. False where there are too many of this certificate. Where there are too many of all, the certificate
  /// that has the most loses one, so that nobody keeps the others out.
  func admit(_ connection: HTTPConnection, certificate: [UInt8]) -> Bool {
    strangers[ObjectIdentifier(connection)] = nil
    let own = known.values.count { $0.certificate == certificate }
    guard own < Self.maximumOfOneCertificate else { return false }
    if known.count >= Self.maximumKnown {
      guard let victim = victim(own: own) else { return false }
      known[ObjectIdentifier(victim)] = nil
      victim.drop()
    }
    connection.certificate = certificate
    known[ObjectIdentifier(connection)] = connection
    return true
  }

  /// A connection of the certificate that has the most, where that is more than `own` will be; an idle one if it has any.
  private func victim(own: Int) -> HTTPConnection? {
    let all = Dictionary(grouping: known.values, by: \.certificate)
    guard let most = all.values.max(by: { $0.count < $1.count }), most.count > own + 1 else { return nil }
    return most.first(where: \.isIdle) ?? most.first
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
