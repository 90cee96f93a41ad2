import Grants
import Policy
import StrictJSON
import Testing

/// Random policies against a plain reading of them: what the details allow is what the rules allow, no more, no less.
struct EvaluatePropertyTests {
  static let names = ["A", "B", "AB"]
  static let paths = ["/a", "/a/b", "/b", "/b/a/b"]
  static let logs = ["out", "err"]
  static let processes = ["/bin/a", "/bin/b"]
  static let containers = ["x", "y", "z"]

  struct Entry {
    var actions: [Action]
    var patterns: [String: [String]]
  }

  struct RandomRule {
    var id: String
    var group: String
    var containers: [String]
    var processes: [String]
    var entries: [Entry] = []
    var denied: [Action]?
    var justification = false

    var json: String {
      func list(_ items: [String]) -> String { "[" + items.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
      let head = "\"id\":\"\(id)\",\"groups\":[\"\(group)\"]"
      if let denied {
        return "{\(head),\"targets\":{\"namespaces\":[\"*\"],\"containers\":\(list(containers))},"
          + "\"deny\":\(list(denied.map(\.rawValue)))}"
      }
      let allow = entries.map { entry in
        "{\"actions\":\(list(entry.actions.map(\.rawValue)))"
          + entry.patterns.map { ",\"\($0.key)\":\(list($0.value))" }.joined() + "}"
      }
      return "{\(head),\"targets\":{\"namespaces\":[\"*\"],\"containers\":\(list(containers)),"
        + "\"processes\":\(list(processes))},\"allow\":[\(allow.joined(separator: ","))],"
        + "\"require\":{\"justification\":\(justification)},\"approval\":{\"automatic\":true}}"
    }

    func matches(_ patterns: [String], _ text: String) -> Bool {
      patterns.contains { (try? Glob($0))?.matches(text) ?? false }
    }

    func allows(_ action: Action, container: String, process: String, list: String?, object: String) -> Bool {
      matches(containers, container) && matches(processes, process)
        && entries.contains { entry in
          entry.actions.contains(action) && (list.map { matches(entry.patterns[$0] ?? [], object) } ?? true)
        }
    }
  }

  static func randomRule(_ index: Int, _ random: inout SplitMix) -> RandomRule {
    func some(_ items: [String]) -> [String] {
      let picked = items.filter { _ in Bool.random(using: &random) }
      return picked.isEmpty ? [items.randomElement(using: &random) ?? "*"] : picked
    }
    var rule = RandomRule(
      id: "r\(index)", group: Bool.random(using: &random) ? "oncall" : "security", containers: some(["x", "y", "?"]),
      processes: Bool.random(using: &random) ? ["**"] : some(["/bin/a", "/bin/*"]))
    rule.justification = Int.random(in: 0..<4, using: &random) == 0
    if Int.random(in: 0..<4, using: &random) == 0 {
      rule.denied = Action.allCases.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
      if rule.denied == [] { rule.denied = [.filesStat] }
      return rule
    }
    let choices: [([Action], String?, [String])] = [
      ([.processesList], nil, []), ([.environmentRead], "names", ["A", "*", "?B"]),
      ([.filesStat, .filesList], "paths", ["/a", "/a/**", "/b/*", "/**"]), ([.filesStat], "paths", ["/a/**", "/b"]),
      ([.filesList], "paths", ["/b", "/a"]), ([.logsList, .logsTail], "logs", ["out", "*"]),
      ([.logsTail], "logs", ["out", "err"]),
    ]
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard let (actions, list, patterns) = choices.randomElement(using: &random) else { continue }
      rule.entries.append(Entry(actions: actions, patterns: list.map { [$0: some(patterns)] } ?? [:]))
    }
    return rule
  }

  static func objects(of action: Action) -> (list: String?, objects: [String]) {
    switch action {
    case .processesList: (nil, [""])
    case .environmentRead: ("names", names)
    case .filesStat, .filesList, .filesDigest: ("paths", paths)
    case .logsList, .logsTail: ("logs", logs)
    }
  }

  static func allows(_ detail: AuthorizationDetail, _ action: Action, _ list: String?, _ object: String) -> Bool {
    guard detail.actions.contains(action) else { return false }
    return switch list {
    case "names": detail.names.matches(object)
    case "paths": detail.paths.matches(object)
    case "logs": detail.logs.matches(object)
    case _: true
    }
  }

  @Test func detailsAllowExactlyWhatRulesAllow() throws {
    var random = SplitMix(state: 2024)
    var loaded = 0
    for round in 0..<1500 {
      let rules = (0..<Int.random(in: 1...5, using: &random)).map { Self.randomRule($0, &random) }
      let policy: AccessPolicy
      do throws(JSONError) {
        policy = try Samples.policy(rules: rules.map(\.json).joined(separator: ","))
      } catch {
        // Only entries that one detail cannot say may be refused.
        #expect(error.description.contains("one rule for each"), "\(error)")
        continue
      }
      loaded += 1
      let justified = Bool.random(using: &random)
      let target = try Target(namespace: "n", containers: Self.containers)
      let request = Samples.request(target: target, justification: justified ? "because" : nil)
      let details: [AuthorizationDetail]
      switch policy.evaluate(request, at: 0) {
      case .permit(let permit): details = permit.details
      case .deny(let denial):
        #expect(!denial.reasons.isEmpty)
        details = []
      }
      let mine = rules.filter { $0.group == "oncall" && (!$0.justification || justified || $0.denied != nil) }
      for container in Self.containers {
        for action in Action.allCases {
          let denied = mine.contains { ($0.denied ?? []).contains(action) && $0.matches($0.containers, container) }
          let (list, objects) = Self.objects(of: action)
          for process in Self.processes {
            for object in objects {
              let expected =
                !denied
                && mine.contains {
                  $0.denied == nil
                    && $0.allows(action, container: container, process: process, list: list, object: object)
                }
              let actual = details.contains {
                $0.containers.matches(container) && $0.processes.matches(process)
                  && Self.allows($0, action, list, object)
              }
              #expect(
                actual == expected,
                "round \(round): \(action) \(container) \(process) \(object)\n\(rules.map(\.json))")
            }
          }
        }
      }
    }
    #expect(loaded > 500)
  }
}
