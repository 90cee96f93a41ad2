internal import API
internal import StrictJSON

extension Failure {
  /// What the agent refused, and what to do about it.
  init(_ problem: Problem) {
    var what = "\(problem.code): \(problem.title)"
    if let detail = problem.detail { what += " \(detail)" }
    var facts: [String] = []
    if let reason = problem.reason { facts.append("reason \(reason)") }
    if let limit = problem.limit { facts.append("limit \(limit)") }
    if let seconds = problem.retryAfter { facts.append("retry after \(seconds) s") }
    facts.append("request \(problem.requestID)")
    what += " (\(facts.joined(separator: ", ")))"
    self.init(Self.status(problem.status), what, hint: Self.hint(problem))
  }

  /// What the broker refused.
  init(_ error: BrokerError, httpStatus: Int) {
    var what = "the broker refused: \(error.error): \(error.errorDescription)"
    if let rule = error.rule { what += " (rule \(rule))" }
    let hint: String? =
      switch error.error {
      case "invalid_authorization_details", "access_denied":
        "the policy does not grant all of this; ask for less, or ask who owns the policy for an access rule"
      case "invalid_client", "unauthorized_client", "invalid_grant":
        "the session has ended or is not known to this broker; start a new session"
      case _: nil
      }
    let status: ExitStatus =
      switch (error.error, httpStatus) {
      case ("access_denied", _), ("invalid_client", _), ("unauthorized_client", _), ("invalid_grant", _),
        ("invalid_authorization_details", _), ("invalid_target", _):
        .refused
      case (_, let code): Self.status(code)
      }
    self.init(status, what, hint: hint)
  }

  static func status(_ httpStatus: Int) -> ExitStatus {
    switch httpStatus {
    case 400, 405: .usage
    case 409: .unavailable
    case 401, 403: .refused
    case 404, 410: .notFound
    case 429: .tooMuch
    case 408, 503, 504: .unavailable
    case 500...: .internalError
    case _: .general
    }
  }

  private static func hint(_ problem: Problem) -> String? {
    guard let code = ProblemCode(rawValue: problem.code) else {
      return "this agent knows a code that this command does not; the title says what it means"
    }
    switch code {
    case .malformedRequest, .bodyNotAllowed, .headTooLarge, .methodNotAllowed, .noSuchRoute:
      return "agent and command do not fit each other; compare their versions"
    case .invalidParameter:
      return "see 'sidelight help' and the command's --help for what it takes"
    case .requestTimeout, .targetUnresponsive:
      return "try again; if it stays, the target or its file system hangs"
    case .certificateExpired:
      return "the session has ended; start a new one ('sidelight dev down', then 'sidelight dev up')"
    case .certificateUnsuitable, .tokenMissing, .tokenTooLarge, .tokenInvalid, .tokenWrongIssuer,
      .tokenWrongAudience, .tokenWrongCertificate, .tokenWrongSession, .tokenDetailsInvalid, .tokenLifetimeTooLong:
      return "session, broker and agent do not belong together; check --state"
    case .tokenExpired, .tokenBeforeStart:
      return "try again: the command asks for a new token each time"
    case .tokenNotYetValid:
      return "the clocks of broker and agent differ; compare them"
    case .containerNotGranted:
      return
        "name another one with --container ('sidelight logs' and 'ps --fields pid,container' show which there are), "
        + "or ask the owner of the access policy for a rule that includes it, and give this request id"
    case .actionNotGranted, .processNotGranted, .nameNotGranted, .pathNotGranted, .logNotGranted:
      return "ask the owner of the access policy for a rule that includes it, and give this request id"
    case .containerNotFound:
      return "'sidelight ps -o json' names the containers in scope"
    case .processNotFound, .processGone:
      return "'sidelight ps' shows the processes in scope now"
    case .fileNotFound:
      return "'sidelight ls' on the folder above shows what is there"
    case .logNotFound:
      return "'sidelight logs' shows the log sources and whether each has a file"
    case .notADirectory:
      return "use 'sidelight stat' for a file"
    case .notARegularFile:
      return "only regular files can be read; 'sidelight stat' shows what it is"
    case .hardLinked:
      return "the same file stands under another name too; ask for a grant that includes all of its file system"
    case .fileTooSmall:
      return "under 32 bytes there is no digest; 'sidelight stat' shows its size and times"
    case .fileTooLarge:
      return "over 64 MiB there is no digest; 'sidelight stat' shows its size and times"
    case .fileChanged:
      return "somebody is writing it; try again"
    case .pathRefused:
      return "process, kernel and network file systems are out of bounds; nothing can grant them"
    case .targetUnreadable:
      return problem.reason.flatMap(unreadableHint)
        ?? "the agent has no more rights than the target's own user; nothing can grant more"
    case .rateLimited, .tooManyConcurrent:
      return problem.retryAfter.map { "wait \($0) s and try again" } ?? "wait a little and try again"
    case .budgetExhausted:
      return "this session has used its \(problem.limit ?? "budget"); a new session has a new one, if the policy agrees"
    case .auditUnavailable, .overloaded:
      return problem.retryAfter.map { "wait \($0) s and try again" }
        ?? "try again; if it stays, look at the agent's log"
    case .internalError:
      return "the agent's log has the reason under this request id"
    }
  }

  private static func unreadableHint(_ reason: String) -> String? {
    switch reason {
    case "different_uid", "different_gid":
      "the process runs as another user or group than the agent; only a process of the same uid and gid can be read"
    case "target_has_capabilities": "the process holds Linux capabilities, and the agent has none"
    case "not_dumpable": "the process made itself unreadable (PR_SET_DUMPABLE), or its executable is not readable"
    case "kernel_thread": "a kernel thread has no environment and no files"
    case "zombie": "the process has ended and waits for its parent; there is nothing left to read"
    case _: nil
    }
  }
}
