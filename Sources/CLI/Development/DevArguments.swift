internal import ArgumentParser

/// `60s`, `5m`, `1h`, or a number of seconds.
struct Lifetime: ExpressibleByArgument, Sendable, Equatable {
  let seconds: Int

  init?(argument: String) {
    let unit: (factor: Int, length: Int) =
      switch argument.last {
      case "s": (1, 1)
      case "m": (60, 1)
      case "h": (3600, 1)
      case _: (1, 0)
      }
    guard let number = Int(argument.dropLast(unit.length)), (1...86_400).contains(number) else { return nil }
    seconds = number * unit.factor
  }
}

extension UserIdentity: ExpressibleByArgument {
  /// `UID` or `UID:GID`; the gid is the same number where it is left out.
  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
    guard let uid = parts[0], uid != UInt32.max, parts.count <= 2 else { return nil }
    guard parts.count == 2 else {
      self.init(uid: uid, gid: uid)
      return
    }
    guard let gid = parts[1], gid != UInt32.max else { return nil }
    self.init(uid: uid, gid: gid)
  }
}

extension LogOption: ExpressibleByArgument {
  /// The name is of letters, digits, `.`, `-` and `_`; the path is absolute.
  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64, parts[1].hasPrefix("/"),
      parts[0].unicodeScalars.allSatisfy({
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789.-_".unicodeScalars.contains($0))
      })
    else { return nil }
    self.init(name: parts[0], path: parts[1])
  }
}
