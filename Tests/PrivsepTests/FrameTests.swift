import Privsep
import Testing

struct FrameTests {
  static let senders: [FrameKind.Sender] = [.endpoint, .collector]

  static func frames(_ random: inout SplitMix, from sender: FrameKind.Sender, count: Int) -> [Frame] {
    let kinds = FrameKind.allCases.filter { $0.rule.sender == sender }
    return (0..<count).map { _ in
      let kind = kinds.randomElement(using: &random)!
      let size = Int.random(in: 0...min(kind.rule.limit, 300), using: &random)
      return Frame(kind, stream: UInt32(truncatingIfNeeded: random.next()), payload: random.bytes(size))
    }
  }

  static func decode(_ bytes: some Sequence<UInt8>, from sender: FrameKind.Sender) throws(FrameError) -> [Frame] {
    var decoder = FrameDecoder(from: sender)
    decoder.append(bytes)
    var frames: [Frame] = []
    while let frame = try decoder.next() { frames.append(frame) }
    return frames
  }

  /// The whole table, so that a change of who may send what, or how much, is seen.
  @Test func theTable() {
    let table = FrameKind.allCases.map { "\($0.rawValue) \($0) \($0.rule.sender) \($0.rule.limit)" }
    #expect(
      table == [
        "1 hello endpoint 4096", "2 connection endpoint 20480", "3 disconnection endpoint 0",
        "4 request endpoint 20480",
        "5 rejected endpoint 512", "6 credit endpoint 4", "7 cancel endpoint 0", "8 log endpoint 2048",
        "9 shutdown endpoint 0", "10 ready collector 0", "11 head collector 4096", "12 body collector 65536",
        "13 end collector 0", "14 abort collector 0",
      ])
    #expect(FrameKind.allCases.allSatisfy { $0.rule.limit <= FrameKind.maximumPayload })
  }

  @Test func theHeader() {
    let frame = Frame(.cancel, stream: 0x0102_0304)
    #expect(frame.encoded == [0, 0, 0, 0, 7, 0, 0, 0, 4, 3, 2, 1])
    #expect(Frame(.body, stream: 1, payload: [9, 8]).encoded == [2, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 9, 8])
  }

  @Test(arguments: senders)
  func roundTrip(_ sender: FrameKind.Sender) throws {
    var random = SplitMix(state: 101)
    let frames = Self.frames(&random, from: sender, count: 300)
    #expect(try Self.decode(frames.flatMap(\.encoded), from: sender) == frames)
  }

  /// Cut in two at every byte: the same frames, none early, none lost.
  @Test(arguments: senders)
  func splitAtEveryByte(_ sender: FrameKind.Sender) throws {
    var random = SplitMix(state: 102)
    let frames = Self.frames(&random, from: sender, count: 6)
    let bytes = frames.flatMap(\.encoded)
    var ends = [0]
    for frame in frames { ends.append(ends[ends.count - 1] + frame.encoded.count) }
    for cut in 0...bytes.count {
      var decoder = FrameDecoder(from: sender)
      decoder.append(bytes[..<cut])
      var got: [Frame] = []
      while let frame = try decoder.next() { got.append(frame) }
      #expect(got.count == ends.count { $0 > 0 && $0 <= cut })
      decoder.append(bytes[cut...])
      while let frame = try decoder.next() { got.append(frame) }
      #expect(got == frames)
    }
  }

  @Test(arguments: senders)
  func randomChunks(_ sender: FrameKind.Sender) throws {
    var random = SplitMix(state: 103)
    for _ in 0..<50 {
      let frames = Self.frames(&random, from: sender, count: 40)
      var decoder = FrameDecoder(from: sender)
      var got: [Frame] = []
      var index = 0
      let bytes = frames.flatMap(\.encoded)
      while index < bytes.count {
        let end = min(bytes.count, index + Int.random(in: 1...70, using: &random))
        decoder.append(bytes[index..<end])
        index = end
        while Bool.random(using: &random), let frame = try decoder.next() { got.append(frame) }
      }
      while let frame = try decoder.next() { got.append(frame) }
      #expect(got == frames)
    }
  }

  @Test(arguments: FrameKind.allCases)
  func limits(_ kind: FrameKind) throws {
    let limit = kind.rule.limit
    let sender = kind.rule.sender
    let largest = Frame(kind, stream: 5, payload: [UInt8](repeating: 1, count: limit))
    #expect(try Self.decode(largest.encoded, from: sender) == [largest])
    // Refused as soon as the header is there: nobody waits for the payload.
    let larger = Frame(kind, stream: 5, payload: [UInt8](repeating: 1, count: limit + 1)).encoded
    #expect(throws: FrameError.tooLarge(kind: "\(kind)", size: limit + 1, limit: limit)) {
      try Self.decode(larger[..<Frame.headerSize], from: sender)
    }
    var huge = larger
    huge.replaceSubrange(0..<4, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: FrameError.tooLarge(kind: "\(kind)", size: 0xFFFF_FFFF, limit: limit)) {
      try Self.decode(huge, from: sender)
    }
  }

  @Test(arguments: FrameKind.allCases)
  func theWrongSide(_ kind: FrameKind) {
    let other: FrameKind.Sender = kind.rule.sender == .endpoint ? .collector : .endpoint
    #expect(throws: FrameError.wrongDirection(kind: "\(kind)")) { try Self.decode(Frame(kind).encoded, from: other) }
  }

  @Test(arguments: senders)
  func unknownKinds(_ sender: FrameKind.Sender) {
    for raw in UInt8.min...UInt8.max where FrameKind(rawValue: raw) == nil {
      #expect(throws: FrameError.unknownKind(raw)) {
        try Self.decode([0, 0, 0, 0, raw, 0, 0, 0, 0, 0, 0, 0], from: sender)
      }
    }
  }

  @Test func paddingIsZero() {
    for index in 5..<8 {
      var bytes = Frame(.cancel).encoded
      bytes[index] = 1
      #expect(throws: FrameError.invalidField("padding")) { try Self.decode(bytes, from: .endpoint) }
    }
  }

  /// Good frames before a bad one are delivered; the bad one is an error each time it is asked for.
  @Test func anErrorIsNotSkipped() throws {
    var decoder = FrameDecoder(from: .endpoint)
    decoder.append(Frame(.cancel, stream: 1).encoded + Frame(.abort).encoded + Frame(.cancel, stream: 2).encoded)
    #expect(try decoder.next() == Frame(.cancel, stream: 1))
    for _ in 0..<3 { #expect(throws: FrameError.wrongDirection(kind: "abort")) { try decoder.next() } }
  }

  @Test(arguments: senders)
  func randomBytesNeverCrash(_ sender: FrameKind.Sender) {
    var random = SplitMix(state: 104)
    for _ in 0..<5000 {
      var bytes = random.bytes(Int.random(in: 0...60, using: &random))
      // Often a header that is nearly right.
      if bytes.count > 12, Bool.random(using: &random) {
        bytes.replaceSubrange(0..<8, with: [UInt8.random(in: 0...40, using: &random), 0, 0, 0, bytes[4] % 16, 0, 0, 0])
      }
      _ = try? Self.decode(bytes, from: sender)
    }
  }

  /// Many small frames in one go: linear, or this would take minutes.
  @Test func aLongBacklogIsLinear() throws {
    let bytes = Array(repeating: Frame(.cancel).encoded, count: 100_000).flatMap { $0 }
    let clock = ContinuousClock()
    let start = clock.now
    #expect(try Self.decode(bytes, from: .endpoint).count == 100_000)
    var decoder = FrameDecoder(from: .endpoint)
    var count = 0
    for index in stride(from: 0, to: 600_000, by: 5) {
      decoder.append(bytes[index..<(index + 5)])
      while try decoder.next() != nil { count += 1 }
    }
    #expect(count == 50_000)
    #expect(clock.now - start < .seconds(30))
  }
}
