internal import API
internal import Linux
internal import Masking
internal import ProcFS
internal import Synchronization

/// Reads the environments in scope now and then, apart from any view, to know which values must not show. What was seen
/// once is remembered after its process has ended: its log lines are still there.
final class TaintSurvey: Sendable {
  /// What must not show, and a number that changes with it.
  struct Known: Sendable {
    var taint = Taint()
    /// Every value of at least eight bytes, secret or not, and every secret.
    var values = KnownValues()
    /// Of the survey that found it; no two have the same.
    var generation: UInt64 = 0
    /// The generation that changed `taint` last.
    var taintGeneration: UInt64 = 0
    /// Every environment that can be read was read to its end.
    var isWhole = true
  }

  private struct State: Sendable {
    var known = Known()
    /// Every secret that was seen; it only grows.
    var taint = Taint()
    var processes: Set<Key> = []
    /// Those without an environment, and since when; monotonic nanoseconds.
    var empty: [Key: UInt64] = [:]
    /// When the last survey of all processes ended; monotonic nanoseconds.
    var taken: UInt64 = 0
    var records = Records()
    /// How many surveys have begun.
    var surveys: UInt64 = 0
    /// When the worker who surveys now has begun; nil while nobody does.
    var begun: UInt64?

    var isYoung: Bool { taken > 0 && Clock.elapsed(from: taken, to: Clock.monotonic()) < maximumAge }
  }

  /// A process that has called execve(2) since has another environment. For the first time it always shows, later only
  /// where it has another name.
  private struct Key: Sendable, Hashable {
    var pid: Int32
    var startTime: UInt64
    var command: [UInt8]
    var isForkOnly: Bool

    init(_ member: Scope.Member) {
      pid = member.pid
      startTime = member.startTime
      command = member.command
      isForkOnly = member.isForkOnly
    }
  }

  private let rules: MaskingRules
  private let state = Mutex(State())

  /// Most processes whose environment is read, and how old a survey may be when nothing seems to have changed.
  private static let maximumProcesses = 1024
  private static let maximumAge: UInt64 = 10_000_000_000
  /// How long the others wait for the one who surveys. By then the process that it stands still at is closed, and they
  /// go round it.
  private static let maximumWait = StallWatch.patience + 500_000_000

  /// In the middle of execve(2) a process has its new name already, but neither arguments nor environment, and then for a
  /// moment no environment still (create_elf_tables in fs/binfmt_elf.c). So an empty one is looked at again until it has
  /// been so for as long as this.
  private static let emptyTime: UInt64 = 1_000_000_000

  init(rules: MaskingRules) { self.rules = rules }

  /// What the last survey found, however old.
  var last: Known { state.withLock { $0.known } }

  func known(of target: Target) throws(Refusal) -> Known {
    let members: [Scope.Member]
    do throws(ProcFSError) {
      members = try target.scope.members().members
    } catch {
      throw Refusal(process: error)
    }
    return try known(of: target, members: members)
  }

  func known(of target: Target, members: [Scope.Member]) throws(Refusal) -> Known {
    let surveyed = members.prefix(Self.maximumProcesses)
    let keys = Set(surveyed.map(Key.init))
    while true {
      if let current = current(keys, isCut: members.count > surveyed.count) { return current }
      let now = Clock.monotonic()
      let generation: UInt64? = state.withLock { state in
        if let begun = state.begun, now < begun + Self.maximumWait { return nil }
        state.begun = now
        state.surveys += 1
        return state.surveys
      }
      guard let generation else {
        Process.sleep(milliseconds: 5)
        continue
      }
      defer { state.withLock { if $0.begun == now { $0.begun = nil } } }
      return try survey(
        surveyed, isCut: members.count > surveyed.count, keys: keys, target: target, begun: now, generation: generation)
    }
  }

  private func current(_ keys: Set<Key>, isCut: Bool) -> Known? {
    state.withLock {
      // One more than is read is a change, though those that are read are the same.
      if isCut, $0.known.isWhole { return nil }
      return $0.isYoung && keys.isSubset(of: $0.processes) ? $0.known : nil
    }
  }

  private func survey(
    _ members: ArraySlice<Scope.Member>, isCut: Bool, keys: Set<Key>, target: Target, begun: UInt64, generation: UInt64
  ) throws(Refusal) -> Known {
    let before = state.withLock { $0 }
    let look = try look(at: members, isCut: isCut, of: target, before: before)
    let (records, isWhole) = (look.records, look.isWhole)
    var known = before.known
    var taint = before.taint
    let isNew = records.bytes != before.records.bytes || known.isWhole != isWhole
    if isNew { taint.insert(EnvironmentBlock(look.read), rules: rules) }
    var hidden = taint
    if !isWhole { hidden.saturate() }
    // Both only grow, but for the saturation of a look that was not whole.
    let isSecretNew = hidden.count != known.taint.count || hidden.isSaturated != known.taint.isSaturated
    if isSecretNew {
      hidden.prepare()
      known.taint = hidden
      known.taintGeneration = generation
    }
    if isNew || isSecretNew {
      let block = EnvironmentBlock(records.bytes)
      known.values = KnownValues(block.records.compactMap { block.value($0) } + taint.pieces.map { $0[...] })
      known.isWhole = isWhole
      known.generation = generation
    }
    state.withLock {
      // Who has stood still meanwhile knows less than who took over, but perhaps a secret that nobody sees any more. It
      // is a part of what the next look finds, which comes at once.
      let isAlone = $0.taint.count == before.taint.count && $0.taint.isSaturated == before.taint.isSaturated
      $0.taint.formUnion(taint)
      guard $0.begun == begun else {
        $0.taken = 0
        return
      }
      $0.known = known
      $0.processes = keys.subtracting(look.unfinished)
      $0.empty = look.empty
      $0.records = records
      $0.taken = !isAlone ? 0 : look.isOfAll ? Clock.monotonic() : before.taken
    }
    return known
  }

