/// Why a text is not acceptable JSON, or not the JSON that was expected. Never carries a value of the text, only
/// member names and places, so that it may be logged.
package enum JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// `offset` is in bytes from the start of the text.
  case syntax(offset: Int, expected: String)
  case duplicateMember(String)
  case tooDeep(limit: Int)
  case tooLarge(limit: Int)
  case missing(path: String)
  case wrongType(path: String, expected: String)
  case unknownMember(path: String)
  case invalid(path: String, reason: String)

  package var description: String {
    switch self {
    case .syntax(let offset, let expected): "not valid JSON at byte \(offset): expected \(expected)"
    case .duplicateMember(let name): "member \(name.debugDescription) occurs twice"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .tooLarge(let limit): "larger than \(limit) bytes"
    case .missing(let path): "\(path) is missing"
    case .wrongType(let path, let expected): "\(path) must be \(expected)"
    case .unknownMember(let path): "\(path) is not a known member"
    case .invalid(let path, let reason): "\(path) \(reason)"
    }
  }
}
