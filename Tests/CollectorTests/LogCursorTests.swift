import API
import Glibc
import LibCrypto
import Linux
import Testing

@testable import Collector

struct LogCursorTests {
  static let key = [UInt8](repeating: 7, count: 32)

  static func sample() throws -> (cursor: LogCursor, file: FileStatus) {
    let file = try FileDescriptor.open(path: "/proc/self/exe", .pathFollowing).status()
    return (LogCursor(file: file, offset: 0x0102_0304_0506_0708, mark: (0..<16).map { $0 }), file)
  }

  static func open(
    _ text: String, key: [UInt8] = key, source: String = "app/out", session: String = "s"
  ) throws(Refusal) -> LogCursor {
    try LogCursor(Array(text.utf8), key: key, source: source, session: session)
  }

  @Test func roundTrip() throws {
    let (cursor, file) = try Self.sample()
    let sealed = try cursor.sealed(key: Self.key, source: "app/out", session: "s")
    #expect(try Self.open(sealed) == cursor)
    #expect(cursor.names(file))
    // Opaque: the same place looks different each time, and nothing of it can be read.
    #expect(try cursor.sealed(key: Self.key, source: "app/out", session: "s") != sealed)
    #expect(sealed.utf8.count == 102)
  }

  @Test func anotherFileIsAnother() throws {
    let (cursor, file) = try Self.sample()
    for change in 0..<4 {
      var other = file
      switch change {
      case 0: other.inode += 1
      case 1: other.deviceMinor += 1
      case 2: other.deviceMajor += 1
      case _: other.born = Timestamp(seconds: 7, nanoseconds: 8)
      }
      #expect(!cursor.names(other))
    }
  }

  @Test func onlyWhereItWasGiven() throws {
    let sealed = try Self.sample().cursor.sealed(key: Self.key, source: "app/out", session: "s")
    #expect(throws: Refusal.self) { try Self.open(sealed, source: "app/err") }
    #expect(throws: Refusal.self) { try Self.open(sealed, source: "other/out") }
    #expect(throws: Refusal.self) { try Self.open(sealed, session: "t") }
    #expect(throws: Refusal.self) { try Self.open(sealed, key: [UInt8](repeating: 8, count: 32)) }
    // The border between source and session does not move.
    let odd = try Self.sample().cursor.sealed(key: Self.key, source: "a", session: "b/c")
    #expect(throws: Refusal.self) { try Self.open(odd, source: "a/b", session: "c") }
    #expect(throws: Refusal.self) { try Self.open(odd, source: "ab/c", session: "") }
  }

  @Test func tamperingIsSeen() throws {
    let sealed = Array(try Self.sample().cursor.sealed(key: Self.key, source: "app/out", session: "s").utf8)
    for index in sealed.indices {
      for byte in Array("Az_".utf8) where byte != sealed[index] {
        var changed = sealed
        changed[index] = byte
        #expect(throws: Refusal.self) { try Self.open(String(decoding: changed, as: UTF8.self)) }
      }
      #expect(throws: Refusal.self) { try Self.open(String(decoding: sealed[..<index], as: UTF8.self)) }
    }
    for text in ["", "=", "AAAA", String(repeating: "A", count: 80), String(repeating: "A", count: 100_000), "%2e"] {
      #expect(throws: Refusal.self) { try Self.open(text) }
    }
  }

  /// Sealed under the right key, but of something else.
  @Test func anotherContent() throws {
    let context = Array("log-cursor".utf8) + [0] + Array("app/out".utf8) + [0] + Array("s".utf8)
    for count in [0, 32, 47, 49, 64] {
      let text = Base64URL.encode(
        try LibCrypto.seal([UInt8](repeating: 0, count: count), key: Self.key, context: context))
      #expect(throws: Refusal.self) { try Self.open(text) }
    }
  }

  @Test func theRefusalIsTheCallersFault() throws {
    do throws(Refusal) {
      _ = try Self.open("AAAA")
      Issue.record("accepted")
    } catch {
      #expect(error.code == .invalidParameter)
    }
  }
}
