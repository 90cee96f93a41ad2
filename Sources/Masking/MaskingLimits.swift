/// Every budget of this module. Over any of them a value is masked whole, never shown unread.
package enum MaskingLimits {
  /// Bytes in one variable, argument, path or title.
  package static let valueBytes = 1 << 20
  /// Bytes in one log line.
  package static let lineBytes = 1 << 20
  /// Arguments looked at in one command line; the rest are masked.
  package static let arguments = 65_536
  /// Spans in one value; with more, all of it is masked.
  package static let spans = 65_536
  /// Bytes of one identifier to each side of the word that made it interesting.
  static let identifierReach = 96
  /// Names of secrets inside one unbroken value that are asked about; with more, what is left of it is masked.
  static let namesInOneValue = 3
  /// Levels of decoding (base64 in base64, JSON in a string).
  static let depth = 3
  /// Bytes of one encoded run that are decoded and looked into.
  static let decodedBytes = 65_536
  /// Shortest value that may have a fingerprint or taint other text.
  static let shortestStrong = 8
  /// Estimated bits under which a value counts as guessable.
  static let weakBits = 28
  /// Secrets are looked for elsewhere in pieces of at most this many bytes.
  static let taintPieceBytes = 512
  /// Bytes of all secrets of one target; each stands for up to thirteen bytes of patterns, and each of those for nine of
  /// the automaton.
  package static let taintBytes = 32_768
  /// Lines that a block without an end may take up.
  package static let blockLines = 512
  /// Bytes of one command inside a line that are read as arguments.
  static let commandBytes = 8192
}
