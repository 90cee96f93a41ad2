/// How much of a log line has to be suspicious before it is masked.
package enum LogMode: String, Sendable, CaseIterable {
  /// Whatever stands beside a secret name, and everything that looks random.
  case strict
  /// Values that are plausibly secret; code, placeholders and identifiers stay readable.
  case balanced
}

/// Why a policy's masking rules were refused.
package enum MaskingRulesError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Empty, over-long, or with a byte other than a letter, a digit or `_`.
  case malformedName(String)
  /// `*` is allowed only as the last character, after a prefix of at least four that ends in `_`.
  case unguardedPrefix(String)
  /// The name itself says that the value is secret; no policy can show it.
  case secretName(String)
  /// More entries than `MaskingRules.maximumNames`.
  case tooManyNames(Int)

  package var description: String {
    switch self {
    case .malformedName(let name): "has a malformed name: \(name.debugDescription)"
    case .unguardedPrefix(let name): "has a prefix that is too short, or does not end in '_': \(name.debugDescription)"
    case .secretName(let name): "names a variable that speaks of a secret: \(name.debugDescription)"
    case .tooManyNames(let count): "has too many names: \(count)"
    }
  }
}

/// What a policy may relax. Nothing in it can switch masking off: a name only makes a value eligible,
/// the detectors still look at it, and names that speak of secrets are refused.
package struct MaskingRules: Sendable {
  /// Most entries one policy may add.
  package static let maximumNames = 4096

  package let logMode: LogMode
  let exactNames: Set<[UInt8]>
  let prefixes: [[UInt8]]

  /// The built-in rules alone.
  package static let builtIn = MaskingRules(logMode: .strict)

  private init(logMode: LogMode) {
    self.logMode = logMode
    exactNames = []
    prefixes = []
  }

  /// - Parameter safeNames: exact names, or `PREFIX_*`, which covers only names that do not
  ///   themselves speak of a secret.
  package init(safeNames: [String] = [], logMode: LogMode = .strict) throws(MaskingRulesError) {
    guard safeNames.count <= Self.maximumNames else { throw .tooManyNames(safeNames.count) }
    var exact: Set<[UInt8]> = []
    var prefixes: [[UInt8]] = []
    for name in safeNames {
      var bytes = Array(name.utf8)
      let isPrefix = bytes.last == UInt8(ascii: "*")
      if isPrefix { bytes.removeLast() }
      guard !bytes.isEmpty, bytes.count <= 256, bytes.allSatisfy({ ByteClass.isWord($0) }) else {
        throw .malformedName(name)
      }
      if isPrefix, bytes.count < 4 || bytes.last != UInt8(ascii: "_") { throw .unguardedPrefix(name) }
      guard !NameClassifier.isNeverShown(bytes) else { throw .secretName(name) }
      if isPrefix { prefixes.append(bytes) } else { exact.insert(bytes) }
    }
    exactNames = exact
    self.prefixes = prefixes
    self.logMode = logMode
  }

  /// These rules with what a grant adds. Names that speak of secrets are refused here as everywhere.
  package func relaxed(safeNames: [String], logMode: LogMode) throws(MaskingRulesError) -> MaskingRules {
    let added = try MaskingRules(safeNames: safeNames, logMode: logMode)
    return MaskingRules(
      exactNames: exactNames.union(added.exactNames), prefixes: prefixes + added.prefixes,
      logMode: logMode == .balanced ? .balanced : self.logMode)
  }

  private init(exactNames: Set<[UInt8]>, prefixes: [[UInt8]], logMode: LogMode) {
    self.exactNames = exactNames
    self.prefixes = prefixes
    self.logMode = logMode
  }

  /// Whether a policy entry covers `name`.
  func allows(_ name: [UInt8]) -> Bool {
    exactNames.contains(name) || prefixes.contains { name.starts(with: $0) }
  }
}
