internal import Glibc

/// Standard output and standard error, unbuffered. The only place that writes to them.
enum Console {
  static func out(_ text: String) { write(text, to: STDOUT_FILENO) }

  static func error(_ text: String) { write(text, to: STDERR_FILENO) }

  /// What the reader should know about the answer but what is not part of it.
  static func note(_ text: String) { error("note: \(text)\n") }

  /// One fact a line, the names aligned. Values must be escaped before.
  static func facts(_ facts: [(String, String)]) {
    let width = facts.map { DisplayWidth.of($0.0) }.max() ?? 0
    out(facts.map { "\($0)\(String(repeating: " ", count: width - DisplayWidth.of($0)))  \($1)\n" }.joined())
  }

  /// Whether people are looking at standard output.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether dimming is wanted: only on a terminal, and never with `NO_COLOR` (no-color.org).
  static var styled: Bool {
    isTerminal && CallerEnvironment.variable("NO_COLOR", emptyIsAbsent: true) == nil
      && CallerEnvironment.variable("TERM") != "dumb"
  }

  /// The terminal's width in columns, or nil where standard output is no terminal.
  static var width: Int? {
    guard isTerminal else { return nil }
    var size = winsize()
    // SAFETY: TIOCGWINSZ fills exactly one winsize and keeps no pointer (ioctl_tty(2)).
    let result = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
  }

  static func dim(_ text: String) -> String { styled ? "\u{1B}[2m\(text)\u{1B}[22m" : text }

  /// Dims the presence tokens inside a value that is known to have some.
  static func dimPresenceTokens(_ text: String) -> String {
    guard styled else { return text }
    var result = ""
    var isDim = false
    for character in text {
      if character == "‹" {
        result += "\u{1B}[2m"
        isDim = true
      }
      result.append(character)
      if character == "›" {
        result += "\u{1B}[22m"
        isDim = false
      }
    }
    // One that was cut has no end.
    return isDim ? result + "\u{1B}[22m" : result
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      // SAFETY: pointer and count come from one live array; write(2) keeps no pointer.
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      let code = errno
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if code == EPIPE {
        endedByPipe()
      } else if code == EAGAIN {
        _ = usleep(1000)
      } else if code != EINTR {
        if descriptor == STDOUT_FILENO { error("error: standard output cannot be written (errno \(code))\n") }
        exit(ExitStatus.general.rawValue)
      }
    }
  }

  /// The reader has gone (`| head`): end as the signal would have ended us, which the networking library ignores.
  private static func endedByPipe() -> Never {
    _ = signal(SIGPIPE, SIG_DFL)
    _ = kill(getpid(), SIGPIPE)
    exit(128 + SIGPIPE)
  }
}