  private struct Look {
    /// Variables that were read, and these with those from before.
    var read: [UInt8] = []
    var records = Records()
    var isWhole = true
    /// Every process was looked at, not just those that are new.
    var isOfAll = true
    /// Those without an environment, and since when.
    var empty: [Key: UInt64] = [:]
    /// Those that may have one in a moment.
    var unfinished: Set<Key> = []
  }

  /// Reads the environments of new processes, where all were read not long ago and there is room for more, or of all.
  private func look(
    at members: ArraySlice<Scope.Member>, isCut: Bool, of target: Target, before: State
  ) throws(Refusal) -> Look {
    if before.isYoung, before.known.isWhole, !isCut {
      let new = members.filter { !before.processes.contains(Key($0)) }
      var look = try look(at: new, of: target, emptyBefore: before.empty, besides: before.records)
      if look.isWhole, let all = before.records.extended(by: look.records) {
        look.read = look.records.bytes
        look.records = all
        look.isOfAll = false
        look.empty.merge(before.empty.filter { before.processes.contains($0.key) }) { new, _ in new }
        return look
      }
    }
    var look = try look(at: Array(members), of: target, emptyBefore: before.empty, besides: Records())
    look.read = look.records.bytes
    look.records.remember(before.records)
    // What is not looked at cannot be known either.
    look.isWhole = look.isWhole && !isCut
    return look
  }

  private func look(
    at members: [Scope.Member], of target: Target, emptyBefore: [Key: UInt64], besides known: Records
  ) throws(Refusal) -> Look {
    var look = Look()
    for member in members {
      do throws(Refusal) {
        guard let process = try target.open(member) else { continue }
        var read = try target.environment(of: process)
        if read.block.isEmpty, process.stat.bare == nil, !process.stat.isExiting {
          let key = Key(member)
          let since = emptyBefore[key] ?? Clock.monotonic()
          look.empty[key] = since
          let hasBegun = try target.hasArguments(process)
          if hasBegun { read = try target.environment(of: process) }
          if !hasBegun || Clock.elapsed(from: since, to: Clock.monotonic()) < Self.emptyTime {
            look.unfinished.insert(key)
          }
        }
        look.isWhole = look.records.add(read.block, besides: known) && !read.truncated && look.isWhole
      } catch {
        // What cannot be read cannot be known; detectors still apply to it. An opener that does not answer is another
        // matter: then nothing could be known.
        if error.code == .overloaded || error.code == .targetUnresponsive && !error.isOfProcess { throw error }
        // Perhaps at the next look.
        if error.isOfProcess || error.code == .internalError { look.unfinished.insert(Key(member)) }
      }
    }
    return look
  }
}

extension Target {
  fileprivate func hasArguments(_ process: borrowing TargetProcess) throws(Refusal) -> Bool {
    do throws(ProcFSError) {
      return try commandLine(of: process, limit: 1).map { !$0.text.isEmpty } ?? false
    } catch {
      throw Refusal(process: error)
    }
  }
}

extension Taint {
  fileprivate mutating func insert(_ block: EnvironmentBlock, rules: MaskingRules) {
    for record in block.records {
      insert(name: Array(block.name(record)), value: Array(block.value(record) ?? []), rules: rules)
    }
  }
}

/// Distinct variables of many environments, which mostly have the same ones.
private struct Records: Sendable {
  /// The newest first, each with a NUL behind it.
  private(set) var bytes: [UInt8] = []
  /// Swift's hash has a key that the target does not know.
  private var seen: Set<Int> = []

  private static let maximumBytes = 2 << 20
  /// Of variables from before, beside the secrets.
  private static let mostBytes = maximumBytes - MaskingLimits.taintBytes
  private static let mostCount = KnownValues.maximumCount - MaskingLimits.taintBytes / KnownValues.shortestValue
  /// A name, `=`, and the shortest value that may be a secret.
  private static let shortest = 2 + KnownValues.shortestValue

  /// Takes up a block's variables, but for those that another one has; false where there is no room for all.
  mutating func add(_ block: [UInt8], besides known: Records) -> Bool {
    for record in block.split(separator: 0) where record.count >= Self.shortest {
      guard !seen.contains(record.hashValue), !known.seen.contains(record.hashValue) else { continue }
      guard bytes.count + record.count < Self.maximumBytes else { return false }
      append(record)
    }
    return true
  }

  /// These behind newer ones; nil where there is no room for all.
  func extended(by newer: Records) -> Records? {
    guard !newer.bytes.isEmpty else { return self }
    guard bytes.count + newer.bytes.count < Self.mostBytes, seen.count + newer.seen.count < Self.mostCount else {
      return nil
    }
    var all = self
    all.bytes = newer.bytes + bytes
    all.seen.formUnion(newer.seen)
    return all
  }

  /// Takes up variables from before, the newest first, as many as there is room for: they never make what is known less.
  /// A quarter is left for new ones.
  mutating func remember(_ before: Records) {
    for record in before.bytes.split(separator: 0) where !seen.contains(record.hashValue) {
      guard bytes.count + record.count < Self.mostBytes / 4 * 3, seen.count < Self.mostCount / 4 * 3 else { return }
      append(record)
    }
  }

  private mutating func append(_ record: ArraySlice<UInt8>) {
    seen.insert(record.hashValue)
    bytes += record
    bytes.append(0)
  }
}
