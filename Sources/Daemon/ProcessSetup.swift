internal import Glibc
package import Logging

/// What every central program does first, before there is a second thread.
package enum ProcessSetup {
  /// Files that the program makes are for its user alone; a reader that went away is an error of the write, not a
  /// signal; logs go to standard error as JSON.
  package static func begin(logLevel: Logger.Level) {
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    LoggingSystem.bootstrap { label in
      var handler = JSONLogHandler(label: label)
      handler.logLevel = logLevel
      return handler
    }
  }
}
