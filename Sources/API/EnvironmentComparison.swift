package import StrictJSON

/// One name that two environments have, or one of them. Never tells a value, its length or its kind.
package struct ComparedVariable: Sendable, Equatable, Decodable {
  package enum Result: String, Sendable, CaseIterable, Decodable {
    case same, differs
    case onlyHere = "only_here"
    case onlyThere = "only_there"
    /// The other block was cut at the agent's limit before the name could come.
    case unknown
  }

  package var name: String
  package var nameBase64: String?
  package var result: Result

  package init(name: TargetText, result: Result) {
    self.name = name.text
    nameBase64 = name.base64
    self.result = result
  }

  private enum CodingKeys: String, CodingKey {
    case name, result
    case nameBase64 = "name_base64"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("name", name)
      $0.member(optional: "name_base64", nameBase64)
      $0.member("result", result.rawValue)
    }
  }
}

/// The answer of `GET /v1/processes/{id}/environment?compare={id}`.
package struct EnvironmentComparison: Sendable, Equatable, Decodable {
  package var process: String
  package var comparedWith: String
  /// `exec`, as of `Environment`.
  package var source: String
  /// Of both blocks.
  package var bytesRead: Int64
  package var truncated: Bool
  /// Names that the grant does not include.
  package var hidden: Int
  /// Records without `=`, which have no name to compare by.
  package var unnamedHere: Int
  package var unnamedThere: Int
  package var variables: [ComparedVariable]

  package init(
    process: String, comparedWith: String, bytesRead: Int64, truncated: Bool, hidden: Int, unnamedHere: Int,
    unnamedThere: Int, variables: [ComparedVariable]
  ) {
    self.process = process
    self.comparedWith = comparedWith
    source = "exec"
    self.bytesRead = bytesRead
    self.truncated = truncated
    self.hidden = hidden
    self.unnamedHere = unnamedHere
    self.unnamedThere = unnamedThere
    self.variables = variables
  }

  private enum CodingKeys: String, CodingKey {
    case process, source, truncated, hidden, variables
    case comparedWith = "compared_with"
    case bytesRead = "bytes_read"
    case unnamedHere = "unnamed_here"
    case unnamedThere = "unnamed_there"
  }

  package func write(to writer: inout JSONWriter) {
    write(to: &writer) { for variable in variables { variable.write(to: &$0) } }
  }

  /// With variables that are written as they come, and not those of the value.
  package func write(to writer: inout JSONWriter, variables: (inout JSONWriter) -> Void) {
    writer.object {
      $0.member("process", process)
      $0.member("compared_with", comparedWith)
      $0.member("source", source)
      $0.member("bytes_read", bytesRead)
      $0.member("truncated", truncated)
      $0.member("hidden", hidden)
      $0.member("unnamed_here", unnamedHere)
      $0.member("unnamed_there", unnamedThere)
      $0.member(array: "variables") { variables(&$0) }
    }
  }
}
