internal import API
internal import AuditLog
internal import Grants
internal import Linux
internal import Masking
internal import ProcFS
internal import StrictJSON

/// `GET /v1/processes` and `/v1/processes/{id}`.
struct ProcessView {
  let target: Target
  let request: Request

  /// Most bytes of a command line that are read, and most processes in one answer.
  private static let argumentLimit = 65536
  /// In a list: of each process, and of all; the rest is in the next part, or with the process itself.
  private static let listArgumentLimit = 4096
  private static let listBytes = 4 << 20
  private static let defaultPage = 2000
  private static let maximumPage = 5000

  func list() throws(Refusal) -> [UInt8] {
    let container = try request.parameters.text("container")
    let limit = try request.parameters.integer("limit", in: 1...Self.maximumPage) ?? Self.defaultPage
    let cursor = try request.parameters.integer("cursor", in: 0...1_000_000) ?? 0
    try request.parameters.finish()
    request.facts.container = container
    if let container, !request.grant.containers.matches(container) { throw Refusal(.containerNotGranted) }
    let start = Clock.now()
    let (members, cut): ([Scope.Member], Bool)
    do throws(ProcFSError) {
      (members, cut) = try target.scope.members()
    } catch {
      throw Refusal(process: error)
    }
    let masker = request.masker(try target.taint())
    var list = ProcessList(
      snapshotStart: start.rfc3339(.milliseconds), snapshotEnd: "", vanished: 0, hidden: 0, truncated: cut,
      next: nil, processes: [])
    var index = cursor
    var bytes = 0
    while index < members.count {
      if list.processes.count == limit || bytes > Self.listBytes {
        list.truncated = true
        list.next = String(index)
        break
      }
      let member = members[index]
      index += 1
      do throws(Refusal) {
        guard let process = try target.open(member) else { continue }
        if let container, process.container != container { continue }
        guard isGranted(process) else {
          list.hidden += 1
          continue
        }
        let entry = try entry(process, masker: masker, argumentLimit: Self.listArgumentLimit).entry
        bytes += entry.arguments.reduce(512) { $0 + $1.utf8.count }
        list.processes.append(entry)
      } catch {
        guard error.code == .processGone else { throw error }
        list.vanished += 1
      }
    }
    list.snapshotEnd = Clock.now().rfc3339(.milliseconds)
    try request.charge("processes", [[]])
    var writer = JSONWriter(reserving: 512 * list.processes.count + 256)
    list.write(to: &writer)
    return writer.bytes
  }

  func one(_ id: String) throws(Refusal) -> [UInt8] {
    try request.parameters.finish()
    let process = try open(id)
    try request.charge("process", [Array(process.identity.text.utf8)])
    let masker = request.masker(try target.taint())
    var (entry, _) = try entry(process, masker: masker, argumentLimit: Self.argumentLimit)
    var unread = entry.unread ?? []
    if let path = target.executable(of: process) {
      let masked = masker.text(path)
      request.count(masked)
      entry.executable = TargetText(bytes: masked.rendered()).text
    } else {
      let reason = process.denialReason(ownUser: target.ownUser, ownGroup: target.ownGroup)
      unread.append(.init(field: "executable", status: "denied", reason: reason))
    }
    do throws(ProcFSError) {
      let cgroup = try process.directory.read("cgroup").text
      entry.cgroup = TargetText(bytes: masker.text(ControlGroups(cgroup.span).path).rendered()).text
      let limits = try process.directory.read("limits").text
      entry.limits = ResourceLimits(limits.span).rows.map {
        .init(name: $0.name, soft: $0.soft, hard: $0.hard, unit: $0.unit)
      }
    } catch {
      throw Refusal(process: error)
    }
    do throws(ProcFSError) {
      entry.openDescriptors = try process.directory.openDescriptors()
    } catch {
      unread.append(.init(field: "open_descriptors", status: "denied"))
    }
    entry.unread = unread.isEmpty ? nil : unread
    var writer = JSONWriter()
    entry.write(to: &writer)
    return writer.bytes
  }

