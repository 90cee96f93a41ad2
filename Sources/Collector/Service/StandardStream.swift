internal import Linux

/// Standard output and error, which are pipes or files that somebody else gave us and may not drain.
enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// A regular file and not a pipe: then RLIMIT_FSIZE must stay as it is.
  var isRegularFile: Bool {
    let stream = FileDescriptor(owning: rawValue)
    let kind = Result { () throws(SystemError) in try stream.status().kind }
    _ = stream.release()
    switch kind {
    case .success(let kind): return kind == .regular
    case .failure: return false
    }
  }

  /// Writes at most 4,096 bytes, which a pipe that polls writable takes whole and at once (pipe(7), PIPE_BUF). False
  /// where there was no room in time or the other side is gone.
  @discardableResult
  func write(_ line: [UInt8], timeoutMilliseconds: Int32) -> Bool {
    do throws(SystemError) {
      guard
        let ready = try Poll.wait(
          [.init(rawValue, read: false, write: true)], timeoutMilliseconds: timeoutMilliseconds), ready[0].write
      else { return false }
      let stream = FileDescriptor(owning: rawValue)
      let result = Result { () throws(SystemError) in try stream.writeAll(line) }
      _ = stream.release()
      switch result {
      case .success: return true
      case .failure: return false
      }
    } catch {
      return false
    }
  }
}
