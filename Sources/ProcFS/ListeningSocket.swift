/// A TCP socket that takes connections, from `/proc/net/tcp` or `tcp6` (proc_net_tcp(5)), which hold those of the reader's
/// network namespace, the listening ones first.
package struct ListeningSocket: Sendable, Equatable {
  /// As it stands in a packet: 4 or 16 bytes.
  package var address: [UInt8]
  package var port: UInt16
  /// The user who made it.
  package var uid: UInt32
  /// Connections that nobody has accepted yet.
  package var waiting: UInt64

  package static func all(in text: Span<UInt8>) -> [ListeningSocket] {
    var found: [ListeningSocket] = []
    Fields.lines(text) { line in
      // sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid …
      let words = Fields.words(text, in: line)
      guard words.count >= 10, hexadecimal(text, words[3]) == 0x0A,
        let colon = words[1].last(where: { text[$0] == UInt8(ascii: ":") }),
        let address = address(text, words[1].lowerBound..<colon),
        let port = hexadecimal(text, (colon + 1)..<words[1].upperBound),
        let queues = words[4].first(where: { text[$0] == UInt8(ascii: ":") }),
        let waiting = hexadecimal(text, (queues + 1)..<words[4].upperBound),
        let (uid, _) = Fields.number(text, at: words[7].lowerBound)
      else { return }
      guard let port = UInt16(exactly: port), let uid = UInt32(exactly: uid) else { return }
      found.append(ListeningSocket(address: address, port: port, uid: uid, waiting: waiting))
    }
    return found
  }

  /// The kernel writes each four bytes of an address as a number of its own order.
  private static func address(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    guard range.count == 8 || range.count == 32 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
      guard let word = hexadecimal(text, start..<(start + 8)) else { return nil }
      let number = UInt32(bigEndian: UInt32(word))
      bytes += stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }
    return bytes
  }

  /// The kernel writes capital letters here.
  private static func hexadecimal(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
    guard !range.isEmpty, range.count <= 16 else { return nil }
    var value: UInt64 = 0
    for index in range {
      switch text[index] {
      case let byte where (0x30...0x39).contains(byte): value = value << 4 | UInt64(byte - 0x30)
      case let byte where (0x41...0x46).contains(byte): value = value << 4 | UInt64(byte - 0x41 + 10)
      case let byte where (0x61...0x66).contains(byte): value = value << 4 | UInt64(byte - 0x61 + 10)
      case _: return nil
      }
    }
    return value
  }
}