  /// Opens the process that a request names, within the grant.
  func open(_ id: String) throws(Refusal) -> TargetProcess {
    request.facts.process = id
    guard let identity = ProcessIdentity(id) else {
      throw Refusal(.processNotFound, detail: "a process id has the form that /v1/processes gives")
    }
    let process = try target.scope.open(identity)
    request.facts.container = process.container
    guard request.grant.containers.matches(process.container) else { throw Refusal(.containerNotGranted) }
    guard isGranted(process) else { throw Refusal(.processNotGranted) }
    return process
  }

  /// Whether the grant's containers and processes include it. Where the kernel does not tell the executable, only a
  /// grant of all processes does.
  private func isGranted(_ process: borrowing TargetProcess) -> Bool {
    guard request.grant.containers.matches(process.container) else { return false }
    if request.grant.processes.contains(where: { $0.pattern == "**" }) { return true }
    guard let path = target.executable(of: process) else { return false }
    return request.grant.processes.matches(path)
  }

  private func entry(
    _ process: borrowing TargetProcess, masker: Masker, argumentLimit: Int
  ) throws(Refusal) -> (entry: ProcessEntry, status: ProcessStatus) {
    let stat = process.stat
    let status: ProcessStatus
    let line: (text: [UInt8], truncated: Bool)
    do throws(ProcFSError) {
      status = try process.directory.status()
      line = try process.directory.read("cmdline", limit: Self.argumentLimit)
    } catch {
      throw Refusal(process: error)
    }
    let block = line.text
    let commandLine = CommandLine(block.span)
    var arguments = masker.arguments(commandLine.arguments, titleRewritten: commandLine.titleRewritten)
    if line.truncated, let last = commandLine.arguments.last {
      // The cut may have gone through a secret: what is left of it would not be known as one.
      arguments[arguments.count - 1] = .oversize(count: last.count)
    }
    let (shown, isCut) = Self.cut(arguments, to: argumentLimit)
    for argument in arguments { request.count(argument) }
    let command = masker.text(stat.command)
    request.count(command)
    // Ticks are 1/100 s for user space on every architecture (USER_HZ).
    let startNanoseconds = stat.startTime &* 10_000_000
    let age = Clock.boot() >= startNanoseconds ? Clock.boot() - startNanoseconds : 0
    let now = Clock.now()
    let nowMilliseconds = now.seconds * 1000 + Int64(now.nanoseconds / 1_000_000)
    let startMilliseconds = nowMilliseconds - Int64(age / 1_000_000)
    let started = Timestamp(
      seconds: startMilliseconds / 1000, nanoseconds: UInt32(startMilliseconds % 1000) * 1_000_000)
    var entry = ProcessEntry(
      id: process.identity.text, pid: Int(stat.pid), ppid: Int(stat.parent), container: process.container,
      command: TargetText(bytes: command.rendered()).text,
      arguments: shown, state: String(UnicodeScalar(stat.state)),
      threads: stat.threads, residentBytes: stat.residentPages &* Int64(pageSize),
      cpuMilliseconds: Int64(clamping: (stat.userTime &+ stat.systemTime) &* 10),
      startTime: started.rfc3339(.milliseconds), ageSeconds: Int64(age / 1_000_000_000))
    if line.truncated || isCut { entry.argumentsTruncated = true }
    entry.uid = Int(status.uids.effective)
    entry.gid = Int(status.gids.effective)
    entry.seccomp =
      switch status.seccompMode {
      case 0: "disabled"
      case 1: "strict"
      case _: "filter"
      }
    entry.noNewPrivileges = status.noNewPrivileges
    entry.capabilities = CapabilityNames.names(of: status.capabilities.effective)
    if arguments.isEmpty {
      let reason = stat.isZombie ? "zombie" : stat.isKernelThread ? "kernel_thread" : nil
      entry.unread = [.init(field: "arguments", status: "empty", reason: reason)]
    }
    return (entry, status)
  }

  /// Masked arguments as text, as many whole ones as fit `limit` bytes.
  private static func cut(_ arguments: [MaskedText], to limit: Int) -> (shown: [String], isCut: Bool) {
    var shown: [String] = []
    var bytes = 0
    for argument in arguments {
      let text = TargetText(bytes: argument.rendered()).text
      bytes += text.utf8.count + 1
      if bytes > limit { return (shown, true) }
      shown.append(text)
    }
    return (shown, false)
  }

  private var pageSize: Int { Process.pageSize }
}
