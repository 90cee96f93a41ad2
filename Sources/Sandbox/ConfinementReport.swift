/// What a process found when it confined itself and nobody else can read from the kernel: carried to the collector, for
/// `/v1/posture`. A report is as good as the process that makes it, at its start and before a byte from anyone.
package struct ConfinementReport: Sendable, Equatable {
  /// SHA-256 of the program given to seccomp(2), hexadecimal.
  package var filterDigest: String
  /// As in capabilities(7), PR_GET_SECUREBITS.
  package var securebits: UInt32
  package var hasLandlockDomain: Bool
  package var selfTests: [SelfTest]
  package var shortfalls: [Shortfall]

  package init(
    filterDigest: String, securebits: UInt32, hasLandlockDomain: Bool, selfTests: [SelfTest], shortfalls: [Shortfall]
  ) {
    self.filterDigest = filterDigest
    self.securebits = securebits
    self.hasLandlockDomain = hasLandlockDomain
    self.selfTests = selfTests
    self.shortfalls = shortfalls
  }

  /// Longest text, in bytes.
  package static let textLimit = 2048

  /// One line without spaces: `digest;securebits;domain;attempt:before:after,…;shortfall,…`.
  package var text: String {
    [
      filterDigest, String(securebits, radix: 16), hasLandlockDomain ? "1" : "0",
      selfTests.map { "\($0.attempt.rawValue):\($0.before.rawValue):\($0.after.rawValue)" }.joined(separator: ","),
      shortfalls.map(\.rawValue).joined(separator: ","),
    ].joined(separator: ";")
  }

  /// nil for whatever `text` does not write.
  package init?(text: String) {
    guard text.utf8.count <= Self.textLimit else { return nil }
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].utf8.count == 64,
      parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
      let securebits = UInt32(parts[1], radix: 16), parts[2] == "0" || parts[2] == "1"
    else { return nil }
    var selfTests: [SelfTest] = []
    for item in parts[3].split(separator: ",") {
      let words = item.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard words.count == 3, let attempt = SelfTest.Attempt(rawValue: words[0]),
        let before = SelfTest.Outcome(rawValue: words[1]), let after = SelfTest.Outcome(rawValue: words[2]),
        !selfTests.contains(where: { $0.attempt == attempt })
      else { return nil }
      selfTests.append(SelfTest(attempt, before: before, after: after))
    }
    var shortfalls: [Shortfall] = []
    for item in parts[4].split(separator: ",") {
      guard let shortfall = Shortfall(rawValue: String(item)), !shortfalls.contains(shortfall) else { return nil }
      shortfalls.append(shortfall)
    }
    self.init(
      filterDigest: String(parts[0]), securebits: securebits, hasLandlockDomain: parts[2] == "1",
      selfTests: selfTests, shortfalls: shortfalls)
    // Only one spelling: what is read is what was written.
    guard self.text == text else { return nil }
  }
}

/// What the machine did not give. Only the first two are reasons for strict to refuse; the others are what an older
/// kernel, or a launcher without privileges, cannot give, and the filters hold without.
package enum Shortfall: String, Sendable, CaseIterable {
  /// No Landlock at all: only the filters stand between a taken-over process and the files and sockets it can name.
  case landlock
  /// The executable can be read by the user that runs it, so that a process of the same uid could look in during the
  /// start.
  case unreadableExecutable = "unreadable_executable"
  /// Landlock before ABI 3 does not know truncate(2).
  case landlockTruncate = "landlock_truncate"
  /// Landlock before ABI 4 does not know bind(2) and connect(2).
  case landlockNetwork = "landlock_network"
  /// Landlock before ABI 5 does not know ioctl(2) on devices.
  case landlockDeviceControl = "landlock_device_control"
  /// Landlock before ABI 6 does not know abstract UNIX sockets and signals.
  case landlockScopes = "landlock_scopes"
  /// The bounding set holds capabilities. No process without privileges can empty it; a container's `drop: [ALL]` does.
  case boundingSet = "bounding_set"
}
