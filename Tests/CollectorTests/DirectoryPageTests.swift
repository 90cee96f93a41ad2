import API
import Foundation
import Glibc
import Linux
import StrictJSON
import Testing

@testable import Collector

struct SmallestNamesTests {
  /// What a sort of everything would give.
  @Test func agreesWithSorting() {
    var random = SplitMix(state: 11)
    for _ in 0..<200 {
      let limit = Int.random(in: 1...40, using: &random)
      let names = (0..<Int.random(in: 0...3000, using: &random)).map { _ in
        (0..<Int.random(in: 1...4, using: &random)).map { _ in UInt8.random(in: 0x61...0x6A, using: &random) }
      }
      let after = Bool.random(using: &random) ? names.randomElement(using: &random) : nil
      var smallest = SmallestNames(limit: limit, after: after)
      for name in names { smallest.offer(name[...]) }
      let result = smallest.finish()
      let all = Set(names).sorted { $0.lexicographicallyPrecedes($1) }
        .filter { name in after.map { $0.lexicographicallyPrecedes(name) } ?? true }
      #expect(result.names == Array(all.prefix(limit)))
      #expect(result.isCut == (all.count > limit))
    }
  }
}

struct DirectoryPageTests {
  struct Page {
    var names: [String]
    var next: String?
    var changed: Bool
    var total: Int
  }

  static func page(_ bench: borrowing Bench, _ path: String, _ more: String, grant: String) throws -> Page {
    var reader = try FileViewTests.list(bench, "path=\(Bench.percent(path))\(more)", grant: grant)
    return Page(
      names: try FileViewTests.names(&reader), next: try reader.optionalString("next"),
      changed: try reader.optionalBool("changed") ?? false, total: Int(try reader.integer("total")))
  }

  /// What was there all the time is shown once, whatever comes and goes between two pages; and that it did is said.
  @Test func changesBetweenPages() throws {
    let tree = try Tree()
    for index in 0..<30 { try tree.file("f\(100 + index)") }
    let bench = try Bench()
    let grant = "\"\(tree.path)/**\""
    let first = try Self.page(bench, tree.path, "&limit=10", grant: grant)
    #expect(first.names == (0..<10).map { "f\(100 + $0)" } && !first.changed && first.total == 30)
    try FileManager.default.removeItem(atPath: tree.path + "/f103")
    try FileManager.default.removeItem(atPath: tree.path + "/f115")
    try tree.file("a-new-one")
    let second = try Self.page(bench, tree.path, "&limit=10&cursor=\(first.next ?? "")", grant: grant)
    #expect(second.names == ["f110", "f111", "f112", "f113", "f114", "f116", "f117", "f118", "f119", "f120"])
    #expect(second.changed)
    let third = try Self.page(bench, tree.path, "&limit=10&cursor=\(second.next ?? "")", grant: grant)
    #expect(third.names == (121..<130).map { "f\($0)" } && third.changed && third.next == nil)
  }

  /// A cursor is worth nothing elsewhere, and nothing when it was changed.
  @Test func cursorsAreSealed() throws {
    let tree = try Tree()
    try tree.directory("one")
    try tree.directory("two")
    for index in 0..<4 {
      try tree.file("one/secret-name-\(index)")
      try tree.file("two/\(index)")
    }
    let bench = try Bench()
    let grant = "\"\(tree.path)/**\""
    let cursor = try #require(try Self.page(bench, tree.path + "/one", "&limit=1", grant: grant).next)
    #expect(!cursor.contains("secret") && !(Data(base64Encoded: cursor).map { "\($0)" } ?? "").contains("secret"))
    func code(_ folder: String, _ cursor: String) throws -> ProblemCode? {
      try FileViewTests.code(
        bench, .directories, "path=\(Bench.percent(tree.path + folder))&cursor=\(cursor)", grant: "/**", in: tree)
    }
    #expect(try code("/one", cursor) == nil)
    #expect(try code("/two", cursor) == .invalidParameter)
    for bad in ["", "0", "AAAA", String(cursor.dropLast()), cursor + "A", "%00"] {
      #expect(throws: (any Error).self) { if try code("/one", bad) != nil { throw Tree.Failed() } }
    }
  }

  /// What may not be looked at has a status and no numbers.
  @Test func statuses() throws {
    let bench = try Bench()
    var reader = try FileViewTests.list(bench, "path=/", grant: "\"/**\"")
    let entries = try #require(try reader.optionalArray("entries"))
    var byName: [String: JSONReader] = [:]
    for entry in entries {
      var reader = try JSONReader(entry, at: "entry")
      byName[try reader.string("name")] = try JSONReader(entry, at: "entry")
    }
    var proc = try #require(byName["proc"])
    #expect(try proc.string("name") == "proc" && proc.string("status") == "mount_point")
    try proc.finish()
    var etc = try #require(byName["etc"])
    #expect(try etc.string("status") == "ok" && etc.string("type") == "directory")
  }
}
