import Linux
import Privsep
import Testing

@testable import Collector

@Suite("The way of an answer to the endpoint")
struct ResponseStreamTests {
  private static func stream() throws -> ResponseStream {
    let stream = ResponseStream(id: 7, connection: 1, started: 0, wake: try EventCounter(semaphore: false))
    try #require(stream.begin(HeadMessage(status: 200, fields: [], length: nil), body: [], finished: false))
    return stream
  }

  private static func bodies(_ stream: ResponseStream) -> [[UInt8]] {
    stream.frames(now: 0).frames.filter { $0.kind == .body }.map(\.payload)
  }

  @Test("the first piece leaves at once; what comes while it is under way leaves together")
  func pieces() throws {
    let stream = try Self.stream()
    stream.append([1], finished: false)
    #expect(Self.bodies(stream) == [[1]])
    for byte in UInt8(2)...100 {
      stream.append([byte], finished: false)
      #expect(Self.bodies(stream) == [])
    }
    stream.giveCredit(1)
    #expect(Self.bodies(stream) == [Array(2...100)])
    stream.append([101], finished: true)
    #expect(Self.bodies(stream) == [[101]])
  }

  @Test("whatever is appended and taken: all bytes in order, few frames under way, and an end", arguments: 0..<200)
  func order(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let stream = try Self.stream()
    var appended: [UInt8] = []
    var sent: [UInt8] = []
    var underWay: [Int] = []
    var finished = false
    var ended = false
    while !ended {
      if !finished, Bool.random(using: &random) {
        let count = Int.random(in: 0...(Bool.random(using: &random) ? 100 : 200_000), using: &random)
        let piece = (0..<count).map { UInt8(truncatingIfNeeded: appended.count + $0) }
        finished = appended.count > 500_000 || Int.random(in: 0..<50, using: &random) == 0
        stream.append(piece, finished: finished)
        appended += piece
      }
      if !underWay.isEmpty, Bool.random(using: &random) { stream.giveCredit(underWay.removeFirst()) }
      for frame in stream.frames(now: 0).frames {
        switch frame.kind {
        case .body:
          sent += frame.payload
          underWay.append(frame.payload.count)
        case .end: ended = true
        default: #expect(frame.kind == .head)
        }
      }
      #expect(underWay.reduce(0, +) <= Credit.initial)
      #expect(underWay.count { $0 < ResponseStream.frameSize } <= 2)
    }
    #expect(sent == appended)
    #expect(underWay.isEmpty)
  }
}
