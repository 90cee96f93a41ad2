import Grants
import Testing

struct GlobBelowTests {
  @Test(arguments: [
    (["**"], "/a", true), (["/**"], "/", true), (["/**"], "/a/b", true), (["/a/**"], "/a", true),
    (["/a/**"], "/a/b", true), (["/a/**"], "/ab", false), (["/a/**"], "/", false), (["/a/b/**"], "/a", false),
    (["/a/*"], "/a", false), (["/a"], "/a", false), (["/*/**"], "/a", false), (["/a?/**"], "/ab", false),
    ([], "/a", false), (["/x/**", "/a/**"], "/a/b/c", true), (["/a**/x"], "/a", false),
  ])
  func includes(_ patterns: [String], _ folder: String, _ expected: Bool) throws {
    let globs = patterns.compactMap { try? Glob($0) }
    #expect(globs.includeEverything(below: Array(folder.utf8)) == expected)
    // Whoever is said to be granted everything is granted any of it.
    guard expected else { return }
    for name in ["", "/x", "/x/y", "/.hidden", "/ü"] {
      #expect(globs.matches(Array(((folder == "/" ? "" : folder) + name).utf8)) || folder == "/" && name.isEmpty)
    }
  }
}
