import Grants
import Policy
import Testing

struct NarrowingTests {
  static func granted() throws -> AuthorizationDetail {
    let limits = Limits(requests: 100, objects: 10)
    return AuthorizationDetail(
      actions: [.processesList, .environmentRead, .filesStat, .filesList], containers: try Samples.globs("app", "db"),
      processes: try Samples.globs("**"), names: try Samples.globs("*"),
      paths: try Samples.globs("/etc/app/**", "/var/log/**"), limits: limits, sessionLimits: limits)
  }

  @Test func whatIsLeftOutStaysAsGranted() throws {
    let result = try [try Self.granted()].narrowed(to: AuthorizationDetail(actions: [.filesStat]))
    #expect(result.actions == [.filesStat])
    #expect(result.paths.map(\.pattern) == ["/etc/app/**", "/var/log/**"])
    #expect(result.containers.map(\.pattern) == ["app", "db"])
    #expect(result.names.isEmpty)
    #expect(result.limits == Limits(requests: 100, objects: 10))
    #expect(result.sessionLimits == Limits(requests: 100, objects: 10))
  }

  @Test func narrows() throws {
    let requested = AuthorizationDetail(
      actions: [.filesStat], containers: try Samples.globs("app"), processes: try Samples.globs("/usr/bin/*"),
      paths: try Samples.globs("/etc/app/x"), limits: Limits(requests: 5, bytes: 7, objects: 1000))
    let result = try [try Self.granted()].narrowed(to: requested)
    #expect(result.paths.map(\.pattern) == ["/etc/app/x"])
    #expect(result.processes.map(\.pattern) == ["/usr/bin/*"])
    #expect(result.containers.map(\.pattern) == ["app"])
    #expect(result.limits == Limits(requests: 5, bytes: 7, objects: 10))
    #expect(result.sessionLimits == Limits(requests: 100, objects: 10))
  }

  @Test func refusesMore() throws {
    let granted = [try Self.granted()]
    func error(_ requested: AuthorizationDetail) -> OverAsking? {
      do throws(OverAsking) {
        _ = try granted.narrowed(to: requested)
        return nil
      } catch { return error }
    }
    #expect(error(AuthorizationDetail(actions: [])) == .noAction)
    #expect(error(AuthorizationDetail(actions: [.logsTail, .filesStat])) == .actions([.logsTail]))
    #expect(
      error(AuthorizationDetail(actions: [.filesStat], paths: try Samples.globs("/etc/**")))
        == .pattern(list: "paths", pattern: "/etc/**"))
    #expect(
      error(AuthorizationDetail(actions: [.filesStat], paths: try Samples.globs("/etc/app/x", "/root")))
        == .pattern(list: "paths", pattern: "/root"))
    #expect(
      error(AuthorizationDetail(actions: [.filesStat], containers: try Samples.globs("*")))
        == .pattern(list: "containers", pattern: "*"))
    #expect(
      error(AuthorizationDetail(actions: [.processesList], paths: try Samples.globs("/etc/app")))
        == .unusedList("paths"))
    #expect(error(AuthorizationDetail(actions: [.filesStat], sessionLimits: Limits())) == .sessionLimits)
    let long = try Glob("/etc/app/" + String(repeating: "x", count: 1000))
    #expect(
      error(AuthorizationDetail(actions: [.filesStat], paths: Array(repeating: long, count: 9)))
        == .tooLarge(limit: 8192))
    #expect(throws: OverAsking.self) { try [AuthorizationDetail]().narrowed(to: granted[0].withoutSessionLimits) }
  }

  @Test func takesTheAlternativeThatCoversIt() throws {
    let stat = AuthorizationDetail(
      actions: [.filesStat], containers: try Samples.globs("app"), processes: try Samples.globs("**"),
      paths: try Samples.globs("/a"))
    let list = AuthorizationDetail(
      actions: [.filesList], containers: try Samples.globs("app"), processes: try Samples.globs("**"),
      paths: try Samples.globs("/b"))
    let result = try [stat, list].narrowed(to: AuthorizationDetail(actions: [.filesList]))
    #expect(result.paths.map(\.pattern) == ["/b"])
    // The product of both is granted by neither.
    #expect(throws: OverAsking.self) {
      try [stat, list].narrowed(to: AuthorizationDetail(actions: [.filesStat, .filesList]))
    }
    // The nearest alternative explains.
    #expect(throws: OverAsking.pattern(list: "paths", pattern: "/c")) {
      try [stat, list].narrowed(
        to: AuthorizationDetail(actions: [.filesList], paths: try Samples.globs("/c")))
    }
  }
}

extension AuthorizationDetail {
  var withoutSessionLimits: AuthorizationDetail {
    var copy = self
    copy.sessionLimits = nil
    return copy
  }
}
