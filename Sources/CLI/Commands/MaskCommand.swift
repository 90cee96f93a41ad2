internal import ArgumentParser
internal import Crypto
internal import Linux
internal import Masking

struct MaskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mask", abstract: "Mask what comes on standard input, with the engine that the agent uses.",
    discussion: """
      Nothing is sent anywhere. Fingerprints are made under a key of this run: equal ones mean equal values, within it.

        sidelight mask < app.log
        tr '\\0' '\\n' < /proc/self/environ | sidelight mask --env
        sidelight mask --explain --mode balanced < app.log
        sidelight mask --measure labelled.jsonl
      """)

  enum Input: String, EnumerableFlag {
    case log, env, argv

    static func help(for value: Input) -> ArgumentHelp? {
      switch value {
      case .log: "Lines of a log (the default)."
      case .env: "NAME=VALUE, divided by NULs or by line feeds."
      case .argv: "Arguments divided by NULs, or one command a line."
      }
    }
  }

  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case strict, balanced
  }

  @Flag(help: ArgumentHelp("What the input is.")) var input: Input = .log

  @Option(help: "How much has to be suspicious in lines and arguments.") var mode: Mode = .strict

  @Flag(help: "Below each line, say which rule masked which bytes.") var explain = false

  @Option(
    help: ArgumentHelp(
      "Instead, print recall and precision on labelled records as JSON.",
      discussion:
        "One {\"kind\":\"env|log|argv\",\"text\":\"…\",\"secrets\":[[start,end],…]} a line; offsets are bytes.",
      valueName: "file.jsonl"))
  var measure: String?

  func run() throws {
    if let measure { return try runMeasurement(measure) }
    let key = SymmetricKey(size: .bits256)
    let logMode: LogMode =
      switch mode {
      case .strict: .strict
      case .balanced: .balanced
      }
    let masker: Masker
    do throws(MaskingRulesError) {
      masker = Masker(
        rules: try MaskingRules(logMode: logMode),
        fingerprinter: Fingerprinter { Array(HMAC<SHA256>.authenticationCode(for: $0, using: key)) }, taint: Taint())
    } catch {
      throw Failure(.internalError, "the built-in masking rules: \(error)")
    }
    switch input {
    case .log: try maskLines(masker)
    case .env: try maskVariables(masker)
    case .argv: try maskArguments(masker)
    }
  }

  // MARK: What each input is

  private func maskLines(_ masker: Masker) throws(Failure) {
    var state = LineState()
    var output = try Output()
    var records = try Records(.standardInput, separator: .lineFeed)
    while let line = try records.next() {
      let findings = masker.findings(line: line, state: &state)
      try output.write(line, findings, masker, explain: explain, isCut: records.wasCut)
    }
    try output.flush()
  }

  private func maskVariables(_ masker: Masker) throws(Failure) {
    var output = try Output()
    var records = try Records(.standardInput, separator: .either)
    while let record = try records.next() {
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        let whole =
          record.isEmpty ? [] : [Finding(start: 0, end: record.count, kind: .malformed, rule: "no-equals-sign")]
        try output.write(record, whole, masker, explain: explain, isCut: records.wasCut)
        continue
      }
      let offset = equals + 1
      let found = masker.findings(variable: Array(record[..<equals]), value: Array(record[offset...]))
      let moved = found.map { Finding(start: $0.start + offset, end: $0.end + offset, kind: $0.kind, rule: $0.rule) }
      try output.write(record, moved, masker, explain: explain, isCut: records.wasCut)
    }
    try output.flush()
  }

  private func maskArguments(_ masker: Masker) throws(Failure) {
    var output = try Output()
    var records = try Records(.standardInput, separator: .either)
    var argv: [[UInt8]] = []
    while let record = try records.next() {
      if records.separatedByNUL {
        argv.append(record)
      } else {
        try output.write(
          record, Measurement.findings(commandLine: record, masker), masker, explain: explain, isCut: records.wasCut)
      }
    }
    for (argument, findings) in zip(argv, masker.findings(arguments: argv, titleRewritten: false)) {
      try output.write(argument, findings, masker, explain: explain, isCut: false)
    }
    try output.flush()
  }

  private func runMeasurement(_ path: String) throws(Failure) {
    var measurement: Measurement
    do throws(MaskingRulesError) {
      measurement = try Measurement()
    } catch {
      throw Failure(.internalError, "the built-in masking rules: \(error)")
    }
    var records = try Records(.file(path), separator: .lineFeed)
    var number = 0
    while let line = try records.next() {
      number += 1
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
      guard !records.wasCut, let record = LabelledRecord(json: line) else {
        throw Failure(
          .usage, "\(path), line \(number): not a labelled record",
          hint: "each line is {\"kind\":\"env|log|argv\",\"text\":\"…\",\"secrets\":[[start,end],…]}")
      }
      measurement.add(record)
    }
    Console.out(measurement.json + "\n")
  }
}

