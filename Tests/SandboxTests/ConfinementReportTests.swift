import Foundation
import Sandbox
import Testing

struct ConfinementReportTests {
  static let digest = String(repeating: "0123456789abcdef", count: 4)

  @Test func everythingComesBack() {
    let reports = [
      ConfinementReport(
        filterDigest: Self.digest, securebits: 0, hasLandlockDomain: false, selfTests: [], shortfalls: []),
      ConfinementReport(
        filterDigest: Self.digest, securebits: 0xEF, hasLandlockDomain: true,
        selfTests: SelfTest.Attempt.allCases.map { SelfTest($0, before: .unavailable, after: .unavailable) },
        shortfalls: Shortfall.allCases),
    ]
    for report in reports {
      #expect(ConfinementReport(text: report.text) == report)
      // It is one word of a command line.
      #expect(!report.text.contains(" "))
    }
    #expect(reports[1].text.utf8.count <= ConfinementReport.textLimit)
  }

  /// What comes from an endpoint that was taken over.
  @Test func whateverItDoesNotWriteIsRefused() {
    let good = "\(Self.digest);ef;1;write_file:permitted:refused,execute:permitted:refused;bounding_set"
    #expect(ConfinementReport(text: good) != nil)
    for text in [
      "", ";;;;", good + ";", good + ",", good + ",bounding_set", good.replacing("ef;1", with: "EF;1"),
      good.replacing("ef;1", with: "0ef;1"), good.replacing("ef;1", with: "+ef;1"),
      good.replacing("ef;1", with: "ef;2"),
      good.replacing(";ef", with: ";1000000ef"), String(good.dropFirst()), good.uppercased(),
      good.replacing("write_file", with: "write_files"),
      good.replacing("execute:permitted:refused", with: "execute:permitted"),
      good.replacing("execute", with: "write_file"), good.replacing("bounding_set", with: "everything"),
      good.replacing("refused,", with: "refused,,"), good + String(repeating: ",", count: 4096), good + "\n",
    ] {
      #expect(ConfinementReport(text: text) == nil, "\(text)")
    }
    var bytes = Array(good.utf8)
    for place in bytes.indices {
      let kept = bytes[place]
      bytes[place] = kept ^ 0x20
      if let read = ConfinementReport(text: String(decoding: bytes, as: UTF8.self)) {
        #expect(read.text == String(decoding: bytes, as: UTF8.self))
      }
      bytes[place] = kept
    }
  }

  /// Each ABI of Landlock has what the one before had, and the self-test tries all that it can deny.
  @Test func olderKernels() {
    #expect(Landlock.shortfalls(abi: 0) == [.landlock])
    #expect(
      Landlock.shortfalls(abi: 1) == [.landlockTruncate, .landlockNetwork, .landlockDeviceControl, .landlockScopes])
    #expect(Landlock.shortfalls(abi: 4) == [.landlockDeviceControl, .landlockScopes])
    #expect(Landlock.shortfalls(abi: 6).isEmpty && Landlock.shortfalls(abi: 99).isEmpty)
    for domain in Landlock.Domain.allCases {
      for abi in 2...9 {
        let before = Landlock.rights(domain, abi: abi - 1)
        let now = Landlock.rights(domain, abi: abi)
        #expect(now.files & before.files == before.files && now.network & before.network == before.network)
      }
      // include/uapi/linux/landlock.h, bit by bit: what an ABI has, less reading where that stays.
      let reading: UInt64 = domain == .readOnly ? 0b1100 : 0
      let files: [UInt64] = [0x1FFF, 0x3FFF, 0x7FFF, 0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF]
      for (index, all) in files.enumerated() {
        let rights = Landlock.rights(domain, abi: index + 1)
        #expect(rights.files == all & ~reading)
        #expect(rights.network == (index + 1 >= 4 ? 3 : 0) && rights.scopes == (index + 1 >= 6 ? 3 : 0))
      }
    }
    for role in Role.allCases {
      var tried: Set<String> = []
      for abi in 0...7 {
        let attempts = SelfTest.attempts(for: role, landlockABI: abi).map(\.rawValue)
        #expect(Set(attempts).count == attempts.count && tried.isSubset(of: attempts))
        tried = Set(attempts)
      }
    }
  }
}

struct DigestTests {
  /// The file that `sidelight posture --verify` compares with is of this table.
  @Test func theFileIsOfThisTable() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "profiles/digests.json")
    #expect(try String(contentsOf: file, encoding: .utf8) == SystemCallTable.digests(), "run 'make profiles'")
  }
}
