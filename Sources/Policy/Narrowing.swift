package import Grants

/// Why a token cannot have what was asked for. Names what was asked, in the caller's own words.
package enum OverAsking: Error, Sendable, Equatable, CustomStringConvertible {
  case noAction
  case actions([Action])
  /// A pattern that is not inside those granted; `list` is `names`, `paths`, …
  case pattern(list: String, pattern: String)
  /// A list that concerns none of the actions asked for.
  case unusedList(String)
  /// The budget of the session is the policy's to set.
  case sessionLimits
  case masking
  case tooLarge(limit: Int)

  package var description: String {
    switch self {
    case .noAction: "actions must name an action"
    case .actions(let actions):
      "actions asks for more than granted: \(actions.map(\.rawValue).sorted().joined(separator: ", "))"
    case .pattern(let list, let pattern): "\(list) asks for more than granted: \(pattern)"
    case .unusedList(let list): "\(list) concerns none of the actions asked for"
    case .sessionLimits: "session_limits cannot be asked for"
    case .masking: "masking asks for more to be shown than granted"
    case .tooLarge(let limit): "the patterns are longer than \(limit) bytes together"
    }
  }
}

extension Permit {
  /// The detail of a token that asks for less than the session allows.
  package func narrowed(to requested: AuthorizationDetail) throws(OverAsking) -> AuthorizationDetail {
    try details.narrowed(to: requested)
  }
}

extension [AuthorizationDetail] {
  /// Narrows the first of the alternatives that covers the request.
  ///
  /// A list that the request leaves out stays as granted. What it asks for must be inside what is granted; limits are
  /// the smaller of both. Where no alternative covers it, the error is that of the one that came closest: the first
  /// that has all the actions, or else the first.
  package func narrowed(to requested: AuthorizationDetail) throws(OverAsking) -> AuthorizationDetail {
    guard requested.sessionLimits == nil else { throw .sessionLimits }
    guard !requested.actions.isEmpty else { throw .noAction }
    try requested.checkLists()
    var nearest: OverAsking?
    for granted in self {
      do throws(OverAsking) {
        return try granted.narrowed(to: requested)
      } catch {
        if case .actions = error { nearest = nearest ?? error } else { nearest = Self.nearer(nearest, error) }
      }
    }
    throw nearest ?? .actions([Action](requested.actions))
  }

  private static func nearer(_ old: OverAsking?, _ new: OverAsking) -> OverAsking {
    guard let old else { return new }
    if case .actions = old { return new }
    return old
  }
}

extension AuthorizationDetail {
  /// Most bytes of patterns in a request; a token could not carry more.
  package static let maximumRequestedBytes = 8192

  fileprivate func checkLists() throws(OverAsking) {
    var bytes = 0
    for glob in containers + processes + names + paths + logs { bytes += glob.pattern.utf8.count }
    guard bytes <= Self.maximumRequestedBytes else { throw .tooLarge(limit: Self.maximumRequestedBytes) }
    for kind in ActionKind.allCases {
      guard let list = kind.listName, !self[kind].isEmpty, actions(of: kind).isEmpty else { continue }
      throw .unusedList(list)
    }
  }

  fileprivate func narrowed(to requested: AuthorizationDetail) throws(OverAsking) -> AuthorizationDetail {
    let excess = requested.actions.subtracting(actions)
    guard excess.isEmpty else { throw .actions(excess.sorted { $0.rawValue < $1.rawValue }) }
    var result = without(actions.subtracting(requested.actions))
    result.containers = try Self.inside(containers, requested.containers, list: "containers")
    result.processes = try Self.inside(processes, requested.processes, list: "processes")
    for kind in ActionKind.allCases {
      guard let list = kind.listName, !actions(of: kind).isEmpty else { continue }
      result[kind] = try Self.inside(result[kind], requested[kind], list: list)
    }
    result.limits = limits.narrowed(by: requested.limits)
    if let asked = requested.masking {
      guard (masking ?? .none).covers(asked) else { throw .masking }
      result.masking = asked
    }
    return result
  }

  private static func inside(
    _ granted: [Glob], _ requested: [Glob], list: String
  ) throws(OverAsking) -> [Glob] {
    if requested.isEmpty { return granted }
    for glob in requested where !granted.covers(glob) { throw .pattern(list: list, pattern: glob.pattern) }
    return requested
  }
}
