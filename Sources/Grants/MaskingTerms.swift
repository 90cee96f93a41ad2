package import StrictJSON

/// What a grant relaxes of masking. A name only makes a variable's value eligible: the detectors look at it all the same,
/// and a name that speaks of a secret is refused where it is written and where it is used. Nothing switches masking off.
package struct MaskingTerms: Sendable, Equatable {
  /// How much of a line has to be suspicious before it is masked.
  package enum Lines: String, Sendable, CaseIterable {
    case strict, balanced
  }

  /// Exact names of variables, or `PREFIX_*`.
  package var safeNames: [String]
  package var lines: Lines

  /// Most names, and most bytes of one: a token has to hold them.
  package static let maximumNames = 64
  package static let maximumNameLength = 64

  package static let none = MaskingTerms()

  package init(safeNames: [String] = [], lines: Lines = .strict) {
    self.safeNames = safeNames
    self.lines = lines
  }

  package var relaxesNothing: Bool { safeNames.isEmpty && lines == .strict }

  /// What both relax.
  package func narrowed(by other: MaskingTerms) -> MaskingTerms {
    MaskingTerms(
      safeNames: safeNames.filter(other.safeNames.contains),
      lines: lines == .balanced && other.lines == .balanced ? .balanced : .strict)
  }

  /// Whether all that `other` relaxes is relaxed here too.
  package func covers(_ other: MaskingTerms) -> Bool {
    other.safeNames.allSatisfy(safeNames.contains) && (other.lines == .strict || lines == .balanced)
  }

  package init(json value: JSONValue, at path: String) throws(JSONError) {
    var reader = try JSONReader(value, at: path)
    let names = try reader.optionalStrings("safe_names") ?? []
    guard names.count <= Self.maximumNames else {
      throw .invalid(path: "\(path).safe_names", reason: "has more than \(Self.maximumNames) names")
    }
    for (index, name) in names.enumerated() {
      let stem = name.utf8.last == UInt8(ascii: "*") ? name.utf8.dropLast() : name.utf8[...]
      guard (1...Self.maximumNameLength).contains(name.utf8.count), !stem.isEmpty, stem.allSatisfy(Self.isNameByte)
      else {
        throw .invalid(
          path: "\(path).safe_names[\(index)]",
          reason: "must be 1 to \(Self.maximumNameLength) letters, digits and '_', with '*' only at its end")
      }
    }
    self.init(safeNames: names)
    if let text = try reader.optionalString("logs") {
      guard let lines = Lines(rawValue: text) else {
        throw .invalid(path: "\(path).logs", reason: "must be \"strict\" or \"balanced\"")
      }
      self.lines = lines
    }
    try reader.finish()
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
      || (0x61...0x7A).contains(byte)
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      if !safeNames.isEmpty { $0.member("safe_names", safeNames) }
      $0.member("logs", lines.rawValue)
    }
  }
}
