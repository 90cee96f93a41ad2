internal import API
internal import LibCrypto
internal import Linux

/// A place in one log file, sealed: callers carry it and cannot read, forge or move it to another source or session.
struct LogCursor: Sendable, Equatable {
  var deviceMajor: UInt32
  var deviceMinor: UInt32
  var inode: UInt64
  /// When the file was made, in nanoseconds since 1970; 0 where the file system does not say. The number of a removed
  /// file is soon given to another.
  var born: Int64
  var offset: UInt64
  /// A keyed hash of what stands before the place: a file that was cut and has grown again is another.
  var mark: [UInt8]

  static let markSize = 16
  /// Bytes before the place that are hashed, where there are so many.
  static let markedBytes = 256

  /// Least offset at which a copy is known by what stands before it.
  static let leastCopied: UInt64 = 64

  init(file: FileStatus, offset: UInt64, mark: [UInt8]) {
    deviceMajor = file.deviceMajor
    deviceMinor = file.deviceMinor
    inode = file.inode
    born = Self.born(file)
    self.offset = offset
    self.mark = mark
  }

  func names(_ file: FileStatus) -> Bool {
    inode == file.inode && deviceMajor == file.deviceMajor && deviceMinor == file.deviceMinor && born == Self.born(file)
  }

  private static func born(_ file: FileStatus) -> Int64 {
    guard let born = file.born else { return 0 }
    return born.seconds &* 1_000_000_000 &+ Int64(born.nanoseconds)
  }

  /// The hash of the bytes before a place.
  static func mark(of bytes: [UInt8], key: [UInt8]) throws(Refusal) -> [UInt8] {
    do throws(LibCrypto.Failure) {
      return Array(try LibCrypto.hmacSHA256(key: key, Array("log-mark".utf8) + [0] + bytes).prefix(markSize))
    } catch {
      throw Refusal(.internalError, log: error.description)
    }
  }

  func sealed(key: [UInt8], source: String, session: String) throws(Refusal) -> String {
    var plain: [UInt8] = []
    for value in [UInt64(deviceMajor) << 32 | UInt64(deviceMinor), inode, UInt64(bitPattern: born), offset] {
      for shift in stride(from: UInt64(0), to: 64, by: 8) { plain.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    do throws(LibCrypto.Failure) {
      return Base64URL.encode(try LibCrypto.seal(plain + mark, key: key, context: Self.context(source, session)))
    } catch {
      throw Refusal(.internalError, log: error.description)
    }
  }

  init(_ text: [UInt8], key: [UInt8], source: String, session: String) throws(Refusal) {
    let invalid = Refusal(.invalidParameter, detail: "the cursor is not one of this source and session")
    guard let bytes = Base64URL.decode(text) else { throw invalid }
    let plain: [UInt8]
    do throws(LibCrypto.Failure) {
      plain = try LibCrypto.open(bytes, key: key, context: Self.context(source, session))
    } catch {
      throw invalid
    }
    guard plain.count == 32 + Self.markSize else { throw invalid }
    func value(_ index: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(plain[index * 8 + $1]) << UInt64($1 * 8) }
    }
    deviceMajor = UInt32(truncatingIfNeeded: value(0) >> 32)
    deviceMinor = UInt32(truncatingIfNeeded: value(0))
    inode = value(1)
    born = Int64(bitPattern: value(2))
    offset = value(3)
    mark = Array(plain[32...])
  }

  private static func context(_ source: String, _ session: String) -> [UInt8] {
    Array("log-cursor".utf8) + [0] + Array(source.utf8) + [0] + Array(session.utf8)
  }
}