/// Reads records of bounded size from a descriptor. What is longer than the bound is cut, and said to be.
private struct Records: ~Copyable {
  enum Source {
    case standardInput
    case file(String)
  }

  enum Separator {
    case lineFeed
    /// NUL if the first block holds one, else line feed.
    case either
  }

  /// More than any budget of the engine, so that what is cut here is masked whole there.
  private static let longest = MaskingLimits.lineBytes * 8

  private let descriptor: FileDescriptor
  private let name: String
  private let separator: Separator
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  private var byte: UInt8?
  private(set) var wasCut = false

  var separatedByNUL: Bool { byte == 0 }

  init(_ source: Source, separator: Separator) throws(Failure) {
    do throws(SystemError) {
      switch source {
      case .standardInput:
        name = "standard input"
        descriptor = FileDescriptor(owning: try FileDescriptor.duplicate(0))
      case .file(let path):
        name = path
        descriptor = try FileDescriptor.open(path: path, .readFollowing)
      }
    } catch {
      throw Failure(.notFound, "cannot be opened: \(error)")
    }
    self.separator = separator
  }

  mutating func next() throws(Failure) -> [UInt8]? {
    var record: [UInt8] = []
    wasCut = false
    while true {
      if position == buffer.count {
        guard try fill() else {
          return record.isEmpty && !wasCut ? nil : record
        }
      }
      let end = buffer[position...].firstIndex(of: byte ?? 0x0A)
      let piece = buffer[position..<(end ?? buffer.count)]
      if record.count + piece.count <= Self.longest { record += piece } else { wasCut = true }
      position = (end ?? buffer.count - 1) + 1
      if end != nil { return record }
    }
  }

  private mutating func fill() throws(Failure) -> Bool {
    guard !isAtEnd else { return false }
    buffer.removeAll(keepingCapacity: true)
    position = 0
    do throws(SystemError) {
      isAtEnd = try descriptor.read(into: &buffer, count: 1 << 18) == 0
    } catch {
      throw Failure(.general, "\(name) cannot be read: \(error)")
    }
    if byte == nil {
      switch separator {
      case .lineFeed: byte = 0x0A
      case .either: byte = buffer.contains(0) ? 0 : 0x0A
      }
    }
    return !isAtEnd
  }
}

/// Writes masked records to standard output: as they are to a file, harmless to a terminal.
private struct Output: ~Copyable {
  private let descriptor: FileDescriptor
  private var buffer: [UInt8] = []

  init() throws(Failure) {
    do throws(SystemError) {
      descriptor = FileDescriptor(owning: try FileDescriptor.duplicate(1))
    } catch {
      throw Failure(.general, "standard output: \(error)")
    }
  }

  mutating func write(_ record: [UInt8], _ findings: [Finding], _ masker: Masker, explain: Bool, isCut: Bool)
    throws(Failure)
  {
    let findings = isCut ? [Finding(start: 0, end: record.count, kind: .oversize, rule: "oversize")] : findings
    let bytes = masker.masked(record, findings).rendered()
    if Console.isTerminal {
      buffer += Console.dimPresenceTokens(Escaping.line(String(decoding: bytes, as: UTF8.self))).utf8
    } else {
      buffer += bytes
    }
    buffer.append(0x0A)
    if explain {
      for finding in findings {
        buffer += "  \(finding.start)..<\(finding.end)  \(finding.kind.rawValue)  \(finding.rule)\n".utf8
      }
    }
    if buffer.count >= 1 << 16 { try flush() }
  }

  mutating func flush() throws(Failure) {
    do throws(SystemError) {
      try descriptor.writeAll(buffer)
    } catch {
      throw Failure(.general, "standard output: \(error)")
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
