internal import API
internal import LibCrypto
internal import Linux

/// To what a cursor belongs: it is worth nothing for another session or another directory.
struct CursorPlace {
  let key: [UInt8]
  let session: String
  /// The container and the resolved path.
  let directory: [UInt8]

  var context: [UInt8] { Array("directory-cursor".utf8) + [0] + Array(session.utf8) + [0] + directory }
}

/// How far a listing has come: the last name shown, so that what comes and goes meanwhile neither repeats nor skips the
/// rest; and the version of the directory at the first page. Sealed, since the name may have been masked.
struct DirectoryCursor: Sendable, Equatable {
  /// Of a directory: when entries came or went, its times change.
  struct Version: Sendable, Equatable {
    var device: UInt64
    var inode: UInt64
    var modified: UInt64
    var changed: UInt64

    init(_ status: FileStatus) {
      device = UInt64(status.deviceMajor) << 32 | UInt64(status.deviceMinor)
      inode = status.inode
      modified = Self.nanoseconds(status.modified)
      changed = Self.nanoseconds(status.changed)
    }

    private static func nanoseconds(_ time: Timestamp) -> UInt64 {
      UInt64(bitPattern: time.seconds) &* 1_000_000_000 &+ UInt64(time.nanoseconds)
    }

    fileprivate static let size = 32

    fileprivate var bytes: [UInt8] {
      [device, inode, modified, changed].flatMap { value in
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
      }
    }

    fileprivate init(_ bytes: ArraySlice<UInt8>) {
      func value(_ index: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[bytes.startIndex + index * 8 + $1]) << UInt64($1 * 8) }
      }
      device = value(0)
      inode = value(1)
      modified = value(2)
      changed = value(3)
    }
  }

  var name: [UInt8]
  var version: Version

  init(after name: [UInt8], version: Version) {
    self.name = name
    self.version = version
  }

  func names(_ status: FileStatus) -> Bool { version == Version(status) }

  func sealed(at place: CursorPlace) throws(SystemError) -> String {
    do throws(LibCrypto.Failure) {
      return Base64URL.encode(try LibCrypto.seal(version.bytes + name, key: place.key, context: place.context))
    } catch {
      throw SystemError("seal", Errno.invalid)
    }
  }

  init(_ text: [UInt8], at place: CursorPlace) throws(Refusal) {
    let invalid = Refusal(.invalidParameter, detail: "the cursor is not one of this directory and session")
    guard let bytes = Base64URL.decode(text) else { throw invalid }
    let plain: [UInt8]
    do throws(LibCrypto.Failure) {
      plain = try LibCrypto.open(bytes, key: place.key, context: place.context)
    } catch {
      throw invalid
    }
    guard plain.count > Version.size else { throw invalid }
    version = Version(plain[..<Version.size])
    name = Array(plain[Version.size...])
  }
}
