internal import API
internal import LibCrypto

/// What a list of processes is asked for.
struct ProcessQuery {
  /// What the rows are sorted by; all known from the snapshot, and none of it text of the target, whose order would
  /// tell about what is masked.
  enum Key: String, CaseIterable {
    case startTime = "start_time"
    case pid, threads
    case residentBytes = "resident_bytes"
    case virtualBytes = "virtual_bytes"
    case cpuMilliseconds = "cpu_milliseconds"

    func value(of row: Scope.Row) -> Int64 {
      switch self {
      case .startTime: Int64(clamping: row.node.startTime)
      case .pid: Int64(row.node.pid)
      case .threads: Int64(row.node.threads)
      case .residentBytes: row.node.residentBytes
      case .virtualBytes: Int64(clamping: row.virtualBytes)
      case .cpuMilliseconds: row.node.cpuMilliseconds
      }
    }
  }

  var container: String?
  var root: String?
  var depth: Int?
  var fields: Set<ProcessField>
  var key = Key.startTime
  var descending = false
  var kernelThreads: Bool
  var limit: Int
  var cursor: ProcessCursor?

  static let defaultLimit = 2000
  static let maximumLimit = 5000

  init(_ parameters: inout Parameters, cursorKey: [UInt8], session: String) throws(Refusal) {
    container = try parameters.text("container")
    root = try parameters.text("root")
    depth = try parameters.integer("depth", in: 0...Scope.maximumDepth)
    fields = try Self.fields(&parameters, inList: true)
    if let sort = try parameters.text("sort") {
      descending = sort.hasPrefix("-")
      guard let key = Key(rawValue: String(sort.dropFirst(descending ? 1 : 0))) else {
        let names = Key.allCases.map(\.rawValue).joined(separator: ", ")
        throw Refusal(
          .invalidParameter, detail: "sort must be one of \(names), with '-' before it for the largest first")
      }
      self.key = key
    }
    kernelThreads = try parameters.flag("kernel_threads")
    limit = try parameters.integer("limit", in: 1...Self.maximumLimit) ?? Self.defaultLimit
    let sealed = try parameters.optional("cursor")
    try parameters.finish()
    if let sealed { cursor = try ProcessCursor(sealed, key: cursorKey, context: cursorContext(session)) }
  }

  static func fields(_ parameters: inout Parameters, inList: Bool) throws(Refusal) -> Set<ProcessField> {
    guard let text = try parameters.text("fields") else { return inList ? ProcessField.listed : ProcessField.shown }
    switch ProcessField.selection(text, inList: inList) {
    case .success(let fields): return fields
    case .failure(.unknown(let name)):
      let shown = name.unicodeScalars.prefix(40).map { $0.escaped(asASCII: true) }.joined()
      throw Refusal(.invalidParameter, detail: "fields: '\(shown)' is neither a field nor a group")
    case .failure(.onlyOfOne(let name)):
      throw Refusal(.invalidParameter, detail: "fields: \(name) is only for one process, not for a list")
    }
  }

  /// A cursor goes on with the same question and in the same session, and with no other.
  func cursorContext(_ session: String) -> [UInt8] {
    let parts = [
      "process-cursor", session, container ?? "", root ?? "", depth.map { String($0) } ?? "", key.rawValue,
      descending ? "-" : "+", kernelThreads ? "k" : "",
    ]
    return Array(parts.joined(separator: "\0").utf8)
  }

  /// The place of a row in the order: by the key, then by age, then parents before children, then by pid.
  func place(of row: Scope.Row, depth: Int) -> ProcessCursor {
    let value = key.value(of: row)
    return ProcessCursor(
      value: descending ? -value : value, startTime: row.node.startTime, depth: UInt32(depth), pid: row.node.pid)
  }
}

/// A place between two processes of a sorted list, sealed: callers carry it and cannot read, forge or move it.
struct ProcessCursor: Sendable, Equatable, Comparable {
  var value: Int64
  var startTime: UInt64
  var depth: UInt32
  var pid: Int32

  init(value: Int64, startTime: UInt64, depth: UInt32, pid: Int32) {
    self.value = value
    self.startTime = startTime
    self.depth = depth
    self.pid = pid
  }

  static func < (a: ProcessCursor, b: ProcessCursor) -> Bool {
    (a.value, a.startTime, a.depth, a.pid) < (b.value, b.startTime, b.depth, b.pid)
  }

  private static let words = 4

  func sealed(key: [UInt8], context: [UInt8]) throws(Refusal) -> String {
    var plain: [UInt8] = []
    for word in [UInt64(bitPattern: value), startTime, UInt64(depth), UInt64(UInt32(bitPattern: pid))] {
      for shift in stride(from: UInt64(0), to: 64, by: 8) { plain.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    do throws(LibCrypto.Failure) {
      return Base64URL.encode(try LibCrypto.seal(plain, key: key, context: context))
    } catch {
      throw Refusal(.internalError, log: error.description)
    }
  }

  init(_ text: [UInt8], key: [UInt8], context: [UInt8]) throws(Refusal) {
    let invalid = Refusal(.invalidParameter, detail: "the cursor is not one of this list and session")
    guard text.count <= 128, let bytes = Base64URL.decode(text) else { throw invalid }
    let plain: [UInt8]
    do throws(LibCrypto.Failure) {
      plain = try LibCrypto.open(bytes, key: key, context: context)
    } catch {
      throw invalid
    }
    guard plain.count == Self.words * 8 else { throw invalid }
    func word(_ index: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(plain[index * 8 + $1]) << UInt64($1 * 8) }
    }
    value = Int64(bitPattern: word(0))
    startTime = word(1)
    depth = UInt32(truncatingIfNeeded: word(2))
    pid = Int32(bitPattern: UInt32(truncatingIfNeeded: word(3)))
  }
}
