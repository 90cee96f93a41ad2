import API
import AuditLog
import Foundation
import Glibc
import Grants
import Linux
import StrictJSON
import Testing

@testable import Collector

struct FileViewTests {
  static let key = [UInt8](repeating: 7, count: 32)

  static func view(_ bench: borrowing Bench, _ request: Request) -> FileView {
    FileView(
      files: GrantedFiles(target: bench.target, request: request, defaultContainer: "app"), cursorKey: key)
  }

  /// The code of the refusal, or nil with the answer.
  static func stat(_ bench: borrowing Bench, _ path: String, grant: String, in tree: borrowing Tree) throws
    -> ProblemCode?
  {
    try code(bench, .files, "path=" + Bench.percent(path), grant: grant, in: tree)
  }

  static func code(
    _ bench: borrowing Bench, _ route: Route, _ query: String, grant: String, in tree: borrowing Tree
  ) throws -> ProblemCode? {
    let request = try bench.request(route, query, "\"paths\":[\"\(tree.path)\(grant)\"]")
    let files = GrantedFiles(target: bench.target, request: request, defaultContainer: "app")
    let view = FileView(files: files, cursorKey: key)
    do throws(Refusal) {
      switch route {
      case .files: _ = try view.file()
      case .fileDigest: _ = try FileDigestView(files: files, key: key).answer()
      case _: _ = try view.directory()
      }
      return nil
    } catch {
      return error.code
    }
  }

  static func sample() throws -> Tree {
    let tree = try Tree()
    try tree.directory("granted/inner")
    try tree.directory("secret/there")
    try tree.file("granted/file", [1, 2, 3])
    try tree.file("secret/file", [1])
    try tree.link("granted/out-there", to: "../secret/file")
    try tree.link("granted/out-missing", to: "../secret/none")
    try tree.link("granted/out-folder", to: "../secret")
    try tree.link("granted/out-absolute", to: tree.path + "/secret/file")
    try tree.link("granted/dangling", to: "nowhere")
    try tree.link("granted/loop", to: "loop")
    try tree.link("secret/in", to: "../granted")
    try tree.fifo("granted/fifo")
    return tree
  }

  @Test(
    arguments: [
      ("/granted", nil), ("/granted/", nil), ("/granted/file", nil), ("/granted/./inner/../file", nil),
      ("/granted/fifo", nil),
      // A last link is shown itself, wherever it leads.
      ("/granted/out-there", nil), ("/granted/out-missing", nil), ("/granted/loop", nil), ("/granted/dangling", nil),
      ("/granted/none", .fileNotFound), ("/granted/file/x", .notADirectory), ("/granted/loop/x", .pathRefused),
      ("/granted/dangling/x", .fileNotFound),
      // Outside: the same answer whether it is there or not.
      ("/secret/file", .pathNotGranted), ("/secret/none", .pathNotGranted), ("/", .pathNotGranted),
      ("/granted/../secret", .pathNotGranted),
      ("/granted/out-folder/file", .pathNotGranted), ("/granted/out-folder/none", .pathNotGranted),
      ("/granted/out-folder/there", .pathNotGranted), ("/granted/out-folder/there/none", .pathNotGranted),
      ("/secret/in/file", .pathNotGranted), ("/grante", .pathNotGranted), ("/granted2", .pathNotGranted),
    ] as [(String, ProblemCode?)])
  func withinTheGrant(_ path: String, _ expected: ProblemCode?) throws {
    let tree = try Self.sample()
    let bench = try Bench()
    #expect(try Self.stat(bench, tree.path + path, grant: "/granted/**", in: tree) == expected)
  }

