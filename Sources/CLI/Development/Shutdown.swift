internal import FoundationEssentials
internal import Glibc
internal import StrictJSON

/// Stopping what an installation started: by number and start time, SIGTERM first, SIGKILL after five seconds.
enum Shutdown {
  static let patience = Duration.seconds(5)

  /// For `dev up`.
  static func requireNothingRunning(in directory: StateDirectory) throws(Failure) {
    guard let started = try recorded(in: directory) else { return }
    let running = started.running(inBoot: try ProcessIdentity.currentBoot())
    guard running.isEmpty else {
      throw Failure(
        .state, "\(directory.path) is up: \(names(running)) still running",
        hint: "stop it first: sidelight dev down --state \(directory.path)")
    }
  }

  /// For `dev down`.
  static func stop(_ directory: StateDirectory) async throws(Failure) {
    guard let started = try recorded(in: directory) else {
      Console.note("nothing was up in \(directory.path)")
      return
    }
    let running = started.running(inBoot: try ProcessIdentity.currentBoot())
    try await stop(running)
    forget(directory)
    let ended = started.processes.filter { running[$0.key] == nil }
    if !running.isEmpty { Console.out("stopped: \(names(running))\n") }
    if !ended.isEmpty { Console.out("had ended already: \(names(ended))\n") }
    try noteSurvivors(of: started)
  }

  /// Removes the record of what was started.
  static func forget(_ directory: StateDirectory) {
    directory.remove(Installation.fileName)
    directory.remove(StartedProcesses.fileName)
  }

  /// The opener tells its two helpers. A workload that we started leads a session; all of that session is ours.
  static func stop(_ running: [DevelopmentRecord.Role: ProcessIdentity]) async throws(Failure) {
    var ours = Array(running.values)
    if let workload = running[.workload] { ours += session(of: workload) }
    for role in [DevelopmentRecord.Role.opener, .broker] { _ = running[role]?.send(SIGTERM) }
    if let workload = running[.workload] {
      for member in session(of: workload) { _ = member.send(SIGTERM) }
      _ = workload.send(SIGTERM)
    }
    if try await gone(ours, within: patience) { return }
    for process in ours { _ = process.send(SIGKILL) }
    guard try await gone(ours, within: .seconds(2)) else {
      let left = ours.filter(\.isRunning).map { "pid \($0.pid)" }.joined(separator: ", ")
      throw Failure(
        .general, "cannot be stopped: \(left)", hint: "use the user who started them, or look at their state in ps")
    }
  }

  private static func gone(_ processes: [ProcessIdentity], within time: Duration) async throws(Failure) -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + time
    while processes.contains(where: \.isRunning) {
      guard clock.now < deadline else { return false }
      do {
        try await clock.sleep(for: .milliseconds(20))
      } catch {
        throw Failure(.general, "interrupted")
      }
    }
    return true
  }

  /// The other processes of the session that `leader` leads; none where it has ended, for then nothing says that the
  /// session is still the same.
  private static func session(of leader: ProcessIdentity) -> [ProcessIdentity] {
    let members = sessionMembers(leader.pid).filter { $0 != leader }
    return leader.isRunning ? members : []
  }

  private static func sessionMembers(_ session: Int32) -> [ProcessIdentity] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: "/proc")
    } catch {
      return []
    }
    return names.compactMap { Int32($0) }.compactMap { pid in
      guard let stat = ProcessStat(pid: pid), !stat.hasEnded, stat.session == session else { return nil }
      return ProcessIdentity(pid: pid, startTime: stat.startTime)
    }
  }

  /// What was started, by `sidelight.json`, else by what an interrupted `dev up` left.
  private static func recorded(in directory: StateDirectory) throws(Failure) -> StartedProcesses? {
    do throws(JSONError) {
      if directory.has(Installation.fileName) {
        let json = try JSONParser.parse(try contents(directory, Installation.fileName))
        return try Installation(json: json, directory: directory.path).development?.started
      }
      if directory.has(StartedProcesses.fileName) {
        return try StartedProcesses(text: try contents(directory, StartedProcesses.fileName))
      }
      return nil
    } catch {
      throw Failure(
        .state, "the record in \(directory.path) is damaged: \(error)",
        hint: "stop the processes by hand, then remove sidelight.json and .started.json there")
    }
  }

  private static func contents(_ directory: StateDirectory, _ name: String) throws(JSONError) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: directory.file(name)) else { throw .missing(path: name) }
    return Array(data)
  }

  /// Where the workload ended before, its children are not signalled: their numbers were never recorded. They are named.
  private static func noteSurvivors(of started: StartedProcesses) throws(Failure) {
    guard let workload = started.processes[.workload], started.boot == (try ProcessIdentity.currentBoot()) else {
      return
    }
    let survivors = sessionMembers(workload.pid).filter { $0.startTime >= workload.startTime }
    guard !survivors.isEmpty else { return }
    let list = survivors.map { "\($0.pid)" }.joined(separator: " ")
    Console.note("the workload left processes behind, which go on: \(list)")
  }

  private static func names(_ processes: [DevelopmentRecord.Role: ProcessIdentity]) -> String {
    DevelopmentRecord.Role.allCases.compactMap { role in
      processes[role].map { "\(role.rawValue) (pid \($0.pid))" }
    }.joined(separator: ", ")
  }
}
