internal import API
internal import LibCrypto
internal import Linux

/// A place in one log file, sealed: callers carry it and cannot read, forge or move it to another source or session.
struct LogCursor: Sendable, Equatable {
  var deviceMajor: UInt32
  var deviceMinor: UInt32
  var inode: UInt64
  var offset: UInt64

  init(file: FileStatus, offset: UInt64) {
    deviceMajor = file.deviceMajor
    deviceMinor = file.deviceMinor
    inode = file.inode
    self.offset = offset
  }

  func names(_ file: FileStatus) -> Bool {
    inode == file.inode && deviceMajor == file.deviceMajor && deviceMinor == file.deviceMinor
  }

  func sealed(key: [UInt8], source: String, session: String) throws(Refusal) -> String {
    var plain: [UInt8] = []
    for value in [UInt64(deviceMajor), UInt64(deviceMinor), inode, offset] {
      for shift in stride(from: UInt64(0), to: 64, by: 8) { plain.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    do throws(LibCrypto.Failure) {
      return Base64URL.encode(try LibCrypto.seal(plain, key: key, context: Self.context(source, session)))
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
    guard plain.count == 32 else { throw invalid }
    func value(_ index: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(plain[index * 8 + $1]) << UInt64($1 * 8) }
    }
    deviceMajor = UInt32(truncatingIfNeeded: value(0))
    deviceMinor = UInt32(truncatingIfNeeded: value(1))
    inode = value(2)
    offset = value(3)
  }

  private static func context(_ source: String, _ session: String) -> [UInt8] {
    Array("log-cursor".utf8) + [0] + Array(source.utf8) + [0] + Array(session.utf8)
  }
}
