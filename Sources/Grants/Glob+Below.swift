extension [Glob] {
  /// Whether one of the patterns includes `folder` and everything that can ever be below it. Says no where only several
  /// together do, or where a pattern says it in another way than `/literal/prefix/**` or `**`.
  package func includeEverything(below folder: [UInt8]) -> Bool {
    contains { glob in
      let pattern = [UInt8](glob.pattern.utf8)
      if pattern == [0x2A, 0x2A] { return true }
      guard pattern.suffix(3) == [0x2F, 0x2A, 0x2A] else { return false }
      let prefix = pattern.dropLast(3)
      guard !prefix.contains(where: { $0 == 0x2A || $0 == 0x3F }) else { return false }
      guard folder.starts(with: prefix) else { return false }
      return prefix.isEmpty || folder.count == prefix.count || folder[prefix.count] == 0x2F
    }
  }
}