  /// What stands before a `..` is not looked at: the answer does not tell whether it exists.
  @Test(arguments: ["/secret/there", "/secret/none", "/secret/file", "/secret/in", "/none", "/secret/there/none"])
  func nothingIsToldOfWhatIsOutside(_ outside: String) throws {
    let tree = try Self.sample()
    let bench = try Bench()
    let back = String(repeating: "/..", count: outside.split(separator: "/").count)
    #expect(try Self.stat(bench, tree.path + outside + back + "/granted/file", grant: "/granted/**", in: tree) == nil)
    #expect(
      try Self.stat(bench, tree.path + outside + back + "/granted/none", grant: "/granted/**", in: tree)
        == .fileNotFound)
  }

  @Test(
    arguments: [
      ("/granted", nil), ("/granted/inner", nil), ("/granted/file", .notADirectory), ("/granted/none", .fileNotFound),
      ("/granted/out-folder", .pathNotGranted), ("/granted/out-missing", .pathNotGranted), ("/secret", .pathNotGranted),
      ("/granted/fifo", .notADirectory), ("/granted/loop", .pathRefused),
    ] as [(String, ProblemCode?)])
  func directories(_ path: String, _ expected: ProblemCode?) throws {
    let tree = try Self.sample()
    let bench = try Bench()
    let code = try Self.code(
      bench, .directories, "path=" + Bench.percent(tree.path + path), grant: "/granted/**", in: tree)
    #expect(code == expected)
  }

  @Test(arguments: [
    "", "path=", "path=relative", "path=/a&path=/b", "path=/a&unknown=1", "path=/a&container=", "path=/%2f&limit=1",
  ])
  func parametersOfAFile(_ query: String) throws {
    let tree = try Tree()
    let bench = try Bench()
    let code = try Self.code(bench, .files, query, grant: "/**", in: tree)
    #expect(code == .invalidParameter)
  }

  @Test func anotherContainer() throws {
    let tree = try Tree()
    let bench = try Bench()
    #expect(
      try Self.code(bench, .files, "path=" + Bench.percent(tree.path) + "&container=none", grant: "/**", in: tree)
        == .containerNotFound)
  }

  static func list(_ bench: borrowing Bench, _ query: String, grant: String) throws -> JSONReader {
    let request = try bench.request(.directories, query, "\"paths\":[\(grant)]")
    let bytes = try view(bench, request).directory()
    return try JSONReader(try JSONParser.parse(bytes), at: "list")
  }

  static func names(_ reader: inout JSONReader) throws -> [String] {
    try (reader.optionalArray("entries") ?? []).map { item in
      var entry = try JSONReader(item, at: "entry")
      return try entry.string("name")
    }
  }

  @Test func pagesCoverTheDirectoryOnce() throws {
    let tree = try Tree()
    let expected = (0..<57).map { "f" + String($0 + 100) }
    for name in expected.shuffled() { try tree.file(name) }
    let bench = try Bench()
    var got: [String] = []
    var cursor: String? = ""
    var pages = 0
    while let place = cursor {
      var reader = try Self.list(
        bench, "path=\(Bench.percent(tree.path))&limit=10\(place)", grant: "\"\(tree.path)/**\"")
      got += try Self.names(&reader)
      #expect(try reader.optionalBool("truncated") == (got.count < 57))
      cursor = try reader.optionalString("next").map { "&cursor=" + $0 }
      pages += 1
    }
    #expect(got == expected && pages == 6)
  }

  /// Names outside the grant are counted and not shown.
  @Test func hiddenEntries() throws {
    let tree = try Self.sample()
    let bench = try Bench()
    var reader = try Self.list(
      bench, "path=\(Bench.percent(tree.path + "/granted"))",
      grant: "\"\(tree.path)/granted\",\"\(tree.path)/granted/f*\"")
    #expect(try Self.names(&reader) == ["fifo", "file"])
    #expect(try reader.integer("hidden") == 7)
  }

  @Test func metadata() throws {
    let tree = try Tree()
    try tree.file("f", [UInt8](repeating: 1, count: 1234))
    try tree.link("l", to: "password=hunter2hunter2")
    #expect(unsafe chmod(tree.path + "/f", 0o4640) == 0)
    let bench = try Bench()
    func entry(_ name: String) throws -> JSONReader {
      let request = try bench.request(.files, "path=" + Bench.percent(tree.path + "/" + name), "\"paths\":[\"**\"]")
      let bytes = try Self.view(bench, request).file()
      var answer = try JSONReader(try JSONParser.parse(bytes), at: "answer")
      return try answer.object("file")
    }
    var file = try entry("f")
    #expect(try file.string("type") == "regular" && file.string("mode") == "4640" && file.integer("size") == 1234)
    let inode = try FileDescriptor.open(path: tree.path + "/f", .path).status().inode
    #expect(try file.integer("inode") == Int64(inode) && file.integer("uid") == Int64(geteuid()))
    var link = try entry("l")
    #expect(try link.string("type") == "symlink")
    #expect(try !link.string("target").contains("hunter2"))
  }

  /// One object for each file: looking again costs nothing, looking further does.
  @Test func objectsAreCharged() throws {
    let tree = try Tree()
    for index in 0..<3 { try tree.file("f\(index)") }
    let bench = try Bench()
    let request = try bench.request(.files, "", "\"paths\":[\"**\"],\"limits\":{\"objects\":2}")
    func look(_ path: String) throws -> ProblemCode? {
      request.parameters = Parameters(try RequestTarget("/?path=" + Bench.percent(tree.path + path)).parameters)
      do throws(Refusal) {
        _ = try Self.view(bench, request).file()
        return nil
      } catch {
        return error.code
      }
    }
    #expect(try look("/f0") == nil && look("/f0") == nil && look("/./f0") == nil && look("/f1") == nil)
    #expect(try look("/f2") == .budgetExhausted)
    #expect(request.facts.resolvedPath == nil)
    #expect(try look("/f1") == nil)
    try tree.directory("d")
    try tree.file("d/f3")
    try tree.link("l", to: "d")
    #expect(try look("/l/f3") == .budgetExhausted)
    #expect(request.facts.resolvedPath == tree.path + "/d/f3", "the record of a refusal says it, too")
  }
}
