package import StrictJSON

/// A budget: what may be used up, or used at once. Absent means that the deployment's ceiling alone decides.
package struct Limits: Sendable, Equatable {
  /// Requests, allowed or refused after authentication.
  package var requests: Int64?
  /// Bytes of answers and of content read from the target, whichever is more.
  package var bytes: Int64?
  /// Distinct objects: a process whose environment is read, a variable, a file, a directory, a log source.
  package var objects: Int64?
  /// Requests under way at one time.
  package var concurrency: Int64?
  /// Seconds that one `follow` may last.
  package var followSeconds: Int64?

  package init(
    requests: Int64? = nil, bytes: Int64? = nil, objects: Int64? = nil, concurrency: Int64? = nil,
    followSeconds: Int64? = nil
  ) {
    self.requests = requests
    self.bytes = bytes
    self.objects = objects
    self.concurrency = concurrency
    self.followSeconds = followSeconds
  }

  /// The names as they stand in tokens, policies and command lines.
  package enum Name: String, CaseIterable, Sendable {
    case requests, bytes, objects, concurrency
    case followSeconds = "follow_seconds"
  }

  package subscript(name: Name) -> Int64? {
    get {
      switch name {
      case .requests: requests
      case .bytes: bytes
      case .objects: objects
      case .concurrency: concurrency
      case .followSeconds: followSeconds
      }
    }
    set {
      switch name {
      case .requests: requests = newValue
      case .bytes: bytes = newValue
      case .objects: objects = newValue
      case .concurrency: concurrency = newValue
      case .followSeconds: followSeconds = newValue
      }
    }
  }

  /// The smaller of both, name by name.
  package func narrowed(by other: Limits) -> Limits {
    var result = self
    for name in Name.allCases {
      guard let theirs = other[name] else { continue }
      result[name] = min(result[name] ?? theirs, theirs)
    }
    return result
  }

  package init(json value: JSONValue, at path: String) throws(JSONError) {
    var reader = try JSONReader(value, at: path)
    self.init()
    for name in Name.allCases { self[name] = try reader.optionalInteger(name.rawValue) }
    try reader.finish()
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      for name in Name.allCases { $0.member(optional: name.rawValue, self[name]) }
    }
  }
}
