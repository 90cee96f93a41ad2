internal import Glibc
internal import Linux

/// How `sidelight` ends; docs/cli.md lists the same numbers. The first ones follow sysexits.h.
enum ExitStatus: Int32, Sendable, CaseIterable {
  case success = 0
  case general = 1
  /// The command line, or a parameter that the agent does not take.
  case usage = 64
  /// No state directory, or one that cannot be used; a file that is not what the command reads.
  case state = 65
  /// The process, file, directory, container or log source does not exist (any more).
  case notFound = 66
  /// Agent or broker cannot be reached, or cannot answer now.
  case unavailable = 69
  /// Agent, broker or this command failed inside.
  case internalError = 70
  /// Too many requests, or the budget is used up.
  case tooMuch = 75
  /// Who you are or what you asked for is refused.
  case refused = 77
}

/// Why the command ends without having done what it was asked to: one line that says what happened and, where there
/// is something to do about it, one that says what. Both are escaped when printed.
struct Failure: Error, Sendable {
  var status: ExitStatus
  var what: String
  var hint: String?
  /// Lines of a log that say why, shown between both.
  var quote: [String]

  init(_ status: ExitStatus, _ what: String, hint: String? = nil, quote: [String] = []) {
    self.status = status
    self.what = what
    self.hint = hint
    self.quote = quote
  }

  /// Ends with a line feed.
  var message: String {
    var lines = ["error: " + Escaping.visible(what)] + quote.map { "  " + Escaping.line($0) }
    if let hint { lines.append("hint: " + Escaping.visible(hint)) }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension SystemError {
  /// errno(3) in words.
  static func text(_ number: Int32) -> String {
    // SAFETY: strerror returns a C string that lives until the next call; its bytes are copied at once.
    unsafe String(cString: strerror(number))
  }
}
