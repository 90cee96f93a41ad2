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
    /// When the last survey ended; monotonic nanoseconds.
    var taken: UInt64 = 0
    /// Distinct variables, the newest first, each with a NUL behind it.
    var records: [UInt8] = []
    /// How many surveys have begun.
    var surveys: UInt64 = 0
    /// When the worker who surveys now has begun; nil while nobody does.
    var begun: UInt64?
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
      guard $0.taken > 0, Clock.elapsed(from: $0.taken, to: Clock.monotonic()) < Self.maximumAge else { return nil }
      return keys.isSubset(of: $0.processes) ? $0.known : nil
    }
  }

  private func survey(
    _ members: ArraySlice<Scope.Member>, isCut: Bool, keys: Set<Key>, target: Target, begun: UInt64, generation: UInt64
  ) throws(Refusal) -> Known {
    let before = state.withLock { (known: $0.known, taint: $0.taint, records: $0.records, empty: $0.empty) }
    let look = try look(at: members, of: target, emptyBefore: before.empty)
    // What is not looked at cannot be known either.
    let isWhole = look.isWhole && !isCut
    var records = look.records
    let present = records.bytes
    records.remember(before.records)
    var known = before.known
    var taint = before.taint
    let isNew = records.bytes != before.records || known.isWhole != isWhole
    if isNew { taint.insert(EnvironmentBlock(present), rules: rules) }
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
      $0.records = records.bytes
      $0.taken = isAlone ? Clock.monotonic() : 0
    }
    return known
  }

  private struct Look {
    var records = Records()
    var isWhole = true
    /// Those without an environment, and since when.
    var empty: [Key: UInt64] = [:]
    /// Those that may have one in a moment.
    var unfinished: Set<Key> = []
  }

  private func look(
    at members: ArraySlice<Scope.Member>, of target: Target, emptyBefore: [Key: UInt64]
  ) throws(Refusal) -> Look {
    var look = Look()
    for member in members {
      do throws(Refusal) {
        guard let process = try target.open(member) else { continue }
        var read = try target.environment(of: process)
        if read.block.isEmpty, process.stat.bare == nil {
          let key = Key(member)
          let since = emptyBefore[key] ?? Clock.monotonic()
          look.empty[key] = since
          let hasBegun = try target.hasArguments(process)
          if hasBegun { read = try target.environment(of: process) }
          if !hasBegun || Clock.elapsed(from: since, to: Clock.monotonic()) < Self.emptyTime {
            look.unfinished.insert(key)
          }
        }
        look.isWhole = look.records.add(read.block) && !read.truncated && look.isWhole
      } catch {
        // What cannot be read cannot be known; detectors still apply to it. An opener that does not answer is another
        // matter: then nothing could be known.
        if error.code == .overloaded || error.code == .targetUnresponsive && !error.isOfProcess { throw error }
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
private struct Records {
  private(set) var bytes: [UInt8] = []
  private var seen: Set<Int> = []

  private static let maximumBytes = 2 << 20
  /// A name, `=`, and the shortest value that may be a secret.
  private static let shortest = 2 + KnownValues.shortestValue

  /// Takes up a block's variables; false where there is no room for all.
  mutating func add(_ block: [UInt8]) -> Bool {
    for record in block.split(separator: 0) where record.count >= Self.shortest {
      // Swift's hash has a key that the target does not know.
      guard !seen.contains(record.hashValue) else { continue }
      guard bytes.count + record.count < Self.maximumBytes else { return false }
      append(record)
    }
    return true
  }

  /// Takes up variables from before, the newest first, as many as there is room for beside the secrets: they never make
  /// what is known less.
  mutating func remember(_ block: [UInt8]) {
    let mostBytes = Self.maximumBytes - MaskingLimits.taintBytes
    let most = KnownValues.maximumCount - MaskingLimits.taintBytes / KnownValues.shortestValue
    for record in block.split(separator: 0) where !seen.contains(record.hashValue) {
      guard bytes.count + record.count < mostBytes, seen.count < most else { return }
      append(record)
    }
  }

  private mutating func append(_ record: ArraySlice<UInt8>) {
    seen.insert(record.hashValue)
    bytes += record
    bytes.append(0)
  }
}
