internal import FoundationEssentials
internal import Glibc
internal import Linux

/// As whom workload and agent run, and the process that was there before, if it was.
struct Target: Sendable, Equatable {
  /// The extra group that only the agent has.
  static let agentGroup: UInt32 = 64990
  /// For a command that is started as root.
  static let defaultUser = UserIdentity(uid: 65534, gid: 65534)

  var user: UserIdentity
  /// Whether this command runs as root and so can become `user`.
  var changesUser: Bool
  var existing: ProcessIdentity?
  /// The regular files that the existing process has as standard output and error, by name.
  var logs: [LogOption] = []

  /// The group that the agent's files get, so that the workload, which has the same uid and gid, cannot read them.
  /// nil where this command may not change groups.
  var agentGroup: UInt32? { changesUser ? Self.agentGroup : nil }

  /// For a command to start. `requested` needs root, but for the caller's own numbers.
  static func forCommand(requested: UserIdentity?) throws(Failure) -> Target {
    let caller = UserIdentity(uid: geteuid(), gid: getegid())
    guard caller.uid == 0 else {
      guard requested == nil || requested == caller else {
        throw Failure(
          .usage, "only root can start a command as \(requested?.description ?? "another user")",
          hint: "leave out --user, or run 'sidelight dev up' as root")
      }
      return Target(user: caller, changesUser: false)
    }
    let user = requested ?? defaultUser
    guard user.uid != 0 else {
      throw Failure(
        .usage, "the workload cannot run as root: the agent would have to be root too, and refuses",
        hint: "give --user another uid, such as 65534")
    }
    return Target(user: user, changesUser: true)
  }

  /// For a process that runs already.
  static func forProcess(_ pid: Int32) throws(Failure) -> Target {
    guard let process = ProcessIdentity(running: pid), let status = status(of: pid) else {
      throw Failure(.notFound, "there is no process \(pid)", hint: "'ps' shows the processes of this machine")
    }
    let user = try owner(pid, status)
    let caller = UserIdentity(uid: geteuid(), gid: getegid())
    guard user.uid != 0 else {
      throw Failure(
        .general, "process \(pid) belongs to root: the agent would have to be root too, and refuses",
        hint: "run the program as an unprivileged user, then look at it")
    }
    guard caller.uid == 0 || caller == user else {
      throw Failure(
        .general, "process \(pid) runs as \(user), you are \(caller)",
        hint: "run 'sidelight dev up' as root or as the process's own user")
    }
    if let held = status["CapPrm"]?.first, UInt64(held, radix: 16) != 0 {
      Console.note("process \(pid) holds capabilities: the kernel will not let the agent read its environment or files")
    }
    var target = Target(user: user, changesUser: caller.uid == 0, existing: process)
    target.logs = standardStreams(of: pid)
    return target
  }

  /// The uid and gid, where real, effective, saved and file system ids agree.
  private static func owner(_ pid: Int32, _ status: [String: [String]]) throws(Failure) -> UserIdentity {
    let uids = Set((status["Uid"] ?? []).compactMap { UInt32($0) })
    let gids = Set((status["Gid"] ?? []).compactMap { UInt32($0) })
    guard let uid = uids.first, uids.count == 1, let gid = gids.first, gids.count == 1 else {
      throw Failure(
        .general, "process \(pid) has several user or group ids at once (uid \(uids.sorted()), gid \(gids.sorted()))",
        hint: "the kernel lets nobody but root read such a process, and the agent is never root")
    }
    return UserIdentity(uid: uid, gid: gid)
  }

  /// proc_pid_status(5): the words after each name.
  private static func status(of pid: Int32) -> [String: [String]]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/status") else { return nil }
    var result: [String: [String]] = [:]
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      result[String(line[..<colon])] = line[line.index(after: colon)...]
        .split(whereSeparator: { $0 == "\t" || $0 == " " }).map(String.init)
    }
    return result
  }

  private static func standardStreams(of pid: Int32) -> [LogOption] {
    var logs: [LogOption] = []
    for (descriptor, name) in [(1, "stdout"), (2, "stderr")] {
      let link = "/proc/\(pid)/fd/\(descriptor)"
      do {
        let file = try FileDescriptor.open(path: link, .pathFollowing).status()
        guard file.kind == .regular, file.links > 0 else { continue }
        logs.append(LogOption(name: name, path: try FileManager.default.destinationOfSymbolicLink(atPath: link)))
      } catch {
        Console.note("the \(name) of process \(pid) cannot be looked up, so it is no log source")
      }
    }
    return logs
  }
}

/// `--log NAME=PATH`.
struct LogOption: Sendable, Equatable {
  var name: String
  var path: String
}
