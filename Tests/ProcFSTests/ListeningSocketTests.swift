import Linux
import ProcFS
import Testing

@Suite("Listening sockets")
struct ListeningSocketTests {
  private static let heading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

  private func all(_ text: String) -> [ListeningSocket] {
    let bytes = Array(text.utf8)
    return ListeningSocket.all(in: bytes.span)
  }

  @Test("only sockets that listen, IPv4 and IPv6, with who waits")
  func table() {
    let text =
      Self.heading
      + "   0: 00000000:1D13 00000000:0000 0A 00000000:00000003 00:00000000 00000000 10001        0 25 1 0 100 0 0 10 0\n"
      + "   1: 0100007F:1D13 0100007F:9F54 01 00000000:00000000 00:00000000 00000000 10001        0 26 1 0 20 4 30 10 -1\n"
      + "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 27 1\n"
    let sockets = all(text)
    #expect(sockets.map(\.address) == [[0, 0, 0, 0], [UInt8](repeating: 0, count: 15) + [1]])
    #expect(sockets.map(\.port) == [7443, 8080])
    #expect(sockets.map(\.uid) == [10001, 0])
    #expect(sockets.map(\.waiting) == [3, 0])
  }

  @Test("what is cut off or senseless is no socket")
  func malformed() {
    for line in [
      "", "0:", "0: 00000000:1D13", "0: 00000000 00000000:0000 0A 0:0 0:0 0 1 0 1",
      "0: 00000000:11D13 00000000:0000 0A 0:0 0:0 0 1 0 1", "0: 00000000:1D13 00000000:0000 0A 00 0:0 0 1 0 1",
      "0: 00000000:1D13 00000000:0000 0A 0:0 0:0 0 99999999999 0 1", "0: 0000000:1D13 0:0 0A 0:0 0:0 0 1 0 1",
      "0: 0000000000000000:1D13 0:0 0A 0:0 0:0 0 1 0 1", "0: 0000000g:1D13 0:0 0A 0:0 0:0 0 1 0 1",
    ] {
      #expect(all(Self.heading + line).isEmpty, "\(line)")
    }
  }

  @Test("literals as they stand in a packet")
  func literals() throws {
    #expect(try Sockets.bytes(ofLiteral: "10.0.0.255") == [10, 0, 0, 255])
    #expect(try Sockets.bytes(ofLiteral: "::ffff:1.2.3.4").suffix(6) == [255, 255, 1, 2, 3, 4])
    #expect(throws: SystemError.self) { try Sockets.bytes(ofLiteral: "localhost") }
  }

  @Test("a real socket, which listens only once it is told to")
  func real() throws {
    func found(_ port: UInt16) throws -> ListeningSocket? {
      let text = try ProcFileSystem().read("net/tcp")
      return ListeningSocket.all(in: text.span).first { $0.port == port }
    }
    let bound = try Sockets.bind(address: "127.0.0.1", port: 0)
    #expect(try found(try Sockets.localPort(of: bound)) == nil)
    let listening = try Sockets.listen(address: "127.0.0.1", port: 0)
    let port = try Sockets.localPort(of: listening)
    let socket = try #require(try found(port))
    #expect(try socket.address == [127, 0, 0, 1] && socket.address == Sockets.bytes(ofLiteral: "127.0.0.1"))
    #expect(try socket.uid == Process.Identity().userID && socket.waiting == 0)
  }
}
