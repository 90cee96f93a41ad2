internal import Grants

/// What an action is about, and so which list of a detail limits it.
enum ActionKind: CaseIterable {
  case processes, environment, files, logs

  /// The list's name in policies and tokens; nil where the kind has none of its own.
  var listName: String? {
    switch self {
    case .processes: nil
    case .environment: "names"
    case .files: "paths"
    case .logs: "logs"
    }
  }
}

extension Action {
  var kind: ActionKind {
    switch self {
    case .processesList: .processes
    case .environmentRead: .environment
    case .filesStat, .filesList, .filesDigest: .files
    case .logsList, .logsTail: .logs
    }
  }
}

extension Glob {
  /// Matches everything.
  static var everything: Glob {
    // A pattern that `Glob` is documented to accept; the test of this module would notice.
    do { return try Glob("**") } catch { preconditionFailure("'**' is a glob") }
  }
}

extension AuthorizationDetail {
  /// The list that limits actions of a kind. Setting it for a kind without one does nothing.
  subscript(kind: ActionKind) -> [Glob] {
    get {
      switch kind {
      case .processes: []
      case .environment: names
      case .files: paths
      case .logs: logs
      }
    }
    set {
      switch kind {
      case .processes: break
      case .environment: names = newValue
      case .files: paths = newValue
      case .logs: logs = newValue
      }
    }
  }

  func actions(of kind: ActionKind) -> Set<Action> { actions.filter { $0.kind == kind } }

  /// Takes actions away, and the lists that no action is left for.
  func without(_ denied: Set<Action>) -> AuthorizationDetail {
    var result = self
    result.actions.subtract(denied)
    for kind in ActionKind.allCases where result.actions(of: kind).isEmpty { result[kind] = [] }
    return result
  }

  /// The detail that allows what either allows, or nil where no single detail does so without allowing more.
  ///
  /// A detail allows each of its actions on each object of the action's kind: a product. The union of two products is
  /// one where they agree in one factor: the same actions (then the lists are joined) or the same list (then the
  /// actions are). Kinds are apart from each other, but all share the processes and the containers, which must agree.
  func merged(with other: AuthorizationDetail) -> AuthorizationDetail? {
    guard Set(processes) == Set(other.processes), Set(containers) == Set(other.containers) else { return nil }
    var result = self
    result.actions.formUnion(other.actions)
    for kind in ActionKind.allCases {
      let mine = actions(of: kind)
      let theirs = other.actions(of: kind)
      if theirs.isEmpty { continue }
      if mine.isEmpty {
        result[kind] = other[kind]
      } else if mine == theirs {
        result[kind] = self[kind] + other[kind].filter { !self[kind].contains($0) }
        guard result[kind].count <= Self.maximumPatterns else { return nil }
      } else if Set(self[kind]) != Set(other[kind]) {
        return nil
      }
    }
    return result
  }
}
